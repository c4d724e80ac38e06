#include "pg/pg_connect.h"

#include "base/log.h"
#include "base/strbuf.h"
#include "pg/pg_error.h"
#include "pg/pg_resolve.h"
#include "pg/pg_server.h"
#include "pg/pg_wait.h"

#include <libpq-fe.h>
#include <poll.h>

#include "base/banned.h"

#define DEFAULT_PORT 5432
#define PARAMETERS_LIMIT 24

/* What is handed to libpq: two arrays that end in NULL. */
struct parameters {
    const char *names[PARAMETERS_LIMIT];
    const char *values[PARAMETERS_LIMIT];
    size_t count;
};

static void add(struct parameters *parameters, const char *name, const char *value)
{
    parameters->names[parameters->count] = name;
    parameters->values[parameters->count] = value;
    parameters->count++;
}

static int check_part(const char *name, struct slice part, struct error *err)
{
    if (part.size == 0) {
        return error_set(err, ERROR_CONFIGURATION, "the login for Postgres has no %s", name);
    }
    if (slice_find(part, '\0') != SLICE_NONE) {
        return error_set(err, ERROR_CONFIGURATION, "the login for Postgres has a NUL in its %s",
                         name);
    }
    return 0;
}

static int check_login(const struct pg_login *login, struct error *err)
{
    if (check_part("host", login->host, err) != 0 ||
        check_part("database name", login->database, err) != 0 ||
        check_part("user name", login->user, err) != 0 ||
        (login->password.size > 0 && check_part("password", login->password, err) != 0)) {
        return -1;
    }
    if (slice_find(login->host, ',') != SLICE_NONE) { /* libpq would read a list */
        return error_set(err, ERROR_CONFIGURATION,
                         "the login for Postgres names several hosts: one is needed");
    }
    return 0;
}

/* `item` as often as there are addresses, with commas: libpq wants lists of the same length. */
static const char *repeat(struct arena *arena, const char *item, size_t count)
{
    struct slice list = arena_format(arena, "%s", item);
    for (size_t i = 1; i < count; i++) {
        list = arena_format(arena, "%s,%s", list.data, item);
    }
    return list.data;
}

static const char *join(struct arena *arena, const struct pg_addresses *addresses)
{
    struct slice list = arena_format(arena, "%s", addresses->text[0]);
    for (size_t i = 1; i < addresses->count; i++) {
        list = arena_format(arena, "%s,%s", list.data, addresses->text[i]);
    }
    return list.data;
}

/* Where the server is: a socket folder, or a name (for TLS) with its addresses. */
static int add_server(struct parameters *parameters, const struct pg_options *options,
                      const struct pg_login *login, int64_t until_ms, struct arena *arena,
                      struct error *err)
{
    const char *host = arena_text(arena, login->host);
    int port = login->port == 0 ? DEFAULT_PORT : login->port;
    struct pg_addresses addresses;
    add(parameters, "port", arena_format(arena, "%d", port).data);
    if (host[0] == '/') {
        add(parameters, "host", host);
        return 0;
    }
    if (pg_resolve(host, until_ms, options->clock, &addresses, err) != 0) {
        return -1;
    }
    add(parameters, "host", repeat(arena, host, addresses.count));
    add(parameters, "hostaddr", join(arena, &addresses));
    return 0;
}

static int add_tls(struct parameters *parameters, const struct pg_options *options,
                   struct slice host, struct error *err)
{
    bool local = options->tls == PG_TLS_AUTO && pg_server_is_local(host);
    const char *roots = NULL;
    if (options->tls == PG_TLS_OFF || local) {
        add(parameters, "sslmode", "disable");
        return 0;
    }
    if (pg_server_roots(host, options->root_file, &roots, err) != 0) {
        return -1;
    }
    add(parameters, "sslmode", "verify-full");
    add(parameters, "sslrootcert", roots);
    add(parameters, "ssl_min_protocol_version", "TLSv1.2");
    return 0;
}

/* What libpq would else take from the environment, a password file or the user's home: whom to be,
 * and whom to believe. */
static void add_rest(struct parameters *parameters, const struct pg_options *options,
                     const struct pg_login *login, struct arena *arena)
{
    add(parameters, "dbname", arena_text(arena, login->database));
    add(parameters, "user", arena_text(arena, login->user));
    add(parameters, "password", arena_text(arena, login->password));
    add(parameters, "passfile", "/dev/null");
    add(parameters, "application_name", options->application_name);
    add(parameters, "client_encoding", "UTF8");
    add(parameters, "gssencmode", "disable");
    add(parameters, "target_session_attrs", "any");
    /* A dead peer is noticed within half a minute when idle, and in 5 s while sending or
     * connecting, so that the next address gets its chance. */
    add(parameters, "keepalives", "1");
    add(parameters, "keepalives_idle", "15");
    add(parameters, "keepalives_interval", "5");
    add(parameters, "keepalives_count", "3");
    add(parameters, "tcp_user_timeout", "5000");
    add(parameters, NULL, NULL);
}

/* Notices may quote values: only that there was one is told. An error that answers nothing comes as
 * a notice, too: the session is over, though its socket may still be open. */
static void on_notice(void *argument, const PGresult *notice)
{
    bool *ended = argument;
    const char *sqlstate = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    struct slice severity = slice_from(PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED));
    if (slice_equal(severity, SLICE("FATAL")) || slice_equal(severity, SLICE("PANIC"))) {
        *ended = true;
    }
    log_debug("Postgres sent a notice", LOG_TEXT("sqlstate", slice_from(sqlstate)));
}

static int set_timeout(struct error *err, struct slice host)
{
    return error_set(err, ERROR_TIMEOUT, "no connection to Postgres at %.*s in time",
                     SLICE_ARG(host));
}

/* Goes through libpq's states until the connection is up. */
static int finish_connecting(PGconn *connection, struct slice host, int64_t until_ms,
                             const struct clock *clock, struct error *err)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    if (PQstatus(connection) == CONNECTION_BAD) {
        state = PGRES_POLLING_FAILED;
    }
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) {
            return pg_error_from_connect(err, slice_from(PQerrorMessage(connection)), host);
        }
        short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (pg_wait(PQsocket(connection), events, until_ms, clock) == 0) {
            return set_timeout(err, host);
        }
        state = PQconnectPoll(connection);
    }
    if (PQsetnonblocking(connection, 1) != 0) {
        return pg_error_from_connect(err, slice_from(PQerrorMessage(connection)), host);
    }
    return 0;
}

struct pg_conn *pg_connect_open(const struct pg_options *options, const struct pg_login *login,
                                int64_t until_ms, bool *ended, struct arena *arena,
                                struct error *err)
{
    struct parameters parameters = {.count = 0};
    if (check_login(login, err) != 0 || add_tls(&parameters, options, login->host, err) != 0 ||
        add_server(&parameters, options, login, until_ms, arena, err) != 0) {
        return NULL;
    }
    add_rest(&parameters, options, login, arena);
    PGconn *connection = PQconnectStartParams(parameters.names, parameters.values, 0);
    if (connection == NULL) {
        error_set(err, ERROR_SYSTEM, "no memory for a connection to Postgres");
        return NULL;
    }
    (void)PQsetNoticeReceiver(connection, on_notice, ended);
    (void)PQsetErrorVerbosity(connection, PQERRORS_VERBOSE); /* for the SQLSTATE of a refusal */
    if (finish_connecting(connection, login->host, until_ms, options->clock, err) != 0) {
        PQfinish(connection);
        return NULL;
    }
    return connection;
}
