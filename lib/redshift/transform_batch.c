#include "redshift/transform_batch.h"

#include "base/array.h"
#include "base/sql_quote.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "redshift/batch_limits.h"
#include "redshift/sql_split.h"

#include "base/banned.h"

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
                      struct slice *statements, struct error *err)
{
    struct sql_parameter parameters[] = {
        {SLICE("file_name"), SLICE("")},
        {SLICE("load_id"), SLICE("")},
        {SLICE("from"), SLICE("")},
        {SLICE("to"), SLICE("")},
    };
    const struct slice values[] = {
        utf8_take(batch->entry.file_name, LEDGER_FILE_NAME_LIMIT),
        batch->entry.work_id,
        batch->from,
        batch->to,
    };
    struct slice rest = batch->query;
    struct slice statement;
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if (sql_quote_copy(arena, sql_quote_literal, values[i], &parameters[i].literal, err) != 0) {
            return error_prefix(err, "%.*s", SLICE_ARG(parameters[i].name));
        }
    }
    while (sql_split_next(&rest, &statement)) {
        *statements++ = bind_statement(arena, statement, parameters, COUNT_OF(parameters));
    }
    return 0;
}

int transform_batch_build(struct arena *arena, const struct transform_batch *batch,
                          struct slice **statements, size_t *count, struct error *err)
{
    *count = TRANSFORM_QUERY + count_statements(batch->query) + 1;
    *statements = arena_zalloc(arena, *count, sizeof(struct slice));
    if (ledger_sql_lock(arena, &batch->entry, &(*statements)[TRANSFORM_LOCK], err) != 0 ||
        ledger_sql_guard(arena, &batch->entry, &(*statements)[TRANSFORM_GUARD], err) != 0 ||
        bind_query(arena, batch, *statements + TRANSFORM_QUERY, err) != 0 ||
        ledger_sql_record(arena, &batch->entry, SLICE(""), &(*statements)[*count - 1], err) != 0) {
        return -1;
    }
    return batch_limits_check(*statements, *count, err);
}
