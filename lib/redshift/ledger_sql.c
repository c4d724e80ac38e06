#include "redshift/ledger_sql.h"

#include "base/sql_quote.h"
#include "base/utf8.h"

#include "base/banned.h"

/* The pieces of its SQL, each quoted once. */
struct pieces {
    struct slice ledger;
    struct slice kind;
    struct slice work_id;
    struct slice file_name;
};

static int quote_table(struct arena *arena, const struct ledger_entry *entry, const char *suffix,
                       struct slice *quoted, struct error *err)
{
    struct slice name = arena_format(arena, "%.*s%s", SLICE_ARG(entry->table), suffix);
    struct slice schema;
    struct slice table;
    if (sql_quote_copy(arena, sql_quote_identifier, entry->schema, &schema, err) != 0) {
        return error_prefix(err, "tgt_schema_name");
    }
    if (sql_quote_copy(arena, sql_quote_identifier, name, &table, err) != 0) {
        return error_prefix(err, "tgt_table_name");
    }
    *quoted = arena_format(arena, "%.*s.%.*s", SLICE_ARG(schema), SLICE_ARG(table));
    return 0;
}

static int quote_pieces(struct arena *arena, const struct ledger_entry *entry,
                        struct pieces *pieces, struct error *err)
{
    struct slice file_name = utf8_take(entry->file_name, LEDGER_FILE_NAME_LIMIT);
    if (quote_table(arena, entry, "_ledger", &pieces->ledger, err) != 0 ||
        sql_quote_copy(arena, sql_quote_literal, entry->kind, &pieces->kind, err) != 0 ||
        sql_quote_copy(arena, sql_quote_literal, entry->work_id, &pieces->work_id, err) != 0) {
        return -1;
    }
    if (sql_quote_copy(arena, sql_quote_literal, file_name, &pieces->file_name, err) != 0) {
        return error_prefix(err, "file name");
    }
    return 0;
}

/* The rows of the ledger that keep a batch of this number from doing anything. */
static struct slice condition(struct arena *arena, const struct ledger_entry *entry,
                              const struct pieces *pieces)
{
    return arena_format(arena, "kind = %.*s AND file_id = %.*s AND (NOT is_void OR number = %llu)",
                        SLICE_ARG(pieces->kind), SLICE_ARG(pieces->work_id),
                        (unsigned long long)entry->number);
}

static struct slice lock(struct arena *arena, const struct pieces *pieces)
{
    return arena_format(arena, "LOCK %.*s", SLICE_ARG(pieces->ledger));
}

static struct slice question(struct arena *arena, const struct pieces *pieces)
{
    return arena_format(arena,
                        "SELECT COUNT(*), MAX(row_count) FROM %.*s WHERE kind = %.*s AND "
                        "file_id = %.*s AND NOT is_void",
                        SLICE_ARG(pieces->ledger), SLICE_ARG(pieces->kind),
                        SLICE_ARG(pieces->work_id));
}

int ledger_sql_target(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                      struct error *err)
{
    return quote_table(arena, entry, "", sql, err);
}

int ledger_sql_lock(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                    struct error *err)
{
    struct pieces pieces;
    if (quote_pieces(arena, entry, &pieces, err) != 0) {
        return -1;
    }
    *sql = lock(arena, &pieces);
    return 0;
}

int ledger_sql_guard(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                     struct error *err)
{
    struct pieces pieces;
    if (quote_pieces(arena, entry, &pieces, err) != 0) {
        return -1;
    }
    *sql = arena_format(arena,
                        "SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM %.*s WHERE %.*s",
                        SLICE_ARG(pieces.ledger), SLICE_ARG(condition(arena, entry, &pieces)));
    return 0;
}

/* The beginning of an INSERT of one row, up to its row_count. */
static struct slice insert(struct arena *arena, const struct ledger_entry *entry,
                           const struct pieces *pieces)
{
    return arena_format(arena,
                        "INSERT INTO %.*s (kind, file_id, file_name, number, is_void, row_count) "
                        "SELECT %.*s, %.*s, %.*s, %llu",
                        SLICE_ARG(pieces->ledger), SLICE_ARG(pieces->kind),
                        SLICE_ARG(pieces->work_id), SLICE_ARG(pieces->file_name),
                        (unsigned long long)entry->number);
}

int ledger_sql_record(struct arena *arena, const struct ledger_entry *entry, struct slice counted,
                      struct slice *sql, struct error *err)
{
    struct pieces pieces;
    if (quote_pieces(arena, entry, &pieces, err) != 0) {
        return -1;
    }
    struct slice start = insert(arena, entry, &pieces);
    *sql = counted.size > 0 ? arena_format(arena, "%.*s, FALSE, COUNT(*) FROM %.*s",
                                           SLICE_ARG(start), SLICE_ARG(counted))
                            : arena_format(arena, "%.*s, FALSE, NULL::bigint", SLICE_ARG(start));
    return 0;
}

int ledger_sql_question(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                        struct error *err)
{
    struct pieces pieces;
    if (quote_pieces(arena, entry, &pieces, err) != 0) {
        return -1;
    }
    *sql = question(arena, &pieces);
    return 0;
}

int ledger_sql_close(struct arena *arena, const struct ledger_entry *entry,
                     struct slice sql[LEDGER_CLOSE_STATEMENTS], struct error *err)
{
    struct pieces pieces;
    if (quote_pieces(arena, entry, &pieces, err) != 0) {
        return -1;
    }
    sql[LEDGER_CLOSE_LOCK] = lock(arena, &pieces);
    sql[LEDGER_CLOSE_VOID] = arena_format(
        arena, "%.*s, TRUE, NULL::bigint WHERE NOT EXISTS (SELECT 1 FROM %.*s WHERE %.*s)",
        SLICE_ARG(insert(arena, entry, &pieces)), SLICE_ARG(pieces.ledger),
        SLICE_ARG(condition(arena, entry, &pieces)));
    sql[LEDGER_CLOSE_QUESTION] = question(arena, &pieces);
    return 0;
}
