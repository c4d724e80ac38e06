#include "state/file.h"

#include "base/array.h"
#include "base/strbuf.h"
#include "state/record.h"
#include "state/state_sql.h"

#include "base/banned.h"

static const char *const duty_names[] = {
    [FILE_AUDITED] = "audited", [FILE_NOTICED] = "noticed", [FILE_ARCHIVED] = "archived",
    [FILE_COPIED] = "copied",   [FILE_LOST] = "lost",       [FILE_CLEANED] = "cleaned",
};

/* --- values --- */

/* The states of a fence as an array of Postgres: {RECEIVED,PREPARED}. */
static struct slice states_array(uint32_t states, struct arena *arena)
{
    struct strbuf text = STRBUF_INIT;
    strbuf_append_char(&text, '{');
    for (int i = 0; i < FILE_STATES; i++) {
        if ((states & FILE_IN(i)) != 0) {
            strbuf_append_format(&text, "%s%s", text.size > 1 ? "," : "",
                                 file_state_name((enum file_state)i));
        }
    }
    strbuf_append_char(&text, '}');
    struct slice array = arena_copy(arena, strbuf_slice(&text));
    strbuf_release(&text);
    return array;
}

static void bind_fence(struct values *values, const struct file_fence *fence, struct arena *arena)
{
    values_text(values, "file_id", fence->file_id);
    values_number(values, "claim_no", fence->claim_no);
    values_text(values, "states", states_array(fence->states, arena));
    values_text(values, "current_kind", fence->kind);
    values_number(values, "current_number", fence->number);
}

static void bind_state(struct values *values, enum file_state to, int64_t now_ms)
{
    values_text(values, "state", slice_from(file_state_name(to)));
    values_number(values, "now_ms", now_ms);
}

/* Postgres refuses an unknown zone even if no row is written: then the configured one is not named.
 */
static void bind_audit(struct values *values, const struct state_store *store,
                       const struct audit_row *audit)
{
    const struct audit_row none = {0};
    const struct audit_row *row = audit != NULL ? audit : &none;
    values_flag(values, "is_audited", audit != NULL);
    values_text(values, "audit_interface", row->interface_id);
    values_text(values, "audit_schema", row->schema);
    values_text(values, "audit_table", row->table);
    values_text(values, "audit_status", row->status);
    values_text(values, "merge_query", row->merge_query);
    values_text(values, "update_query", row->update_query);
    values_text(values, "error_msg", row->error_msg);
    values_text(values, "escape_char", row->escape_char);
    values_number(values, "audit_start_ms", row->start_ms);
    values_number(values, "audit_end_ms", row->end_ms);
    values_text(values, "timezone", audit != NULL ? store->tables.timezone : SLICE("UTC"));
}

/* Runs a statement behind a fence; *record is left alone when the fence does not hold. */
static int run_fenced(const struct state_store *store, const struct state_sql *sql,
                      const struct values *values, struct arena *arena, bool *done,
                      struct file_record *record, struct error *err)
{
    struct record_answer answer;
    if (record_run(store, sql, values, arena, &answer, err) != 0) {
        return -1;
    }
    *done = answer.is_found;
    if (*done) {
        *record = answer.record;
    }
    return 0;
}

/* --- statements --- */

static void bind_preparation(struct values *values, const struct file_preparation *preparation)
{
    const struct file_preparation none = {0};
    const struct file_preparation *made = preparation != NULL ? preparation : &none;
    values_flag(values, "is_prepared", preparation != NULL);
    values_text(values, "private_key", made->private_key);
    values_number(values, "promised_records", made->promised_records);
    values_number(values, "file_records", made->file_records);
    values_number(values, "loadable_records", made->loadable_records);
    values_text(values, "target_schema", made->schema);
    values_text(values, "target_table", made->table);
}

int file_assign_statement(const struct state_store *store, const struct file_assignment *change,
                          struct arena *arena, bool *done, struct file_record *record,
                          struct error *err)
{
    const struct state_sql sql = {"number the statement", state_sql_assign_statement};
    struct values values = {.count = 0};
    bind_fence(&values, &change->fence, arena);
    bind_state(&values, change->to, change->now_ms);
    values_text(&values, "kind", change->kind);
    values_number(&values, "number", change->number);
    values_text(&values, "name", change->name);
    values_text(&values, "target", change->target);
    values_text(&values, "sql", change->sql);
    values_text(
        &values, "note",
        arena_format(arena, "%.*s %lld", SLICE_ARG(change->kind), (long long)change->number));
    bind_preparation(&values, change->preparation);
    return run_fenced(store, &sql, &values, arena, done, record, err);
}

int file_note_submission(const struct state_store *store, const struct file_submission *change,
                         struct arena *arena, bool *done, struct file_record *record,
                         struct error *err)
{
    const struct state_sql sql = {"note the submission", state_sql_note_submission};
    struct values values = {.count = 0};
    bind_fence(&values, &change->fence, arena);
    bind_state(&values, change->to, change->now_ms);
    values_text(&values, "statement_id", change->statement_id);
    values_text(&values, "note", change->statement_id);
    return run_fenced(store, &sql, &values, arena, done, record, err);
}

static struct slice first_text(struct slice first, struct slice second, struct slice third)
{
    if (first.size > 0) {
        return first;
    }
    return second.size > 0 ? second : third;
}

