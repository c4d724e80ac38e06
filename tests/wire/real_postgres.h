/*
 * What the tests against a real Postgres share. A test of tests/e2e starts a server of its own and
 * runs them, with PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE (tests/e2e/wire_program.py).
 */
#ifndef WIRE_REAL_POSTGRES_H
#define WIRE_REAL_POSTGRES_H

#include "unit/unit.h"

#include "base/env.h"
#include "base/log.h"
#include "base/redact.h"
#include "pg/pg.h"

#include <fcntl.h>
#include <stdio.h>

struct fixture {
    struct pg pg;
    struct pg other; /* another session of the same user */
    struct arena arena;
    struct error err;
};

/* What the next login says instead of what the environment does; NULL: nothing else. */
static struct {
    const char *host;
    const char *user;
    const char *database;
    const char *stale_password; /* until it is read afresh */
    int reads;
} wanted;

static inline struct slice or_env(const char *value, const char *name)
{
    return slice_from(value != NULL ? value : env_get(name, NULL));
}

static inline int read_login(void *self, bool fresh, struct pg_login *login, struct arena *arena,
                             struct error *err)
{
    (void)self;
    (void)arena;
    int64_t port = 0;
    wanted.reads++;
    if (env_number("PGPORT", 1, 65535, 5432, &port, err) != 0) {
        return -1;
    }
    *login = (struct pg_login){
        .host = or_env(wanted.host, "PGHOST"),
        .port = (uint16_t)port,
        .database = or_env(wanted.database, "PGDATABASE"),
        .user = or_env(wanted.user, "PGUSER"),
        .password = or_env(fresh ? NULL : wanted.stale_password, "PGPASSWORD"),
    };
    return 0;
}

static const struct pg_login_source environment = {.read = read_login};

static inline void init(struct pg *pg, struct pg_options options)
{
    options.source = &environment;
    options.clock = &clock_system;
    options.application_name = "external-file-test";
    pg_init(pg, &options);
}

static inline int set_up(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    memset(&wanted, 0, sizeof(wanted));
    init(&fixture.pg, (struct pg_options){.tls = PG_TLS_AUTO});
    init(&fixture.other, (struct pg_options){.tls = PG_TLS_AUTO});
    arena_init(&fixture.arena, 0);
    *state = &fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    pg_release(&f->pg);
    pg_release(&f->other);
    arena_release(&f->arena);
    redact_forget_all();
    return 0;
}

static inline int run_values(struct fixture *f, struct pg *pg, const char *sql,
                             struct pg_values values, struct pg_result *result)
{
    const struct pg_statement statement = {.name = "test", .sql = sql};
    return pg_query(pg, &statement, values, &f->arena, result, &f->err);
}

static inline int run(struct fixture *f, struct pg *pg, const char *sql)
{
    return run_values(f, pg, sql, PG_NO_VALUES, NULL);
}

/* The one number that a statement gives. */
static inline int64_t ask_number(struct fixture *f, struct pg *pg, const char *sql)
{
    struct pg_result result;
    int64_t number = 0;
    assert_int_equal(run_values(f, pg, sql, PG_NO_VALUES, &result), 0);
    assert_int_equal(result.rows, 1);
    assert_int_equal(pg_read_i64(&result, 0, "n", &number, NULL), 0);
    return number;
}

static inline const char *ask_text(struct fixture *f, struct pg *pg, const char *sql)
{
    struct pg_result result;
    struct slice text;
    assert_int_equal(run_values(f, pg, sql, PG_NO_VALUES, &result), 0);
    assert_int_equal(pg_read_text(&result, 0, "t", &text, NULL), 0);
    return text.data;
}

static inline void assert_failed(const struct fixture *f, enum error_kind kind, const char *code,
                                 bool retryable)
{
    assert_string_equal(f->err.code, code);
    assert_int_equal(f->err.kind, kind);
    assert_int_equal(f->err.retryable, retryable);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Without a server there is nothing to test: one test, skipped. */
static inline bool has_server(const char *program)
{
    if (env_get("PGHOST", NULL) == NULL) {
        (void)printf("1..1\nok 1 - %s # SKIP PGHOST is not set: a test of tests/e2e starts a "
                     "server and runs this\n",
                     program);
        return false;
    }
    log_setup(&(struct log_options){.fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
                                    .lowest = LOG_TRACE,
                                    .clock = &clock_system});
    return true;
}

#define RUN_ON_SERVER(program, tests)                                                              \
    (has_server(program) ? cmocka_run_group_tests((tests), NULL, NULL) : 0)

static inline void make_table(struct fixture *f)
{
    assert_int_equal(run(f, &f->pg, "drop table if exists pg_test"), 0);
    assert_int_equal(run(f, &f->pg, "create table pg_test (id int primary key, note text)"), 0);
    assert_int_equal(run(f, &f->pg, "insert into pg_test values (1, 'one'), (2, 'two')"), 0);
}

#endif
