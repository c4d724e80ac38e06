#include "pg/pg.h"

#include "base/array.h"

#include <assert.h>

#include "base/banned.h"

/* OIDs of built-in types: they never change (pg_type.dat of Postgres). */
#define TYPE_BOOL 16
#define TYPE_INT8 20
#define TYPE_INT2 21
#define TYPE_INT4 23
#define TYPE_NUMERIC 1700

static const char *type_name(uint32_t type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } names[] = {
        {TYPE_BOOL, "bool"},   {TYPE_INT8, "int8"}, {TYPE_INT2, "int2"},
        {TYPE_INT4, "int4"},   {25, "text"},        {114, "json"},
        {700, "float4"},       {701, "float8"},     {1042, "char"},
        {1043, "varchar"},     {1082, "date"},      {1114, "timestamp"},
        {1184, "timestamptz"}, {1186, "interval"},  {TYPE_NUMERIC, "numeric"},
        {2950, "uuid"},        {3802, "jsonb"},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (names[i].type == type) {
            return names[i].name;
        }
    }
    return "another type";
}

/* The cell, and in *type the type of its column; NULL with *err when there is no such column. */
static const struct pg_cell *find_cell(const struct pg_result *result, size_t row,
                                       const char *column, uint32_t *type, struct error *err)
{
    assert(row < result->rows);
    struct slice name = slice_from(column);
    for (size_t i = 0; i < result->columns; i++) {
        if (slice_equal(result->names[i], name)) {
            *type = result->types[i];
            return &result->cells[row][i];
        }
    }
    error_set(err, ERROR_CONFIGURATION, "\"%s\" gives no column %s", result->statement, column);
    return NULL;
}

static int refuse(const struct pg_result *result, size_t row, const char *column, const char *what,
                  const char *wanted, struct error *err)
{
    return error_set(err, ERROR_CONFIGURATION,
                     "column %s of \"%s\", row %zu: %s where %s is needed", column,
                     result->statement, row + 1, what, wanted);
}

int pg_read_text(const struct pg_result *result, size_t row, const char *column, struct slice *text,
                 struct error *err)
{
    uint32_t type = 0;
    const struct pg_cell *cell = find_cell(result, row, column, &type, err);
    if (cell == NULL) {
        return -1;
    }
    if (cell->is_null) {
        return refuse(result, row, column, "NULL", "a text", err);
    }
    *text = cell->text;
    return 0;
}

/* The digits of a whole number: a numeric with a scale is written 12.00. */
static struct slice without_zero_fraction(struct slice digits)
{
    struct slice whole;
    struct slice fraction;
    bool has_fraction = slice_cut(digits, '.', &whole, &fraction);
    for (size_t i = 0; i < fraction.size; i++) {
        if (fraction.data[i] != '0') {
            return digits;
        }
    }
    return has_fraction ? whole : digits;
}

int pg_read_i64(const struct pg_result *result, size_t row, const char *column, int64_t *number,
                struct error *err)
{
    static const char *const wanted = "a whole number of 64 bits";
    uint32_t type = 0;
    const struct pg_cell *cell = find_cell(result, row, column, &type, err);
    if (cell == NULL) {
        return -1;
    }
    if (cell->is_null) {
        return refuse(result, row, column, "NULL", wanted, err);
    }
    if (type != TYPE_INT2 && type != TYPE_INT4 && type != TYPE_INT8 && type != TYPE_NUMERIC) {
        return refuse(result, row, column, type_name(type), wanted, err);
    }
    if (!slice_to_i64(without_zero_fraction(cell->text), number)) {
        return refuse(result, row, column, "another number", wanted, err);
    }
    return 0;
}

int pg_read_bool(const struct pg_result *result, size_t row, const char *column, bool *truth,
                 struct error *err)
{
    uint32_t type = 0;
    const struct pg_cell *cell = find_cell(result, row, column, &type, err);
    if (cell == NULL) {
        return -1;
    }
    if (cell->is_null || type != TYPE_BOOL) {
        return refuse(result, row, column, cell->is_null ? "NULL" : type_name(type), "a bool", err);
    }
    *truth = slice_equal(cell->text, SLICE("t"));
    return 0;
}

/* Is the cell there, and NULL? One that is not there is left for the read to complain about. */
static bool is_null(const struct pg_result *result, size_t row, const char *column)
{
    uint32_t type = 0;
    const struct pg_cell *cell = find_cell(result, row, column, &type, NULL);
    return cell != NULL && cell->is_null;
}

int pg_read_text_or(const struct pg_result *result, size_t row, const char *column,
                    struct slice fallback, struct slice *text, struct error *err)
{
    if (is_null(result, row, column)) {
        *text = fallback;
        return 0;
    }
    return pg_read_text(result, row, column, text, err);
}

int pg_read_i64_or(const struct pg_result *result, size_t row, const char *column, int64_t fallback,
                   int64_t *number, struct error *err)
{
    if (is_null(result, row, column)) {
        *number = fallback;
        return 0;
    }
    return pg_read_i64(result, row, column, number, err);
}
