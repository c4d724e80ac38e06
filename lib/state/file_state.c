#include "state/file_state.h"

#include "state/file_sql.h"
#include "base/strbuf.h"
#include "pg/pg.h"

#include <assert.h>

#include "base/banned.h"

#define VALUES_LIMIT 32

static const char *const names[FILE_STATES] = {
    [FILE_RECEIVED] = "RECEIVED",
    [FILE_PREPARED] = "PREPARED",
    [FILE_SUBMITTED] = "SUBMITTED",
    [FILE_LOADED] = "LOADED",
    [FILE_TRANSFORMING] = "TRANSFORMING",
    [FILE_DONE] = "DONE",
    [FILE_REJECTED] = "REJECTED",
    [FILE_FAILED] = "FAILED",
    [FILE_TRANSFORM_FAILED] = "TRANSFORM_FAILED",
    [FILE_GONE] = "GONE",
    [FILE_SUPERSEDED] = "SUPERSEDED",
    [FILE_SPLIT] = "SPLIT",
};

/* What file_record is read from. */
static const char record_columns[] =
    "file_id::text, bucket, key, version_id, etag, size_bytes, "
    "(extract(epoch from last_modified) * 1000)::bigint as last_modified_ms, state, reason, "
    "ext_file_config_sid::text, ext_interface_cid::text, claim_no, attempts, private_key, "
    "promised_records, file_records, loadable_records, load_no, load_sql, load_statement_id, "
    "load_schema, load_table, "
    "to_char(load_started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as load_started_at, "
    "to_char(load_ended_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as load_ended_at, "
    "rows_loaded, transform_no, transform_sql, transform_statement_id, archived_key, "
    "audited_at is not null as is_audited, archived_at is not null as is_archived, "
    "noticed_at is not null as is_noticed, cleaned_at is not null as is_cleaned, "
    "transform_ended_at is not null as is_transform_ended";

const char *file_state_name(enum file_state state)
{
    return names[state];
}

