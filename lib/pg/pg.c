#include "pg/pg.h"

#include "base/log.h"
#include "base/redact.h"
#include "base/strbuf.h"
#include "pg/pg_connect.h"
#include "pg/pg_error.h"
#include "pg/pg_exchange.h"
#include "pg/pg_wait.h"

#include <assert.h>
#include <libpq-fe.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>

#include "base/banned.h"

#define CONNECT_TIMEOUT_MS 10000
#define PROBE_TIMEOUT_MS 3000
#define RESULT_LIMIT ((size_t)16 * 1024 * 1024)
#define RESTED_MS 5000   /* a connection idle for longer is tried before it is trusted */
#define PENDING_READS 16 /* an idle connection with more to say than this is given up */
#define SECRET_ARENA_SIZE 4096

/* --- lifetime --- */

void pg_init(struct pg *pg, const struct pg_options *options)
{
    *pg = (struct pg){.options = *options};
    if (pg->options.connect_timeout_ms == 0) {
        pg->options.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    }
    if (pg->options.probe_timeout_ms == 0) {
        pg->options.probe_timeout_ms = PROBE_TIMEOUT_MS;
    }
    if (pg->options.result_limit == 0) {
        pg->options.result_limit = RESULT_LIMIT;
    }
}

void pg_release(struct pg *pg)
{
    if (pg != NULL) {
        pg_disconnect(pg);
    }
}

void pg_set_deadline(struct pg *pg, int64_t deadline_ms)
{
    pg->deadline_ms = deadline_ms;
}

void pg_disconnect(struct pg *pg)
{
    if (pg->connection != NULL) {
        PQfinish(pg->connection);
        pg->connection = NULL;
    }
}

/* --- connecting --- */

static int64_t now_ms(const struct pg *pg)
{
    return clock_now_ms(pg->options.clock);
}

/* The deadline, or `limit_ms` from now if that is earlier. */
static int64_t until_ms(const struct pg *pg, int64_t limit_ms)
{
    int64_t limited_ms = limit_ms == PG_WAIT_FOREVER ? PG_WAIT_FOREVER : now_ms(pg) + limit_ms;
    return pg_wait_until(pg->deadline_ms, limited_ms);
}

static int check_deadline(const struct pg *pg, const char *what, struct error *err)
{
    if (now_ms(pg) >= until_ms(pg, PG_WAIT_FOREVER)) {
        return error_set(err, ERROR_TIMEOUT,
                         "%s: the deadline has passed, nothing was sent to Postgres", what);
    }
    return 0;
}

/* Reads the login and connects with it; forgets it then. */
static int log_in(struct pg *pg, bool fresh, struct error *err)
{
    const struct pg_login_source *source = pg->options.source;
    struct pg_login login = {.port = 0};
    struct arena arena;
    int outcome = -1;
    arena_init(&arena, SECRET_ARENA_SIZE);
    if (source->read(source->self, fresh, &login, &arena, err) == 0) {
        redact_register(login.password);
        int64_t started_ms = now_ms(pg);
        pg->ended = false;
        pg->connection =
            pg_connect_open(&pg->options, &login, until_ms(pg, pg->options.connect_timeout_ms),
                            &pg->ended, &arena, err);
        if (pg->connection != NULL) {
            pg->connects++;
            pg->used_ms = now_ms(pg);
            log_debug("connected to Postgres", LOG_TEXT("host", login.host),
                      LOG_BOOL("tls", PQsslInUse(pg->connection) == 1),
                      LOG_NUMBER("milliseconds", pg->used_ms - started_ms));
            outcome = 0;
        }
    }
    arena_wipe(&arena);
    arena_release(&arena);
    return outcome;
}

static int connect_anew(struct pg *pg, struct error *err)
{
    struct error refused;
    if (log_in(pg, false, &refused) == 0) {
        return 0;
    }
    if (!pg_error_is_login(&refused)) {
        return error_pass(err, &refused);
    }
    log_warn("Postgres refused the login: the secret is read again", LOG_CAUSE(&refused));
    return log_in(pg, true, err);
}

/* Is something to be read from a connection that should be silent, its end for instance? */
static bool has_pending(const struct pg *pg)
{
    struct pollfd socket = {.fd = PQsocket(pg->connection), .events = POLLIN, .revents = 0};
    return poll(&socket, 1, 0) != 0;
}

/* Can the kept connection be used, as far as that is known without asking the server? What it said
 * meanwhile is read: a notice does no harm, a good-bye is the end. */
