/* Connections that are kept, and break: what is sent again, and what is not. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "wire/pg_fixture.h"

/* --- kept connections --- */

static void say_good_bye_when_idle(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    scripted_postgres_wait(server);
    scripted_postgres_send_error(server, "FATAL", "57P01", "terminating connection");
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 2");
    scripted_postgres_await_close(server);
}

static void await_end(void)
{
    struct pollfd waiting = {.fd = PQsocket(f.pg.connection), .events = POLLRDHUP};
    scripted_postgres_go_on(f.server);
    assert_int_equal(poll(&waiting, 1, 10000), 1);
}

static void test_an_ended_connection_is_replaced_before_use(void **state)
{
    (void)state;
    start(say_good_bye_when_idle);
    assert_int_equal(query("SELECT 1", NULL), 0);
    await_end();
    assert_int_equal(query("SELECT 2", NULL), 0);
    assert_int_equal(f.pg.connects, 2);
    assert_int_equal(f.pg.round_trips, 2);
    end();
}

static void say_good_bye_and_stay(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    scripted_postgres_wait(server);
    scripted_postgres_send_error(server, "FATAL", "57P05", "terminating connection");
    scripted_postgres_await_close(server);
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 2");
    scripted_postgres_await_close(server);
}

/* The words are enough, though the end of the socket is still on its way. */
static void test_a_good_bye_is_read_before_anything_is_sent(void **state)
{
    (void)state;
    start(say_good_bye_and_stay);
    assert_int_equal(query("SELECT 1", NULL), 0);
    await_pending();
    pg_set_deadline(&f.pg, now_ms() + 20000);
    if (query("SELECT 2", NULL) != 0) {
        fail_msg("%s", f.err.message);
    }
    assert_int_equal(f.pg.connects, 2);
    assert_int_equal(f.pg.round_trips, 2);
    end();
}

static void say_good_bye_at_once(struct scripted_postgres *server)
{
    struct strbuf both = STRBUF_INIT;
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "SELECT 1");
    scripted_postgres_send_columns(server);
    scripted_postgres_send_complete(server, "SELECT 0");
    strbuf_append(&both, SLICE("Z\0\0\0\5I"));
    strbuf_append(&both, SLICE("E\0\0\0\x1FSFATAL\0VFATAL\0C57P01\0Mbye\0\0"));
    scripted_postgres_send_bytes(server, strbuf_slice(&both));
    strbuf_release(&both);
    scripted_postgres_await_close(server);
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 2");
    scripted_postgres_await_close(server);
}

/* It comes with the last answer, when nobody looks for it. */
static void test_a_good_bye_behind_an_answer_is_not_forgotten(void **state)
{
    (void)state;
    start(say_good_bye_at_once);
    assert_int_equal(query("SELECT 1", NULL), 0);
    pg_set_deadline(&f.pg, now_ms() + 20000);
    if (query("SELECT 2", NULL) != 0) {
        fail_msg("%s", f.err.message);
    }
    assert_int_equal(f.pg.connects, 2);
    end();
}

static void answer_once(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    scripted_postgres_await_close(server);
}

/* What was not sent has certainly not happened. */
static void test_nothing_is_sent_behind_the_deadline(void **state)
{
    (void)state;
    start(answer_once);
    assert_int_equal(query("SELECT 1", NULL), 0);
    pg_set_deadline(&f.pg, now_ms() - 1);
    assert_int_equal(query("SELECT 2", NULL), -1);
    assert_failed(ERROR_TIMEOUT, "", "nothing was sent to Postgres");
    assert_int_equal(f.pg.round_trips, 1);
    end();
}

static void test_logs_know_the_password(void **state)
{
    struct strbuf line = STRBUF_INIT;
    (void)state;
    start(answer_once);
    assert_int_equal(query("SELECT 1", NULL), 0);
    redact_append(&line, SLICE("login with " SECRET " refused"));
    assert_string_equal(line.data, "login with [redacted] refused");
    strbuf_release(&line);
    end();
}

static void answer_twice(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    answer_query(server, "SELECT 2");
    scripted_postgres_await_close(server);
}

static void test_logs_know_the_password_of_a_kept_connection(void **state)
{
    struct strbuf line = STRBUF_INIT;
    (void)state;
    start(answer_twice);
    assert_int_equal(query("SELECT 1", NULL), 0);
    redact_forget_all(); /* as if many others had been read since */
    assert_int_equal(query("SELECT 2", NULL), 0);
    assert_int_equal(f.pg.connects, 1);
    redact_append(&line, SLICE("login with " SECRET " refused"));
    assert_string_equal(line.data, "login with [redacted] refused");
    strbuf_release(&line);
    end();
}

