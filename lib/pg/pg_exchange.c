#include "pg/pg_exchange.h"

#include "base/strbuf.h"
#include "base/utf8.h"
#include "pg/pg_error.h"
#include "pg/pg_wait.h"

#include <libpq-fe.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>

#include "base/banned.h"

#define FIRST_ROWS 16

/* An exchange under way. */
struct progress {
    PGconn *connection;
    struct pg_exchange *exchange;
    const struct clock *clock;
    size_t bytes;    /* of rows so far */
    size_t capacity; /* of result->cells */
    bool failed;     /* *err is set: what follows is only drained */
    bool fatal;
    struct error *err;
};

static int fail_fatally(struct progress *progress)
{
    progress->failed = true;
    progress->fatal = true;
    return -1;
}

/* --- sending --- */

static int check_text(const char *name, size_t number, struct slice text, struct error *err)
{
    if (slice_find(text, '\0') != SLICE_NONE) {
        return error_set(err, ERROR_INVALID, "statement \"%s\": value $%zu holds a NUL byte", name,
                         number);
    }
    size_t bad = utf8_find_invalid(text);
    if (bad != SLICE_NONE) {
        return error_set(err, ERROR_INVALID,
                         "statement \"%s\": value $%zu is not UTF-8 at byte %zu", name, number,
                         bad + 1);
    }
    return 0;
}

/* The values as C strings in the arena; NULL for NULL. */
static int prepare_values(const struct pg_exchange *exchange, const char ***texts,
                          struct error *err)
{
    size_t count = exchange->values.count;
    const char **prepared = arena_zalloc(exchange->arena, count, sizeof(*prepared));
    for (size_t i = 0; i < count; i++) {
        const struct pg_value *value = &exchange->values.items[i];
        switch (value->kind) {
        case PG_VALUE_TEXT:
            if (check_text(exchange->name, i + 1, value->text, err) != 0) {
                return -1;
            }
            prepared[i] = arena_text(exchange->arena, value->text);
            break;
        case PG_VALUE_NUMBER:
            prepared[i] = arena_format(exchange->arena, "%lld", (long long)value->number).data;
            break;
        case PG_VALUE_BOOL:
            prepared[i] = value->number != 0 ? "t" : "f";
            break;
        case PG_VALUE_NULL:
            prepared[i] = NULL;
            break;
        }
    }
    *texts = prepared;
    return 0;
}

/* A broken connection, or none of this server's words. */
static int set_broken(struct progress *progress)
{
    struct slice text = slice_trim(slice_from(PQerrorMessage(progress->connection)));
    struct slice line;
    struct slice rest;
    (void)slice_cut(text, '\n', &line, &rest);
    error_set(progress->err, ERROR_NETWORK, "statement \"%s\": the connection broke: %.*s",
              progress->exchange->name, SLICE_ARG(line));
    return fail_fatally(progress);
}

static int set_late(struct progress *progress)
{
    error_set(progress->err, ERROR_TIMEOUT, "statement \"%s\": no answer from Postgres in time",
              progress->exchange->name);
    return fail_fatally(progress);
}

static int queue(struct progress *progress)
{
    struct pg_exchange *exchange = progress->exchange;
    const char **texts = NULL;
    int queued = 0;
    if (exchange->arena == NULL) {
        queued = PQsendQuery(progress->connection, exchange->sql);
    } else {
        if (prepare_values(exchange, &texts, progress->err) != 0) {
            progress->failed = true;
            return -1;
        }
        queued = PQsendQueryParams(progress->connection, exchange->sql, (int)exchange->values.count,
                                   NULL, texts, NULL, NULL, 0) == 1 &&
                 PQsetSingleRowMode(progress->connection) == 1;
    }
    exchange->sent = queued == 1;
    return exchange->sent ? 0 : set_broken(progress);
}

/* Hands everything to the kernel. The server may speak before it has read all. */
static int flush(struct progress *progress)
{
    int left = PQflush(progress->connection);
    while (left == 1) {
        short ready = pg_wait(PQsocket(progress->connection), POLLIN | POLLOUT,
                              progress->exchange->until_ms, progress->clock);
        if (ready == 0) {
            return set_late(progress);
        }
        if ((ready & POLLIN) != 0 && PQconsumeInput(progress->connection) != 1) {
            return 0; /* the server's last words are in the reply */
        }
        left = PQflush(progress->connection);
    }
    return 0;
}

/* --- receiving --- */

/* What came may be decrypted already and wait within OpenSSL: the socket tells nothing of it. */
static bool has_come(PGconn *connection)
{
    SSL *tls = PQsslStruct(connection, "OpenSSL");
    return tls != NULL && SSL_pending(tls) > 0;
}

/* *reply is NULL after the last. */
static int next_reply(struct progress *progress, PGresult **reply)
{
    bool connected = true;
    while (connected && PQisBusy(progress->connection) == 1) {
        if (!has_come(progress->connection) &&
            pg_wait(PQsocket(progress->connection), POLLIN, progress->exchange->until_ms,
                    progress->clock) == 0) {
            return set_late(progress);
        }
        /* When it has ended, the next call gives what the server said before. */
        connected = PQconsumeInput(progress->connection) == 1;
    }
    *reply = PQgetResult(progress->connection);
    return 0;
}

