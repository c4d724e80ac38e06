/*
 * Transactions, deadlines and broken sessions on a real server. tests/e2e/test_pg_client.py starts
 * one and runs this.
 */
#include "wire/real_postgres.h"

/* --- transactions --- */

static void test_commit_keeps_and_rollback_forgets(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(run(f, &f->pg, "insert into pg_test values (3, 'kept')"), 0);
    assert_int_equal(ask_number(f, &f->other, "select count(*) as n from pg_test"), 2);
    assert_int_equal(pg_commit(&f->pg, &f->err), 0);
    assert_int_equal(ask_number(f, &f->other, "select count(*) as n from pg_test"), 3);
    pg_rollback(&f->pg); /* nothing to do */
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(run(f, &f->pg, "delete from pg_test"), 0);
    pg_rollback(&f->pg);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from pg_test"), 3);
    assert_int_equal(f->pg.connects, 1);
}

static void test_commit_of_a_failed_transaction_is_an_error(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(run(f, &f->pg, "insert into pg_test values (3, 'lost')"), 0);
    assert_int_equal(run(f, &f->pg, "insert into pg_test values (3, 'again')"), -1);
    assert_int_equal(run(f, &f->pg, "select 1"), -1);
    assert_failed(f, ERROR_REMOTE, "25P02", false);
    assert_int_equal(pg_commit(&f->pg, &f->err), -1);
    assert_failed(f, ERROR_REMOTE, "25P02", false);
    assert_says(f->err.message, "rolled back");
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from pg_test"), 2);
}

static void test_settings_are_quoted(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(pg_set_local(&f->pg, "application_name", "it's \\ '; x", &f->err), 0);
    assert_string_equal(ask_text(f, &f->pg, "select current_setting('application_name') as t"),
                        "it's \\ '; x");
    assert_int_equal(pg_set_local(&f->pg, "no_such_setting", "1", &f->err), -1);
    assert_failed(f, ERROR_CONFIGURATION, "42704", false);
    pg_rollback(&f->pg);
    assert_string_equal(ask_text(f, &f->pg, "select current_setting('application_name') as t"),
                        "external-file-test");
}

/* --- time and breaks --- */

static void test_the_deadline_ends_a_lone_statement(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pg_connect(&f->pg, &f->err), 0);
    int64_t before_ms = clock_now_ms(&clock_system);
    pg_set_deadline(&f->pg, before_ms + 1500);
    assert_int_equal(run(f, &f->pg, "select pg_sleep(30)"), -1);
    assert_failed(f, ERROR_TIMEOUT, "", true);
    assert_in_range(clock_now_ms(&clock_system) - before_ms, 1499, 20000); /* it sleeps for 30 s */
    pg_set_deadline(&f->pg, 0);
    assert_int_equal(ask_number(f, &f->pg, "select 1 as n"), 1);
    assert_int_equal(f->pg.connects, 2);
}

static void test_the_server_ends_a_transaction_by_itself(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    pg_set_deadline(&f->pg, clock_now_ms(&clock_system) + 2000);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(run(f, &f->pg, "update pg_test set note = 'x' where id = 1"), 0);
    /* This process says no more, as if it were frozen: the lock is given back all the same. */
    assert_int_equal(run(f, &f->other, "update pg_test set note = 'y' where id = 1"), 0);
    pg_set_deadline(&f->pg, 0);
    assert_int_equal(run(f, &f->pg, "select 1"), -1);
    assert_failed(f, ERROR_TIMEOUT, "25P03", true);
    assert_int_equal(pg_commit(&f->pg, &f->err), -1);
    assert_string_equal(ask_text(f, &f->pg, "select note as t from pg_test where id = 1"), "y");
}

static void test_statements_have_the_time_that_is_left(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pg_connect(&f->pg, &f->err), 0);
    pg_set_deadline(&f->pg, clock_now_ms(&clock_system) + 1500);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    pg_set_deadline(&f->pg, 0); /* so that only the server watches the time */
    assert_int_equal(run(f, &f->pg, "select pg_sleep(30)"), -1);
    assert_failed(f, ERROR_TIMEOUT, "57014", true);
    pg_rollback(&f->pg);
    assert_string_equal(ask_text(f, &f->pg, "select current_setting('statement_timeout') as t"),
                        "0");
}

static void end_session(struct fixture *f, struct pg *pg)
{
    int64_t session = ask_number(f, pg, "select pg_backend_pid() as n");
    assert_int_equal(run_values(f, &f->other, "select pg_terminate_backend($1::int, 10000)",
                                PG_VALUES(PG_NUMBER(session)), NULL),
                     0);
}

static void test_an_ended_session_is_replaced(void **state)
{
    struct fixture *f = *state;
    end_session(f, &f->pg);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(f->pg.connects, 2);
    assert_int_equal(pg_commit(&f->pg, &f->err), 0);
    end_session(f, &f->pg);
    assert_int_equal(ask_number(f, &f->pg, "select 1 as n"), 1);
    assert_int_equal(f->pg.connects, 3);
}

static void test_a_session_that_ends_in_a_transaction_is_not(void **state)
{
    struct fixture *f = *state;
    make_table(f);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_int_equal(run(f, &f->pg, "delete from pg_test"), 0);
    end_session(f, &f->pg);
    assert_int_equal(run(f, &f->pg, "select 1"), -1);
    assert_failed(f, ERROR_NETWORK, "57P01", true);
    assert_int_equal(pg_commit(&f->pg, &f->err), -1);
    assert_failed(f, ERROR_NETWORK, "", true);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from pg_test"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_commit_keeps_and_rollback_forgets),
        CASE(test_commit_of_a_failed_transaction_is_an_error),
        CASE(test_settings_are_quoted),
        CASE(test_the_deadline_ends_a_lone_statement),
        CASE(test_the_server_ends_a_transaction_by_itself),
        CASE(test_statements_have_the_time_that_is_left),
        CASE(test_an_ended_session_is_replaced),
        CASE(test_a_session_that_ends_in_a_transaction_is_not),
    };
    return RUN_ON_SERVER("test_pg_transactions", tests);
}
