#include "redshift/load_batch.h"

#include "base/sql_quote.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "redshift/batch_limits.h"

#include "base/banned.h"

/* The pieces of SQL that statements are put together from, each quoted once; in the arena. */
struct names {
    struct slice target;
    struct slice temporary;
    struct slice file_id;
    struct slice file_name;
};

/* ext_<work id without dashes> */
static struct slice temporary_name(struct arena *arena, struct slice work_id)
{
    struct strbuf name = STRBUF_INIT;
    struct slice kept;
    strbuf_append_text(&name, "ext_");
    for (size_t i = 0; i < work_id.size; i++) {
        if (work_id.data[i] != '-') {
            strbuf_append_char(&name, work_id.data[i]);
        }
    }
    kept = arena_copy(arena, strbuf_slice(&name));
    strbuf_release(&name);
    return kept;
}

static int names_make(struct arena *arena, const struct ledger_entry *entry, struct names *names,
                      struct error *err)
{
    struct slice file_name = utf8_take(entry->file_name, LEDGER_FILE_NAME_LIMIT);
    if (ledger_sql_target(arena, entry, &names->target, err) != 0 ||
        sql_quote_copy(arena, sql_quote_identifier, temporary_name(arena, entry->work_id),
                       &names->temporary, err) != 0 ||
        sql_quote_copy(arena, sql_quote_literal, entry->work_id, &names->file_id, err) != 0) {
        return -1;
    }
    if (sql_quote_copy(arena, sql_quote_literal, file_name, &names->file_name, err) != 0) {
        return error_prefix(err, "file name");
    }
    return 0;
}

static struct slice balance_statement(struct arena *arena, const struct names *names,
                                      int64_t expected)
{
    struct slice condition = expected == LOAD_ROWS_UNKNOWN
                                 ? SLICE("> 0")
                                 : arena_format(arena, "= %lld", (long long)expected);
    return arena_format(arena, "SELECT 1/CASE WHEN COUNT(*) %.*s THEN 1 ELSE 0 END FROM %.*s",
                        SLICE_ARG(condition), SLICE_ARG(names->temporary));
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
            strbuf_append_format(out, ", %.*s)", SLICE_ARG(names->file_name));
        }
    }
    return 0;
}

static int append_own(struct strbuf *columns, struct strbuf *values, struct slice column,
                      struct slice literal, struct error *err)
{
    strbuf_append_text(columns, ", ");
    strbuf_append_text(values, ", ");
    strbuf_append(values, literal);
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
        append_own(&columns, &values, file_name_column(batch), names->file_name, err) != 0) {
        goto done;
    }
    if (batch->load_id_column.size > 0 &&
        append_own(&columns, &values, batch->load_id_column, names->file_id, err) != 0) {
        goto done;
    }
    *sql =
        arena_format(arena, "INSERT INTO %.*s (%s) SELECT %s FROM %.*s", SLICE_ARG(names->target),
                     columns.data, values.data, SLICE_ARG(names->temporary));
    result = 0;
done:
    strbuf_release(&columns);
    strbuf_release(&values);
    return result;
}

static int copy_statement(struct arena *arena, const struct names *names,
                          const struct load_batch *batch, struct slice *sql, struct error *err)
{
    struct copy_sql copy = batch->copy;
    struct strbuf out = STRBUF_INIT;
    int result;
    copy.table = names->temporary;
    result = copy_sql_build(&out, &copy, err);
    if (result == 0) {
        *sql = arena_copy(arena, strbuf_slice(&out));
    }
    strbuf_release(&out);
    return result;
}

/* The listed columns only: no IDENTITY, NOT NULL or default of the target is taken over. */
static int temporary_statement(struct arena *arena, const struct names *names,
                               const struct load_batch *batch, struct slice *sql, struct error *err)
{
    struct strbuf columns = STRBUF_INIT;
    int result = copy_sql_columns(&columns, batch->copy.columns, batch->copy.column_count, err);
    if (result == 0) {
        *sql = arena_format(arena, "CREATE TEMP TABLE %.*s AS SELECT %s FROM %.*s WHERE FALSE",
                            SLICE_ARG(names->temporary), columns.data, SLICE_ARG(names->target));
    }
    strbuf_release(&columns);
    return result;
}

int load_batch_build(struct arena *arena, const struct load_batch *batch,
                     struct slice statements[LOAD_STATEMENTS], struct error *err)
{
    struct names names;
    if (names_make(arena, &batch->entry, &names, err) != 0 ||
        copy_statement(arena, &names, batch, &statements[LOAD_COPY], err) != 0 ||
        insert_statement(arena, &names, batch, &statements[LOAD_INSERT], err) != 0 ||
        temporary_statement(arena, &names, batch, &statements[LOAD_TEMPORARY], err) != 0 ||
        ledger_sql_lock(arena, &batch->entry, &statements[LOAD_LOCK], err) != 0) {
        return -1;
    }
    statements[LOAD_BALANCE] = balance_statement(arena, &names, batch->expected_rows);
    if (load_batch_renumber(arena, &batch->entry, statements, err) != 0) {
        return -1;
    }
    return batch_limits_check(statements, LOAD_STATEMENTS, err);
}

int load_batch_renumber(struct arena *arena, const struct ledger_entry *entry,
                        struct slice statements[LOAD_STATEMENTS], struct error *err)
{
    struct names names;
    if (names_make(arena, entry, &names, err) != 0 ||
        ledger_sql_guard(arena, entry, &statements[LOAD_GUARD], err) != 0) {
        return -1;
    }
    return ledger_sql_record(arena, entry, names.temporary, &statements[LOAD_RECORD], err);
}