static void take_columns(struct pg_result *result, struct arena *arena, const PGresult *reply)
{
    size_t columns = (size_t)PQnfields(reply);
    struct slice *names = arena_zalloc(arena, columns, sizeof(*names));
    uint32_t *types = arena_zalloc(arena, columns, sizeof(*types));
    for (size_t i = 0; i < columns; i++) {
        names[i] = arena_copy(arena, slice_from(PQfname(reply, (int)i)));
        types[i] = (uint32_t)PQftype(reply, (int)i);
    }
    result->columns = columns;
    result->names = names;
    result->types = types;
}

/* Room for one row more. */
static void grow_rows(struct progress *progress)
{
    struct pg_result *result = progress->exchange->result;
    if (result->rows < progress->capacity) {
        return;
    }
    size_t capacity = progress->capacity == 0 ? FIRST_ROWS : 2 * progress->capacity;
    const struct pg_cell **cells =
        arena_zalloc(progress->exchange->arena, capacity, sizeof(const struct pg_cell *));
    for (size_t i = 0; i < result->rows; i++) {
        cells[i] = result->cells[i];
    }
    result->cells = cells;
    progress->capacity = capacity;
}

static void keep_row(struct progress *progress, const PGresult *reply)
{
    struct arena *arena = progress->exchange->arena;
    struct pg_result *result = progress->exchange->result;
    if (result->names == NULL) {
        take_columns(result, arena, reply);
    }
    grow_rows(progress);
    struct pg_cell *row = arena_zalloc(arena, result->columns, sizeof(*row));
    for (size_t i = 0; i < result->columns; i++) {
        int column = (int)i;
        row[i].is_null = PQgetisnull(reply, 0, column) == 1;
        row[i].text = arena_copy(
            arena, slice_of(PQgetvalue(reply, 0, column), (size_t)PQgetlength(reply, 0, column)));
    }
    result->cells[result->rows] = row;
    result->rows++;
}

static size_t row_bytes(const PGresult *reply)
{
    size_t bytes = 0;
    for (int i = 0; i < PQnfields(reply); i++) {
        bytes += (size_t)PQgetlength(reply, 0, i) + sizeof(struct pg_cell);
    }
    return bytes;
}

static int take_row(struct progress *progress, const PGresult *reply)
{
    const struct pg_exchange *exchange = progress->exchange;
    progress->bytes += row_bytes(reply);
    if (progress->bytes > exchange->result_limit) {
        error_set(progress->err, ERROR_LIMIT, "statement \"%s\": its result has over %zu bytes",
                  exchange->name, exchange->result_limit);
        return fail_fatally(progress);
    }
    if (exchange->result != NULL) {
        keep_row(progress, reply);
    }
    return 0;
}

static void take_end(struct progress *progress, PGresult *reply)
{
    struct pg_exchange *exchange = progress->exchange;
    (void)snprintf(exchange->tag, sizeof(exchange->tag), "%s", PQcmdStatus(reply));
    if (exchange->result != NULL) {
        if (exchange->result->names == NULL) {
            take_columns(exchange->result, exchange->arena, reply);
        }
        uint64_t affected = 0;
        (void)slice_to_u64(slice_from(PQcmdTuples(reply)), &affected);
        exchange->result->affected = affected;
    }
}

static int take_error(struct progress *progress, const PGresult *reply)
{
    struct slice sqlstate = slice_from(PQresultErrorField(reply, PG_DIAG_SQLSTATE));
    struct slice message = slice_from(PQresultErrorField(reply, PG_DIAG_MESSAGE_PRIMARY));
    if (sqlstate.size == 0) { /* libpq's own words */
        return set_broken(progress);
    }
    progress->failed = true;
    progress->fatal = pg_error_ends_session(sqlstate);
    return pg_error_from_statement(progress->err, sqlstate, message, progress->exchange->name,
                                   progress->exchange->values);
}

static int take_reply(struct progress *progress, PGresult *reply)
{
    switch (PQresultStatus(reply)) {
    case PGRES_SINGLE_TUPLE:
        return take_row(progress, reply);
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        take_end(progress, reply);
        return 0;
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
    case PGRES_FATAL_ERROR:
        return take_error(progress, reply);
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
    case PGRES_PIPELINE_SYNC:
    case PGRES_PIPELINE_ABORTED:
        break;
    }
    error_set(progress->err, ERROR_CONFIGURATION, "statement \"%s\" is not a plain statement",
              progress->exchange->name);
    return fail_fatally(progress);
}

/* Reads to the end of the reply, also after an error, as long as the connection is good. */
static void receive(struct progress *progress)
{
    PGresult *reply = NULL;
    do {
        reply = NULL;
        if (next_reply(progress, &reply) != 0) {
            break;
        }
        if (reply != NULL && !progress->failed) {
            (void)take_reply(progress, reply);
        }
        PQclear(reply);
    } while (reply != NULL && !progress->fatal);
}

int pg_exchange_run(struct pg_conn *connection, struct pg_exchange *exchange,
                    const struct clock *clock, bool *fatal, struct error *err)
{
    struct progress progress = {
        .connection = connection, .exchange = exchange, .clock = clock, .err = err};
    exchange->tag[0] = '\0';
    exchange->sent = false;
    if (exchange->result != NULL) {
        *exchange->result = (struct pg_result){.statement = exchange->name};
    }
    if (queue(&progress) == 0 && flush(&progress) == 0) {
        receive(&progress);
    }
    *fatal = progress.fatal || PQstatus(connection) != CONNECTION_OK;
    return progress.failed ? -1 : 0;
}
