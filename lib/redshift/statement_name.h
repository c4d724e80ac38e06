/*
 * The names that tie a Redshift statement to its file:
 *
 *     <file id>|load or transform|<number>|<interface id>|<schema.table>|external_file_framework
 *
 * Beginning with the file id, a name lets ListStatements find all statements of a file. Names of
 * the Python framework are understood, too:
 *
 *     interface|schema|table|s3 path|interface|merge sql|escape|external_file_frameowrk   (sic)
 */
#ifndef REDSHIFT_STATEMENT_NAME_H
#define REDSHIFT_STATEMENT_NAME_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define STATEMENT_NAME_LIMIT 500 /* bytes; Redshift Data API */
#define STATEMENT_FILE_ID_SIZE 36

enum statement_kind { STATEMENT_LOAD, STATEMENT_TRANSFORM };

/* "load", "transform": in names, tokens and ledgers. */
const char *statement_kind_name(enum statement_kind kind);

struct statement_name {
    struct slice file_id; /* a UUID in lower case */
    enum statement_kind kind;
    uint64_t number; /* load_no or transform_no */
    struct slice interface_id;
    struct slice target; /* schema.table; cut when the name grew over the limit */
};

/* Appends the name; the target is cut so that the whole fits. */
void statement_name_build(struct strbuf *out, const struct statement_name *name);

/* What the names of all statements of this file, kind and number begin with. */
struct slice statement_name_prefix(struct arena *arena, const struct statement_name *name);

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
