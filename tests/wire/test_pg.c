/*
 * The Postgres client against a real server. tests/e2e/test_pg_client.py starts one and runs this,
 * with PG_TEST_SOCKETS and, for TLS, PG_TEST_ROOTS (the roots that signed a certificate for
 * "localhost", not for its address) and PG_TEST_OTHER_ROOTS.
 */
#include "wire/real_postgres.h"

/* --- values and results --- */

static void test_values_come_back(void **state)
{
    struct fixture *f = *state;
    struct pg_result result;
    struct slice text;
    int64_t number = 0;
    bool truth = true;
    static const struct slice hostile = SLICE_INIT("it's \"$1\"; -- \\ \n\t \xE2\x82\xAC");
    assert_int_equal(
        run_values(f, &f->pg,
                   "select $1::text as t, $2::bigint as n, $3::bool as b, $4::text as z, "
                   "$5::numeric(30) as c, ''::varchar as e, $6::bool as yes",
                   PG_VALUES(PG_TEXT(hostile), PG_NUMBER(INT64_MIN), PG_BOOL(false), PG_NULL,
                             PG_NUMBER(527), PG_BOOL(true)),
                   &result),
        0);
    assert_int_equal(result.rows, 1);
    assert_int_equal(result.columns, 7);
    assert_int_equal(pg_read_text(&result, 0, "t", &text, NULL), 0);
    assert_true(slice_equal(text, hostile));
    assert_int_equal(pg_read_i64(&result, 0, "n", &number, NULL), 0);
    assert_true(number == INT64_MIN);
    assert_int_equal(pg_read_bool(&result, 0, "b", &truth, NULL), 0);
    assert_false(truth);
    assert_int_equal(pg_read_bool(&result, 0, "yes", &truth, NULL), 0);
    assert_true(truth);
    assert_int_equal(pg_read_text_or(&result, 0, "z", SLICE("none"), &text, NULL), 0);
    assert_true(slice_equal(text, SLICE("none")));
    assert_int_equal(pg_read_i64(&result, 0, "c", &number, NULL), 0);
    assert_int_equal(number, 527);
    assert_int_equal(pg_read_text(&result, 0, "e", &text, NULL), 0);
    assert_int_equal(text.size, 0);
    assert_int_equal(pg_read_i64(&result, 0, "t", &number, &f->err), -1);
    assert_string_equal(f->err.message, "column t of \"test\", row 1: text where a whole number of "
                                        "64 bits is needed");
}

static void test_values_that_cannot_be_text_are_not_sent(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pg_connect(&f->pg, &f->err), 0);
    uint64_t before = f->pg.round_trips;
    assert_int_equal(
        run_values(f, &f->pg, "select $1, $2", PG_VALUES(PG_NULL, PG_TEXT(SLICE("a\0b"))), NULL),
        -1);
    assert_failed(f, ERROR_INVALID, "", false);
    assert_string_equal(f->err.message, "statement \"test\": value $2 holds a NUL byte");
    assert_int_equal(run_values(f, &f->pg, "select $1", PG_VALUES(PG_TEXT(SLICE("ab\xFFz"))), NULL),
                     -1);
    assert_string_equal(f->err.message, "statement \"test\": value $1 is not UTF-8 at byte 3");
    assert_int_equal(f->pg.connects, 1);
    assert_int_equal(f->pg.round_trips, before);
    assert_int_equal(ask_number(f, &f->pg, "select 1 as n"), 1);
}

static void test_many_rows(void **state)
{
    struct fixture *f = *state;
    struct pg_result result;
    assert_int_equal(run_values(f, &f->pg,
                                "select i as n, repeat('x', i) as t from "
                                "generate_series(1, 1000) as i order by i",
                                PG_NO_VALUES, &result),
                     0);
    assert_int_equal(result.rows, 1000);
    for (size_t row = 0; row < result.rows; row++) {
        int64_t number = 0;
        struct slice text;
        assert_int_equal(pg_read_i64(&result, row, "n", &number, NULL), 0);
        assert_int_equal(pg_read_text(&result, row, "t", &text, NULL), 0);
        assert_int_equal(number, row + 1);
        assert_int_equal(text.size, row + 1);
    }
}

static void test_no_rows_have_columns(void **state)
{
    struct fixture *f = *state;
    struct pg_result result;
    assert_int_equal(
        run_values(f, &f->pg, "select 1 as n, 'x' as t where false", PG_NO_VALUES, &result), 0);
    assert_int_equal(result.rows, 0);
    assert_int_equal(result.columns, 2);
    assert_int_equal(result.affected, 0);
    assert_true(slice_equal(result.names[1], SLICE("t")));
}

