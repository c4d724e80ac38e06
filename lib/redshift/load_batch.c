#include "redshift/load_batch.h"

#include "base/array.h"
#include "base/sql_quote.h"
#include "base/utf8.h"
#include "redshift/sql_split.h"

#include "base/banned.h"

/* The pieces of SQL that statements are put together from, each quoted once. */
struct names {
    struct strbuf target;
    struct strbuf ledger;
    struct strbuf temporary;
    struct strbuf file_id;
    struct strbuf file_name;
};

#define NAMES_INIT                                                                                 \
    {                                                                                              \
        STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT                            \
    }

static void names_release(struct names *names)
{
    strbuf_release(&names->target);
    strbuf_release(&names->ledger);
    strbuf_release(&names->temporary);
    strbuf_release(&names->file_id);
    strbuf_release(&names->file_name);
}

static int quote_ledger(struct strbuf *out, const struct batch_file *file, struct error *err)
{
    struct strbuf table = STRBUF_INIT;
    int result;

    strbuf_append_format(&table, "%.*s_ledger", SLICE_ARG(file->table));
    result = sql_quote_identifier(out, file->schema, err);
    if (result == 0) {
        strbuf_append_char(out, '.');
        result = sql_quote_identifier(out, strbuf_slice(&table), err);
    }
    strbuf_release(&table);
    return result;
}

static int quote_temporary(struct strbuf *out, const struct batch_file *file, struct error *err)
{
    struct strbuf table = STRBUF_INIT;
    int result;

    strbuf_append_text(&table, "ext_");
    for (size_t i = 0; i < file->file_id.size; i++) {
        if (file->file_id.data[i] != '-') {
            strbuf_append_char(&table, file->file_id.data[i]);
        }
    }
    result = sql_quote_identifier(out, strbuf_slice(&table), err);
    strbuf_release(&table);
    return result;
}

static int names_init(struct names *names, const struct batch_file *file, struct error *err)
{
    struct slice file_name = utf8_take(file->file_name, BATCH_FILE_NAME_LIMIT);

    if (sql_quote_identifier(&names->target, file->schema, err) != 0) {
        return error_prefix(err, "tgt_schema_name");
    }
    strbuf_append_char(&names->target, '.');
    if (sql_quote_identifier(&names->target, file->table, err) != 0 ||
        quote_ledger(&names->ledger, file, err) != 0) {
        return error_prefix(err, "tgt_table_name");
    }
    if (sql_quote_literal(&names->file_id, file->file_id, err) != 0) {
        return -1;
    }
    if (sql_quote_literal(&names->file_name, file_name, err) != 0) {
        return error_prefix(err, "file name");
    }
    return quote_temporary(&names->temporary, file, err);
}

static struct slice lock_statement(struct arena *arena, const struct names *names)
{
    return arena_format(arena, "LOCK %s", names->ledger.data);
}

static struct slice guard_statement(struct arena *arena, const struct names *names,
                                    enum statement_kind kind)
{
    return arena_format(arena,
                        "SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM %s "
                        "WHERE kind = '%s' AND file_id = %s",
                        names->ledger.data, statement_kind_name(kind), names->file_id.data);
}

static const char ledger_columns[] = "(kind, file_id, file_name, number, row_count)";

static struct slice record_load(struct arena *arena, const struct names *names, uint64_t number)
{
    return arena_format(arena, "INSERT INTO %s %s SELECT 'load', %s, %s, %llu, COUNT(*) FROM %s",
                        names->ledger.data, ledger_columns, names->file_id.data,
                        names->file_name.data, (unsigned long long)number, names->temporary.data);
}

static struct slice record_transform(struct arena *arena, const struct names *names,
                                     uint64_t number)
{
    return arena_format(arena, "INSERT INTO %s %s VALUES ('transform', %s, %s, %llu, NULL)",
                        names->ledger.data, ledger_columns, names->file_id.data,
                        names->file_name.data, (unsigned long long)number);
}

static struct slice balance_statement(struct arena *arena, const struct names *names,
                                      int64_t expected)
{
    struct slice condition = expected == LOAD_ROWS_UNKNOWN
                                 ? SLICE("> 0")
                                 : arena_format(arena, "= %lld", (long long)expected);

    return arena_format(arena, "SELECT 1/CASE WHEN COUNT(*) %.*s THEN 1 ELSE 0 END FROM %s",
                        SLICE_ARG(condition), names->temporary.data);
}

static struct slice file_name_column(const struct load_batch *batch)
{
    return batch->file_name_column.size > 0 ? batch->file_name_column : SLICE("file_name");
}

/* Is this column of the file also where its name goes? */
static bool is_shared(const struct load_batch *batch, struct slice column)
{
    return batch->file_name_column.size == 0 && slice_equal_nocase(column, file_name_column(batch));
}

