/*
 * What the error text of a Redshift statement means; pure. This is the only place that knows
 * Redshift's words: the Data API gives no code, only text.
 *
 * Sources: "Managing concurrent write operations" and "Troubleshooting data loads" in the Amazon
 * Redshift Database Developer Guide; texts that users have reported. Nobody has published the
 * texts of a cluster that is paused, resized or restarted: those rows follow Postgres.
 */
#ifndef REDSHIFT_FAILURE_H
#define REDSHIFT_FAILURE_H

#include "base/slice.h"

enum failure_kind {
    FAILURE_OTHER,     /* only Redshift's own words explain it */
    FAILURE_CONFLICT,  /* another transaction was in the way: the same batch can succeed at once */
    FAILURE_TRANSIENT, /* no connection, restart, resize, S3 failed inside COPY, a limit was
                        * reached, the target was replaced: passes by itself */
    FAILURE_INTERRUPTED,      /* cancelled by a user, WLM or a query monitoring rule */
    FAILURE_ASSERTION,        /* division by zero: our guard or balance said no */
    FAILURE_MISSING_RELATION, /* a table, schema or column does not exist */
    FAILURE_DENIED,           /* permission denied */
    FAILURE_BAD_ROWS,         /* COPY sends people to stl_load_errors or sys_load_error_detail */
    FAILURE_BAD_ARCHIVE,      /* the compressed file cannot be unpacked */
    FAILURE_NULL_VALUE,       /* an INSERT put NULL into a NOT NULL column; `column` names it */
};

struct failure {
    enum failure_kind kind;
    struct slice column; /* borrowed from the text; empty unless FAILURE_NULL_VALUE */
};

/*
 * Upper and lower case are the same. Words in double quotes do not count: they are names and
 * values, which a sender can choose. Where several kinds fit, the order is:
 *
 *  1. S3's answer inside a COPY. Its status and code alone decide: 5xx, 429, a request that timed
 *     out and an expired token are transient, anything else is FAILURE_OTHER. None is the sender's
 *     fault, even if the text also names stl_load_errors.
 *  2. a conflict, an assertion, a NULL value, an interruption: sentences that mean one thing
 *  3. the connection. A login that Redshift refuses for good ("FATAL: … does not exist") is
 *     FAILURE_OTHER.
 *  4. rights, then missing relations: their texts may name the tables of load errors
 *  5. the archive, then the rows
 */
struct failure failure_read(struct slice text);

/* Can the same batch succeed later, with nothing changed? (CONFLICT, TRANSIENT, INTERRUPTED) */
bool failure_passes(enum failure_kind kind);

#endif
