/* Whom the transport trusts, against a server whose certificate authority is made by the test. */
#include "unit/unit.h"

#include "http/http_curl.h"
#include "base/array.h"
#include "wire/scripted_server.h"
#include "wire/tls_server.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

struct fixture {
    struct http *http;
    struct arena arena;
    struct strbuf body;
    struct http_response response;
    struct error err;
    struct tls_server *server;
    char authority[64]; /* its file */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    (void)snprintf(f->authority, sizeof(f->authority), "/tmp/test_http_tls.XXXXXX");
    close(mkstemp(f->authority));
    arena_init(&f->arena, 0);
    strbuf_init(&f->body);
    (void)unsetenv("SSL_CERT_FILE");
    (void)unsetenv("AWS_CA_BUNDLE");
    f->http = http_curl_new(&(struct http_curl_options){.clock = NULL}, &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_curl_free(f->http);
    if (f->server != NULL) {
        tls_server_end(f->server);
    }
    strbuf_release(&f->body);
    arena_release(&f->arena);
    (void)unlink(f->authority);
    free(f);
    return 0;
}

static void start(struct fixture *f, const char *names, int newest_version)
{
    f->server = tls_server_start(&(struct tls_server_options){
        .names = names, .newest_version = newest_version, .authority = f->authority});
}

static int get_from(struct fixture *f, const char *address)
{
    char url[128];
    (void)snprintf(url, sizeof(url), "https://%s/", address);
    struct http_request request = {
        .method = SLICE("GET"),
        .url = slice_from(url),
        .deadline_ms = clock_now_ms(&clock_system) + 8000,
        .repeatable = true,
        .no_proxy = true,
    };
    f->err = (struct error){.message = ""};
    f->response = (struct http_response){.body = &f->body};
    return http_send(f->http, &request, &f->arena, &f->response, &f->err);
}

static int get(struct fixture *f, const char *host)
{
    char address[100];
    (void)snprintf(address, sizeof(address), "%s:%d", host, tls_server_port(f->server));
    return get_from(f, address);
}

#define assert_fails(f, result, error_kind, text)                                                  \
    do {                                                                                           \
        assert_int_equal((result), -1);                                                            \
        if (strstr((f)->err.message, (text)) == NULL) {                                            \
            fail_msg("\"%s\" does not say \"%s\"", (f)->err.message, (text));                      \
        }                                                                                          \
        assert_int_equal((f)->err.kind, (error_kind));                                             \
        assert_int_equal((f)->response.received_bytes, 0);                                         \
        assert_int_equal(tls_server_connections((f)->server), 0);                                  \
    } while (0)

static void test_a_named_authority_is_trusted(void **state)
{
    static const char *const variables[] = {"SSL_CERT_FILE", "AWS_CA_BUNDLE"};
    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = *state;
        start(f, "IP:127.0.0.1", 0);
        (void)setenv(variables[i], f->authority, 1);
        if (get(f, "127.0.0.1") != 0) {
            fail_msg("%s: %s", variables[i], f->err.message);
        }
        assert_string_equal(f->body.data, "secure");
        assert_false(f->response.reused);
        assert_int_equal(get(f, "127.0.0.1"), 0);
        assert_true(f->response.reused);
        assert_int_equal(tls_server_connections(f->server), 1);
        if (i == 0) {
            (void)teardown(state);
            (void)setup(state);
        }
    }
}

static void test_aws_ca_bundle_comes_first(void **state)
{
    struct fixture *f = *state;
    start(f, "IP:127.0.0.1", 0);
    (void)setenv("AWS_CA_BUNDLE", f->authority, 1);
    (void)setenv("SSL_CERT_FILE", "/nonexistent", 1);
    assert_int_equal(get(f, "127.0.0.1"), 0);
}

static void test_another_host_is_refused(void **state)
{
    struct fixture *f = *state;
    start(f, "IP:127.0.0.2,DNS:other.example", 0);
    (void)setenv("SSL_CERT_FILE", f->authority, 1);
    assert_fails(f, get(f, "127.0.0.1"), ERROR_CONFIGURATION, "GET 127.0.0.1:");
    assert_false(f->err.retryable);
    assert_fails(f, get(f, "localhost"), ERROR_CONFIGURATION, "localhost");
}

static void test_an_unknown_authority_is_refused(void **state)
{
    struct fixture *f = *state;
    start(f, "IP:127.0.0.1", 0);
    assert_fails(f, get(f, "127.0.0.1"), ERROR_CONFIGURATION, "certificate");
    assert_false(f->err.retryable);
    assert_fails(f, get(f, "127.0.0.1"), ERROR_CONFIGURATION, "certificate"); /* nor later */
}

static void test_a_handshake_that_breaks_off_can_be_tried_again(void **state)
{
    struct fixture *f = *state;
    static const struct script_step ends[] = {SCRIPT_CLOSE, SCRIPT_RESET,
                                              SCRIPT_REPLY("HTTP/1.1 502 Bad Gateway\r\n\r\n")};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct scripted_server *server = scripted_server_start(SCRIPT(SCRIPT_ACCEPT, ends[i]));
        assert_int_equal(get_from(f, scripted_server_address(server)), -1);
        assert_int_equal(f->err.kind, ERROR_NETWORK);
        assert_true(f->err.retryable);
        scripted_server_end(server);
    }
}

static void test_tls_1_1_is_refused(void **state)
{
    struct fixture *f = *state;
    start(f, "IP:127.0.0.1", TLS1_1_VERSION);
    (void)setenv("SSL_CERT_FILE", f->authority, 1);
    assert_fails(f, get(f, "127.0.0.1"), ERROR_NETWORK, "GET 127.0.0.1:");
}

static void test_tls_1_2_is_not(void **state)
{
    struct fixture *f = *state;
    start(f, "IP:127.0.0.1", TLS1_2_VERSION);
    (void)setenv("SSL_CERT_FILE", f->authority, 1);
    assert_int_equal(get(f, "127.0.0.1"), 0);
}

static void test_no_roots_are_an_error_that_names_the_file(void **state)
{
    struct fixture *f = *state;
    FILE *file = NULL;
    start(f, "IP:127.0.0.1", 0);
    (void)setenv("SSL_CERT_FILE", "/nonexistent/roots.pem", 1);
    assert_fails(f, get(f, "127.0.0.1"), ERROR_CONFIGURATION,
                 "SSL_CERT_FILE: cannot read /nonexistent/roots.pem");
    (void)setenv("SSL_CERT_FILE", f->authority, 1);
    file = fopen(f->authority, "w"); /* emptied */
    (void)fclose(file);
    assert_fails(f, get(f, "127.0.0.1"), ERROR_CONFIGURATION, "holds no readable PEM certificates");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_named_authority_is_trusted),
        TEST(test_aws_ca_bundle_comes_first),
        TEST(test_another_host_is_refused),
        TEST(test_an_unknown_authority_is_refused),
        TEST(test_a_handshake_that_breaks_off_can_be_tried_again),
        TEST(test_tls_1_1_is_refused),
        TEST(test_tls_1_2_is_not),
        TEST(test_no_roots_are_an_error_that_names_the_file),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* the server's OpenSSL writes to peers that have gone */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
