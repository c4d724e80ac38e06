#include "redshift/failure.h"

#include "base/array.h"

#include "base/banned.h"

/* A text is of this kind if it says both; an empty `also` is always said. */
struct sign {
    struct slice says;
    struct slice also;
    enum failure_kind kind;
};

#define SIGN(says, kind)                                                                           \
    {                                                                                              \
        SLICE_INIT(says), SLICE_INIT(""), FAILURE_##kind                                           \
    }
#define SIGN_BOTH(says, also, kind)                                                                \
    {                                                                                              \
        SLICE_INIT(says), SLICE_INIT(also), FAILURE_##kind                                         \
    }

/* The first that fits decides: failure.h explains the order. */
static const struct sign signs[] = {
    /* "CanRetry 1" says nothing: Redshift writes it after Status 403, too. */
    SIGN_BOTH("S3ServiceException", "Status 501", OTHER), /* not implemented */
    SIGN_BOTH("S3ServiceException", "Status 5", TRANSIENT),
    SIGN_BOTH("S3ServiceException", "Status 429", TRANSIENT),
    SIGN_BOTH("S3ServiceException", "Error RequestTimeout,", TRANSIENT),
    SIGN_BOTH("S3ServiceException", "Error ExpiredToken,", TRANSIENT), /* of a long COPY */
    SIGN("S3ServiceException", OTHER),
    SIGN_BOTH("S3CurlException", "CanRetry 1", TRANSIENT),

    SIGN("ERROR: 1023", CONFLICT),
    SIGN("Serializable isolation violation", CONFLICT),
    SIGN("could not serialize access", CONFLICT),
    SIGN("conflict with concurrent transaction", CONFLICT),
    SIGN("deadlock detected", CONFLICT),

    SIGN("divide by zero", ASSERTION),
    SIGN("division by zero", ASSERTION),

    SIGN("insert a NULL value into column ", NULL_VALUE),
    SIGN("null value in column ", NULL_VALUE),

    SIGN("cancelled on user's request", INTERRUPTED),
    SIGN("canceled on user's request", INTERRUPTED),
    SIGN("canceling statement", INTERRUPTED),
    SIGN("cancelling statement", INTERRUPTED),
    SIGN_BOTH("Query (", ") cancelled", INTERRUPTED),
    SIGN_BOTH("Query (", ") canceled", INTERRUPTED),
    SIGN("query monitoring rule", INTERRUPTED),
    SIGN("aborted by WLM", INTERRUPTED),
    SIGN("aborted by QMR", INTERRUPTED),
    SIGN("WLM abort", INTERRUPTED),
    SIGN("system requested abort", INTERRUPTED),

    /* Not a wrong password: while a secret is rotated, it is wrong for a moment. */
    SIGN_BOTH("FATAL:", "does not exist", OTHER),
    SIGN_BOTH("FATAL:", "permission denied", OTHER),
    SIGN_BOTH("FATAL:", "not permitted to log in", OTHER),
    SIGN("FATAL:", TRANSIENT),
    SIGN("connection refused", TRANSIENT),
    SIGN("connection reset", TRANSIENT),
    SIGN("connection timed out", TRANSIENT),
    SIGN("connection failed, retries exceeded", TRANSIENT), /* Spectrum and S3 */
    SIGN("Connection or an prior query failed", TRANSIENT),
    SIGN("Connection or a prior query failed", TRANSIENT),
    SIGN("connection to the cluster was lost", TRANSIENT),
    SIGN("could not connect to", TRANSIENT),
    SIGN("server closed the connection", TRANSIENT),
    SIGN("terminating connection", TRANSIENT),
    SIGN("exceeded for non-bootstrap users", TRANSIENT), /* connection limit "500" … */
    SIGN("too many connections", TRANSIENT),
    SIGN("too many clients", TRANSIENT),
    SIGN("system is starting up", TRANSIENT),
    SIGN("system is shutting down", TRANSIENT),
    SIGN("system is in recovery mode", TRANSIENT),
    SIGN("cluster is restarting", TRANSIENT),
    SIGN("cluster is being resized", TRANSIENT),
    SIGN("read-only mode", TRANSIENT),        /* of a cluster that is resized */
    SIGN("read-only transaction", TRANSIENT), /* likewise, as Postgres says it */
    SIGN("could not open relation with OID", TRANSIENT),
    SIGN("ERROR: 1018", TRANSIENT),
    SIGN("relation does not exist", TRANSIENT), /* 1018 names no relation, as the others do */

    SIGN("permission denied", DENIED),
    SIGN("must be owner of", DENIED),

    SIGN("specified S3 prefix", OTHER), /* … does not exist: no file was found */
    SIGN_BOTH("relation ", " does not exist", MISSING_RELATION),
    SIGN_BOTH("table ", " does not exist", MISSING_RELATION),
    SIGN_BOTH("schema ", " does not exist", MISSING_RELATION),
    SIGN_BOTH("column ", " does not exist", MISSING_RELATION),

    SIGN("failed to inflate", BAD_ARCHIVE), /* the codec's name follows */

    SIGN("stl_load_error", BAD_ROWS),
    SIGN("sys_load_error", BAD_ROWS),
};

