/*
 * Postgres: one connection that is kept across invocations, statements with bound values, all of it
 * under the deadline of the invocation. This room is the only user of libpq.
 *
 *     pg_set_deadline(pg, deadline_ms);
 *     if (pg_begin(pg, err) == 0 &&
 *         pg_query(pg, &claim, PG_VALUES(PG_TEXT(key)), arena, &rows, err) == 0) {
 *         outcome = pg_commit(pg, err);
 *     }
 *     pg_rollback(pg); (does nothing after a commit)
 *
 * Connecting. The first use connects. TLS with the server's name verified, unless the server is
 * this machine. The login comes from a callback, which is asked again, once, when the server
 * refuses the login: a secret that was rotated is read anew.
 *
 * What is sent again. Nothing that can change data, ever. A kept connection is looked at before its
 * use (a socket that has ended or a server that said good-bye is seen for free), and one that
 * rested is tried with something harmless first: BEGIN if that comes next, else an empty
 * statement. Up to there a dead connection is replaced silently. From then on a broken connection
 * is ERROR_NETWORK: inside a transaction nothing happened; a single statement, or a COMMIT, may
 * have taken effect or not, and the message says so.
 *
 * The deadline. Every call ends by it with ERROR_TIMEOUT and the connection closed; a transaction
 * is rolled back by the server, also when this process is frozen and never wakes up, because
 * pg_begin gives the server the remaining time (statement_timeout,
 * idle_in_transaction_session_timeout).
 *
 * Session state. There is none, because RDS Proxy would pin the session: SET LOCAL only, no
 * prepared statements, no temporary tables.
 *
 * Errors carry the SQLSTATE in err->code (pg_code.h), name the statement, and never hold a bound
 * value. Retryable are: no or a broken connection (08…, 57P01), too many of them (53300), a server
 * that starts up (57P03), serialization, deadlock and lock timeouts (40001, 40P01, 55P03), and
 * what the server itself cannot explain (XX000); pg_error.c has them all.
 */
#ifndef PG_PG_H
#define PG_PG_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"
#include "pg/pg_code.h"

/* --- connection --- */

enum pg_tls {
    PG_TLS_AUTO,   /* PG_TLS_VERIFY, but PG_TLS_OFF for a loopback address or a socket folder */
    PG_TLS_VERIFY, /* certificate and name are verified (verify-full) */
    PG_TLS_OFF
};

struct pg_login {
    struct slice host; /* name, address, or the folder of a Unix socket (begins with '/') */
    uint16_t port;     /* 0: 5432 */
    struct slice database;
    struct slice user;
    struct slice password;
};

/* Where the login comes from: a secret, usually. */
struct pg_login_source {
    /* Fills *login with slices that live in the arena, which is wiped after use. `fresh`: the last
     * answer was refused, so a cache must not give it again. */
    int (*read)(void *self, bool fresh, struct pg_login *login, struct arena *arena,
                struct error *err);
    void *self;
};

struct pg_options {
    const struct pg_login_source *source; /* borrowed */
    const struct clock *clock;            /* borrowed */
    const char *application_name;         /* borrowed; shown in pg_stat_activity */
    enum pg_tls tls;
    const char *root_file;      /* PEM of trusted roots; NULL: see pg_server.h */
    int64_t connect_timeout_ms; /* 0: 10,000 */
    int64_t probe_timeout_ms;   /* for the first reply on a connection that rested; 0: 3,000 */
    size_t result_limit;        /* bytes of one result; 0: 16 MiB */
};

struct pg_conn; /* libpq's PGconn */

struct pg {
    struct pg_options options;
    struct pg_conn *connection; /* NULL: none */
    int64_t deadline_ms;
    int64_t used_ms; /* when the server last answered */
    bool in_transaction;
    bool ended;           /* the server has said that the session is over */
    uint64_t connects;    /* connections made so far */
    uint64_t round_trips; /* statements sent so far */
};

/* `options` are copied, what they point to is borrowed. Nothing is connected yet. */
void pg_init(struct pg *pg, const struct pg_options *options);
void pg_release(struct pg *pg);

/* Wall clock; 0: none. To be set at the start of each invocation. */
void pg_set_deadline(struct pg *pg, int64_t deadline_ms);

