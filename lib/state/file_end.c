#include "state/file_end.h"

#include "state/file_sql.h"
#include "base/strbuf.h"
#include "pg/pg.h"

#include "base/banned.h"

static const char is_upload[] = FILE_SQL_IS_UPLOAD("$4", "$5", "$8");

/* Of uploads that are told by the event alone, and look the same, each has an appearance of its
 * own. Of two that are recorded at the same time one meets a conflict: neither recorded nor known.
 */
static void append_record(struct strbuf *sql, const struct file_tables *tables)
{
    strbuf_append_format(
        sql,
        "with known as (select from %.*s f where bucket = $2 and key = $3 and %s limit 1), "
        "ended as (insert into %.*s (file_id, bucket, key, version_id, etag, size_bytes, "
        "last_modified, appearance, sequencer, received_at, state, state_at, reason, noticed_at, "
        "cleaned_at) "
        "select $1::uuid, $2, $3, $4, $5, $6::bigint, t.modified, "
        "(select coalesce(max(appearance) + 1, 0) from %.*s where bucket = $2 and key = $3 "
        "and version_id = $4 and etag = $5 and size_bytes = $6::bigint "
        "and last_modified = t.modified), "
        "$8, t.now, $9, t.now, $10, t.now, t.now "
        "from (select to_timestamp($7::double precision / 1000) as modified, "
        "to_timestamp($11::double precision / 1000) as now) t "
        "where not exists (select from known) on conflict do nothing returning *), "
        "noted as (insert into %.*s (file_id, state, entered_at, claim_no, load_no, note) "
        "select file_id, state, state_at, 0, 0, reason from ended) "
        "select exists (select from ended) as is_recorded, exists (select from known) as is_known",
        SLICE_ARG(tables->file), is_upload, SLICE_ARG(tables->file), SLICE_ARG(tables->file),
        SLICE_ARG(tables->history));
}

static int try_record(struct pg *pg, const struct file_tables *tables, const struct file_end *end,
                      struct arena *arena, bool *recorded, bool *known, struct error *err)
{
    const struct file_identity *identity = &end->identity;
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;
    int status;

    append_record(&sql, tables);
    status = pg_query(pg, &(struct pg_statement){"record that the object is gone", sql.data},
                      PG_VALUES(PG_TEXT(end->new_file_id), PG_TEXT(identity->bucket),
                                PG_TEXT(identity->key), PG_TEXT(identity->version_id),
                                PG_TEXT(identity->etag), PG_NUMBER(identity->size_bytes),
                                PG_NUMBER(identity->last_modified_ms), PG_TEXT(identity->sequencer),
                                PG_TEXT(slice_from(file_state_name(end->state))),
                                PG_TEXT(end->reason), PG_NUMBER(end->now_ms)),
                      arena, &result, err);
    strbuf_release(&sql);
    if (status != 0) {
        return -1;
    }
    if (pg_read_bool(&result, 0, "is_recorded", recorded, err) != 0 ||
        pg_read_bool(&result, 0, "is_known", known, err) != 0) {
        return -1;
    }
    return 0;
}

int file_end_record(struct pg *pg, const struct file_tables *tables, const struct file_end *end,
                    struct arena *arena, bool *recorded, struct error *err)
{
    bool known;

    do {
        if (try_record(pg, tables, end, arena, recorded, &known, err) != 0) {
            return -1;
        }
    } while (!*recorded && !known); /* each conflict is another's row: it has an end */
    return 0;
}
