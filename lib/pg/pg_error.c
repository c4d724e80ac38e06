#include "pg/pg_error.h"

#include "base/array.h"
#include "base/strbuf.h"

#include "base/banned.h"

#define MASK "[value]"
/* A shorter value is only looked for in quotes: it would be found by chance in any message. */
#define SHORTEST_PLAIN_VALUE 3

struct sqlstate_rule {
    struct slice prefix; /* of the SQLSTATE: a class has two characters */
    enum error_kind kind;
    bool retryable;
};

/*
 * The first that fits holds; anything else is ERROR_REMOTE and permanent. Retryable is what passes
 * by itself: callers repeat only what is idempotent and fenced, so that a statement whose outcome
 * is unknown may be retried, too.
 */
static const struct sqlstate_rule rules[] = {
    {PG_CONNECTION_EXCEPTION, ERROR_NETWORK, true},
    {PG_INVALID_TRANSACTION_INITIATION, ERROR_BUSY, true},
    {PG_DATA_EXCEPTION, ERROR_INVALID, false},
    {PG_INTEGRITY_VIOLATION, ERROR_CONFLICT, false},
    {PG_READ_ONLY_TRANSACTION, ERROR_NETWORK, true}, /* a failover made the server a reader */
    {PG_INVALID_AUTHORIZATION, ERROR_DENIED, false},
    {PG_INVALID_DATABASE, ERROR_CONFIGURATION, false},
    {PG_INVALID_SCHEMA, ERROR_CONFIGURATION, false},
    {PG_COMPLETION_UNKNOWN, ERROR_NETWORK, true},
    {PG_TRANSACTION_ROLLBACK, ERROR_BUSY, true},
    {PG_INSUFFICIENT_PRIVILEGE, ERROR_DENIED, false},
    {PG_SYNTAX_OR_ACCESS, ERROR_CONFIGURATION, false},
    {PG_INSUFFICIENT_RESOURCES, ERROR_BUSY, true},
    {PG_PROGRAM_LIMIT, ERROR_LIMIT, false},
    {PG_LOCK_NOT_AVAILABLE, ERROR_BUSY, true},
    {PG_OBJECT_IN_USE, ERROR_BUSY, true},
    {PG_QUERY_CANCELED, ERROR_TIMEOUT, true}, /* by statement_timeout or a person: rolled back */
    {PG_CANNOT_CONNECT_NOW, ERROR_BUSY, true},
    {PG_SESSION_ENDED, ERROR_NETWORK, true},
    {PG_IDLE_IN_TRANSACTION_TIMEOUT, ERROR_TIMEOUT, true},
    {PG_TRANSACTION_TIMEOUT, ERROR_TIMEOUT, true},
    {PG_SYSTEM_ERROR, ERROR_SYSTEM, true},
    {PG_SNAPSHOT_TOO_OLD, ERROR_BUSY, true},
    {PG_INTERNAL_ERROR, ERROR_REMOTE, true},
};

/* Fills *err, with kind and code by the SQLSTATE, which may be empty. */
static int set_by_sqlstate(struct error *err, struct slice sqlstate, const char *what,
                           struct slice message)
{
    enum error_kind kind = ERROR_REMOTE;
    bool retryable = false;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        if (slice_starts_with(sqlstate, rules[i].prefix)) {
            kind = rules[i].kind;
            retryable = rules[i].retryable;
            break;
        }
    }
    error_set(err, kind, "%s: %.*s (%.*s)", what, SLICE_ARG(message), SLICE_ARG(sqlstate));
    error_set_code(err, sqlstate);
    if (err != NULL) {
        err->retryable = retryable;
    }
    return -1;
}

/* The size of the longest value of at least `shortest` bytes that stands at the front, or 0. */
static size_t value_at(struct slice text, size_t shortest, struct pg_values values)
{
    size_t longest = 0;
    for (size_t i = 0; i < values.count; i++) {
        struct slice value = values.items[i].text;
        if (value.size >= shortest && value.size > longest && slice_starts_with(text, value)) {
            longest = value.size;
        }
    }
    return longest;
}

/* Is it part of a bound value, as an element of an array is? */
static bool is_part_of_value(struct slice text, struct pg_values values)
{
    bool found = false;
    for (size_t i = 0; !found && text.size > 0 && i < values.count; i++) {
        found = slice_search(values.items[i].text, text) != SLICE_NONE;
    }
    return found;
}

/* The size of what stands between the quote at the front and its counterpart, if that is a value
 * (which may hold quotes itself) or part of one; else 0. */
static size_t quoted_value_at(struct slice text, struct pg_values values)
{
    if (text.data[0] != '"') {
        return 0;
    }
    struct slice inner = slice_skip(text, 1);
    size_t size = value_at(inner, 1, values);
    if (size > 0 && slice_starts_with(slice_skip(inner, size), SLICE("\""))) {
        return size;
    }
    size = slice_find(inner, '"');
    return size != SLICE_NONE && is_part_of_value(slice_take(inner, size), values) ? size : 0;
}