/* Connects if there is no connection that looks alive. Only needed by who wants to fail early: the
 * functions below do it by themselves. A refused login is ERROR_DENIED (28P01, 28000); wrong or
 * missing certificates, names and users are ERROR_CONFIGURATION. */
int pg_connect(struct pg *pg, struct error *err);
/* Closes the connection; the next use makes a new one. */
void pg_disconnect(struct pg *pg);

/* --- statements --- */

/* One statement. Its values are text to the server: where the type does not follow from their
 * place, cast them ($1::bigint). */
struct pg_statement {
    const char *name; /* what it does, for errors and the log: "claim the file" */
    const char *sql;  /* with $1 … for the values */
};

enum pg_value_kind { PG_VALUE_NULL, PG_VALUE_TEXT, PG_VALUE_NUMBER, PG_VALUE_BOOL };

struct pg_value {
    enum pg_value_kind kind;
    struct slice text;
    int64_t number;
};

struct pg_values {
    const struct pg_value *items;
    size_t count;
};

#define PG_TEXT(value) ((struct pg_value){PG_VALUE_TEXT, (value), 0})
#define PG_NUMBER(value) ((struct pg_value){PG_VALUE_NUMBER, {NULL, 0}, (int64_t)(value)})
#define PG_BOOL(value) ((struct pg_value){PG_VALUE_BOOL, {NULL, 0}, (value)})
#define PG_NULL ((struct pg_value){PG_VALUE_NULL, {NULL, 0}, 0})
#define PG_VALUES(...)                                                                             \
    ((struct pg_values){(const struct pg_value[]){__VA_ARGS__},                                    \
                        sizeof((const struct pg_value[]){__VA_ARGS__}) / sizeof(struct pg_value)})
#define PG_NO_VALUES ((struct pg_values){NULL, 0})

struct pg_cell {
    struct slice text; /* a NUL follows it that its size does not count */
    bool is_null;
};

/* Everything in it lives in the arena that pg_query was given. */
struct pg_result {
    const char *statement; /* its name */
    size_t rows;
    size_t columns;
    const struct slice *names;    /* of the columns */
    const uint32_t *types;        /* their OIDs */
    const struct pg_cell **cells; /* cells[row][column] */
    uint64_t affected;            /* rows inserted, updated, deleted or selected */
};

/*
 * Runs one statement; outside a transaction it is one by itself. `result` may be NULL when nobody
 * asks. A text value that holds a NUL or is not UTF-8 is ERROR_INVALID and nothing is sent; a
 * result over the limit is ERROR_LIMIT and closes the connection.
 */
int pg_query(struct pg *pg, const struct pg_statement *statement, struct pg_values values,
             struct arena *arena, struct pg_result *result, struct error *err);

/* --- transactions --- */

/* Begins one, READ COMMITTED. There must be none yet. */
int pg_begin(struct pg *pg, struct error *err);
/* A setting (lower-case letters, '_' and '.') for the rest of the transaction. */
int pg_set_local(struct pg *pg, const char *name, const char *value, struct error *err);
/* Ends the transaction either way. A transaction in which a statement had failed is an error here
 * too (25P02), because Postgres then answers COMMIT with a silent rollback. */
int pg_commit(struct pg *pg, struct error *err);
/* Ends a transaction if there is one, at the price of the connection if need be. */
void pg_rollback(struct pg *pg);

/* --- results --- */

/*
 * Reads a cell by the name of its column. NULL, a type that does not fit, and a column that is not
 * there are ERROR_CONFIGURATION (the table is not what the program expects) and name column,
 * statement and row. `row` must be below result->rows.
 */
int pg_read_text(const struct pg_result *result, size_t row, const char *column, struct slice *text,
                 struct error *err); /* of any type, as Postgres writes it */
int pg_read_i64(const struct pg_result *result, size_t row, const char *column, int64_t *number,
                struct error *err); /* int2, int4, int8, or a numeric that is whole and fits */
int pg_read_bool(const struct pg_result *result, size_t row, const char *column, bool *truth,
                 struct error *err);

/* The same, but NULL gives the fallback. */
int pg_read_text_or(const struct pg_result *result, size_t row, const char *column,
                    struct slice fallback, struct slice *text, struct error *err);
int pg_read_i64_or(const struct pg_result *result, size_t row, const char *column, int64_t fallback,
                   int64_t *number, struct error *err);

#endif
