#include "job/archive.h"

#include "aws/s3/s3.h"
#include "aws/s3/s3_copy.h"
#include "aws/s3/s3_error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "job/copy_version.h"

#include "base/banned.h"

static bool is_failure(enum file_state state)
{
    return state == FILE_REJECTED || state == FILE_FAILED;
}

/* The archive key; the file's name is cut where the whole would be too long. */
static struct slice key_at(const struct job *job, struct slice time, bool with_id)
{
    struct slice folder = job->services->settings.folders.archive;
    struct slice place = is_failure(job->record.state) ? SLICE("error") : job->record.interface_id;
    struct slice id = slice_take(job->record.file_id, with_id ? 8 : 0);
    size_t others = folder.size + place.size + time.size + id.size + 4; /* "/", "/", "_", "-" */
    struct slice name = utf8_take(job->file_name, S3_KEY_LIMIT - others);
    return arena_format(job->arena, "%.*s/%.*s/%.*s_%.*s%s%.*s", SLICE_ARG(folder),
                        SLICE_ARG(place), SLICE_ARG(name), SLICE_ARG(time), with_id ? "-" : "",
                        SLICE_ARG(id));
}

/* Two invocations may give names at the same time: the first stays, and both work on that. */
static int try_name(struct job *job, struct slice key, struct error *err)
{
    struct file_fence fence = job_fence(job, FILE_IN(job->record.state));
    bool done;
    if (file_reserve_archive(&job->services->state, &fence, key, job->arena, &done, &job->record,
                             err) != 0) {
        return -1;
    }
    return job_check_written(job, done, err);
}

/* ext_file keeps the names unique: where another file has this one, the id makes the difference. */
int archive_reserve(struct job *job, struct error *err)
{
    struct services *services = job->services;
    struct error name_error;
    struct slice time;
    if (file_local_time(&services->state, clock_now_ms(services->clock), job->arena, &time, err) !=
        0) {
        return error_prefix(err, "archive");
    }
    if (try_name(job, key_at(job, time, false), &name_error) == 0) {
        return 0;
    }
    if (!error_is(&name_error, PG_UNIQUE_VIOLATION)) {
        (void)error_pass(err, &name_error);
        return error_prefix(err, "archive");
    }
    return try_name(job, key_at(job, time, true), err) == 0 ? 0 : error_prefix(err, "archive");
}

/* The source was replaced or removed by somebody else: what we loaded is in the private object. */
static int copy_private(struct job *job, struct error *err)
{
    const struct file_record *record = &job->record;
    struct s3_written written;
    return s3_copy(&job->services->requests,
                   &(struct s3_copy_options){
                       .source_bucket = record->bucket,
                       .source_key = record->private_key,
                       .bucket = record->bucket,
                       .key = record->archived_key,
                   },
                   job->arena, &written, err);
}

/* *exists: is the copy there, with the size of what was copied? */
static int look_at_copy(struct job *job, uint64_t *size, bool *exists, struct error *err)
{
    struct s3_head_options options = {.bucket = job->record.bucket,
                                      .key = job->record.archived_key};
    struct s3_object head;
    struct error head_error;
    *exists = s3_head(&job->services->requests, &options, job->arena, &head, &head_error) == 0;
    if (*exists) {
        *size = head.size;
        return 0;
    }
    if (head_error.kind == ERROR_NOT_FOUND) {
        return 0;
    }
    return error_pass(err, &head_error);
}

/* Where there are no versions, an upload of the very same bytes differs by its time only, and S3
 * takes no condition on that. */
static int look_at_source(struct job *job, bool *is_ours, struct error *err)
{
    const struct file_record *record = &job->record;
    struct s3_head_options options = {.bucket = record->bucket, .key = record->key};
    struct s3_object head;
    struct error head_error;
    *is_ours = true;
    if (record->version_id.size > 0) {
        return 0;
    }
    if (s3_head(&job->services->requests, &options, job->arena, &head, &head_error) == 0) {
        *is_ours = head.modified_ms == record->last_modified_ms;
        return 0;
    }
    *is_ours = false;
    if (head_error.kind == ERROR_NOT_FOUND) {
        return 0;
    }
    return error_pass(err, &head_error);
}

