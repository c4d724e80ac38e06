#include "state/claim.h"

#include "state/record.h"
#include "state/state_sql.h"

#include <assert.h>

#include "base/banned.h"

static const char *const scope_names[] = {
    [CLAIM_FOR_EVENT] = "event",
    [CLAIM_FOR_ORDER] = "order",
    [CLAIM_FOR_ADOPTION] = "adoption",
};

static void bind_identity(struct values *values, const struct file_identity *identity)
{
    values_text(values, "bucket", identity->bucket);
    values_text(values, "key", identity->key);
    values_text(values, "version_id", identity->version_id);
    values_text(values, "etag", identity->etag);
    values_number(values, "size_bytes", (int64_t)identity->size_bytes);
    values_number(values, "last_modified_ms", identity->last_modified_ms);
    values_text(values, "sequencer", identity->sequencer);
}

static void bind_claim(struct values *values, const struct file_claim *claim)
{
    const struct file_adoption none = {0};
    const struct file_adoption *load = claim->adoption != NULL ? claim->adoption : &none;
    bind_identity(values, &claim->identity);
    values_text(values, "new_file_id", claim->new_file_id);
    values_text(values, "owner", claim->lease.owner);
    values_number(values, "now_ms", claim->lease.now_ms);
    values_number(values, "until_ms", claim->lease.until_ms);
    values_text(values, "config_sid", claim->config_sid);
    values_text(values, "interface_id", claim->interface_id);
    values_text(values, "scope", slice_from(scope_names[claim->scope]));
    values_text(values, "adopted_schema", load->schema);
    values_text(values, "adopted_table", load->table);
    values_text(values, "adopted_statement_id", load->statement_id);
    values_text(values, "source_key", claim->source_key);
}

static int read_outcome(const struct pg_result *result, enum claim_outcome *outcome,
                        struct error *err)
{
    struct slice text;
    if (pg_read_text(result, 0, "outcome", &text, err) != 0) {
        return -1;
    }
    if (slice_equal(text, SLICE("WON"))) {
        *outcome = CLAIM_WON;
    } else {
        *outcome = slice_equal(text, SLICE("BUSY")) ? CLAIM_BUSY : CLAIM_NOTHING;
    }
    return 0;
}

/* Two claims of one new version meet at the unique version: the later one then finds the row. */
static int run_claim(const struct state_store *store, const struct values *values,
                     struct arena *arena, struct record_answer *answer, struct error *err)
{
    const struct state_sql sql = {"claim the file", state_sql_claim_file};
    struct error met;
    if (record_run(store, &sql, values, arena, answer, &met) == 0) {
        return 0;
    }
    if (error_is(&met, PG_UNIQUE_VIOLATION)) {
        return record_run(store, &sql, values, arena, answer, err);
    }
    return error_pass(err, &met);
}

int claim_file(const struct state_store *store, const struct file_claim *claim, struct arena *arena,
               enum claim_outcome *outcome, struct file_record *record, struct error *err)
{
    struct values values = {.count = 0};
    struct record_answer answer;
    assert(claim->scope != CLAIM_FOR_ADOPTION || claim->adoption != NULL);
    bind_claim(&values, claim);
    do {
        if (run_claim(store, &values, arena, &answer, err) != 0) {
            return -1;
        }
    } while (!answer.is_found); /* another claim made the row meanwhile: the next run sees it */
    *record = answer.record;
    return read_outcome(&answer.result, outcome, err);
}

int claim_known_file(const struct state_store *store, const struct file_claim *claim,
                     struct arena *arena, enum claim_outcome *outcome, struct file_record *record,
                     struct error *err)
{
    const struct state_sql sql = {"resume the file", state_sql_claim_known_file};
    struct values values = {.count = 0};
    struct record_answer answer;
    bind_claim(&values, claim);
    if (record_run(store, &sql, &values, arena, &answer, err) != 0) {
        return -1;
    }
    if (!answer.is_found) {
        *record = (struct file_record){.file_id = SLICE("")};
        *outcome = CLAIM_NOTHING;
        return 0;
    }
    *record = answer.record;
    return read_outcome(&answer.result, outcome, err);
}

static int try_record_gone(const struct state_store *store, const struct values *values,
                           struct arena *arena, bool *recorded, bool *known, struct error *err)
{
    const struct state_sql sql = {"record that the object is gone", state_sql_record_gone};
    struct pg_result result;
    if (state_run(store, &sql, values->items, values->count, arena, &result, err) != 0 ||
        pg_read_bool(&result, 0, "is_recorded", recorded, err) != 0) {
        return -1;
    }
    return pg_read_bool(&result, 0, "is_known", known, err);
}

int claim_record_gone(const struct state_store *store, const struct gone_upload *upload,
                      struct arena *arena, bool *recorded, struct error *err)
{
    struct values values = {.count = 0};
    bool known;
    bind_identity(&values, &upload->identity);
    values_text(&values, "new_file_id", upload->new_file_id);
    values_text(&values, "state", slice_from(file_state_name(upload->state)));
    values_text(&values, "reason", upload->reason);
    values_number(&values, "now_ms", upload->now_ms);
    do {
        if (try_record_gone(store, &values, arena, recorded, &known, err) != 0) {
            return -1;
        }
    } while (!*recorded && !known); /* another row was made meanwhile: the next run sees it */
    return 0;
}

int claim_find_deleted_twin(const struct state_store *store, const struct file_identity *identity,
                            int64_t event_ms, struct arena *arena, struct file_record *twin,
                            struct error *err)
{
    const struct state_sql sql = {"find the deleted twin", state_sql_find_deleted_twin};
    struct values values = {.count = 0};
    struct record_answer answer;
    bind_identity(&values, identity);
    values_number(&values, "event_ms", event_ms);
    if (record_run(store, &sql, &values, arena, &answer, err) != 0) {
        return -1;
    }
    *twin = answer.is_found ? answer.record : (struct file_record){.file_id = SLICE("")};
    return 0;
}