static void test_affected_rows_are_counted(void **state)
{
    struct fixture *f = *state;
    struct pg_result result;
    make_table(f);
    assert_int_equal(run_values(f, &f->pg, "update pg_test set note = 'x'", PG_NO_VALUES, &result),
                     0);
    assert_int_equal(result.affected, 2);
    assert_int_equal(result.rows, 0);
    assert_int_equal(run_values(f, &f->pg, "delete from pg_test where id = 2 returning id as n",
                                PG_NO_VALUES, &result),
                     0);
    assert_int_equal(result.affected, 1);
    assert_int_equal(result.rows, 1);
}

static void test_a_result_over_the_limit(void **state)
{
    struct fixture *f = *state;
    f->pg.options.result_limit = 100000;
    assert_int_equal(run(f, &f->pg, "select repeat('x', 1000) from generate_series(1, 1000000)"),
                     -1);
    assert_failed(f, ERROR_LIMIT, "", false);
    assert_int_equal(ask_number(f, &f->pg, "select 1 as n"), 1);
    assert_int_equal(f->pg.connects, 2);
}

static void test_large_values(void **state)
{
    struct fixture *f = *state;
    static char big[3000000];
    struct pg_result result;
    struct slice text;
    memset(big, 'y', sizeof(big));
    struct slice value = slice_of(big, sizeof(big));
    assert_int_equal(
        run_values(f, &f->pg, "select $1::text as t", PG_VALUES(PG_TEXT(value)), &result), 0);
    assert_int_equal(pg_read_text(&result, 0, "t", &text, NULL), 0);
    assert_true(slice_equal(text, value));
}

/* --- the session --- */

static void test_the_session_is_named_and_speaks_utf8(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(ask_text(f, &f->pg, "select current_setting('application_name') as t"),
                        "external-file-test");
    assert_string_equal(ask_text(f, &f->pg, "select current_setting('client_encoding') as t"),
                        "UTF8");
    /* A server on this machine needs no TLS. */
    assert_string_equal(
        ask_text(f, &f->pg, "select ssl::text as t from pg_stat_ssl where pid = pg_backend_pid()"),
        "false");
    assert_int_equal(f->pg.connects, 1);
    assert_int_equal(f->pg.round_trips, 3);
}

static void test_notices_are_not_errors(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, &f->pg, "do $$ begin raise notice 'hello'; end $$"), 0);
    assert_int_equal(ask_number(f, &f->pg, "select 1 as n"), 1);
}

static void test_a_stale_password_is_read_again(void **state)
{
    struct fixture *f = *state;
    wanted.stale_password = "not-the-password";
    assert_int_equal(pg_connect(&f->pg, &f->err), 0);
    assert_int_equal(wanted.reads, 2);
    assert_int_equal(ask_number(f, &f->pg, "select 1 as n"), 1);
}

static void test_wrong_logins(void **state)
{
    struct fixture *f = *state;
    wanted.user = "nobody_of_this_name";
    assert_int_equal(pg_connect(&f->pg, &f->err), -1);
    assert_failed(f, ERROR_DENIED, "28P01", false);
    assert_int_equal(wanted.reads, 2);
    assert_says(f->err.message, "nobody_of_this_name");
    assert_null(strstr(f->err.message, env_get("PGPASSWORD", "?")));
    wanted.user = "";
    assert_int_equal(pg_connect(&f->pg, &f->err), -1);
    assert_failed(f, ERROR_CONFIGURATION, "", false);
    assert_string_equal(f->err.message, "the login for Postgres has no user name");
    wanted.user = NULL;
    wanted.database = "no_such_database";
    assert_int_equal(pg_connect(&f->pg, &f->err), -1);
    assert_failed(f, ERROR_CONFIGURATION, "3D000", false);
    wanted.database = NULL;
    wanted.host = "127.0.0.1,127.0.0.2";
    assert_int_equal(pg_connect(&f->pg, &f->err), -1);
    assert_failed(f, ERROR_CONFIGURATION, "", false);
}

static void test_other_ways_to_name_the_server(void **state)
{
    struct fixture *f = *state;
    wanted.host = "localhost"; /* ::1 may come first, where nobody listens */
    assert_int_equal(pg_connect(&f->pg, &f->err), 0);
    wanted.host = env_get("PG_TEST_SOCKETS", NULL); /* a folder is taken as it is */
    assert_int_equal(pg_connect(&f->other, &f->err), 0);
}

/* --- errors --- */