int file_end_statement(const struct state_store *store, const struct file_statement_end *change,
                       struct arena *arena, bool *done, struct file_record *record,
                       struct error *err)
{
    const struct state_sql sql = {"end the statement", state_sql_end_statement};
    struct values values = {.count = 0};
    bind_fence(&values, &change->fence, arena);
    bind_state(&values, change->to, change->now_ms);
    bind_audit(&values, store, change->audit);
    values_flag(&values, "is_end", file_state_is_end(change->to));
    values_text(&values, "outcome", slice_from(statement_outcome_name(change->outcome)));
    values_text(&values, "statement_id", change->statement_id);
    values_number(&values, "started_ms", change->started_ms);
    values_number(&values, "ended_ms", change->ended_ms);
    values_number(&values, "rows", change->rows);
    values_text(&values, "reason", change->reason);
    values_text(&values, "note", first_text(change->note, change->reason, change->statement_id));
    values_number(&values, "next_attempt_ms", change->next_attempt_ms);
    return run_fenced(store, &sql, &values, arena, done, record, err);
}

/* The file_id of the first row. */
static int read_file_id(const struct pg_result *result, struct slice *file_id, struct error *err)
{
    *file_id = SLICE("");
    return result->rows == 0 ? 0 : pg_read_text(result, 0, "file_id", file_id, err);
}

int file_find_statement(const struct state_store *store, struct slice statement_id,
                        struct arena *arena, struct slice *file_id, struct error *err)
{
    const struct state_sql sql = {"find the file of a statement", state_sql_find_statement};
    const struct state_value values[] = {{"statement_id", PG_TEXT(statement_id)}};
    struct pg_result result;
    if (state_run(store, &sql, values, COUNT_OF(values), arena, &result, err) != 0) {
        return -1;
    }
    return read_file_id(&result, file_id, err);
}

/* --- ends and duties --- */

int file_end(const struct state_store *store, const struct file_end *change, struct arena *arena,
             bool *done, struct file_record *record, struct error *err)
{
    const struct state_sql sql = {"end the file", state_sql_end_file};
    struct values values = {.count = 0};
    bind_fence(&values, &change->fence, arena);
    bind_state(&values, change->to, change->now_ms);
    bind_audit(&values, store, change->audit);
    values_text(&values, "reason", change->reason);
    values_text(&values, "note", change->reason);
    values_flag(&values, "is_silent", change->is_silent);
    return run_fenced(store, &sql, &values, arena, done, record, err);
}

int file_mark(const struct state_store *store, const struct file_mark *change, struct arena *arena,
              bool *done, struct file_record *record, struct error *err)
{
    const struct state_sql sql = {"mark the file", state_sql_mark_file};
    struct values values = {.count = 0};
    bind_fence(&values, &change->fence, arena);
    bind_audit(&values, store, change->audit);
    values_text(&values, "duty", slice_from(duty_names[change->duty]));
    values_number(&values, "now_ms", change->now_ms);
    return run_fenced(store, &sql, &values, arena, done, record, err);
}

int file_reserve_archive(const struct state_store *store, const struct file_fence *fence,
                         struct slice key, struct arena *arena, bool *done,
                         struct file_record *record, struct error *err)
{
    const struct state_sql sql = {"reserve the archive name", state_sql_reserve_archive};
    struct values values = {.count = 0};
    bind_fence(&values, fence, arena);
    values_text(&values, "archived_key", key);
    return run_fenced(store, &sql, &values, arena, done, record, err);
}

int file_postpone(const struct state_store *store, struct slice file_id, int64_t next_attempt_ms,
                  struct arena *arena, struct error *err)
{
    const struct state_sql sql = {"postpone the file", state_sql_postpone_file};
    const struct state_value values[] = {
        {"file_id", PG_TEXT(file_id)},
        {"next_attempt_ms", PG_NUMBER(next_attempt_ms)},
    };
    return state_run(store, &sql, values, COUNT_OF(values), arena, NULL, err);
}

/* --- reading --- */

int file_read(const struct state_store *store, struct slice file_id, struct arena *arena,
              struct file_record *record, struct error *err)
{
    const struct state_sql sql = {"read the file's state", state_sql_read_file};
    struct values values = {.count = 0};
    bool found;
    values_text(&values, "file_id", file_id);
    if (run_fenced(store, &sql, &values, arena, &found, record, err) != 0) {
        return -1;
    }
    return found ? 0
                 : error_set(err, ERROR_NOT_FOUND, "ext_file has no file %.*s", SLICE_ARG(file_id));
}

int file_local_time(const struct state_store *store, int64_t time_ms, struct arena *arena,
                    struct slice *text, struct error *err)
{
    const struct state_sql sql = {"convert to local time", state_sql_local_time};
    const struct state_value values[] = {
        {"time_ms", PG_NUMBER(time_ms)},
        {"timezone", PG_TEXT(store->tables.timezone)},
    };
    struct pg_result result;
    if (state_run(store, &sql, values, COUNT_OF(values), arena, &result, err) != 0) {
        return error_prefix(err, "timezone %.*s", SLICE_ARG(store->tables.timezone));
    }
    return pg_read_text(&result, 0, "local_time", text, err);
}

int file_list_due(const struct state_store *store, int64_t now_ms, int64_t limit,
                  struct arena *arena, struct file_due *due, struct error *err)
{
    const struct state_sql sql = {"list what is due", state_sql_list_due};
    const struct state_value values[] = {
        {"now_ms", PG_NUMBER(now_ms)},
        {"limit", PG_NUMBER(limit)},
    };
    struct pg_result result;
    if (state_run(store, &sql, values, COUNT_OF(values), arena, &result, err) != 0) {
        return -1;
    }
    *due = (struct file_due){arena_zalloc(arena, result.rows, sizeof(due->file_ids[0])), 0};
    for (size_t row = 0; row < result.rows; row++) {
        if (pg_read_text(&result, row, "file_id", &due->file_ids[row], err) != 0) {
            return -1;
        }
        due->count++;
    }
    return 0;
}