static int read_state(const struct pg_result *result, enum file_state *state, struct error *err)
{
    struct slice text;

    if (pg_read_text(result, 0, "state", &text, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < FILE_STATES; i++) {
        if (slice_equal(text, slice_from(names[i]))) {
            *state = (enum file_state)i;
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIGURATION, "ext_file has the unknown state \"%.*s\"",
                     SLICE_ARG(text));
}

static int read_texts(const struct pg_result *result, struct file_record *record, struct error *err)
{
    const struct {
        const char *column;
        struct slice *text;
    } texts[] = {
        {"file_id", &record->file_id},
        {"bucket", &record->bucket},
        {"key", &record->key},
        {"version_id", &record->version_id},
        {"etag", &record->etag},
        {"reason", &record->reason},
        {"ext_file_config_sid", &record->config_sid},
        {"ext_interface_cid", &record->interface_id},
        {"private_key", &record->private_key},
        {"load_schema", &record->load_schema},
        {"load_table", &record->load_table},
        {"load_sql", &record->load_sql},
        {"load_statement_id", &record->load_statement_id},
        {"load_started_at", &record->load_started_at},
        {"load_ended_at", &record->load_ended_at},
        {"transform_sql", &record->transform_sql},
        {"transform_statement_id", &record->transform_statement_id},
        {"archived_key", &record->archived_key},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (pg_read_text_or(result, 0, texts[i].column, SLICE(""), texts[i].text, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_numbers(const struct pg_result *result, struct file_record *record,
                        struct error *err)
{
    const struct {
        const char *column;
        int64_t *number;
    } numbers[] = {
        {"size_bytes", &record->size_bytes},
        {"last_modified_ms", &record->last_modified_ms},
        {"claim_no", &record->claim_no},
        {"attempts", &record->attempts},
        {"promised_records", &record->promised_records},
        {"file_records", &record->file_records},
        {"loadable_records", &record->loadable_records},
        {"load_no", &record->load_no},
        {"rows_loaded", &record->rows_loaded},
        {"transform_no", &record->transform_no},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (pg_read_i64_or(result, 0, numbers[i].column, FILE_COUNT_UNKNOWN, numbers[i].number,
                           err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_record(const struct pg_result *result, struct file_record *record,
                       struct error *err)
{
    if (read_state(result, &record->state, err) != 0 || read_texts(result, record, err) != 0 ||
        read_numbers(result, record, err) != 0 ||
        pg_read_bool(result, 0, "is_audited", &record->is_audited, err) != 0 ||
        pg_read_bool(result, 0, "is_archived", &record->is_archived, err) != 0 ||
        pg_read_bool(result, 0, "is_noticed", &record->is_noticed, err) != 0 ||
        pg_read_bool(result, 0, "is_cleaned", &record->is_cleaned, err) != 0 ||
        pg_read_bool(result, 0, "is_transform_ended", &record->is_transform_ended, err) != 0) {
        return -1;
    }
    return 0;
}

/* Milliseconds since 1970 as a timestamptz expression of value $n. */
static void append_time(struct strbuf *sql, size_t n)
{
    strbuf_append_format(sql, "to_timestamp($%zu::double precision / 1000)", n);
}

static int run(struct pg *pg, const char *name, struct strbuf *sql, struct pg_values values,
               struct arena *arena, struct pg_result *result, struct error *err)
{
    struct pg_statement statement = {.name = name, .sql = sql->data};
    int status = pg_query(pg, &statement, values, arena, result, err);

    strbuf_release(sql);
    return status;
}

/* ---- claim ---------------------------------------------------------------------------------*/

/* What a file that is known takes over from the load, which excluded.… has. */
static const char adopted_columns[] =
    ", state = excluded.state, state_at = excluded.state_at, load_no = excluded.load_no, "
    "load_schema = excluded.load_schema, load_table = excluded.load_table, "
    "load_statement_id = excluded.load_statement_id";

/* $16 is the state, $17 the number of the load: 1 if one is adopted, else 0. */
static void append_claim(struct strbuf *sql, const struct file_tables *tables,
                         const struct file_claim *claim)
{
    strbuf_append_format(
        sql,
        "with claimed as ("
        "insert into %.*s as f (file_id, bucket, key, version_id, etag, size_bytes, "
        "last_modified, sequencer, received_at, state, state_at, ext_file_config_sid, "
        "ext_interface_cid, lease_owner, lease_until, lease_request_id, claim_no, appearance, "
        "load_no, load_schema, load_table, load_statement_id) "
        "values ($1::uuid, $2, $3, $4, $5, $6::bigint, to_timestamp($7::double precision / 1000), "
        "$8, to_timestamp($9::double precision / 1000), $16, "
        "to_timestamp($9::double precision / 1000), $10::int4, $11::numeric, $12, "
        "to_timestamp($13::double precision / 1000), $14, 1, $15::int4, "
        "$17::int4, $18, $19, $20) "
        "on conflict (bucket, key, version_id, etag, size_bytes, last_modified, appearance) "
        "do update set "
        "lease_owner = excluded.lease_owner, lease_until = excluded.lease_until, "
        "lease_request_id = excluded.lease_request_id, claim_no = f.claim_no + 1, "
        "attempts = " FILE_SQL_ATTEMPTS ", "
        "ext_file_config_sid = coalesce(f.ext_file_config_sid, excluded.ext_file_config_sid), "
        "ext_interface_cid = coalesce(f.ext_interface_cid, excluded.ext_interface_cid)%s "
        "where %s and (f.lease_owner is null or f.lease_until <= excluded.state_at "
        "or f.lease_request_id = excluded.lease_request_id) "
        "returning *), noted as ("
        "insert into %.*s (file_id, state, entered_at, claim_no, load_no, note) "
        "select file_id, entered.state, state_at, claim_no, entered.load_no, note from claimed, "
        "(values ('RECEIVED', 0, null), ('SUBMITTED', 1, 'taken over from the Python framework')) "
        "as entered (state, load_no, note) "
        "where case entered.load_no when 0 then claim_no = 1 else $17::int4 = 1 end "
        "order by entered.load_no) "
        "select %s from claimed",
        SLICE_ARG(tables->file), claim->adopts != NULL ? adopted_columns : "", file_sql_work(claim),
        SLICE_ARG(tables->history), record_columns);
}

static struct pg_value text_or_null(struct slice text)
{
    return text.size == 0 ? PG_NULL : PG_TEXT(text);
}

/*
 * Why nothing could be claimed: a live lease, or nothing to do. Or the object is a new one that
 * only looks the same: the first was archived, or gone, and a later event tells of an upload of the
 * same bytes within the same second. *next is the appearance to claim instead; 0: none.
 */
static int explain_no_claim(struct pg *pg, const struct file_tables *tables,
                            const struct file_claim *claim, struct arena *arena,
                            enum claim_outcome *outcome, int64_t *next, struct error *err)
{
    const struct file_identity *identity = &claim->identity;
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;
    bool is_open = false;
    bool is_new = false;
    int64_t appearance = 0;

    strbuf_append_format(
        &sql,
        "select %s as is_open, appearance, "
        "(archived_at is not null or state in ('GONE', 'SUPERSEDED')) and version_id = '' "
        "and sequencer <> '' and "
        "rpad(sequencer, 64, '0') collate \"C\" < rpad($7, 64, '0') collate \"C\" as is_new "
        "from %.*s f "
        "where bucket = $1 and key = $2 and version_id = $3 and etag = $4 "
        "and size_bytes = $5::bigint and last_modified = to_timestamp($6::double precision / 1000) "
        "order by appearance desc limit 1",
        file_sql_work(claim), SLICE_ARG(tables->file));
    if (run(pg, "look who holds the file", &sql,
            PG_VALUES(PG_TEXT(identity->bucket), PG_TEXT(identity->key),
                      PG_TEXT(identity->version_id), PG_TEXT(identity->etag),
                      PG_NUMBER(identity->size_bytes), PG_NUMBER(identity->last_modified_ms),
                      PG_TEXT(identity->sequencer)),
            arena, &result, err) != 0) {
        return -1;
    }
    if (result.rows > 0 && (pg_read_bool(&result, 0, "is_open", &is_open, err) != 0 ||
                            pg_read_bool(&result, 0, "is_new", &is_new, err) != 0 ||
                            pg_read_i64(&result, 0, "appearance", &appearance, err) != 0)) {
        return -1;
    }
    *outcome = is_open ? CLAIM_BUSY : CLAIM_NOTHING;
    *next = is_new ? appearance + 1 : appearance;
    return 0;
}

/* *won tells whether the row of this appearance was made or taken. */
static int claim_appearance(struct pg *pg, const struct file_tables *tables,
                            const struct file_claim *claim, int64_t appearance, struct arena *arena,
                            bool *won, struct file_record *record, struct error *err)
{
    const struct file_identity *identity = &claim->identity;
    const struct file_adoption none = {0};
    const struct file_adoption *load = claim->adopts != NULL ? claim->adopts : &none;
    enum file_state state = claim->adopts != NULL ? FILE_SUBMITTED : FILE_RECEIVED;
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;

    append_claim(&sql, tables, claim);
    if (run(pg, "claim the file", &sql,
            PG_VALUES(PG_TEXT(claim->new_file_id), PG_TEXT(identity->bucket),
                      PG_TEXT(identity->key), PG_TEXT(identity->version_id),
                      PG_TEXT(identity->etag), PG_NUMBER(identity->size_bytes),
                      PG_NUMBER(identity->last_modified_ms), PG_TEXT(identity->sequencer),
                      PG_NUMBER(claim->now_ms), text_or_null(claim->config_sid),
                      text_or_null(claim->interface_id), PG_TEXT(claim->owner),
                      PG_NUMBER(claim->until_ms), PG_TEXT(claim->request_id), PG_NUMBER(appearance),
                      PG_TEXT(slice_from(names[state])), PG_NUMBER(state == FILE_SUBMITTED ? 1 : 0),
                      text_or_null(load->schema), text_or_null(load->table),
                      text_or_null(load->statement_id)),
            arena, &result, err) != 0) {
        return -1;
    }
    *won = result.rows > 0;
    return *won ? read_record(&result, record, err) : 0;
}

int file_state_claim(struct pg *pg, const struct file_tables *tables,
                     const struct file_claim *claim, struct arena *arena,
                     enum claim_outcome *outcome, struct file_record *record, struct error *err)
{
    int64_t next;
    bool won;

    if (claim_appearance(pg, tables, claim, 0, arena, &won, record, err) != 0) {
        return -1;
    }
    if (!won && explain_no_claim(pg, tables, claim, arena, outcome, &next, err) != 0) {
        return -1;
    }
    if (!won && next > 0 &&
        claim_appearance(pg, tables, claim, next, arena, &won, record, err) != 0) {
        return -1;
    }
    if (won) {
        *outcome = CLAIM_WON;
    }
    return 0;
}

/* ---- reading -------------------------------------------------------------------------------*/

int file_state_read(struct pg *pg, const struct file_tables *tables, struct slice file_id,
                    struct arena *arena, struct file_record *record, struct error *err)
{
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;

    strbuf_append_format(&sql, "select %s from %.*s where file_id = $1::uuid", record_columns,
                         SLICE_ARG(tables->file));
    if (run(pg, "read the file's state", &sql, PG_VALUES(PG_TEXT(file_id)), arena, &result, err) !=
        0) {
        return -1;
    }
    if (result.rows == 0) {
        return error_set(err, ERROR_NOT_FOUND, "ext_file has no file %.*s", SLICE_ARG(file_id));
    }
    return read_record(&result, record, err);
}

int file_state_find_load(struct pg *pg, const struct file_tables *tables, struct slice statement_id,
                         struct arena *arena, struct slice *file_id, struct error *err)
{
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;

    strbuf_append_format(&sql, "select file_id::text from %.*s where load_statement_id = $1",
                         SLICE_ARG(tables->file));
    if (run(pg, "find the file of a load", &sql, PG_VALUES(PG_TEXT(statement_id)), arena, &result,
            err) != 0) {
        return -1;
    }
    *file_id = SLICE("");
    return result.rows == 0 ? 0 : pg_read_text(&result, 0, "file_id", file_id, err);
}

int file_state_local_time(struct pg *pg, const struct file_tables *tables, int64_t time_ms,
                          struct arena *arena, struct slice *text, struct error *err)
{
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;

    strbuf_append_text(&sql, "select to_char(to_timestamp($1::double precision / 1000) "
                             "at time zone $2, 'YYYY-MM-DD-HH24-MI-SS') as local_time");
    if (run(pg, "tell the local time", &sql,
            PG_VALUES(PG_NUMBER(time_ms), PG_TEXT(tables->timezone)), arena, &result, err) != 0) {
        return error_prefix(err, "timezone %.*s", SLICE_ARG(tables->timezone));
    }
    return pg_read_text(&result, 0, "local_time", text, err);
}

/* ---- changes -------------------------------------------------------------------------------*/

/* SQL text and its values, growing together. */
struct builder {
    struct strbuf sql;
    struct pg_value values[VALUES_LIMIT];
    size_t count;
};

static size_t add_value(struct builder *builder, struct pg_value value)
{
    assert(builder->count < VALUES_LIMIT);
    builder->values[builder->count++] = value;
    return builder->count;
}

static void append_value(struct builder *builder, const struct file_value *value)
{
    struct strbuf *sql = &builder->sql;

    strbuf_append_format(sql, ", %s = ", value->column);
    switch (value->kind) {
    case FILE_VALUE_TEXT:
        strbuf_append_format(sql, "$%zu", add_value(builder, PG_TEXT(value->text)));
        break;
    case FILE_VALUE_FIRST_TEXT:
        strbuf_append_format(sql, "coalesce(%s, $%zu)", value->column,
                             add_value(builder, PG_TEXT(value->text)));
        break;
    case FILE_VALUE_NUMBER:
        strbuf_append_format(sql, "$%zu::bigint", add_value(builder, PG_NUMBER(value->number)));
        break;
    case FILE_VALUE_TIME:
        append_time(sql, add_value(builder, PG_NUMBER(value->number)));
        break;
    case FILE_VALUE_NULL:
        strbuf_append_text(sql, "null");
        break;
    }
}

/* "where …" of the fence. */
static void append_fence(struct builder *builder, const struct file_change *change)
{
    struct strbuf *sql = &builder->sql;
    const char *separator = "";

    strbuf_append_format(sql, " where file_id = $%zu::uuid and state in (",
                         add_value(builder, PG_TEXT(change->file_id)));
    for (size_t i = 0; i < FILE_STATES; i++) {
        if ((change->from & FILE_FROM(i)) != 0) {
            strbuf_append_format(sql, "%s'%s'", separator, names[i]);
            separator = ", ";
        }
    }
    strbuf_append_char(sql, ')');
    if (change->claim_no != 0) {
        strbuf_append_format(sql, " and claim_no = $%zu::int4",
                             add_value(builder, PG_NUMBER(change->claim_no)));
    }
    if (change->by_load) {
        strbuf_append_format(sql, " and load_no = $%zu::int4",
                             add_value(builder, PG_NUMBER(change->load_no)));
        strbuf_append_format(sql, " and transform_no = $%zu::int4",
                             add_value(builder, PG_NUMBER(change->transform_no)));
    }
}

static void append_update(struct builder *builder, const struct file_tables *tables,
                          const struct file_change *change)
{
    struct strbuf *sql = &builder->sql;
    const char *state = names[change->to];
    size_t now = add_value(builder, PG_NUMBER(change->now_ms));

    strbuf_append_format(sql, "with before as (select file_id as id, state as old_state from %.*s",
                         SLICE_ARG(tables->file));
    append_fence(builder, change);
    strbuf_append_format(sql,
                         " for update), changed as (update %.*s set state = '%s', state_at = "
                         "case when state = '%s' then state_at else ",
                         SLICE_ARG(tables->file), state, state);
    append_time(sql, now);
    strbuf_append_text(sql, " end");
    for (size_t i = 0; i < change->value_count; i++) {
        append_value(builder, &change->values[i]);
    }
    if (change->release) {
        strbuf_append_text(sql, ", lease_owner = null, lease_until = null");
    }
    if (change->audit != NULL) {
        strbuf_append_text(sql, ", audited_at = ");
        append_time(sql, now);
    }
    strbuf_append_format(sql,
                         " from before where file_id = before.id "
                         "returning file_id, state, claim_no, load_no, old_state), "
                         "noted as (insert into %.*s (file_id, state, entered_at, claim_no, "
                         "load_no, note) select file_id, state, ",
                         SLICE_ARG(tables->history));
    append_time(sql, now);
    strbuf_append_format(
        sql, ", claim_no, load_no, left($%zu, 4000) from changed where old_state <> state)",
        add_value(builder, text_or_null(change->note)));
}

/* The audit row of the Python framework: times in the configured zone, texts cut to what the
 * columns take, because no text may keep a file from ending. */
static void append_audit(struct builder *builder, const struct file_tables *tables,
                         const struct file_change *change)
{
    const struct audit_row *row = change->audit;
    struct strbuf *sql = &builder->sql;
    bool finished = slice_equal(row->status, SLICE("FINISHED"));
    size_t zone = add_value(builder, PG_TEXT(tables->timezone));
    size_t interface = add_value(builder, text_or_null(row->interface_id));
    const int64_t times[] = {change->now_ms, change->now_ms, change->now_ms, row->start_ms,
                             row->end_ms};

    strbuf_append_format(sql,
                         ", audited as (insert into %.*s (ext_interface_cid, tgt_schema_name, "
                         "tgt_table_name, file_process_status, file_prcsd_flag, merge_query, "
                         "error_msg, update_query, escape_char, file_process_date, created_date, "
                         "modified_date, start_time, end_time) select $%zu::numeric",
                         SLICE_ARG(tables->audit), interface);
    const struct {
        struct pg_value value;
        int characters;
    } texts[] = {
        {PG_TEXT(row->schema), 200},
        {PG_TEXT(row->table), 200},
        {PG_TEXT(row->status), 50},
        {PG_TEXT(finished ? SLICE("Y") : SLICE("N")), 1},
        {text_or_null(row->merge_query), 65535},
        {text_or_null(row->error_msg), 4000},
        {text_or_null(row->update_query), 65535},
        {text_or_null(row->escape_char), 50},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        strbuf_append_format(sql, ", left($%zu::text, %d)", add_value(builder, texts[i].value),
                             texts[i].characters);
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        strbuf_append_text(sql, ", ");
        append_time(sql, add_value(builder, PG_NUMBER(times[i])));
        strbuf_append_format(sql, " at time zone $%zu::text", zone);
    }
    /* A row needs its interface, a file does not. */
    strbuf_append_format(sql,
                         " from changed where exists (select 1 from %.*s "
                         "where ext_interface_cid = $%zu::numeric))",
                         SLICE_ARG(tables->interface), interface);
}

int file_state_change(struct pg *pg, const struct file_tables *tables,
                      const struct file_change *change, struct arena *arena, bool *done,
                      struct error *err)
{
    struct builder builder = {.sql = STRBUF_INIT};
    struct pg_result result;
    int64_t changed;

    append_update(&builder, tables, change);
    if (change->audit != NULL) {
        append_audit(&builder, tables, change);
    }
    strbuf_append_text(&builder.sql, " select count(*) as changed from changed");
    if (run(pg, "change the file's state", &builder.sql,
            (struct pg_values){builder.values, builder.count}, arena, &result, err) != 0) {
        return -1;
    }
    if (pg_read_i64(&result, 0, "changed", &changed, err) != 0) {
        return -1;
    }
    *done = changed == 1;
    return 0;
}

int file_state_release(struct pg *pg, const struct file_tables *tables, struct slice file_id,
                       int64_t claim_no, int64_t next_attempt_ms, struct arena *arena,
                       struct error *err)
{
    struct strbuf sql = STRBUF_INIT;

    strbuf_append_format(&sql,
                         "update %.*s set lease_owner = null, lease_until = null, "
                         "attempts = attempts + $4::int4, next_attempt_at = "
                         "coalesce(to_timestamp($1::double precision / 1000), next_attempt_at) "
                         "where file_id = $2::uuid and claim_no = $3::int4",
                         SLICE_ARG(tables->file));
    return run(pg, "release the file", &sql,
               PG_VALUES(next_attempt_ms > 0 ? PG_NUMBER(next_attempt_ms) : PG_NULL,
                         PG_TEXT(file_id), PG_NUMBER(claim_no),
                         PG_NUMBER(next_attempt_ms > 0 ? 1 : 0)),
               arena, NULL, err);
}