static void chatter_when_idle(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    scripted_postgres_wait(server);
    scripted_postgres_send(server, 'S', SLICE("TimeZone\0UTC\0"));
    scripted_postgres_send(server, 'N', SLICE("SNOTICE\0C00000\0Mhello\0\0"));
    answer_query(server, "SELECT 2");
    scripted_postgres_await_close(server);
}

static void test_a_notice_does_no_harm(void **state)
{
    (void)state;
    start(chatter_when_idle);
    assert_int_equal(query("SELECT 1", NULL), 0);
    await_pending();
    assert_int_equal(query("SELECT 2", NULL), 0);
    assert_int_equal(f.pg.connects, 1);
    end();
}

static void break_at_begin(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    scripted_postgres_expect(server, "BEGIN");
    scripted_postgres_reset(server);
    scripted_postgres_log_in(server);
    answer_begin(server);
    scripted_postgres_await_close(server);
}

static void test_begin_finds_out_and_starts_anew(void **state)
{
    (void)state;
    start(break_at_begin);
    assert_int_equal(query("SELECT 1", NULL), 0);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    assert_int_equal(f.pg.connects, 2);
    end();
}

static void vanish_at_begin(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    scripted_postgres_expect(server, "BEGIN");
    scripted_postgres_await_close(server); /* no word, as behind a gateway that forgot us */
    scripted_postgres_log_in(server);
    answer_begin(server);
    scripted_postgres_await_close(server);
}

static void test_begin_gives_a_rested_connection_little_time(void **state)
{
    (void)state;
    start(vanish_at_begin);
    assert_int_equal(query("SELECT 1", NULL), 0);
    f.moved.offset_ms += 3600000; /* frozen for an hour */
    pg_set_deadline(&f.pg, now_ms() + 20000);
    int64_t before_ms = now_ms();
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    assert_in_range(now_ms() - before_ms, 199, 9000);
    assert_int_equal(f.pg.connects, 2);
    end();
}

static void vanish_at_a_try(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    scripted_postgres_expect(server, "");
    scripted_postgres_await_close(server);
    scripted_postgres_log_in(server);
    scripted_postgres_expect(server, "");
    scripted_postgres_send(server, 'I', SLICE("")); /* an empty statement */
    scripted_postgres_send_ready(server, 'I');
    answer_query(server, "INSERT");
    scripted_postgres_await_close(server);
}

static void test_a_lone_statement_goes_to_a_connection_that_answered(void **state)
{
    (void)state;
    start(vanish_at_a_try);
    assert_int_equal(query("SELECT 1", NULL), 0);
    f.moved.offset_ms += 3600000;
    assert_int_equal(query("INSERT INTO t VALUES (1)", NULL), 0);
    assert_int_equal(f.pg.connects, 2);
    end();
}

static void answer_three(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_query(server, "SELECT 1");
    answer_query(server, "SELECT 2");
    scripted_postgres_expect(server, "");
    scripted_postgres_send(server, 'I', SLICE(""));
    scripted_postgres_send_ready(server, 'I');
    answer_query(server, "SELECT 3");
    scripted_postgres_await_close(server);
}

static void test_a_try_costs_a_round_trip_only_after_a_rest(void **state)
{
    (void)state;
    start_with(answer_three, (struct pg_options){.probe_timeout_ms = 30000});
    assert_int_equal(query("SELECT 1", NULL), 0);
    assert_int_equal(query("SELECT 2", NULL), 0);
    assert_int_equal(f.pg.round_trips, 2);
    f.moved.offset_ms += 5500;
    assert_int_equal(query("SELECT 3", NULL), 0);
    assert_int_equal(f.pg.round_trips, 4);
    assert_int_equal(f.pg.connects, 1);
    end();
}

/* --- transactions --- */

static void break_in_a_transaction(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_begin(server);
    scripted_postgres_expect(server, "SELECT");
    scripted_postgres_close(server);
}

static void test_a_broken_transaction_stays_broken(void **state)
{
    (void)state;
    start(break_in_a_transaction);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    assert_int_equal(query("SELECT 1", NULL), -1);
    assert_failed(ERROR_NETWORK, "", "statement \"ask\": the connection broke");
    assert_null(strstr(f.err.message, "may have taken effect"));
    assert_int_equal(query("SELECT 2", NULL), -1); /* and no new connection for it */
    assert_failed(ERROR_NETWORK, "", "rolled back");
    assert_int_equal(pg_set_local(&f.pg, "lock_timeout", "1s", &f.err), -1);
    assert_int_equal(pg_commit(&f.pg, &f.err), -1);
    assert_failed(ERROR_NETWORK, "", "rolled back");
    pg_rollback(&f.pg);
    assert_int_equal(f.pg.connects, 1);
    end();
}

