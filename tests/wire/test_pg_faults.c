/* The Postgres client against a server that misbehaves, in every way that a test can stage. */
#include "wire/pg_fixture.h"

/* --- connecting --- */

static void say_nothing(struct scripted_postgres *server)
{
    scripted_postgres_accept(server);
    scripted_postgres_await_close(server);
}

static void test_a_silent_server_costs_no_more_than_the_deadline(void **state)
{
    (void)state;
    start(say_nothing);
    int64_t before_ms = now_ms();
    pg_set_deadline(&f.pg, before_ms + 2000);
    assert_int_equal(pg_begin(&f.pg, &f.err), -1);
    assert_failed(ERROR_TIMEOUT, "", "127.0.0.1");
    assert_true(f.err.retryable);
    assert_in_range(now_ms() - before_ms, 1999, 9000); /* connecting alone has ten */
    assert_null(f.pg.connection);
    end();
}

static void test_a_silent_server_costs_no_more_than_the_timeout(void **state)
{
    (void)state;
    start_with(say_nothing, (struct pg_options){.connect_timeout_ms = 100});
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_TIMEOUT, "", "127.0.0.1");
    end();
}

static void close_at_once(struct scripted_postgres *server)
{
    scripted_postgres_accept(server);
    scripted_postgres_expect_startup(server);
}

static void test_a_server_that_closes_is_a_network_error(void **state)
{
    (void)state;
    start(close_at_once);
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_NETWORK, "", "closed the connection");
    assert_true(f.err.retryable);
    assert_int_equal(f.reads, 1);
    end();
}

static void refuse_for_number(struct scripted_postgres *server)
{
    scripted_postgres_accept(server);
    scripted_postgres_expect_startup(server);
    scripted_postgres_send_error(server, "FATAL", "53300", "sorry, too many clients already");
}

static void test_too_many_connections_are_transient(void **state)
{
    (void)state;
    start(refuse_for_number);
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_BUSY, "53300", "too many clients");
    assert_true(f.err.retryable);
    assert_int_equal(f.reads, 1);
    end();
}

static void starting_up(struct scripted_postgres *server)
{
    scripted_postgres_accept(server);
    scripted_postgres_expect_startup(server);
    scripted_postgres_send_error(server, "FATAL", "57P03", "the database system is starting up");
}

static void test_a_server_that_starts_up_is_transient(void **state)
{
    (void)state;
    start(starting_up);
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_BUSY, "57P03", "starting up");
    assert_true(f.err.retryable);
    end();
}

static void refuse_old_password(struct scripted_postgres *server)
{
    scripted_postgres_ask_password(server, SECRET);
    scripted_postgres_send_error(server, "FATAL", "28P01", "password authentication failed");
    scripted_postgres_ask_password(server, FRESH_SECRET);
    scripted_postgres_send(server, 'R', SLICE("\0\0\0\0"));
    scripted_postgres_send_ready(server, 'I');
    scripted_postgres_expect(server, "BEGIN");
    scripted_postgres_send_complete(server, "BEGIN");
    scripted_postgres_send_ready(server, 'T');
    scripted_postgres_await_close(server);
}

static void test_a_refused_login_is_read_again(void **state)
{
    (void)state;
    start(refuse_old_password);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    assert_int_equal(f.reads, 2);
    assert_int_equal(f.fresh_reads, 1);
    assert_int_equal(f.pg.connects, 1);
    end();
}

static void refuse_both_passwords(struct scripted_postgres *server)
{
    scripted_postgres_ask_password(server, SECRET);
    scripted_postgres_send_error(server, "FATAL", "28P01", "password authentication failed");
    scripted_postgres_ask_password(server, FRESH_SECRET);
    scripted_postgres_send_error(server, "FATAL", "28P01", "password authentication failed");
}

static void test_a_login_refused_twice_is_denied(void **state)
{
    (void)state;
    start(refuse_both_passwords);
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_DENIED, "28P01", "password authentication failed");
    assert_false(f.err.retryable);
    assert_int_equal(f.reads, 2);
    end();
}

static void have_no_tls(struct scripted_postgres *server)
{
    scripted_postgres_accept(server);
    scripted_postgres_expect_tls(server, 'N');
    scripted_postgres_expect_silence(server); /* no name, no password in plain text */
}

