#include "job/job.h"

#include "base/log.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "config/file_match.h"

#include "base/banned.h"

#define TEXT_LIMIT 4000 /* bytes; the columns take as many characters */

/* --- opening --- */

/* What was settled when the load was numbered stays, whatever became of the configuration. */
static void keep_what_is_settled(struct job *job)
{
    const struct file_record *record = &job->record;
    if (record->interface_id.size > 0) {
        job->config.interface_id = record->interface_id;
    }
    if (record->target_table.size > 0) {
        job->config.schema = record->target_schema;
        job->config.table = record->target_table;
    }
}

int job_read_config(struct job *job, struct error *err)
{
    struct services *services = job->services;
    struct error failure;
    job->config = (struct file_config){0};
    if (job->record.config_sid.size > 0 &&
        file_config_read(&services->pg, &services->config_tables, job->record.config_sid,
                         job->arena, &job->config, &failure) != 0) {
        if (!error_is(&failure, FILE_CONFIG_GONE)) {
            keep_what_is_settled(job);
            return error_pass(err, &failure);
        }
        log_warn("the file goes on without its configuration", LOG_CAUSE(&failure));
    }
    keep_what_is_settled(job);
    return 0;
}

int job_need_config(const struct job *job, struct error *err)
{
    if (job->config.config_sid.size > 0) {
        return 0;
    }
    if (job->record.config_sid.size == 0) {
        return error_set(err, ERROR_CONFIGURATION, "no configuration matched the file");
    }
    return error_set(err, ERROR_CONFIGURATION,
                     "configuration %.*s was deleted while the file was handled",
                     SLICE_ARG(job->record.config_sid));
}

int job_name_config(const struct job *job, struct error *err)
{
    if (err->kind != ERROR_CONFIGURATION || job->config.config_sid.size == 0) {
        return -1;
    }
    return error_prefix(err, "configuration %.*s", SLICE_ARG(job->config.config_sid));
}

int job_open(struct job *job, struct services *services, struct slice file_id, struct arena *arena,
             struct error *err)
{
    *job = (struct job){.services = services, .arena = arena};
    if (file_read(&services->state, file_id, arena, &job->record, err) != 0) {
        return -1;
    }
    job->file_name = file_match_name(job->record.key);
    return job_read_config(job, err);
}

/* --- writing --- */

struct file_fence job_fence(const struct job *job, uint32_t states)
{
    return (struct file_fence){
        .file_id = job->record.file_id,
        .claim_no = job->lease.claim_no,
        .states = states,
        .kind = job->record.statement.kind,
        .number = job->record.statement.number,
    };
}

int job_check_written(const struct job *job, bool done, struct error *err)
{
    if (done) {
        return 0;
    }
    (void)error_set(err, ERROR_CANCELLED,
                    "file %.*s was taken over by another invocation while it was worked on",
                    SLICE_ARG(job->record.file_id));
    error_set_code(err, JOB_TAKEN_OVER);
    err->retryable = true;
    return -1;
}

struct slice job_text(const struct job *job, struct slice text)
{
    struct strbuf redacted = STRBUF_INIT;
    struct strbuf valid = STRBUF_INIT;
    struct slice kept;
    redact_append(&redacted, text);
    utf8_append(&valid, strbuf_slice(&redacted));
    kept = arena_copy(job->arena, utf8_take(strbuf_slice(&valid), TEXT_LIMIT));
    strbuf_release(&redacted);
    strbuf_release(&valid);
    return kept;
}

int job_end(struct job *job, enum file_state to, struct slice reason, bool is_silent,
            struct error *err)
{
    const struct file_end end = {
        .fence = job_fence(job, FILE_IN(job->record.state)),
        .to = to,
        .reason = job_text(job, reason),
        .is_silent = is_silent,
        .now_ms = clock_now_ms(job->services->clock),
    };
    bool done;
    if (file_end(&job->services->state, &end, job->arena, &done, &job->record, err) != 0) {
        return -1;
    }
    return job_check_written(job, done, err);
}

int job_mark(struct job *job, enum file_duty duty, int64_t time_ms, struct error *err)
{
    const struct file_mark mark = {
        .fence = job_fence(job, FILE_IN(job->record.state)),
        .duty = duty,
        .now_ms = time_ms,
    };
    bool done;
    if (file_mark(&job->services->state, &mark, job->arena, &done, &job->record, err) != 0) {
        return -1;
    }
    return job_check_written(job, done, err);
}

/* --- private objects --- */

struct slice job_private_key(const struct job *job, const char *name)
{
    return arena_format(job->arena, "%.*s/%.*s/%s",
                        SLICE_ARG(job->services->settings.folders.processing),
                        SLICE_ARG(job->record.file_id), name);
}

struct slice job_data_key(const struct job *job, int64_t claim_no)
{
    return job_private_key(
        job, arena_format(job->arena, JOB_PRIVATE_DATA "%lld", (long long)claim_no).data);
}

struct slice job_manifest_key(const struct job *job, int64_t claim_no)
{
    return job_private_key(job,
                           arena_format(job->arena, "manifest-%lld", (long long)claim_no).data);
}

struct slice job_source_key(const struct job *job)
{
    return job->record.source_key.size > 0 ? job->record.source_key : job->record.key;
}