static bool looks_alive(struct pg *pg)
{
    bool alive = !pg->ended && PQstatus(pg->connection) == CONNECTION_OK;
    for (int reads = 0; alive && has_pending(pg); reads++) {
        alive = reads < PENDING_READS && PQconsumeInput(pg->connection) == 1 &&
                PQisBusy(pg->connection) == 0 && !pg->ended &&
                PQstatus(pg->connection) == CONNECTION_OK;
    }
    return alive;
}

/* Drops the kept connection if it is dead. The log goes on knowing the password of one in use,
 * however many secrets were read since. */
static void check_kept(struct pg *pg)
{
    if (pg->connection == NULL) {
        return;
    }
    redact_register(slice_from(PQpass(pg->connection)));
    if (!looks_alive(pg) || PQtransactionStatus(pg->connection) != PQTRANS_IDLE) {
        log_info("the kept connection to Postgres has ended: connecting again");
        pg_disconnect(pg);
    }
}

int pg_connect(struct pg *pg, struct error *err)
{
    assert(!pg->in_transaction);
    check_kept(pg);
    if (pg->connection != NULL) {
        return 0;
    }
    return check_deadline(pg, "connecting", err) == 0 ? connect_anew(pg, err) : -1;
}

/* --- statements --- */

/* One exchange on the present connection, which is closed if it does not survive it. */
static int exchange(struct pg *pg, struct pg_exchange *statement, struct error *err)
{
    bool fatal = false;
    int64_t started_ms = now_ms(pg);
    int outcome = pg_exchange_run(pg->connection, statement, pg->options.clock, &fatal, err);
    pg->round_trips += statement->sent ? 1 : 0;
    pg->used_ms = now_ms(pg);
    if (fatal) {
        pg_disconnect(pg);
    }
    log_debug("Postgres statement", LOG_TEXT("statement", slice_from(statement->name)),
              LOG_BOOL("good", outcome == 0), LOG_NUMBER("milliseconds", pg->used_ms - started_ms));
    return outcome;
}

/*
 * Sends the first statement on a connection, which must change nothing. If a kept connection turns
 * out to be dead, a new one gets the statement.
 */
static int exchange_first(struct pg *pg, struct pg_exchange *statement, struct error *err)
{
    struct error broken;
    bool kept = pg->connection != NULL;
    bool rested = kept && now_ms(pg) - pg->used_ms > RESTED_MS;
    if (kept) {
        statement->until_ms = until_ms(pg, rested ? pg->options.probe_timeout_ms : PG_WAIT_FOREVER);
        if (exchange(pg, statement, &broken) == 0) {
            return 0;
        }
        if (pg->connection != NULL || check_deadline(pg, statement->name, NULL) != 0) {
            return error_pass(err, &broken);
        }
        log_info("the kept connection to Postgres was dead: connecting again", LOG_CAUSE(&broken));
    }
    if (pg_connect(pg, err) != 0) {
        return -1;
    }
    statement->until_ms = until_ms(pg, PG_WAIT_FOREVER);
    return exchange(pg, statement, err);
}

/* For a statement that is sent once only: it goes to a connection that answered just now. */
static int make_ready(struct pg *pg, struct error *err)
{
    struct pg_exchange nothing = {.name = "try the connection", .sql = ""};
    check_kept(pg);
    if (pg->connection != NULL && now_ms(pg) - pg->used_ms > RESTED_MS) {
        return exchange_first(pg, &nothing, err);
    }
    return pg_connect(pg, err);
}

static int check_transaction(const struct pg *pg, const char *name, struct error *err)
{
    if (pg->connection == NULL) {
        return error_set(
            err, ERROR_NETWORK,
            "statement \"%s\": the connection broke earlier in this transaction, which "
            "is rolled back",
            name);
    }
    return 0;
}

int pg_query(struct pg *pg, const struct pg_statement *statement, struct pg_values values,
             struct arena *arena, struct pg_result *result, struct error *err)
{
    struct pg_exchange sent = {.name = statement->name,
                               .sql = statement->sql,
                               .values = values,
                               .result_limit = pg->options.result_limit,
                               .arena = arena,
                               .result = result};
    if (check_deadline(pg, statement->name, err) != 0) {
        return -1;
    }
    bool alone = !pg->in_transaction;
    if ((alone ? make_ready(pg, err) : check_transaction(pg, statement->name, err)) != 0) {
        return -1;
    }
    sent.until_ms = until_ms(pg, PG_WAIT_FOREVER);
    struct error failure;
    if (exchange(pg, &sent, &failure) != 0) {
        bool unanswered = failure.kind == ERROR_NETWORK || failure.kind == ERROR_TIMEOUT;
        if (alone && unanswered && pg->connection == NULL) {
            error_prefix(&failure, "it may have taken effect or not");
        }
        return error_pass(err, &failure);
    }
    return 0;
}

