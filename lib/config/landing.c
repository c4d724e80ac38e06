#include "config/landing.h"

#include "base/strbuf.h"
#include "pg/pg.h"

#include "base/banned.h"

static int read_landing(const struct pg_result *result, size_t row, struct landing *landing,
                        struct error *err)
{
    if (pg_read_text(result, row, "bucket", &landing->bucket, err) != 0 ||
        pg_read_text(result, row, "prefix", &landing->prefix, err) != 0 ||
        pg_read_text(result, row, "search_after", &landing->search_after, err) != 0) {
        return -1;
    }
    return pg_read_i64_or(result, row, "search_began_ms", 0, &landing->search_began_ms, err);
}

int landing_list_active(struct pg *pg, const struct config_tables *tables, struct arena *arena,
                        struct landing_list *list, struct error *err)
{
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;
    strbuf_append_format(&sql,
                         "select bucket, prefix, search_after, "
                         "(extract(epoch from search_began_at) * 1000)::bigint as search_began_ms "
                         "from %.*s where is_active "
                         "order by search_ended_at nulls first, bucket, prefix",
                         SLICE_ARG(tables->landing));
    int status = pg_query(pg, &(struct pg_statement){"list the landing prefixes", sql.data},
                          PG_NO_VALUES, arena, &result, err);
    strbuf_release(&sql);
    if (status != 0) {
        return -1;
    }
    *list = (struct landing_list){arena_zalloc(arena, result.rows, sizeof(list->items[0])), 0};
    for (size_t row = 0; row < result.rows; row++) {
        if (read_landing(&result, row, &list->items[row], err) != 0) {
            return -1;
        }
        list->count++;
    }
    return 0;
}
