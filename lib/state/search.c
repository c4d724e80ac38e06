#include "state/search.h"

#include "base/json_writer.h"
#include "base/strbuf.h"
#include "state/state_sql.h"
#include "state/values.h"

#include "base/banned.h"

/* [{"key": "...", "etag": "...", "modified_ms": 0}, ...] */
static struct slice as_json(const struct listed_object *objects, size_t count, struct arena *arena)
{
    struct strbuf text = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&text);
    json_write_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_object(&writer);
        json_write_member_string(&writer, "key", objects[i].key);
        json_write_member_string(&writer, "etag", objects[i].etag);
        json_write_member_i64(&writer, "modified_ms", objects[i].modified_ms);
        json_write_object_end(&writer);
    }
    json_write_array_end(&writer);
    struct slice json = arena_copy(arena, strbuf_slice(&text));
    strbuf_release(&text);
    return json;
}

static int mark_new(const struct pg_result *result, size_t count, bool *is_new, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        is_new[i] = false;
    }
    for (size_t row = 0; row < result->rows; row++) {
        int64_t place;
        if (pg_read_i64(result, row, "place", &place, err) != 0) {
            return -1;
        }
        if (place < 1 || (uint64_t)place > count) {
            return error_set(err, ERROR_CONFIGURATION, "Postgres found object %lld of %zu",
                             (long long)place, count);
        }
        is_new[place - 1] = true;
    }
    return 0;
}

int search_find_new(const struct state_store *store, struct slice bucket,
                    const struct listed_object *objects, size_t count, bool *is_new,
                    struct arena *arena, struct error *err)
{
    const struct state_sql sql = {"find objects without a row", state_sql_find_new_objects};
    struct values values = {.count = 0};
    struct pg_result result;
    values_text(&values, "bucket", bucket);
    values_text(&values, "objects", as_json(objects, count, arena));
    if (state_run(store, &sql, values.items, values.count, arena, &result, err) != 0) {
        return -1;
    }
    return mark_new(&result, count, is_new, err);
}

int search_store_move(const struct state_store *store, const struct search_move *move,
                      struct arena *arena, bool *moved, struct error *err)
{
    const struct state_sql sql = {"store how far the search has come", state_sql_move_search};
    struct values values = {.count = 0};
    struct pg_result result;
    values_text(&values, "bucket", move->bucket);
    values_text(&values, "prefix", move->prefix);
    values_text(&values, "from_after", move->from.after);
    values_number(&values, "from_began_ms", move->from.began_ms);
    values_text(&values, "after", move->to.after);
    values_number(&values, "began_ms", move->to.began_ms);
    values_flag(&values, "is_ended", move->is_ended);
    values_number(&values, "now_ms", move->now_ms);
    if (state_run(store, &sql, values.items, values.count, arena, &result, err) != 0) {
        return -1;
    }
    *moved = result.rows > 0;
    return 0;
}