static bool has_shared(const struct load_batch *batch)
{
    for (size_t i = 0; i < batch->copy.column_count; i++) {
        if (is_shared(batch, batch->copy.columns[i].name)) {
            return true;
        }
    }
    return false;
}

/* Redshift would name neither the configuration nor the column of it that is wrong. */
static int check_own_columns(const struct load_batch *batch, struct error *err)
{
    if (slice_equal_nocase(file_name_column(batch), batch->load_id_column)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "file_name_column and load_id_column are both \"%.*s\"",
                         SLICE_ARG(batch->load_id_column));
    }
    for (size_t i = 0; i < batch->copy.column_count; i++) {
        struct slice name = batch->copy.columns[i].name;

        bool is_filled =
            slice_equal_nocase(name, file_name_column(batch)) && !is_shared(batch, name);

        if (is_filled || slice_equal_nocase(name, batch->load_id_column)) {
            return error_set(err, ERROR_CONFIGURATION,
                             "column \"%.*s\" is listed as a column of the file and filled by "
                             "file_name_column or load_id_column, too",
                             SLICE_ARG(name));
        }
    }
    return 0;
}

/* The columns of the file as they are read from the temporary table. */
static int append_values(struct strbuf *out, const struct names *names,
                         const struct load_batch *batch, struct error *err)
{
    for (size_t i = 0; i < batch->copy.column_count; i++) {
        struct slice name = batch->copy.columns[i].name;
        bool shared = is_shared(batch, name);

        strbuf_append_text(out, i > 0 ? ", " : "");
        strbuf_append_text(out, shared ? "COALESCE(" : "");
        if (sql_quote_identifier(out, name, err) != 0) {
            return -1;
        }
        if (shared) {
            strbuf_append_format(out, ", %s)", names->file_name.data);
        }
    }
    return 0;
}

static int append_own(struct strbuf *columns, struct strbuf *values, struct slice column,
                      const struct strbuf *literal, struct error *err)
{
    strbuf_append_text(columns, ", ");
    strbuf_append_format(values, ", %s", literal->data);
    return sql_quote_identifier(columns, column, err);
}

static int insert_statement(struct arena *arena, const struct names *names,
                            const struct load_batch *batch, struct slice *sql, struct error *err)
{
    struct strbuf columns = STRBUF_INIT;
    struct strbuf values = STRBUF_INIT;
    int result = -1;

    if (check_own_columns(batch, err) != 0 ||
        copy_sql_columns(&columns, batch->copy.columns, batch->copy.column_count, err) != 0 ||
        append_values(&values, names, batch, err) != 0) {
        goto done;
    }
    if (!has_shared(batch) &&
        append_own(&columns, &values, file_name_column(batch), &names->file_name, err) != 0) {
        goto done;
    }
    if (batch->load_id_column.size > 0 &&
        append_own(&columns, &values, batch->load_id_column, &names->file_id, err) != 0) {
        goto done;
    }
    *sql = arena_format(arena, "INSERT INTO %s (%s) SELECT %s FROM %s", names->target.data,
                        columns.data, values.data, names->temporary.data);
    result = 0;
done:
    strbuf_release(&columns);
    strbuf_release(&values);
    return result;
}

/* An empty copy of the target's listed columns. Unlike LIKE it takes over neither NOT NULL nor
 * IDENTITY, which would make COPY refuse what the INSERT can fill in. */
static int temporary_statement(struct arena *arena, const struct names *names,
                               const struct load_batch *batch, struct slice *sql, struct error *err)
{
    struct strbuf columns = STRBUF_INIT;
    int result = copy_sql_columns(&columns, batch->copy.columns, batch->copy.column_count, err);

    if (result == 0) {
        *sql = arena_format(arena, "CREATE TEMP TABLE %s AS SELECT %s FROM %s WHERE FALSE",
                            names->temporary.data, columns.data, names->target.data);
    }
    strbuf_release(&columns);
    return result;
}

static int copy_statement(struct arena *arena, const struct names *names,
                          const struct load_batch *batch, struct slice *sql, struct error *err)
{
    struct copy_sql copy = batch->copy;
    struct strbuf out = STRBUF_INIT;
    int result;

    copy.table = strbuf_slice(&names->temporary);
    result = copy_sql_build(&out, &copy, err);
    if (result == 0) {
        *sql = arena_copy(arena, strbuf_slice(&out));
    }
    strbuf_release(&out);
    return result;
}

static int check_sizes(const struct slice *statements, size_t count, struct error *err)
{
    if (count > BATCH_STATEMENTS_LIMIT) {
        return error_set(err, ERROR_CONFIGURATION,
                         "the query has too many statements: with our own the batch has %zu, and "
                         "the Redshift Data API takes %d",
                         count, BATCH_STATEMENTS_LIMIT);
    }
    for (size_t i = 0; i < count; i++) {
        if (statements[i].size > BATCH_STATEMENT_BYTES) {
            return error_set(err, ERROR_CONFIGURATION,
                             "statement %zu of the batch has %zu bytes; the Redshift Data API "
                             "takes %d",
                             i + 1, statements[i].size, BATCH_STATEMENT_BYTES);
        }
    }
    return 0;
}

