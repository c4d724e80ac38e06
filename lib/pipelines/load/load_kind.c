#include "base/log.h"
#include "job/notification.h"
#include "pipelines/load/audit.h"
#include "pipelines/load/kinds.h"
#include "pipelines/load/load_errors.h"
#include "pipelines/load/prepare.h"
#include "redshift/batch_run.h"
#include "redshift/load_batch.h"
#include "statement/ledger.h"

#include "base/banned.h"

/* The configuration in COPY's terms. */
static struct copy_sql copy_of(const struct job *job, const struct load_made *made)
{
    const struct file_config *config = &job->config;
    const struct plan *plan = &made->plan;
    struct copy_column *columns =
        arena_zalloc(job->arena, config->column_count + 1, sizeof(*columns));
    for (size_t i = 0; i < config->column_count; i++) {
        columns[i] = (struct copy_column){config->columns[i].name, config->columns[i].width};
    }
    return (struct copy_sql){
        .columns = columns,
        .column_count = config->column_count,
        .manifest_url = arena_format(job->arena, "s3://%.*s/%.*s", SLICE_ARG(job->record.bucket),
                                     SLICE_ARG(made->manifest_key)),
        .iam_role = job->services->settings.load.iam_role,
        .region = job->services->settings.aws.region,
        .layout = plan->layout,
        .compression = plan->compression,
        .delimiter = plan->layout == COPY_FIXED_WIDTH ? SLICE("") : config->delimiter,
        .quote = config->quote_char,
        .remove_quotes = config->escape_char.size > 0,
        .skip_header = config->has_header,
        .null_marker = config->null_marker,
        .encoding = config->encoding,
        .date_format = config->date_format,
        .time_format = config->time_format,
        .extra = config->copy_options,
    };
}

static int build_first(struct job *job, const struct load_made *made, struct slice *parts,
                       struct error *err)
{
    const struct load_batch batch = {
        .entry = ledger_entry_of(job, statement_load.kind, 1),
        .file_name_column = job->config.file_name_column,
        .load_id_column = job->config.load_id_column,
        .expected_rows = made->loadable_records, /* unknown is -1 in both */
        .copy = copy_of(job, made),
    };
    return load_batch_build(job->arena, &batch, parts, err);
}

/* A later load is of the bytes that were prepared as the configuration was then: as it was built.
 */
static int build_later(struct job *job, int64_t number, struct slice *parts, struct error *err)
{
    const struct ledger_entry entry = ledger_entry_of(job, statement_load.kind, number);
    struct slice *stored;
    size_t count;
    if (batch_unpack(job->arena, job->record.statement.sql, &stored, &count, err) != 0) {
        return -1;
    }
    if (count != LOAD_STATEMENTS) {
        return error_set(err, ERROR_INVALID, "the stored load has %zu statements", count);
    }
    for (size_t i = 0; i < count; i++) {
        parts[i] = stored[i];
    }
    return load_batch_renumber(job->arena, &entry, parts, err);
}

static int build(struct job *job, int64_t number, const void *made, struct slice **parts,
                 size_t *count, struct error *err)
{
    *parts = arena_zalloc(job->arena, LOAD_STATEMENTS, sizeof(**parts));
    *count = LOAD_STATEMENTS;
    return made != NULL ? build_first(job, made, *parts, err)
                        : build_later(job, number, *parts, err);
}

/* The file goes on with what the configuration wants done with its rows. */
static enum file_state state_when_in(const struct job *job, struct slice *reason)
{
    struct error deleted;
    if (job_need_config(job, &deleted) != 0) {
        *reason = arena_format(job->arena,
                               "the file was loaded, but %s: it is unknown how its rows are to be "
                               "transformed",
                               deleted.message);
        return FILE_TRANSFORM_FAILED;
    }
    return job->config.query.size > 0 ? FILE_LOADED : FILE_DONE;
}

/* Once: a further number is the same file's. */
static bool is_announced(const struct job *job)
{
    return job->config.notifies_submission && job->record.statement.number == 1;
}

/* Redshift has the load by then, so a notification that fails stops nothing: it is logged. */
static int announce(struct job *job, struct error *err)
{
    struct error failure;
    if (!is_announced(job) || notification_of_submission(job, &failure) == 0) {
        return 0;
    }
    if (error_is(&failure, JOB_TAKEN_OVER)) {
        return error_pass(err, &failure);
    }
    log_warn("the notification of the submission was not sent", LOG_CAUSE(&failure));
    return 0;
}

const struct statement_kind load_kind = {
    .rules = &statement_load,
    .build = build,
    .state_when_in = state_when_in,
    .audit = audit_of_load,
    .announce = announce,
    .is_announced = is_announced,
    .read_load_errors = load_errors_read,
};