/* Appends the message without what it repeats of the values. */
static void append_masked(struct strbuf *out, struct slice message, struct pg_values values)
{
    while (message.size > 0) {
        size_t size = value_at(message, SHORTEST_PLAIN_VALUE, values);
        size_t quoted = size > 0 ? 0 : quoted_value_at(message, values);
        if (size > 0) {
            strbuf_append_text(out, MASK);
        } else if (quoted > 0) {
            strbuf_append_text(out, "\"" MASK "\"");
            size = quoted + 2;
        } else {
            strbuf_append_char(out, message.data[0]);
            size = 1;
        }
        message = slice_skip(message, size);
    }
}

int pg_error_from_statement(struct error *err, struct slice sqlstate, struct slice message,
                            const char *what, struct pg_values values)
{
    struct strbuf text = STRBUF_INIT;
    struct strbuf name = STRBUF_INIT;
    append_masked(&text, message, values);
    strbuf_append_format(&name, "statement \"%s\"", what);
    set_by_sqlstate(err, sqlstate, name.data, strbuf_slice(&text));
    strbuf_release(&name);
    strbuf_release(&text);
    return -1;
}

static bool is_sqlstate(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (!(byte >= '0' && byte <= '9') && !(byte >= 'A' && byte <= 'Z')) {
            return false;
        }
    }
    return text.size == PG_SQLSTATE_SIZE;
}

/* Finds "<severity>:  <SQLSTATE>: <message>" in a line. */
static bool find_server_message(struct slice line, struct slice *sqlstate, struct slice *message)
{
    static const struct slice separator = SLICE_INIT(":  ");
    size_t position = slice_search(line, separator);
    while (position != SLICE_NONE) {
        line = slice_skip(line, position + separator.size);
        struct slice rest = slice_skip(line, PG_SQLSTATE_SIZE);
        if (is_sqlstate(slice_take(line, PG_SQLSTATE_SIZE)) &&
            slice_starts_with(rest, SLICE(": "))) {
            *sqlstate = slice_take(line, PG_SQLSTATE_SIZE);
            *message = slice_skip(rest, 2);
            return true;
        }
        position = slice_search(line, separator);
    }
    return false;
}

/* libpq speaks of several addresses in turn: the last word of a server counts. */
static bool find_last_server_message(struct slice text, struct slice *sqlstate,
                                     struct slice *message)
{
    struct slice line;
    bool found = false;
    while (text.size > 0) {
        (void)slice_cut(text, '\n', &line, &text);
        found = find_server_message(line, sqlstate, message) || found;
    }
    return found;
}

/* libpq's own failures have no code. A certificate that does not verify, or names another host, and
 * a server without TLS stay as they are; a handshake that breaks off is a broken connection. */
static bool is_about_certificates(struct slice text)
{
    static const struct slice signs[] = {
        SLICE_INIT("certificate"),
        SLICE_INIT("server does not support SSL"),
    };
    bool found = false;
    for (size_t i = 0; !found && i < COUNT_OF(signs); i++) {
        found = slice_search(text, signs[i]) != SLICE_NONE;
    }
    return found;
}

/* All lines in one. */
static void append_joined(struct strbuf *out, struct slice text)
{
    struct slice line;
    while (text.size > 0) {
        (void)slice_cut(text, '\n', &line, &text);
        line = slice_trim(line);
        if (line.size > 0) {
            strbuf_append_text(out, out->size > 0 ? "; " : "");
            strbuf_append(out, line);
        }
    }
}

int pg_error_from_connect(struct error *err, struct slice text, struct slice host)
{
    struct slice sqlstate;
    struct slice message;
    struct strbuf where = STRBUF_INIT;
    struct strbuf line = STRBUF_INIT;
    strbuf_append_format(&where, "Postgres at %.*s", SLICE_ARG(host));
    if (find_last_server_message(text, &sqlstate, &message)) {
        set_by_sqlstate(err, sqlstate, where.data, message);
    } else {
        append_joined(&line, text);
        error_set(err, is_about_certificates(text) ? ERROR_CONFIGURATION : ERROR_NETWORK, "%s: %s",
                  where.data, line.data);
    }
    strbuf_release(&line);
    strbuf_release(&where);
    return -1;
}

bool pg_error_is_login(const struct error *err)
{
    return error_is(err, PG_INVALID_PASSWORD) || error_is(err, PG_INVALID_LOGIN);
}

bool pg_error_ends_session(struct slice sqlstate)
{
    return slice_equal(sqlstate, PG_READ_ONLY_TRANSACTION) ||
           slice_starts_with(sqlstate, PG_SESSION_ENDED) ||
           slice_starts_with(sqlstate, PG_CONNECTION_EXCEPTION);
}
