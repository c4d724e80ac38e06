/* The Postgres client over TLS, against a server whose certificate is made by the test. */
#include "wire/pg_fixture.h"
#include "wire/tls_server.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <signal.h>

#define RECORD 16384 /* bytes that a record of TLS holds at most */

static struct {
    SSL_CTX *context;
    char authority[64]; /* its file */
} tls;

static int setup(void **state)
{
    (void)state;
    (void)snprintf(tls.authority, sizeof(tls.authority), "/tmp/test_pg_tls.XXXXXX");
    close(mkstemp(tls.authority));
    tls.context = tls_server_context(
        &(struct tls_server_options){.names = "IP:127.0.0.1", .authority = tls.authority});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    SSL_CTX_free(tls.context);
    (void)unlink(tls.authority);
    return 0;
}

static void start_tls(void (*script)(struct scripted_postgres *server))
{
    start_with(script, (struct pg_options){.tls = PG_TLS_VERIFY, .root_file = tls.authority});
}

/* --- records that libpq's buffer does not hold whole --- */

static void append_message(struct strbuf *out, char type, struct slice body)
{
    uint32_t size = htonl((uint32_t)body.size + 4);
    strbuf_append_char(out, type);
    strbuf_append(out, slice_of(&size, sizeof(size)));
    strbuf_append(out, body);
}

static void append_row(struct strbuf *out, size_t size)
{
    struct strbuf body = STRBUF_INIT;
    uint32_t value_size = htonl((uint32_t)size);
    strbuf_append(&body, SLICE("\0\1"));
    strbuf_append(&body, slice_of(&value_size, sizeof(value_size)));
    for (size_t i = 0; i < size; i++) {
        strbuf_append_char(&body, 'x');
    }
    append_message(out, 'D', strbuf_slice(&body));
    strbuf_release(&body);
}

/* Two rows and the end, all that follows the columns, make 100 bytes and a whole record. libpq has
 * room for a record and reads this one behind those 100: the end of the reply stays within OpenSSL,
 * where the socket tells nothing of it. */
static void end_within_a_record(struct scripted_postgres *server)
{
    static const size_t first = 12000;
    static const size_t others = 2 * 11 + 14 + 6; /* bytes beside the values */
    struct strbuf reply = STRBUF_INIT;
    scripted_postgres_log_in_tls(server, tls.context);
    scripted_postgres_expect(server, "SELECT");
    scripted_postgres_send_columns(server);
    append_row(&reply, first);
    append_row(&reply, 100 + RECORD - others - first);
    append_message(&reply, 'C', SLICE("SELECT 2\0"));
    append_message(&reply, 'Z', SLICE("I"));
    scripted_postgres_send_bytes(server, slice_take(strbuf_slice(&reply), 100));
    scripted_postgres_send_bytes(server, slice_skip(strbuf_slice(&reply), 100));
    strbuf_release(&reply);
    scripted_postgres_await_close(server);
}

static void test_what_waits_within_openssl_is_read(void **state)
{
    struct pg_result result;
    struct slice text;
    (void)state;
    start_tls(end_within_a_record);
    pg_set_deadline(&f.pg, now_ms() + 20000);
    if (query("SELECT 1", &result) != 0) {
        fail_msg("%s", f.err.message);
    }
    assert_int_equal(result.rows, 2);
    assert_int_equal(pg_read_text(&result, 1, "text", &text, NULL), 0);
    assert_int_equal(text.size, 100 + RECORD - 42 - 12000);
    assert_int_equal(PQsslInUse(f.pg.connection), 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_waits_within_openssl_is_read, setup, teardown),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* the server's OpenSSL writes to peers that have gone */
    return RUN_TESTS(tests);
}
