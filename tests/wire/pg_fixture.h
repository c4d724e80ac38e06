/* What the tests of the Postgres client against a scripted server share. */
#ifndef WIRE_PG_FIXTURE_H
#define WIRE_PG_FIXTURE_H

#include "unit/unit.h"
#include "wire/moved_clock.h"
#include "wire/scripted_postgres.h"

#include "base/log.h"
#include "base/redact.h"
#include "pg/pg.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#define SECRET "old-password"
#define FRESH_SECRET "new-password"

static struct {
    struct scripted_postgres *server;
    struct moved_clock moved;
    struct clock clock;
    struct pg pg;
    struct arena arena;
    struct error err;
    int reads; /* of the login */
    int fresh_reads;
} f;

static inline int read_login(void *self, bool fresh, struct pg_login *login, struct arena *arena,
                             struct error *err)
{
    (void)self;
    (void)err;
    f.reads++;
    f.fresh_reads += fresh ? 1 : 0;
    *login = (struct pg_login){.host = SLICE("127.0.0.1"),
                               .port = scripted_postgres_port(f.server),
                               .database = SLICE("db"),
                               .user = SLICE("someone"),
                               .password =
                                   arena_copy(arena, fresh ? SLICE(FRESH_SECRET) : SLICE(SECRET))};
    return 0;
}

static const struct pg_login_source source = {.read = read_login};

static inline void start_with(void (*script)(struct scripted_postgres *server),
                              struct pg_options options)
{
    memset(&f, 0, sizeof(f));
    f.clock = (struct clock){.now_ms = moved_now_ms, .self = &f.moved};
    f.server = scripted_postgres_start(script);
    options.source = &source;
    options.clock = &f.clock;
    options.application_name = "test";
    pg_init(&f.pg, &options);
    arena_init(&f.arena, 0);
}

static inline void start(void (*script)(struct scripted_postgres *server))
{
    start_with(script, (struct pg_options){.probe_timeout_ms = 200});
}

static inline void end(void)
{
    pg_release(&f.pg);
    arena_release(&f.arena);
    scripted_postgres_end(f.server);
    redact_forget_all();
}

static inline int64_t now_ms(void)
{
    return clock_now_ms(&f.clock);
}

static inline int query(const char *sql, struct pg_result *result)
{
    const struct pg_statement statement = {.name = "ask", .sql = sql};
    return pg_query(&f.pg, &statement, PG_NO_VALUES, &f.arena, result, &f.err);
}

static inline void assert_failed(enum error_kind kind, const char *code, const char *part)
{
    assert_int_equal(f.err.kind, kind);
    assert_string_equal(f.err.code, code);
    assert_says(f.err.message, part);
    assert_null(strstr(f.err.message, SECRET));
    assert_null(strstr(f.err.message, FRESH_SECRET));
}

/* Lets the script go on, and waits until it has said something that the client has not read yet. */
static inline void await_pending(void)
{
    scripted_postgres_go_on(f.server);
    struct pollfd waiting = {.fd = PQsocket(f.pg.connection), .events = POLLIN};
    assert_int_equal(poll(&waiting, 1, 10000), 1);
}

/* --- pieces of scripts --- */

static inline void answer_query(struct scripted_postgres *server, const char *sql)
{
    scripted_postgres_expect(server, sql);
    scripted_postgres_send_columns(server);
    scripted_postgres_send_row(server, SLICE("answer"));
    scripted_postgres_send_complete(server, "SELECT 1");
    scripted_postgres_send_ready(server, 'I');
}

static inline void answer_begin(struct scripted_postgres *server)
{
    scripted_postgres_expect(server, "BEGIN");
    scripted_postgres_send_complete(server, "BEGIN");
    scripted_postgres_send_ready(server, 'T');
}

/* Runs the tests with a log that nobody reads. */
#define RUN_TESTS(tests)                                                                           \
    (log_setup(&(struct log_options){.fd = open("/dev/null", O_WRONLY | O_CLOEXEC),                \
                                     .lowest = LOG_TRACE,                                          \
                                     .clock = &clock_system}),                                     \
     cmocka_run_group_tests((tests), NULL, NULL))

#endif
