#include "advance/settle.h"

#include "job/archive.h"
#include "job/clean.h"
#include "job/notice.h"
#include "pipelines/load/transform.h"

#include "base/banned.h"

/* The audit row of a file that never reached Redshift. Without an interface there is none: its
 * foreign key wants one, and ext_file keeps the file. */
static int audit_without_load(struct job *job, struct error *err)
{
    int64_t now = clock_now_ms(job->services->clock);
    const struct audit_row row = {
        .interface_id = job->config.interface_id,
        .schema = job->config.schema,
        .table = job->config.table,
        .status = SLICE("FAILED"),
        .merge_query = job->config.query,
        .error_msg = job->record.reason,
        .escape_char = job->config.escape_char,
        .start_ms = now,
        .end_ms = now,
    };
    struct file_change change = {.to = job->record.state, .audit = &row};

    if (job->record.is_audited || job->config.interface_id.size == 0) {
        return 0;
    }
    return job_change(job, &change, err);
}

/* A file that cannot be archived at all is told of nevertheless; but nothing of it is removed. */
static int settle_end(struct job *job, struct error *err)
{
    struct error archive_error;

    if (audit_without_load(job, err) != 0) {
        return -1;
    }
    if (archive_file(job, &archive_error) == 0) {
        return notice_outcome(job, err) == 0 ? clean_file(job, err) : -1;
    }
    if (!archive_error.retryable && notice_outcome(job, err) != 0) {
        return -1;
    }
    *err = archive_error;
    return -1;
}

/* The rows are in: archive and transformation do not wait for each other. */
static int settle_loaded(struct job *job, struct error *err)
{
    struct error archive_error;
    bool archived = archive_file(job, &archive_error) == 0;

    if (transform_submit(job, err) != 0) {
        return -1;
    }
    if (!archived) {
        *err = archive_error;
        return -1;
    }
    return 0;
}

bool settle_is_due(const struct job *job)
{
    const struct file_record *record = &job->record;

    switch (record->state) {
    case FILE_LOADED:
        return true;
    case FILE_TRANSFORMING:
        return !record->is_archived;
    case FILE_DONE:
    case FILE_REJECTED:
    case FILE_FAILED:
    case FILE_TRANSFORM_FAILED:
        return !record->is_archived || !record->is_noticed || !record->is_cleaned;
    default:
        return false;
    }
}

static int settle(struct job *job, struct error *err)
{
    if ((job->record.state == FILE_LOADED || job->record.state == FILE_TRANSFORMING) &&
        settle_loaded(job, err) != 0) {
        return -1;
    }
    switch (job->record.state) {
    case FILE_DONE:
    case FILE_REJECTED:
    case FILE_FAILED:
    case FILE_TRANSFORM_FAILED:
        return settle_end(job, err);
    case FILE_GONE:
    case FILE_SUPERSEDED: /* whoever began with it may have left private objects */
        return clean_file(job, err);
    default: /* still on its way, or nothing is due */
        return 0;
    }
}

int settle_file(struct job *job, struct error *err)
{
    switch (job->record.state) {
    case FILE_RECEIVED:
    case FILE_PREPARED:
    case FILE_SUBMITTED:
        return 0;
    default:
        return services_check_zone(job->services, job->arena, err) == 0 ? settle(job, err) : -1;
    }
}
