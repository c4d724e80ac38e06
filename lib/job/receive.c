#include "job/receive.h"

#include "aws/s3/s3.h"
#include "base/log.h"
#include "config/file_match.h"

#include "base/banned.h"

/* The event has S3's time, the deletion ours. */
#define CLOCK_MARGIN_MS 2000

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

/* What the event says, with what HEAD says where it could look. */
static struct file_identity identity_of(const struct s3_object_event *object,
                                        const struct s3_object *head)
{
    struct file_identity identity = {
        .bucket = object->bucket,
        .key = object->key,
        .version_id = object->version_id,
        .etag = object->etag,
        .sequencer = object->sequencer,
    };
    if (head != NULL) {
        identity.version_id = version_of(head);
        identity.etag = head->etag;
        identity.size_bytes = head->size;
        identity.last_modified_ms = head->modified_ms;
    }
    return identity;
}

/* What one attempt to take in an object needs; its results are in `job`. */
struct receipt {
    struct services *services;
    const struct receive_request *request;
    struct job *job;
    struct error no_match; /* why no configuration matched */
};

static struct file_claim claim_for(struct receipt *receipt, const struct file_identity *identity)
{
    struct job *job = receipt->job;
    return (struct file_claim){
        .identity = *identity,
        .new_file_id = new_file_id(receipt->services, job->arena),
        .lease = lease_terms(receipt->services, (int64_t)identity->size_bytes, job->arena),
        .config_sid = job->config.config_sid,
        .interface_id = job->config.interface_id,
        .scope = receipt->request->scope,
        .adoption = receipt->request->adoption,
    };
}

static void note_claim(struct job *job, const struct file_claim *claim)
{
    lease_begin(job, &claim->lease);
    log_context_set("file", job->record.file_id);
    log_info("file claimed", LOG_TEXT("state", slice_from(file_state_name(job->record.state))),
             LOG_NUMBER("claim", job->record.claim_no),
             LOG_NUMBER("bytes", job->record.size_bytes));
}

/* A file that was claimed before keeps the configuration that it began with. */
static int settle_configuration(struct receipt *receipt, struct error *err)
{
    struct job *job = receipt->job;
    if (job->record.config_sid.size == 0) {
        return job->record.state == FILE_RECEIVED
                   ? job_end(job, FILE_REJECTED, slice_from(receipt->no_match.message), false, err)
                   : 0;
    }
    if (job->record.statement.number == 0 &&
        slice_equal(job->record.config_sid, job->config.config_sid)) {
        return 0;
    }
    return job_read_config(job, err);
}

static int match(struct receipt *receipt, struct error *err)
{
    struct services *services = receipt->services;
    struct job *job = receipt->job;
    if (file_config_match(&services->pg, &services->config_tables, receipt->request->object->key,
                          job->arena, &job->config, &receipt->no_match) != 0 &&
        !error_is(&receipt->no_match, FILE_CONFIG_NO_MATCH)) {
        return error_pass(err, &receipt->no_match);
    }
    return 0;
}

static int claim_it(struct receipt *receipt, const struct file_claim *claim,
                    enum claim_outcome *outcome, struct error *err)
{
    struct job *job = receipt->job;
    if (claim_file(&receipt->services->state, claim, job->arena, outcome, &job->record, err) != 0) {
        return -1;
    }
    if (*outcome != CLAIM_WON) {
        log_info(*outcome == CLAIM_BUSY ? "another invocation works on the file"
                                        : "nothing is to be done for the file");
        return 0;
    }
    note_claim(job, claim);
    return settle_configuration(receipt, err);
}

static int receive_present(struct receipt *receipt, const struct s3_object *head,
                           enum claim_outcome *outcome, struct error *err)
{
    const struct file_identity identity = identity_of(receipt->request->object, head);
    if (match(receipt, err) != 0) {
        return -1;
    }
    const struct file_claim claim = claim_for(receipt, &identity);
    return claim_it(receipt, &claim, outcome, err);
}

/* --- an object that is not in its place any more --- */