static void test_without_tls_nothing_is_told(void **state)
{
    (void)state;
    start_with(have_no_tls, (struct pg_options){.tls = PG_TLS_VERIFY,
                                                .root_file = "/etc/ssl/certs/ca-certificates.crt"});
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_CONFIGURATION, "", "does not support SSL");
    assert_false(f.err.retryable);
    end();
}

static void break_tls(struct scripted_postgres *server)
{
    scripted_postgres_accept(server);
    scripted_postgres_expect_tls(server, 'S');
    scripted_postgres_close(server);
}

static void test_a_break_in_the_handshake_is_transient(void **state)
{
    (void)state;
    start_with(break_tls, (struct pg_options){.tls = PG_TLS_VERIFY,
                                              .root_file = "/etc/ssl/certs/ca-certificates.crt"});
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_NETWORK, "", "SSL");
    assert_true(f.err.retryable);
    end();
}

static void test_no_roots_of_trust_is_said_before_connecting(void **state)
{
    (void)state;
    static const struct pg_options options = {.tls = PG_TLS_VERIFY, .root_file = "/nonexistent"};
    start_with(say_nothing, options);
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    assert_failed(ERROR_CONFIGURATION, "", "/nonexistent");
    f.pg.options.tls = PG_TLS_OFF; /* to let the script end */
    f.pg.options.connect_timeout_ms = 100;
    assert_int_equal(pg_connect(&f.pg, &f.err), -1);
    end();
}

/* --- statements --- */

static void never_answer(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "SELECT");
    scripted_postgres_await_close(server);
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 2");
    scripted_postgres_await_close(server);
}

static void test_the_deadline_ends_a_statement(void **state)
{
    (void)state;
    struct pg_result result;
    struct slice text;
    start(never_answer);
    assert_int_equal(pg_connect(&f.pg, &f.err), 0);
    int64_t before_ms = now_ms();
    pg_set_deadline(&f.pg, before_ms + 1500);
    assert_int_equal(query("SELECT 1", NULL), -1);
    assert_failed(ERROR_TIMEOUT, "", "\"ask\"");
    assert_says(f.err.message, "may have taken effect or not");
    assert_true(now_ms() - before_ms >= 1499);
    assert_null(f.pg.connection);
    assert_int_equal(query("SELECT 2", NULL), -1); /* before anything is sent */
    assert_failed(ERROR_TIMEOUT, "", "nothing was sent");
    pg_set_deadline(&f.pg, 0);
    assert_int_equal(query("SELECT 2", &result), 0);
    assert_int_equal(pg_read_text(&result, 0, "text", &text, NULL), 0);
    assert_true(slice_equal(text, SLICE("answer")));
    end();
}

static void never_read(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_wait(server);
}

static void test_the_deadline_ends_sending(void **state)
{
    (void)state;
    static const size_t size = (size_t)32 * 1024 * 1024; /* more than sockets hold */
    char *big = test_malloc(size);
    memset(big, 'x', size);
    start(never_read);
    assert_int_equal(pg_connect(&f.pg, &f.err), 0);
    pg_set_deadline(&f.pg, now_ms() + 300);
    const struct pg_statement statement = {.name = "send much", .sql = "SELECT $1"};
    assert_int_equal(pg_query(&f.pg, &statement, PG_VALUES(PG_TEXT(slice_of(big, size))), &f.arena,
                              NULL, &f.err),
                     -1);
    assert_failed(ERROR_TIMEOUT, "", "send much");
    scripted_postgres_go_on(f.server);
    test_free(big);
    end();
}

static void break_in_a_row(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "SELECT");
    scripted_postgres_send_columns(server);
    scripted_postgres_send_bytes(server, SLICE("D\0\0\0\x20\0\1\0\0\0\x16half"));
    scripted_postgres_close(server);
}

static void test_half_a_reply_is_none(void **state)
{
    (void)state;
    struct pg_result result;
    start(break_in_a_row);
    assert_int_equal(query("SELECT 1", &result), -1);
    assert_failed(ERROR_NETWORK, "", "it may have taken effect or not: statement \"ask\"");
    assert_true(f.err.retryable);
    assert_int_equal(f.pg.connects, 1); /* it was sent: it is not sent again */
    end();
}

static void talk_nonsense(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "SELECT");
    scripted_postgres_send_bytes(server, SLICE("HTTP/1.1 400 Bad Request\r\n\r\n"));
    scripted_postgres_await_close(server);
}