int load_batch_build(struct arena *arena, const struct load_batch *batch,
                     struct slice statements[LOAD_STATEMENTS], struct error *err)
{
    struct names names = NAMES_INIT;
    int result = -1;

    if (names_init(&names, &batch->file, err) != 0 ||
        copy_statement(arena, &names, batch, &statements[LOAD_COPY], err) != 0 ||
        temporary_statement(arena, &names, batch, &statements[LOAD_TEMPORARY], err) != 0 ||
        insert_statement(arena, &names, batch, &statements[LOAD_INSERT], err) != 0) {
        goto done;
    }
    statements[LOAD_LOCK] = lock_statement(arena, &names);
    statements[LOAD_GUARD] = guard_statement(arena, &names, STATEMENT_LOAD);
    statements[LOAD_BALANCE] = balance_statement(arena, &names, batch->expected_rows);
    statements[LOAD_RECORD] = record_load(arena, &names, batch->file.number);
    result = check_sizes(statements, LOAD_STATEMENTS, err);
done:
    names_release(&names);
    return result;
}

int load_batch_renumber(struct arena *arena, const struct batch_file *file,
                        struct slice statements[LOAD_STATEMENTS], struct error *err)
{
    struct names names = NAMES_INIT;
    int result = names_init(&names, file, err);

    if (result == 0) {
        statements[LOAD_RECORD] = record_load(arena, &names, file->number);
    }
    names_release(&names);
    return result;
}

static size_t count_statements(struct slice query)
{
    struct slice statement;
    size_t count = 0;

    while (sql_split_next(&query, &statement)) {
        count++;
    }
    return count;
}

static struct slice bind_statement(struct arena *arena, struct slice statement,
                                   const struct sql_parameter *parameters, size_t count)
{
    struct strbuf out = STRBUF_INIT;
    struct slice bound;

    sql_split_bind(&out, statement, parameters, count);
    bound = arena_copy(arena, strbuf_slice(&out));
    strbuf_release(&out);
    return bound;
}

/* Fills in the statements of the query, as many as were counted. */
static int bind_query(struct arena *arena, const struct transform_batch *batch,
                      const struct names *names, struct slice *statements, struct error *err)
{
    struct strbuf from = STRBUF_INIT;
    struct strbuf to = STRBUF_INIT;
    struct slice rest = batch->query;
    struct slice statement;
    int result = -1;

    if (sql_quote_literal(&from, batch->from, err) != 0 ||
        sql_quote_literal(&to, batch->to, err) != 0) {
        goto done;
    }
    const struct sql_parameter parameters[] = {
        {SLICE("file_name"), strbuf_slice(&names->file_name)},
        {SLICE("load_id"), strbuf_slice(&names->file_id)},
        {SLICE("from"), strbuf_slice(&from)},
        {SLICE("to"), strbuf_slice(&to)},
    };
    while (sql_split_next(&rest, &statement)) {
        *statements++ = bind_statement(arena, statement, parameters, COUNT_OF(parameters));
    }
    result = 0;
done:
    strbuf_release(&from);
    strbuf_release(&to);
    return result;
}

int transform_batch_build(struct arena *arena, const struct transform_batch *batch,
                          struct slice **statements, size_t *count, struct error *err)
{
    struct names names = NAMES_INIT;
    int result = -1;

    if (names_init(&names, &batch->file, err) != 0) {
        goto done;
    }
    *count = TRANSFORM_QUERY + count_statements(batch->query) + 1;
    *statements = arena_zalloc(arena, *count, sizeof(struct slice));
    (*statements)[TRANSFORM_LOCK] = lock_statement(arena, &names);
    (*statements)[TRANSFORM_GUARD] = guard_statement(arena, &names, STATEMENT_TRANSFORM);
    if (bind_query(arena, batch, &names, *statements + TRANSFORM_QUERY, err) != 0) {
        goto done;
    }
    (*statements)[*count - 1] = record_transform(arena, &names, batch->file.number);
    result = check_sizes(*statements, *count, err);
done:
    names_release(&names);
    return result;
}

int ledger_question(struct arena *arena, const struct batch_file *file, enum statement_kind kind,
                    struct slice *sql, struct error *err)
{
    struct names names = NAMES_INIT;
    int result = names_init(&names, file, err);

    if (result == 0) {
        *sql = arena_format(arena,
                            "SELECT COUNT(*), MAX(row_count) FROM %s WHERE kind = '%s' "
                            "AND file_id = %s",
                            names.ledger.data, statement_kind_name(kind), names.file_id.data);
    }
    names_release(&names);
    return result;
}
