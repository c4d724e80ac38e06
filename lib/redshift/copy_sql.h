/*
 * Redshift's COPY for one file, from a manifest into a temporary table. Pure: the step translates
 * a configuration row into these options; what Redshift refuses to combine is refused here, with
 * the configuration's words. Option order is that of the Python framework. COMPUPDATE OFF and
 * STATUPDATE OFF are always there: COPY would analyse an empty table, which is wasted on a
 * temporary one.
 */
#ifndef REDSHIFT_COPY_SQL_H
#define REDSHIFT_COPY_SQL_H

#include "base/error.h"
#include "base/slice.h"
#include "base/strbuf.h"

enum copy_layout { COPY_DELIMITED, COPY_CSV, COPY_FIXED_WIDTH };
enum copy_compression { COPY_PLAIN, COPY_GZIP, COPY_BZIP2, COPY_LZOP };

struct copy_column {
    struct slice name;
    uint64_t width; /* bytes in a fixed-width file; 0: not stated */
};

struct copy_sql {
    struct slice table; /* as it stands in the statement, quoted already */
    const struct copy_column *columns;
    size_t column_count;
    struct slice manifest_url; /* s3://bucket/key */
    struct slice iam_role;     /* an ARN */
    struct slice region;

    enum copy_layout layout;
    enum copy_compression compression;
    struct slice delimiter;   /* not for fixed width; empty: Redshift's default of the layout */
    struct slice quote;       /* CSV only; one character */
    bool remove_quotes;       /* REMOVEQUOTES */
    bool skip_header;         /* IGNOREHEADER 1 */
    struct slice null_marker; /* empty: none */
    struct slice encoding;    /* empty: UTF8 */
    struct slice date_format; /* empty: auto */
    struct slice time_format; /* empty: auto */
    struct slice extra; /* more options, separated by commas; copy_sql.c lists those allowed */
};

/* Appends the statement; ERROR_CONFIGURATION names the column of the configuration that is wrong.
 */
int copy_sql_build(struct strbuf *out, const struct copy_sql *copy, struct error *err);

/* The last byte of a delimiter as it stands in the file, behind which a field begins: "\\t" and
 * "\\ooo" are one byte there; empty is Redshift's default of the layout. */
char copy_sql_delimiter_end(struct slice delimiter, enum copy_layout layout);

/* Appends a quoted, comma-separated list of the columns' names. */
int copy_sql_columns(struct strbuf *out, const struct copy_column *columns, size_t count,
                     struct error *err);

#endif