static void test_nonsense_is_a_network_error(void **state)
{
    (void)state;
    start(talk_nonsense);
    pg_set_deadline(&f.pg, now_ms() + 5000);
    assert_int_equal(query("SELECT 1", NULL), -1);
    assert_int_equal(f.err.kind, ERROR_NETWORK);
    assert_null(f.pg.connection);
    end();
}

static void answer_without_end(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "SELECT");
    scripted_postgres_send_columns(server);
    for (int i = 0; i < 2000; i++) {
        scripted_postgres_send_row(server, SLICE("a row among many, a row among many"));
    }
    scripted_postgres_await_close(server);
}

static void test_a_large_result_is_refused(void **state)
{
    (void)state;
    for (int keep = 0; keep < 2; keep++) { /* also when nobody wants the rows */
        struct pg_result result;
        start_with(answer_without_end, (struct pg_options){.result_limit = 5000});
        assert_int_equal(query("SELECT 1", keep == 1 ? &result : NULL), -1);
        assert_failed(ERROR_LIMIT, "", "statement \"ask\": its result has over 5000 bytes");
        assert_null(f.pg.connection);
        end();
    }
}

static void ask_for_data(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "COPY");
    scripted_postgres_send(server, '1', SLICE(""));
    scripted_postgres_send(server, '2', SLICE(""));
    scripted_postgres_send(server, 'G', SLICE("\0\0\0"));
    scripted_postgres_await_close(server);
}

static void test_copy_is_not_for_this_room(void **state)
{
    (void)state;
    start(ask_for_data);
    assert_int_equal(query("COPY t FROM STDIN", NULL), -1);
    assert_failed(ERROR_CONFIGURATION, "", "not a plain statement");
    assert_null(f.pg.connection);
    end();
}

static void shut_down_in_a_statement(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "SELECT");
    scripted_postgres_send_error(server, "FATAL", "57P01", "terminating connection");
    scripted_postgres_close(server);
}

static void test_the_last_words_of_a_server_are_heard(void **state)
{
    (void)state;
    start(shut_down_in_a_statement);
    assert_int_equal(query("SELECT 1", NULL), -1);
    assert_failed(ERROR_NETWORK, "57P01", "terminating connection");
    assert_true(f.err.retryable);
    assert_null(f.pg.connection);
    end();
}

static void be_a_reader(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "UPDATE");
    scripted_postgres_send_error(server, "ERROR", "25006",
                                 "cannot execute UPDATE in a read-only transaction");
    scripted_postgres_send_ready(server, 'I');
    scripted_postgres_await_close(server);
}

static void test_a_reader_after_a_failover_is_left(void **state)
{
    (void)state;
    start(be_a_reader);
    assert_int_equal(query("UPDATE t SET x = 1", NULL), -1);
    assert_failed(ERROR_NETWORK, "25006", "read-only");
    assert_true(f.err.retryable);
    assert_null(f.pg.connection);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_silent_server_costs_no_more_than_the_deadline),
        cmocka_unit_test(test_a_silent_server_costs_no_more_than_the_timeout),
        cmocka_unit_test(test_a_server_that_closes_is_a_network_error),
        cmocka_unit_test(test_too_many_connections_are_transient),
        cmocka_unit_test(test_a_server_that_starts_up_is_transient),
        cmocka_unit_test(test_a_refused_login_is_read_again),
        cmocka_unit_test(test_a_login_refused_twice_is_denied),
        cmocka_unit_test(test_without_tls_nothing_is_told),
        cmocka_unit_test(test_a_break_in_the_handshake_is_transient),
        cmocka_unit_test(test_no_roots_of_trust_is_said_before_connecting),
        cmocka_unit_test(test_the_deadline_ends_a_statement),
        cmocka_unit_test(test_the_deadline_ends_sending),
        cmocka_unit_test(test_half_a_reply_is_none),
        cmocka_unit_test(test_nonsense_is_a_network_error),
        cmocka_unit_test(test_a_large_result_is_refused),
        cmocka_unit_test(test_copy_is_not_for_this_room),
        cmocka_unit_test(test_the_last_words_of_a_server_are_heard),
        cmocka_unit_test(test_a_reader_after_a_failover_is_left),
    };
    return RUN_TESTS(tests);
}
