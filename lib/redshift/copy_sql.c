#include "redshift/copy_sql.h"

#include "base/array.h"
#include "base/sql_quote.h"

#include "base/banned.h"

enum extra_rule {
    EXTRA_ANY,            /* suits every layout */
    EXTRA_DELIMITED_ONLY, /* not for CSV or fixed width */
    EXTRA_ALWAYS,         /* every COPY says it, listed or not */
};

/* Options a configuration may add. */
static const struct {
    struct slice name;
    enum extra_rule rule;
} extras[] = {
    {SLICE_INIT("TRIMBLANKS"), EXTRA_ANY},        {SLICE_INIT("TRUNCATECOLUMNS"), EXTRA_ANY},
    {SLICE_INIT("BLANKSASNULL"), EXTRA_ANY},      {SLICE_INIT("EMPTYASNULL"), EXTRA_ANY},
    {SLICE_INIT("FILLRECORD"), EXTRA_ANY},        {SLICE_INIT("ESCAPE"), EXTRA_DELIMITED_ONLY},
    {SLICE_INIT("ROUNDEC"), EXTRA_ANY},           {SLICE_INIT("COMPUPDATE OFF"), EXTRA_ALWAYS},
    {SLICE_INIT("STATUPDATE OFF"), EXTRA_ALWAYS},
};

static const struct slice encodings[] = {SLICE_INIT("UTF8"), SLICE_INIT("UTF16"),
                                         SLICE_INIT("UTF16LE"), SLICE_INIT("UTF16BE")};

static int check_repeated(const struct copy_column *columns, size_t i, struct error *err)
{
    for (size_t before = 0; before < i; before++) {
        if (slice_equal_nocase(columns[before].name, columns[i].name)) {
            return error_set(err, ERROR_CONFIGURATION, "column_name \"%.*s\" is listed twice",
                             SLICE_ARG(columns[i].name));
        }
    }
    return 0;
}

int copy_sql_columns(struct strbuf *out, const struct copy_column *columns, size_t count,
                     struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (check_repeated(columns, i, err) != 0) {
            return -1;
        }
        if (i > 0) {
            strbuf_append_text(out, ", ");
        }
        if (sql_quote_identifier(out, columns[i].name, err) != 0) {
            return error_prefix(err, "column_name");
        }
    }
    return 0;
}

static int check_layout(const struct copy_sql *copy, struct error *err)
{
    if (copy->column_count == 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "ext_file_config_dtl lists no columns for this file");
    }
    if (copy->layout != COPY_CSV && copy->quote.size > 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "quote_char is set, but a fixed_width file has no quotes");
    }
    if (copy->quote.size > 1 ||
        (copy->quote.size == 1 && (unsigned char)copy->quote.data[0] > 127)) {
        return error_set(err, ERROR_CONFIGURATION, "quote_char \"%.*s\" is not one ASCII character",
                         SLICE_ARG(copy->quote));
    }
    if (copy->layout == COPY_CSV && copy->remove_quotes) {
        return error_set(err, ERROR_CONFIGURATION,
                         "quote_char and escape_char are both set; clear one of them");
    }
    return 0;
}

/* "\t" and "\123" mean to COPY what they mean in its manual, so they go in as they are. */
static bool is_escaped_byte(struct slice delimiter)
{
    if (delimiter.size == 2) {
        return slice_equal(delimiter, SLICE("\\t"));
    }
    if (delimiter.size != 4 || delimiter.data[0] != '\\' || delimiter.data[1] > '1') {
        return false;
    }
    for (size_t i = 1; i < 4; i++) {
        if (delimiter.data[i] < '0' || delimiter.data[i] > '7') {
            return false;
        }
    }
    return true;
}

char copy_sql_delimiter_end(struct slice delimiter, enum copy_layout layout)
{
    if (delimiter.size == 0) {
        return layout == COPY_CSV ? ',' : '|';
    }
    if (!is_escaped_byte(delimiter)) {
        return delimiter.data[delimiter.size - 1];
    }
    if (delimiter.size == 2) {
        return '\t';
    }
    return (char)((delimiter.data[1] - '0') * 64 + (delimiter.data[2] - '0') * 8 +
                  (delimiter.data[3] - '0'));
}

static int append_delimiter(struct strbuf *out, const struct copy_sql *copy, struct error *err)
{
    if (copy->delimiter.size == 0) {
        return 0;
    }
    strbuf_append_text(out, " DELIMITER AS ");
    if (is_escaped_byte(copy->delimiter)) {
        strbuf_append_format(out, "'%.*s'", SLICE_ARG(copy->delimiter));
        return 0;
    }
    return sql_quote_literal(out, copy->delimiter, err);
}

static int append_widths(struct strbuf *out, const struct copy_sql *copy, struct error *err)
{
    struct strbuf widths = STRBUF_INIT;
    int result = -1;
    for (size_t i = 0; i < copy->column_count; i++) {
        const struct copy_column *column = &copy->columns[i];
        if (column->width == 0) {
            (void)error_set(err, ERROR_CONFIGURATION,
                            "column_width_fixed of column \"%.*s\" is not set",
                            SLICE_ARG(column->name));
            goto done;
        }
        if (slice_find(column->name, ',') != SLICE_NONE ||
            slice_find(column->name, ':') != SLICE_NONE) {
            (void)error_set(err, ERROR_CONFIGURATION,
                            "column_name \"%.*s\" of a fixed_width file holds ',' or ':'",
                            SLICE_ARG(column->name));
            goto done;
        }
        strbuf_append_format(&widths, "%s%.*s:%llu", i > 0 ? "," : "", SLICE_ARG(column->name),
                             (unsigned long long)column->width);
    }
    strbuf_append_text(out, " FIXEDWIDTH ");
    result = sql_quote_literal(out, strbuf_slice(&widths), err);
done:
    strbuf_release(&widths);
    return result;
}

