#include "pg/pg_error.h"

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

/* The first that fits holds; anything else is ERROR_REMOTE. */
static const struct sqlstate_rule rules[] = {
    {SLICE_INIT("08"), ERROR_NETWORK, true},
    {SLICE_INIT("0B"), ERROR_BUSY, true},
    {SLICE_INIT("22"), ERROR_INVALID, false},
    {SLICE_INIT("23"), ERROR_CONFLICT, false},
    {SLICE_INIT("25006"), ERROR_NETWORK, true}, /* read-only: a failover made it a reader */
    {SLICE_INIT("28"), ERROR_DENIED, false},
    {SLICE_INIT("3D"), ERROR_CONFIGURATION, false},
    {SLICE_INIT("3F"), ERROR_CONFIGURATION, false},
    {SLICE_INIT("40003"), ERROR_NETWORK, true}, /* completion unknown */
    {SLICE_INIT("40"), ERROR_BUSY, true},       /* serialization, deadlock */
    {SLICE_INIT("42501"), ERROR_DENIED, false},
    {SLICE_INIT("42"), ERROR_CONFIGURATION, false},
    {SLICE_INIT("53"), ERROR_BUSY, true}, /* connections, memory, disk */
    {SLICE_INIT("54"), ERROR_LIMIT, false},
    {SLICE_INIT("55P03"), ERROR_BUSY, true},
    {SLICE_INIT("55006"), ERROR_BUSY, true},
    {SLICE_INIT("57014"), ERROR_TIMEOUT, true},
    {SLICE_INIT("57P03"), ERROR_BUSY, true},
    {SLICE_INIT("57P"), ERROR_NETWORK, true},   /* the server ends sessions */
    {SLICE_INIT("25P03"), ERROR_TIMEOUT, true}, /* idle in a transaction for too long */
    {SLICE_INIT("25P04"), ERROR_TIMEOUT, true}, /* a transaction that took too long */
    {SLICE_INIT("58"), ERROR_SYSTEM, true},
};

/* Fills *err, with kind and code by the SQLSTATE, which may be empty. */
static int set_by_sqlstate(struct error *err, struct slice sqlstate, const char *what,
                           struct slice message)
{
    enum error_kind kind = ERROR_REMOTE;
    bool retryable = false;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
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

/* libpq's own failures have no code. Those of certificates do not go away by themselves. */
static bool is_about_certificates(struct slice text)
{
    static const struct slice signs[] = {
        SLICE_INIT("certificate"),
        SLICE_INIT("server does not support SSL"),
    };
    bool found = false;
    for (size_t i = 0; !found && i < sizeof(signs) / sizeof(signs[0]); i++) {
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
    return strcmp(err->code, "28P01") == 0 || strcmp(err->code, "28000") == 0;
}

bool pg_error_ends_session(struct slice sqlstate)
{
    return slice_equal(sqlstate, SLICE("25006")) || slice_starts_with(sqlstate, SLICE("57P")) ||
           slice_starts_with(sqlstate, SLICE("08"));
}
