#include "job/receive.h"

#include "state/file_end.h"
#include "state/file_resume.h"
#include "aws/s3.h"
#include "base/log.h"
#include "config/file_match.h"

#include "base/banned.h"

static bool is_inside(struct slice key, struct slice folder)
{
    return key.size > folder.size && slice_starts_with(key, folder) && key.data[folder.size] == '/';
}

bool receive_ignores(const struct settings *settings, const struct s3_object_event *object)
{
    return !object->is_creation || file_match_name(object->key).size == 0 ||
           is_inside(object->key, settings->archive_folder) ||
           is_inside(object->key, settings->processing_folder);
}

/* A random UUID (version 4), in the arena. */
static struct slice new_file_id(struct services *services, struct arena *arena)
{
    uint64_t high = random_next(services->random);
    uint64_t low = random_next(services->random);

    high = (high & ~(uint64_t)0xf000) | 0x4000;
    low = (low & ~((uint64_t)3 << 62)) | ((uint64_t)2 << 62);
    return arena_format(arena, "%08llx-%04llx-%04llx-%04llx-%012llx",
                        (unsigned long long)(high >> 32), (unsigned long long)(high >> 16 & 0xffff),
                        (unsigned long long)(high & 0xffff), (unsigned long long)(low >> 48),
                        (unsigned long long)(low & 0xffffffffffff));
}

/* A bucket that keeps versions no more calls the version "null", and overwrites it. */
static struct slice version_of(const struct s3_object *head)
{
    return slice_equal(head->version_id, SLICE("null")) ? SLICE("") : head->version_id;
}

static struct file_identity identity_of(const struct s3_object_event *object,
                                        const struct s3_object *head)
{
    return (struct file_identity){
        .bucket = object->bucket,
        .key = object->key,
        .version_id = version_of(head),
        .etag = head->etag,
        .size_bytes = head->size,
        .last_modified_ms = head->modified_ms,
        .sequencer = object->sequencer,
    };
}

/* As the event told it. */
static struct file_identity event_identity(const struct s3_object_event *object)
{
    return (struct file_identity){
        .bucket = object->bucket,
        .key = object->key,
        .version_id = object->version_id,
        .etag = object->etag,
        .sequencer = object->sequencer,
    };
}

/* The object that the event spoke of is not there any more. */
static int note_end(struct services *services, const struct s3_object_event *object,
                    enum file_state state, struct slice reason, struct arena *arena,
                    struct error *err)
{
    const struct file_end end = {
        .identity = event_identity(object),
        .new_file_id = new_file_id(services, arena),
        .state = state,
        .reason = reason,
        .now_ms = clock_now_ms(services->clock),
    };
    bool recorded;

    if (file_end_record(&services->pg, &services->file_tables, &end, arena, &recorded, err) != 0) {
        return -1;
    }
    log_info("the object is not there any more", LOG_TEXT("reason", reason),
             LOG_BOOL("known", !recorded));
    return 0;
}

static struct file_claim claim_for(struct services *services, const struct receive_request *request,
                                   const struct job *job)
{
    struct file_hold lease = lease_terms(services, &request->lease, job->arena);

    return (struct file_claim){
        .new_file_id = new_file_id(services, job->arena),
        .owner = lease.owner,
        .request_id = lease.request_id,
        .now_ms = lease.now_ms,
        .until_ms = lease.until_ms,
        .config_sid = job->config.config_sid,
        .interface_id = job->config.interface_id,
        .also_under_way = request->object->name.size == 0, /* somebody asks for it by hand */
        .adopts = request->adopts,
    };
}

static int claim(struct services *services, const struct receive_request *request,
                 const struct s3_object *head, struct job *job, enum claim_outcome *outcome,
                 struct error *err)
{
    struct file_claim claim = claim_for(services, request, job);

    claim.identity = identity_of(request->object, head);
    return file_state_claim(&services->pg, &services->file_tables, &claim, job->arena, outcome,
                            &job->record, err);
}

/* A file that was claimed before keeps the configuration that it began with. */
static int settle_configuration(struct job *job, const struct error *no_match, struct error *err)
{
    if (job->record.config_sid.size == 0) {
        return job->record.state == FILE_RECEIVED ? job_reject(job, no_match, err) : 0;
    }
    if (job->record.load_no == 0 && slice_equal(job->record.config_sid, job->config.config_sid)) {
        return 0;
    }
    return job_read_config(job, err);
}

static void note_claim(struct job *job)
{
    job->has_lease = true;
    log_context_set("file", job->record.file_id);
    log_info("file claimed", LOG_TEXT("state", slice_from(file_state_name(job->record.state))),
             LOG_NUMBER("claim", job->record.claim_no),
             LOG_NUMBER("bytes", job->record.size_bytes));
}

static int claim_and_report(struct services *services, const struct receive_request *request,
                            const struct s3_object *head, const struct error *no_match,
                            struct job *job, bool *has_work, struct error *err)
{
    enum claim_outcome outcome;

    if (claim(services, request, head, job, &outcome, err) != 0) {
        return -1;
    }
    if (outcome != CLAIM_WON) {
        log_info(outcome == CLAIM_BUSY ? "another invocation works on the file"
                                       : "nothing is to be done for the file");
        return 0;
    }
    note_claim(job);
    *has_work = true;
    return settle_configuration(job, no_match, err);
}

/* The event's object is not in its place. If we had begun with it, we go on: what is still to be
 * done may not need the object any more. */
static int receive_missing(struct services *services, const struct receive_request *request,
                           enum file_state state, struct slice reason, struct job *job,
                           bool *has_work, struct error *err)
{
    const struct s3_object_event *object = request->object;
    struct file_claim claim = claim_for(services, request, job);
    struct error no_match;

    claim.identity = event_identity(object);
    if (file_resume(&services->pg, &services->file_tables, &claim, job->arena, has_work,
                    &job->record, err) != 0) {
        return -1;
    }
    if (!*has_work) {
        return note_end(services, object, state, reason, job->arena, err);
    }
    note_claim(job);
    (void)error_set(&no_match, ERROR_CONFIGURATION,
                    "no active configuration matched the file when it arrived");
    return settle_configuration(job, &no_match, err);
}

int receive_object(struct services *services, const struct receive_request *request,
                   struct arena *arena, struct job *job, bool *has_work, struct error *err)
{
    const struct s3_object_event *object = request->object;
    struct s3_head_options options = {
        .bucket = object->bucket, .key = object->key, .version_id = object->version_id};
    struct s3_object head;
    struct error head_error;
    struct error no_match = {0};

    *has_work = false;
    *job = (struct job){
        .services = services, .arena = arena, .file_name = file_match_name(object->key)};
    if (s3_head(&services->aws, &options, arena, &head, &head_error) != 0) {
        if (head_error.kind == ERROR_NOT_FOUND) {
            return receive_missing(services, request, FILE_GONE,
                                   SLICE("the object was gone when its event was handled"), job,
                                   has_work, err);
        }
        *err = head_error;
        return -1;
    }
    if (object->version_id.size == 0 && object->etag.size > 0 &&
        !slice_equal(object->etag, head.etag)) {
        return receive_missing(
            services, request, FILE_SUPERSEDED,
            SLICE("another upload had replaced the object when its event was handled"), job,
            has_work, err);
    }
    if (file_config_match(&services->pg, &services->config_tables, object->key, arena, &job->config,
                          &no_match) != 0 &&
        !error_is(&no_match, FILE_CONFIG_NO_MATCH)) {
        *err = no_match;
        return -1;
    }
    return claim_and_report(services, request, &head, &no_match, job, has_work, err);
}
