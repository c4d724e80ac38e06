#include "pipelines/load/load.h"

#include "base/array.h"
#include "job/archive.h"
#include "job/clean.h"
#include "job/notification.h"
#include "pipelines/load/audit.h"
#include "pipelines/load/kinds.h"
#include "pipelines/load/prepare.h"
#include "statement/submit.h"

#include "base/banned.h"

/* Check and prepare the bytes, then submit their load. */
static enum pipeline_step begin(struct job *job, struct error *err)
{
    struct load_made made;
    struct file_preparation preparation;
    enum pipeline_step step = prepare_file(job, &made, &preparation, err);
    if (step != PIPELINE_WENT_ON) {
        return step;
    }
    const struct statement_source source = {.made = &made, .preparation = &preparation};
    return statement_submit(job, &load_kind, &source, err) == 0 ? PIPELINE_WENT_ON
                                                                : PIPELINE_FAILED;
}

/* --- duties --- */

static bool is_settled_end(const struct job *job)
{
    return job->record.state == FILE_GONE || job->record.state == FILE_SUPERSEDED ||
           job->record.state == FILE_SPLIT;
}

/* Of an end that people hear of. */
static bool is_told_end(const struct job *job)
{
    return file_state_is_end(job->record.state) && !is_settled_end(job);
}

static bool are_rows_in(const struct job *job)
{
    return job->record.state == FILE_LOADED || job->record.state == FILE_TRANSFORMING;
}

static bool is_audit_due(const struct job *job)
{
    return is_told_end(job) && !job->record.is_audited && job->config.interface_id.size > 0;
}

static bool is_name_due(const struct job *job)
{
    return is_told_end(job) && !job->record.is_archived && job->record.archived_key.size == 0;
}

static bool is_notification_due(const struct job *job)
{
    return is_told_end(job) && !job->record.is_noticed;
}

static bool is_archive_due(const struct job *job)
{
    return (is_told_end(job) || are_rows_in(job)) && !job->record.is_archived;
}

/* The archive may need the private object, when the source was replaced. A file whose clean-up is
 * due is looked at again, so it waits for the audit as well. */
static bool is_clean_due(const struct job *job)
{
    return file_state_is_end(job->record.state) && !job->record.is_cleaned && !is_audit_due(job) &&
           (job->record.is_archived || is_settled_end(job));
}

static const struct duty duties[] = {
    {"audit", is_audit_due, audit_without_load},
    {"name in the archive", is_name_due, archive_reserve},
    {"notification", is_notification_due, notification_of_end},
    {"archive", is_archive_due, archive_file},
    {"clean-up", is_clean_due, clean_file},
};

static const struct statement_kind *const kinds[] = {&load_kind, &transform_kind};

const struct pipeline pipeline_load = {
    .name = "load",
    .begin = begin,
    .kinds = kinds,
    .kind_count = COUNT_OF(kinds),
    .duties = {duties, COUNT_OF(duties)},
};
