/*
 * The names that tie a Redshift statement to its unit of work:
 *
 *     <work id>|<kind>|<number>|<interface id>|<schema.table>|external_file_framework
 *
 * A name begins with the work id, so that ListStatements finds all statements of a unit. Names of
 * the Python framework are understood also:
 *
 *     interface|schema|table|s3 path|interface|merge sql|escape|external_file_frameowrk   (sic)
 */
#ifndef REDSHIFT_STATEMENT_NAME_H
#define REDSHIFT_STATEMENT_NAME_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define STATEMENT_NAME_LIMIT 500 /* bytes; Redshift Data API */
#define STATEMENT_WORK_ID_SIZE 36
#define STATEMENT_KIND_LIMIT 20

struct statement_name {
    struct slice work_id; /* a UUID in lower case */
    struct slice kind;    /* "load", "transform" …: lower-case letters */
    uint64_t number;
    struct slice interface_id;
    struct slice target; /* schema.table; cut when the name grew over the limit */
};

/* Appends the name; the target is cut so that the whole fits. */
void statement_name_build(struct strbuf *out, const struct statement_name *name);

/* What the names of all statements of this unit, kind and number begin with. */
struct slice statement_name_prefix(struct arena *arena, const struct statement_name *name);

/* The client token: it follows from unit, kind and number alone, so that the same number is the
 * same statement. */
struct slice statement_name_token(struct arena *arena, const struct statement_name *name);

/* Is it a UUID in lower case? */
bool statement_name_is_work_id(struct slice text);

/* True when `text` is one of ours, with *name borrowing from it. */
bool statement_name_parse(struct slice text, struct statement_name *name);

struct legacy_statement_name {
    struct slice interface_id;
    struct slice schema;
    struct slice table;
    struct slice s3_path; /* s3://bucket/key */
    struct slice merge_sql;
    struct slice escape;
};

/* True when `text` is a name of the Python framework. Its SQL may hold '|', and so may its path. */
bool legacy_statement_name_parse(struct slice text, struct legacy_statement_name *name);

#endif