/* --- transactions --- */

int pg_begin(struct pg *pg, struct error *err)
{
    assert(!pg->in_transaction);
    char sql[256] = "BEGIN ISOLATION LEVEL READ COMMITTED";
    struct pg_exchange begin = {.name = "begin", .sql = sql};
    if (check_deadline(pg, begin.name, err) != 0) {
        return -1;
    }
    if (pg->deadline_ms != 0) {
        int64_t left_ms = pg->deadline_ms - now_ms(pg);
        int timeout_ms = left_ms < 1 ? 1 : (int)(left_ms < INT_MAX ? left_ms : INT_MAX);
        (void)snprintf(sql, sizeof(sql),
                       "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = %d; "
                       "SET LOCAL idle_in_transaction_session_timeout = %d",
                       timeout_ms, timeout_ms);
    }
    check_kept(pg);
    if (exchange_first(pg, &begin, err) != 0) {
        return -1;
    }
    pg->in_transaction = true;
    return 0;
}

static bool is_setting_name(struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        if (!(byte >= 'a' && byte <= 'z') && byte != '_' && byte != '.') {
            return false;
        }
    }
    return name.size > 0;
}

int pg_set_local(struct pg *pg, const char *name, const char *value, struct error *err)
{
    assert(pg->in_transaction && is_setting_name(slice_from(name)));
    struct strbuf sql = STRBUF_INIT;
    struct pg_exchange set = {.name = "set local"};
    int outcome = -1;
    if (check_deadline(pg, set.name, err) == 0 && check_transaction(pg, set.name, err) == 0) {
        char *literal = PQescapeLiteral(pg->connection, value, strlen(value));
        if (literal == NULL) {
            error_set(err, ERROR_INVALID, "the value of setting %s cannot be quoted", name);
        } else {
            strbuf_append_format(&sql, "SET LOCAL %s = %s", name, literal);
            set.sql = sql.data;
            set.until_ms = until_ms(pg, PG_WAIT_FOREVER);
            outcome = exchange(pg, &set, err);
        }
        PQfreemem(literal);
    }
    strbuf_release(&sql);
    return outcome;
}

int pg_commit(struct pg *pg, struct error *err)
{
    assert(pg->in_transaction);
    struct error failure;
    struct pg_exchange commit = {.name = "commit", .sql = "COMMIT"};
    if (pg->connection != NULL && !looks_alive(pg)) { /* then nothing is committed, for certain */
        pg_disconnect(pg);
    }
    if (check_transaction(pg, commit.name, err) != 0) {
        pg->in_transaction = false;
        return -1;
    }
    if (check_deadline(pg, commit.name, err) != 0) {
        pg_rollback(pg);
        return -1;
    }
    pg->in_transaction = false;
    commit.until_ms = until_ms(pg, PG_WAIT_FOREVER);
    if (exchange(pg, &commit, &failure) != 0) {
        bool unanswered = failure.kind == ERROR_NETWORK || failure.kind == ERROR_TIMEOUT;
        if (unanswered) {
            error_prefix(&failure, "the transaction may be committed or not");
        }
        return error_pass(err, &failure);
    }
    if (strcmp(commit.tag, "COMMIT") != 0) {
        error_set(err, ERROR_REMOTE,
                  "the transaction was rolled back, because a statement in it had failed");
        error_set_code(err, PG_FAILED_TRANSACTION);
        return -1;
    }
    return 0;
}

void pg_rollback(struct pg *pg)
{
    if (!pg->in_transaction) {
        return;
    }
    pg->in_transaction = false;
    struct pg_exchange rollback = {.name = "rollback", .sql = "ROLLBACK"};
    rollback.until_ms = until_ms(pg, pg->options.probe_timeout_ms);
    struct error ignored;
    if (pg->connection != NULL &&
        (check_deadline(pg, rollback.name, NULL) != 0 || exchange(pg, &rollback, &ignored) != 0)) {
        pg_disconnect(pg); /* the server rolls back what a lost session left */
    }
}