static void test_errors_of_statements(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql;
        const char *code;
        enum error_kind kind;
    } statements[] = {
        {"insert into pg_test values ($1::int, 'again')", "23505", ERROR_CONFLICT},
        {"select * from nowhere where $1::int = 1", "42P01", ERROR_CONFIGURATION},
        {"selec $1", "42601", ERROR_CONFIGURATION},
        {"select 1 / ($1::int - 1)", "22012", ERROR_INVALID},
        {"select 1; select $1::int", "42601", ERROR_CONFIGURATION}, /* one statement only */
        {"select * from pg_authid where $1::int = 1", "42501", ERROR_DENIED},
    };
    make_table(f);
    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        assert_int_equal(run_values(f, &f->pg, statements[i].sql, PG_VALUES(PG_NUMBER(1)), NULL),
                         -1);
        assert_failed(f, statements[i].kind, statements[i].code, false);
        assert_says(f->err.message, "statement \"test\": ");
    }
    assert_int_equal(f->pg.connects, 1); /* an error does not cost the connection */
}

static void test_errors_hold_no_value(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_values(f, &f->pg, "select $1::int",
                                PG_VALUES(PG_TEXT(SLICE("private \"number\""))), NULL),
                     -1);
    assert_failed(f, ERROR_INVALID, "22P02", false);
    assert_string_equal(f->err.message,
                        "statement \"test\": invalid input syntax for type integer: "
                        "\"[value]\" (22P02)");
    assert_int_equal(
        run_values(f, &f->pg, "select $1::int[]", PG_VALUES(PG_TEXT(SLICE("{1,private}"))), NULL),
        -1);
    assert_null(strstr(f->err.message, "private"));
}

static void test_a_lock_that_is_taken_is_transient(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(pg_begin(&f->other, &f->err), 0);
    assert_int_equal(run(f, &f->other, "update pg_test set note = 'x' where id = 1"), 0);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(pg_set_local(&f->pg, "lock_timeout", "50ms", &f->err), 0);
    assert_int_equal(run(f, &f->pg, "update pg_test set note = 'y' where id = 1"), -1);
    assert_failed(f, ERROR_BUSY, "55P03", true);
    pg_rollback(&f->pg);
    assert_string_equal(ask_text(f, &f->pg, "select current_setting('lock_timeout') as t"), "0");
    assert_int_equal(pg_commit(&f->other, &f->err), 0);
}

static void test_a_lost_race_is_transient(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(run(f, &f->pg, "set transaction isolation level repeatable read"), 0);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from pg_test"), 2);
    assert_int_equal(run(f, &f->other, "update pg_test set note = 'x' where id = 1"), 0);
    assert_int_equal(run(f, &f->pg, "update pg_test set note = 'y' where id = 1"), -1);
    assert_failed(f, ERROR_BUSY, "40001", true);
    pg_rollback(&f->pg);
}

/* --- TLS --- */

static int try_tls(struct fixture *f, const char *host, const char *roots)
{
    struct pg pg;
    wanted.host = host;
    init(&pg, (struct pg_options){.tls = PG_TLS_VERIFY, .root_file = roots});
    int outcome = pg_connect(&pg, &f->err);
    if (outcome == 0) {
        assert_string_equal(
            ask_text(f, &pg, "select version as t from pg_stat_ssl where pid = pg_backend_pid()"),
            "TLSv1.3");
    }
    pg_release(&pg);
    return outcome;
}

static void test_tls_is_verified(void **state)
{
    struct fixture *f = *state;
    const char *roots = env_get("PG_TEST_ROOTS", NULL);
    assert_non_null(roots);
    assert_int_equal(try_tls(f, "localhost", roots), 0);
    assert_int_equal(try_tls(f, "127.0.0.1", roots), -1); /* the certificate names localhost only */
    assert_failed(f, ERROR_CONFIGURATION, "", false);
    assert_says(f->err.message, "127.0.0.1");
    assert_int_equal(try_tls(f, "localhost", env_get("PG_TEST_OTHER_ROOTS", NULL)), -1);
    assert_failed(f, ERROR_CONFIGURATION, "", false);
    assert_says(f->err.message, "certificate verify failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_values_come_back),
        CASE(test_values_that_cannot_be_text_are_not_sent),
        CASE(test_many_rows),
        CASE(test_no_rows_have_columns),
        CASE(test_affected_rows_are_counted),
        CASE(test_a_result_over_the_limit),
        CASE(test_large_values),
        CASE(test_the_session_is_named_and_speaks_utf8),
        CASE(test_notices_are_not_errors),
        CASE(test_a_stale_password_is_read_again),
        CASE(test_wrong_logins),
        CASE(test_other_ways_to_name_the_server),
        CASE(test_errors_of_statements),
        CASE(test_errors_hold_no_value),
        CASE(test_a_lock_that_is_taken_is_transient),
        CASE(test_a_lost_race_is_transient),
        CASE(test_tls_is_verified),
    };
    return RUN_ON_SERVER("test_pg", tests);
}
