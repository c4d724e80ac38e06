#include "base/array.h"
#include "base/log.h"
#include "pipelines/load/kinds.h"
#include "redshift/sql_split.h"
#include "redshift/transform_batch.h"
#include "statement/ledger.h"

#include "base/banned.h"

/* Our literals bring their own quotes. */
static void warn_of_quoted_parameters(struct slice statement)
{
    static const struct slice names[] = {SLICE_INIT("file_name"), SLICE_INIT("load_id"),
                                         SLICE_INIT("from"), SLICE_INIT("to")};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (sql_split_has_quoted(statement, names[i])) {
            log_warn("the query has a parameter inside quotes, where it stays as it is: write it "
                     "without them",
                     LOG_TEXT("parameter", names[i]),
                     LOG_TEXT("statement", slice_take(statement, 100)));
        }
    }
}

static void warn_of_query(struct slice query)
{
    struct slice statement;
    while (sql_split_next(&query, &statement)) {
        warn_of_quoted_parameters(statement);
        if (sql_split_ends_transaction(statement)) {
            log_warn("the query ends its own transaction, so it may happen twice: use DELETE for "
                     "TRUNCATE, and leave COMMIT out",
                     LOG_TEXT("statement", slice_take(statement, 100)));
        }
    }
}

/* :from. A table may keep the time of its rows in whole seconds only. */
static struct slice from_of(const struct job *job)
{
    return slice_take(job->record.load_started_at, SLICE("2026-11-20 20:27:53").size);
}

/* Each number takes the query as it is configured now: one that failed may have been corrected. */
static int build(struct job *job, int64_t number, const void *made, struct slice **parts,
                 size_t *count, struct error *err)
{
    const struct transform_batch batch = {
        .entry = ledger_entry_of(job, statement_transform.kind, number),
        .query = job->config.query,
        .from = from_of(job),
        .to = job->record.load_ended_at,
    };
    (void)made;
    if (job_need_config(job, err) != 0) {
        return -1;
    }
    warn_of_query(batch.query);
    return transform_batch_build(job->arena, &batch, parts, count, err);
}

static enum file_state state_when_in(const struct job *job, struct slice *reason)
{
    (void)job, (void)reason;
    return FILE_DONE;
}

const struct statement_kind transform_kind = {
    .rules = &statement_transform,
    .build = build,
    .state_when_in = state_when_in,
};
