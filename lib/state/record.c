#include "state/record.h"

#include "base/array.h"
#include "state/state_sql.h"

#include "base/banned.h"

static int read_state(const struct pg_result *result, enum file_state *state, struct error *err)
{
    struct slice text;
    if (pg_read_text(result, 0, "state", &text, err) != 0) {
        return -1;
    }
    for (int i = 0; i < FILE_STATES; i++) {
        if (slice_equal(text, slice_from(file_state_name((enum file_state)i)))) {
            *state = (enum file_state)i;
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIGURATION, "ext_file has the unknown state \"%.*s\"",
                     SLICE_ARG(text));
}

static int read_outcome(const struct pg_result *result, enum statement_outcome *outcome,
                        struct error *err)
{
    struct slice text;
    if (pg_read_text_or(result, 0, "statement_outcome", SLICE(""), &text, err) != 0) {
        return -1;
    }
    for (int i = 0; i < STATEMENT_OUTCOMES; i++) {
        if (slice_equal(text, slice_from(statement_outcome_name((enum statement_outcome)i)))) {
            *outcome = (enum statement_outcome)i;
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIGURATION, "ext_statement has the unknown outcome \"%.*s\"",
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
        {"source_key", &record->source_key},
        {"reason", &record->reason},
        {"config_sid", &record->config_sid},
        {"interface_id", &record->interface_id},
        {"private_key", &record->private_key},
        {"target_schema", &record->target_schema},
        {"target_table", &record->target_table},
        {"load_started_at", &record->load_started_at},
        {"load_ended_at", &record->load_ended_at},
        {"archived_key", &record->archived_key},
        {"statement_kind", &record->statement.kind},
        {"statement_name", &record->statement.name},
        {"statement_target", &record->statement.target},
        {"statement_sql", &record->statement.sql},
        {"statement_id", &record->statement.statement_id},
        {"statement_started_at", &record->statement.started_at},
        {"statement_ended_at", &record->statement.ended_at},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (pg_read_text_or(result, 0, texts[i].column, SLICE(""), texts[i].text, err) != 0) {
            return -1;
        }
    }
    return 0;
}

#define UNKNOWN FILE_COUNT_UNKNOWN /* the same as FILE_TIME_UNKNOWN */

static int read_numbers(const struct pg_result *result, struct file_record *record,
                        struct error *err)
{
    const struct {
        const char *column;
        int64_t *number;
    } numbers[] = {
        {"size_bytes", &record->size_bytes},
        {"last_modified_ms", &record->last_modified_ms},
        {"lease_until_ms", &record->lease_until_ms},
        {"claim_no", &record->claim_no},
        {"attempts", &record->attempts},
        {"next_attempt_ms", &record->next_attempt_ms},
        {"waiting_since_ms", &record->waiting_since_ms},
        {"promised_records", &record->promised_records},
        {"file_records", &record->file_records},
        {"loadable_records", &record->loadable_records},
        {"rows_loaded", &record->rows_loaded},
        {"statement_no", &record->statement.number},
        {"statement_rows", &record->statement.rows},
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (pg_read_i64_or(result, 0, numbers[i].column, UNKNOWN, numbers[i].number, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_marks(const struct pg_result *result, struct file_record *record, struct error *err)
{
    const struct {
        const char *column;
        bool *mark;
    } marks[] = {
        {"is_leased", &record->is_leased},     {"is_audited", &record->is_audited},
        {"is_archived", &record->is_archived}, {"is_noticed", &record->is_noticed},
        {"is_cleaned", &record->is_cleaned},   {"was_submitted", &record->was_submitted},
    };
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        if (pg_read_bool(result, 0, marks[i].column, marks[i].mark, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_answer(struct record_answer *answer, bool *is_stale, struct error *err)
{
    struct file_record *record = &answer->record;
    const struct pg_result *result = &answer->result;
    *is_stale = false;
    answer->is_found = result->rows > 0;
    if (!answer->is_found) {
        return 0;
    }
    if (read_state(result, &record->state, err) != 0 || read_texts(result, record, err) != 0 ||
        read_numbers(result, record, err) != 0 || read_marks(result, record, err) != 0 ||
        read_outcome(result, &record->statement.outcome, err) != 0) {
        return -1;
    }
    return pg_read_bool(result, 0, "is_stale", is_stale, err);
}

/* The claim stays the one that was written. Where another one has come since, its lease is none of
 * this claim's. */
static int read_again(const struct state_store *store, struct file_record *record,
                      struct arena *arena, struct error *err)
{
    struct file_record newest;
    if (file_read(store, record->file_id, arena, &newest, err) != 0) {
        return -1;
    }
    newest.is_leased = newest.is_leased && newest.claim_no == record->claim_no;
    newest.claim_no = record->claim_no;
    *record = newest;
    return 0;
}

int record_run(const struct state_store *store, const struct state_sql *sql,
               const struct values *values, struct arena *arena, struct record_answer *answer,
               struct error *err)
{
    bool is_stale;
    if (state_run(store, sql, values->items, values->count, arena, &answer->result, err) != 0 ||
        read_answer(answer, &is_stale, err) != 0) {
        return -1;
    }
    return is_stale ? read_again(store, &answer->record, arena, err) : 0;
}
