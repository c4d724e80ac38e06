#include "pipelines/load/audit.h"

#include "redshift/batch_run.h"
#include "redshift/load_batch.h"

#include "base/banned.h"

/* The INSERT … SELECT of the load, which the audit table keeps. */
static struct slice insert_of(const struct job *job)
{
    struct slice *statements;
    size_t count;
    struct error err;
    if (job->record.statement.sql.size == 0 ||
        batch_unpack(job->arena, job->record.statement.sql, &statements, &count, &err) != 0 ||
        count != LOAD_STATEMENTS) {
        return SLICE("");
    }
    return statements[LOAD_INSERT];
}

static struct audit_row row_of(const struct job *job, struct slice status, struct slice reason)
{
    return (struct audit_row){
        .interface_id = job->config.interface_id,
        .schema = job->config.schema,
        .table = job->config.table,
        .status = status,
        .merge_query = job->config.query,
        .error_msg = reason,
        .escape_char = job->config.escape_char,
    };
}

/* What counts is whether the rows are in: a statement that the guard stopped has failed, and yet
 * the file is loaded. */
const struct audit_row *audit_of_load(const struct job *job, const struct statement_ended *ended)
{
    struct audit_row *row = arena_alloc(job->arena, sizeof(*row));
    *row = row_of(job, ended->is_in ? SLICE("FINISHED") : ended->status, ended->reason);
    if (!ended->is_in && slice_equal(ended->status, SLICE("FINISHED"))) {
        row->status = SLICE("FAILED");
    }
    row->update_query = insert_of(job);
    row->start_ms = ended->started_ms;
    row->end_ms = ended->ended_ms;
    return row;
}

int audit_without_load(struct job *job, struct error *err)
{
    int64_t now = clock_now_ms(job->services->clock);
    struct audit_row row = row_of(job, SLICE("FAILED"), job->record.reason);
    bool done;
    row.start_ms = now;
    row.end_ms = now;
    const struct file_mark mark = {
        .fence = job_fence(job, FILE_IN(job->record.state)),
        .duty = FILE_AUDITED,
        .audit = &row,
        .now_ms = now,
    };
    if (file_mark(&job->services->state, &mark, job->arena, &done, &job->record, err) != 0) {
        return -1;
    }
    return job_check_written(job, done, err);
}
