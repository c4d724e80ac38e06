#include "state/lease.h"

#include "base/array.h"
#include "state/record.h"
#include "state/state_sql.h"

#include "base/banned.h"

int lease_take_file(const struct state_store *store, struct slice file_id,
                    const struct lease_terms *terms, struct arena *arena, bool *taken,
                    struct file_record *record, struct error *err)
{
    const struct state_sql sql = {"take the file's lease", state_sql_take_lease};
    struct values values = {.count = 0};
    struct record_answer answer;
    values_text(&values, "work_id", file_id);
    values_text(&values, "owner", terms->owner);
    values_number(&values, "now_ms", terms->now_ms);
    values_number(&values, "until_ms", terms->until_ms);
    if (record_run(store, &sql, &values, arena, &answer, err) != 0) {
        return -1;
    }
    if (!answer.is_found) {
        return error_set(err, ERROR_NOT_FOUND, "ext_file has no file %.*s", SLICE_ARG(file_id));
    }
    *record = answer.record;
    return pg_read_bool(&answer.result, 0, "is_taken", taken, err);
}

int lease_renew_file(const struct state_store *store, struct slice file_id, struct slice owner,
                     int64_t until_ms, struct arena *arena, bool *held, struct error *err)
{
    const struct state_sql sql = {"renew the file's lease", state_sql_renew_lease};
    const struct state_value values[] = {
        {"work_id", PG_TEXT(file_id)},
        {"owner", PG_TEXT(owner)},
        {"until_ms", PG_NUMBER(until_ms)},
    };
    struct pg_result result;
    if (state_run(store, &sql, values, COUNT_OF(values), arena, &result, err) != 0) {
        return -1;
    }
    *held = result.rows > 0;
    return 0;
}

int lease_release_file(const struct state_store *store, const struct lease_release *release,
                       struct arena *arena, struct error *err)
{
    const struct state_sql sql = {"release the file", state_sql_release_lease};
    const struct state_value values[] = {
        {"work_id", PG_TEXT(release->file_id)},
        {"claim_no", PG_NUMBER(release->claim_no)},
        {"next_attempt_ms", PG_NUMBER(release->next_attempt_ms)},
        {"waiting_reason", PG_TEXT(release->waiting_reason)},
        {"now_ms", PG_NUMBER(release->now_ms)},
    };
    return state_run(store, &sql, values, COUNT_OF(values), arena, NULL, err);
}