static void lose_the_commit(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_begin(server);
    scripted_postgres_expect(server, "COMMIT");
    scripted_postgres_close(server);
}

static void test_a_lost_commit_is_told_as_unknown(void **state)
{
    (void)state;
    start(lose_the_commit);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    assert_int_equal(pg_commit(&f.pg, &f.err), -1);
    assert_failed(ERROR_NETWORK, "", "may be committed or not");
    assert_true(f.err.retryable);
    assert_false(f.pg.in_transaction);
    assert_int_equal(f.pg.connects, 1);
    end();
}

static void say_good_bye_in_a_transaction(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_begin(server);
    scripted_postgres_wait(server);
    scripted_postgres_send_error(server, "FATAL", "25P03", "idle for too long");
    scripted_postgres_await_close(server);
}

static void test_a_commit_that_is_not_sent_commits_nothing(void **state)
{
    (void)state;
    start(say_good_bye_in_a_transaction);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    await_pending();
    pg_set_deadline(&f.pg, now_ms() + 20000);
    assert_int_equal(pg_commit(&f.pg, &f.err), -1);
    assert_failed(ERROR_NETWORK, "", "rolled back");
    assert_null(strstr(f.err.message, "may be committed"));
    assert_true(f.err.retryable);
    assert_int_equal(f.pg.round_trips, 1);
    assert_false(f.pg.in_transaction);
    end();
}

static void roll_back(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    answer_begin(server);
    scripted_postgres_await_close(server);
}

static void test_rollback_does_not_wait_for_ever(void **state)
{
    (void)state;
    start(roll_back);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    int64_t before_ms = now_ms();
    pg_rollback(&f.pg);
    assert_in_range(now_ms() - before_ms, 199, 20000); /* the peer waits for longer */
    assert_null(f.pg.connection);
    assert_false(f.pg.in_transaction);
    end();
}

static void test_commit_after_the_deadline_commits_nothing(void **state)
{
    (void)state;
    start(roll_back);
    pg_set_deadline(&f.pg, now_ms() + 5000);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    f.moved.offset_ms += 6000;
    assert_int_equal(pg_commit(&f.pg, &f.err), -1);
    assert_failed(ERROR_TIMEOUT, "", "nothing was sent");
    assert_false(f.pg.in_transaction);
    assert_null(f.pg.connection); /* its end is the rollback */
    end();
}

static void begin_with_limits(struct scripted_postgres *server)
{
    scripted_postgres_log_in(server);
    scripted_postgres_expect(
        server, "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = ");
    scripted_postgres_send_complete(server, "BEGIN");
    scripted_postgres_send_complete(server, "SET");
    scripted_postgres_send_complete(server, "SET");
    scripted_postgres_send_ready(server, 'T');
    scripted_postgres_await_close(server);
}

static void test_the_server_is_told_the_deadline(void **state)
{
    (void)state;
    start(begin_with_limits);
    pg_set_deadline(&f.pg, now_ms() + 60000);
    assert_int_equal(pg_begin(&f.pg, &f.err), 0);
    assert_int_equal(f.pg.round_trips, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_ended_connection_is_replaced_before_use),
        cmocka_unit_test(test_a_good_bye_is_read_before_anything_is_sent),
        cmocka_unit_test(test_a_good_bye_behind_an_answer_is_not_forgotten),
        cmocka_unit_test(test_nothing_is_sent_behind_the_deadline),
        cmocka_unit_test(test_logs_know_the_password),
        cmocka_unit_test(test_logs_know_the_password_of_a_kept_connection),
        cmocka_unit_test(test_a_notice_does_no_harm),
        cmocka_unit_test(test_begin_finds_out_and_starts_anew),
        cmocka_unit_test(test_begin_gives_a_rested_connection_little_time),
        cmocka_unit_test(test_a_lone_statement_goes_to_a_connection_that_answered),
        cmocka_unit_test(test_a_try_costs_a_round_trip_only_after_a_rest),
        cmocka_unit_test(test_a_broken_transaction_stays_broken),
        cmocka_unit_test(test_a_lost_commit_is_told_as_unknown),
        cmocka_unit_test(test_a_commit_that_is_not_sent_commits_nothing),
        cmocka_unit_test(test_rollback_does_not_wait_for_ever),
        cmocka_unit_test(test_commit_after_the_deadline_commits_nothing),
        cmocka_unit_test(test_the_server_is_told_the_deadline),
    };
    return RUN_TESTS(tests);
}
