#include "state/store.h"

#include "base/array.h"
#include "state/sql_text.h"
#include "state/state_sql.h"

#include <assert.h>

#include "base/banned.h"

static struct sql_text read_sql(const struct state_tables *tables, const char *text,
                                struct arena *arena)
{
#define FRAGMENT(name) {#name, slice_from(state_sql_##name)},
    const struct sql_text_part fragments[] = {STATE_SQL_FRAGMENTS(FRAGMENT)};
#undef FRAGMENT
    const struct sql_text_part names[] = {
        /* files are the only units of work so far */
        {"file", tables->file}, {"history", tables->history},  {"statement", tables->statement},
        {"due", tables->due},   {"audit", tables->audit},      {"interface", tables->interface},
        {"unit", tables->file}, {"unit_id", SLICE("file_id")}, {"landing", tables->landing},
    };
    return sql_text_read(slice_from(text), &(struct sql_text_parts){names, COUNT_OF(names)},
                         &(struct sql_text_parts){fragments, COUNT_OF(fragments)}, arena);
}

static struct pg_value find_value(const struct state_value *values, size_t count, struct slice name)
{
    size_t i = 0;
    while (i < count && !slice_equal(slice_from(values[i].name), name)) {
        i++;
    }
    assert(i < count); /* else the text names a value that the caller does not give */
    return values[i].value;
}

int state_run(const struct state_store *store, const struct state_sql *sql,
              const struct state_value *values, size_t count, struct arena *arena,
              struct pg_result *result, struct error *err)
{
    struct sql_text text = read_sql(&store->tables, sql->text, arena);
    struct pg_value *bound = arena_zalloc(arena, text.count, sizeof(bound[0]));
    for (size_t i = 0; i < text.count; i++) {
        bound[i] = find_value(values, count, text.names[i]);
    }
    return pg_query(store->pg, &(struct pg_statement){sql->purpose, text.sql},
                    (struct pg_values){bound, text.count}, arena, result, err);
}