/* Takes what comes before the next quoted word, and drops that word. A quote that is never closed
 * quotes nothing. */
static struct slice take_unquoted(struct slice *text)
{
    struct slice whole = *text;
    struct slice unquoted;
    struct slice quoted;
    struct slice rest;
    if (slice_cut(whole, '"', &unquoted, &rest) && slice_cut(rest, '"', &quoted, text)) {
        return unquoted;
    }
    *text = SLICE("");
    return whole;
}

/* What follows the words outside quotes, up to the end of the text; false where they are missing.
 */
static bool find_after(struct slice text, struct slice words, struct slice *after)
{
    while (text.size > 0) {
        const char *end = text.data + text.size;
        struct slice unquoted = take_unquoted(&text);
        for (size_t i = 0; i + words.size <= unquoted.size; i++) {
            struct slice found = slice_skip(unquoted, i);
            if (slice_equal_nocase(slice_take(found, words.size), words)) {
                const char *next = found.data + words.size;
                *after = slice_of(next, (size_t)(end - next));
                return true;
            }
        }
    }
    return false;
}

static bool fits(const struct sign *sign, struct slice text, struct slice *after)
{
    struct slice ignored;
    return find_after(text, sign->says, after) &&
           (sign->also.size == 0 || find_after(text, sign->also, &ignored));
}

/* The name at the front. Redshift does not quote it, and may put "[ErrorId: …]" after it. */
static struct slice column_at(struct slice text)
{
    struct slice name;
    struct slice rest;
    if (text.size > 0 && text.data[0] == '"') {
        (void)slice_cut(slice_skip(text, 1), '"', &name, &rest);
        return name;
    }
    (void)slice_cut(text, '\n', &name, &rest);
    size_t id = slice_search(name, SLICE(" [ErrorId"));
    return slice_trim(id == SLICE_NONE ? name : slice_take(name, id));
}

struct failure failure_read(struct slice text)
{
    struct failure failure = {.kind = FAILURE_OTHER, .column = SLICE("")};
    struct slice after;
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (fits(&signs[i], text, &after)) {
            failure.kind = signs[i].kind;
            break;
        }
    }
    if (failure.kind == FAILURE_NULL_VALUE) {
        failure.column = column_at(after);
        failure.kind = failure.column.size > 0 ? FAILURE_NULL_VALUE : FAILURE_OTHER;
    }
    return failure;
}

bool failure_passes(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_CONFLICT:
    case FAILURE_TRANSIENT:
    case FAILURE_INTERRUPTED:
        return true;
    case FAILURE_OTHER:
    case FAILURE_ASSERTION:
    case FAILURE_MISSING_RELATION:
    case FAILURE_DENIED:
    case FAILURE_BAD_ROWS:
    case FAILURE_BAD_ARCHIVE:
    case FAILURE_NULL_VALUE:
        return false;
    }
    return false;
}
