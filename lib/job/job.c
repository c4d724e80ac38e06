#include "job/job.h"

#include "base/log.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "config/file_match.h"

#include "base/banned.h"

#define TEXT_LIMIT 4000 /* bytes; the columns take as many characters */

int job_try_change(struct job *job, struct file_change *change, bool *done, struct error *err)
{
    struct services *services = job->services;

    change->file_id = job->record.file_id;
    if (change->from == 0) {
        change->from = FILE_FROM(job->record.state);
    }
    change->now_ms = clock_now_ms(services->clock);
    change->by_load = true;
    change->load_no = job->record.load_no;
    change->transform_no = job->record.transform_no;
    change->claim_no = job->without_claim ? 0 : job->record.claim_no;
    if (file_state_change(&services->pg, &services->file_tables, change, job->arena, done, err) !=
        0) {
        return -1;
    }
    if (*done) {
        job->record.state = change->to;
        job->record.is_audited = job->record.is_audited || change->audit != NULL;
        job->has_lease = job->has_lease && !change->release;
    }
    return 0;
}

int job_change(struct job *job, struct file_change *change, struct error *err)
{
    bool done;

    if (job_try_change(job, change, &done, err) != 0) {
        return -1;
    }
    if (!done) {
        (void)error_set(err, ERROR_CONFLICT,
                        "file %.*s was taken over by another invocation while it was worked on",
                        SLICE_ARG(job->record.file_id));
        err->retryable = true;
        return -1;
    }
    return 0;
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

static int end_as(struct job *job, enum file_state state, const struct error *reason,
                  struct error *err)
{
    struct slice kept = job_text(job, slice_from(reason->message));
    /* Whoever holds the lease, if not we, has nothing left to do. */
    struct file_change change = {.to = state, .release = job->without_claim};

    const struct file_value values[] = {FILE_TEXT("reason", kept)};
    change.values = values;
    change.value_count = 1;
    change.note = kept;
    if (job_change(job, &change, err) != 0) {
        return -1;
    }
    job->record.reason = kept;
    return 0;
}

int job_reject(struct job *job, const struct error *reason, struct error *err)
{
    return end_as(job, FILE_REJECTED, reason, err);
}

int job_fail(struct job *job, const struct error *reason, struct error *err)
{
    return end_as(job, FILE_FAILED, reason, err);
}

/* What was settled when the load was numbered stays, whatever became of the configuration. */
static void keep_what_is_settled(struct job *job)
{
    const struct file_record *record = &job->record;

    if (record->interface_id.size > 0) {
        job->config.interface_id = record->interface_id;
    }
    if (record->load_table.size > 0) {
        job->config.schema = record->load_schema;
        job->config.table = record->load_table;
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
            *err = failure;
            return -1;
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
    *job = (struct job){.services = services, .arena = arena, .without_claim = true};
    job->record.file_id = file_id;
    return job_reread(job, err);
}

int job_reread(struct job *job, struct error *err)
{
    struct services *services = job->services;
    struct slice file_id = job->record.file_id;
    int64_t claim_no = job->record.claim_no;

    if (file_state_read(&services->pg, &services->file_tables, file_id, job->arena, &job->record,
                        err) != 0) {
        return -1;
    }
    if (!job->without_claim) {
        job->record.claim_no = claim_no; /* were it taken over since, our fence must not hold */
    }
    job->file_name = file_match_name(job->record.key);
    return job_read_config(job, err);
}

struct slice job_private_key(const struct job *job, const char *name)
{
    return arena_format(job->arena, "%.*s/%.*s/%s",
                        SLICE_ARG(job->services->settings.processing_folder),
                        SLICE_ARG(job->record.file_id), name);
}

struct slice job_data_key(const struct job *job, int64_t claim_no)
{
    return job_private_key(
        job, arena_format(job->arena, JOB_PRIVATE_DATA "%lld", (long long)claim_no).data);
}

struct slice job_manifest_key(const struct job *job)
{
    return job_private_key(job, "manifest");
}