/* *duty tells whether the bytes were deleted: equal ones may have been among them. */
static int delete_source(struct job *job, enum file_duty *duty, struct error *err)
{
    const struct file_record *record = &job->record;
    struct s3_delete_options options = {
        .bucket = record->bucket,
        .key = record->key,
        .version_id = record->version_id,
        .if_match = record->version_id.size > 0 ? SLICE("") : record->etag,
    };
    struct error delete_error;
    bool is_ours;
    if (look_at_source(job, &is_ours, err) != 0) {
        return -1;
    }
    if (is_ours &&
        s3_delete(&job->services->requests, &options, job->arena, NULL, &delete_error) == 0) {
        return 0;
    }
    if (!is_ours || s3_error_is_replaced_object(&delete_error) ||
        delete_error.kind == ERROR_NOT_FOUND) {
        log_info("a newer upload stays in the landing folder, or the object was gone already");
        *duty = FILE_COPIED;
        return 0;
    }
    return error_pass(err, &delete_error);
}

/* A name without an object would only mislead. */
static int mark(struct job *job, enum file_duty duty, struct error *err)
{
    struct slice key = job->record.archived_key;
    if (job_mark(job, duty, clock_now_ms(job->services->clock), err) != 0) {
        return -1;
    }
    if (duty != FILE_LOST) {
        log_info("file archived", LOG_TEXT("archived_key", key));
    } else {
        log_warn("nothing is left of the object to archive");
    }
    return 0;
}

/* Copies from where the bytes still are. *from_source tells whether the source may be deleted. */
static int make_copy(struct job *job, bool *from_source, struct error *err)
{
    struct error copy_error;
    bool exists;
    uint64_t size;
    *from_source = copy_version(job, job->record.archived_key, &copy_error) == 0;
    if (*from_source) {
        return 0;
    }
    if (!s3_error_is_replaced_object(&copy_error) && !s3_error_is_missing_object(&copy_error)) {
        return error_pass(err, &copy_error);
    }
    if (look_at_copy(job, &size, &exists, err) != 0) {
        return -1;
    }
    if (exists) {
        log_info("an earlier attempt had made the copy, and perhaps deleted the object");
        return 0;
    }
    log_warn("the object was replaced or removed before it was archived");
    if (job->record.private_key.size == 0) {
        return 0;
    }
    if (copy_private(job, &copy_error) == 0 || s3_error_is_missing_object(&copy_error)) {
        return 0;
    }
    return error_pass(err, &copy_error);
}

/* A copy in the archive belongs to the file that was first: it stays. */
static bool is_source_deletable(const struct job *job)
{
    return job->record.source_key.size == 0;
}

int archive_file(struct job *job, struct error *err)
{
    enum file_duty duty = is_source_deletable(job) ? FILE_ARCHIVED : FILE_COPIED;
    bool from_source;
    bool exists;
    uint64_t size = 0;
    if (job->record.archived_key.size == 0 && archive_reserve(job, err) != 0) {
        return -1;
    }
    if (make_copy(job, &from_source, err) != 0 || look_at_copy(job, &size, &exists, err) != 0) {
        return error_prefix(err, "archive");
    }
    if (from_source && (!exists || size != (uint64_t)job->record.size_bytes)) {
        (void)error_set(err, ERROR_REMOTE, "archive: the copy has %llu bytes, the object %lld",
                        (unsigned long long)size, (long long)job->record.size_bytes);
        err->retryable = true;
        return -1;
    }
    if (from_source && is_source_deletable(job) && delete_source(job, &duty, err) != 0) {
        return error_prefix(err, "archive");
    }
    return mark(job, exists ? duty : FILE_LOST, err);
}