static int append_layout(struct strbuf *out, const struct copy_sql *copy, struct error *err)
{
    switch (copy->layout) {
    case COPY_FIXED_WIDTH:
        return append_widths(out, copy, err);
    case COPY_CSV:
        strbuf_append_text(out, " FORMAT CSV QUOTE AS ");
        if (sql_quote_literal(out, copy->quote.size > 0 ? copy->quote : SLICE("\""), err) != 0) {
            return -1;
        }
        break;
    case COPY_DELIMITED:
        break;
    }
    return append_delimiter(out, copy, err);
}

static int append_encoding(struct strbuf *out, struct slice encoding, struct error *err)
{
    if (encoding.size == 0) {
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        if (slice_equal_nocase(encoding, encodings[i])) {
            strbuf_append_format(out, " ENCODING %.*s", SLICE_ARG(encodings[i]));
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIGURATION,
                     "encoding \"%.*s\" is none of UTF8, UTF16, UTF16LE, UTF16BE",
                     SLICE_ARG(slice_take(encoding, 20)));
}

static int append_extra(struct strbuf *out, const struct copy_sql *copy, struct error *err)
{
    struct slice rest = copy->extra;
    while (rest.size > 0) {
        struct slice option;
        size_t i = 0;
        (void)slice_cut(rest, ',', &option, &rest);
        option = slice_trim(option);
        while (i < COUNT_OF(extras) && !slice_equal_nocase(option, extras[i].name)) {
            i++;
        }
        if (i == COUNT_OF(extras)) {
            return error_set(err, ERROR_CONFIGURATION,
                             "copy_options holds \"%.*s\", which is not one of those allowed",
                             SLICE_ARG(slice_take(option, 40)));
        }
        if (extras[i].rule == EXTRA_DELIMITED_ONLY && copy->layout != COPY_DELIMITED) {
            return error_set(err, ERROR_CONFIGURATION,
                             "copy_options holds %.*s, which only a delimited file can have",
                             SLICE_ARG(extras[i].name));
        }
        if (extras[i].rule != EXTRA_ALWAYS) {
            strbuf_append_format(out, " %.*s", SLICE_ARG(extras[i].name));
        }
    }
    return 0;
}

static int append_formats(struct strbuf *out, const struct copy_sql *copy, struct error *err)
{
    struct slice date_format = copy->date_format.size > 0 ? copy->date_format : SLICE("auto");
    struct slice time_format = copy->time_format.size > 0 ? copy->time_format : SLICE("auto");
    strbuf_append_text(out, " IGNOREBLANKLINES DATEFORMAT ");
    if (sql_quote_literal(out, date_format, err) != 0) {
        return -1;
    }
    strbuf_append_text(out, " TIMEFORMAT ");
    if (sql_quote_literal(out, time_format, err) != 0) {
        return -1;
    }
    strbuf_append_text(out, " ACCEPTINVCHARS ACCEPTANYDATE");
    if (copy->null_marker.size == 0) {
        return 0;
    }
    strbuf_append_text(out, " NULL AS ");
    return sql_quote_literal(out, copy->null_marker, err);
}

static const char *codec(enum copy_compression compression)
{
    switch (compression) {
    case COPY_GZIP:
        return " GZIP";
    case COPY_BZIP2:
        return " BZIP2";
    case COPY_LZOP:
        return " LZOP";
    case COPY_PLAIN:
        break;
    }
    return "";
}

int copy_sql_build(struct strbuf *out, const struct copy_sql *copy, struct error *err)
{
    if (check_layout(copy, err) != 0) {
        return -1;
    }
    strbuf_append_format(out, "COPY %.*s (", SLICE_ARG(copy->table));
    if (copy_sql_columns(out, copy->columns, copy->column_count, err) != 0) {
        return -1;
    }
    strbuf_append_text(out, ") FROM ");
    if (sql_quote_literal(out, copy->manifest_url, err) != 0) {
        return -1;
    }
    strbuf_append_text(out, " IAM_ROLE ");
    if (sql_quote_literal(out, copy->iam_role, err) != 0) {
        return -1;
    }
    strbuf_append_text(out, " MANIFEST");
    if (append_layout(out, copy, err) != 0) {
        return -1;
    }
    if (copy->remove_quotes) {
        strbuf_append_text(out, " REMOVEQUOTES");
    }
    if (copy->skip_header) {
        strbuf_append_text(out, " IGNOREHEADER 1");
    }
    if (append_formats(out, copy, err) != 0 || append_encoding(out, copy->encoding, err) != 0 ||
        append_extra(out, copy, err) != 0) {
        return -1;
    }
    strbuf_append_text(out, " COMPUPDATE OFF STATUPDATE OFF REGION ");
    if (sql_quote_literal(out, copy->region, err) != 0) {
        return -1;
    }
    strbuf_append_text(out, codec(copy->compression));
    return 0;
}