static int record_gone(struct receipt *receipt, enum file_state state, struct slice reason,
                       struct error *err)
{
    struct services *services = receipt->services;
    struct job *job = receipt->job;
    const struct gone_upload upload = {
        .identity = identity_of(receipt->request->object, NULL),
        .new_file_id = new_file_id(services, job->arena),
        .state = state,
        .reason = reason,
        .now_ms = clock_now_ms(services->clock),
    };
    bool recorded;
    if (claim_record_gone(&services->state, &upload, job->arena, &recorded, err) != 0) {
        return -1;
    }
    log_info("the object is not there any more", LOG_TEXT("reason", reason),
             LOG_BOOL("known", !recorded));
    return 0;
}

/* Its bytes were deleted together with those of an equal upload that was archived: they are
 * processed from there. */
static int receive_twin(struct receipt *receipt, const struct file_record *twin,
                        enum claim_outcome *outcome, struct error *err)
{
    const struct s3_object_event *object = receipt->request->object;
    struct file_identity identity = identity_of(object, NULL);
    identity.size_bytes = (uint64_t)twin->size_bytes;
    identity.last_modified_ms = object->event_ms;
    if (match(receipt, err) != 0) {
        return -1;
    }
    struct file_claim claim = claim_for(receipt, &identity);
    claim.source_key = twin->archived_key;
    log_info("the object was deleted with an equal one: its copy in the archive is processed",
             LOG_TEXT("archived_key", twin->archived_key));
    return claim_it(receipt, &claim, outcome, err);
}

static int find_twin(struct receipt *receipt, struct file_record *twin, struct error *err)
{
    const struct s3_object_event *object = receipt->request->object;
    const struct file_identity identity = identity_of(object, NULL);
    *twin = (struct file_record){0};
    if (object->version_id.size > 0 || object->etag.size == 0 || object->sequencer.size == 0 ||
        object->event_ms == 0) {
        return 0;
    }
    return claim_find_deleted_twin(&receipt->services->state, &identity,
                                   object->event_ms - CLOCK_MARGIN_MS, receipt->job->arena, twin,
                                   err);
}

/* If it was begun with, it goes on: what is still to be done may not need the object any more. */
static int receive_missing(struct receipt *receipt, enum file_state state, struct slice reason,
                           enum claim_outcome *outcome, struct error *err)
{
    struct job *job = receipt->job;
    const struct file_identity identity = identity_of(receipt->request->object, NULL);
    const struct file_claim claim = claim_for(receipt, &identity);
    struct file_record twin;
    if (claim_known_file(&receipt->services->state, &claim, job->arena, outcome, &job->record,
                         err) != 0) {
        return -1;
    }
    if (*outcome == CLAIM_WON) {
        note_claim(job, &claim);
        (void)error_set(&receipt->no_match, ERROR_CONFIGURATION,
                        "no active configuration matched the file when it arrived");
        return settle_configuration(receipt, err);
    }
    if (job->record.file_id.size > 0) {
        return 0;
    }
    if (find_twin(receipt, &twin, err) != 0) {
        return -1;
    }
    return twin.file_id.size > 0 ? receive_twin(receipt, &twin, outcome, err)
                                 : record_gone(receipt, state, reason, err);
}

int receive_object(struct services *services, const struct receive_request *request,
                   struct arena *arena, struct job *job, enum claim_outcome *outcome,
                   struct error *err)
{
    const struct s3_object_event *object = request->object;
    struct receipt receipt = {.services = services, .request = request, .job = job};
    const struct s3_head_options options = {
        .bucket = object->bucket, .key = object->key, .version_id = object->version_id};
    struct s3_object head;
    struct error head_error;
    *outcome = CLAIM_NOTHING;
    *job = (struct job){
        .services = services, .arena = arena, .file_name = file_match_name(object->key)};
    if (s3_head(&services->requests, &options, arena, &head, &head_error) != 0) {
        if (head_error.kind == ERROR_NOT_FOUND) {
            return receive_missing(&receipt, FILE_GONE,
                                   SLICE("the object was gone when its event was handled"), outcome,
                                   err);
        }
        return error_pass(err, &head_error);
    }
    if (object->version_id.size == 0 && object->etag.size > 0 &&
        !slice_equal(object->etag, head.etag)) {
        return receive_missing(
            &receipt, FILE_SUPERSEDED,
            SLICE("another upload had replaced the object when its event was handled"), outcome,
            err);
    }
    return receive_present(&receipt, &head, outcome, err);
}
