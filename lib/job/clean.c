#include "job/clean.h"

#include "aws/s3/s3.h"
#include "aws/s3/s3_copy.h"
#include "aws/s3/s3_multipart.h"
#include "aws/s3/s3_uploads.h"
#include "aws/s3/s3_versions.h"

#include "base/banned.h"

/* All uploads to keys that begin so, or with `exact` to this very key. */
static int abort_uploads(struct job *job, struct slice prefix, bool exact, struct error *err)
{
    struct s3_list_uploads_options options = {.bucket = job->record.bucket, .prefix = prefix};
    struct s3_uploads_page page;
    do {
        if (s3_list_uploads(&job->services->requests, &options, job->arena, &page, err) != 0) {
            return -1;
        }
        for (size_t i = 0; i < page.count; i++) {
            struct s3_upload upload = {
                .bucket = job->record.bucket, .key = page.uploads[i].key, .id = page.uploads[i].id};
            if ((!exact || slice_equal(upload.key, prefix)) &&
                s3_abort_upload(&job->services->requests, &upload, job->arena, err) != 0) {
                return -1;
            }
        }
        options.key_marker = page.next_key_marker;
        options.id_marker = page.next_id_marker;
    } while (options.key_marker.size > 0);
    return 0;
}

/* Every version of everything under the file's prefix, and delete markers, too. A bucket that keeps
 * no versions lists its objects so. */
static int delete_all_versions(struct job *job, struct error *err)
{
    const struct s3_versions_options options = {
        .bucket = job->record.bucket,
        .prefix = job_private_key(job, ""),
    };
    struct s3_versions_page page;
    do {
        if (s3_list_versions(&job->services->requests, &options, job->arena, &page, err) != 0) {
            return -1;
        }
        for (size_t i = 0; i < page.count; i++) {
            struct s3_delete_options version = {.bucket = job->record.bucket,
                                                .key = page.versions[i].key,
                                                .version_id = page.versions[i].version_id};
            if (s3_delete(&job->services->requests, &version, job->arena, NULL, err) != 0) {
                return -1;
            }
        }
    } while (page.is_truncated);
    return 0;
}

/* *kept is set when the bucket did not delete the object, but put a delete marker over it. */
static int delete_key(struct job *job, struct slice key, bool *kept, struct error *err)
{
    struct s3_delete_options options = {.bucket = job->record.bucket, .key = key};
    bool marker_set;
    if (s3_delete(&job->services->requests, &options, job->arena, &marker_set, err) != 0) {
        return -1;
    }
    *kept = *kept || marker_set;
    return 0;
}

/* What COPY read, or was to read. */
static struct slice data_key(const struct job *job)
{
    return job->record.private_key.size > 0 ? job->record.private_key : job->prepared_key;
}

/* <folder>/data-<claim> has its manifest in <folder>/manifest-<claim>. */
static struct slice manifest_key(const struct job *job)
{
    struct slice key = data_key(job);
    struct slice claim = slice_skip(key, slice_find_last(key, '-') + 1);
    return job_private_key(job, arena_format(job->arena, "manifest-%.*s", SLICE_ARG(claim)).data);
}

static int delete_known(struct job *job, bool *kept, struct error *err)
{
    if (data_key(job).size == 0) {
        return 0;
    }
    return delete_key(job, data_key(job), kept, err) == 0
               ? delete_key(job, manifest_key(job), kept, err)
               : -1;
}

/* Was the file begun with by more than the first claimant? One that was killed may have left an
 * object or an upload, one that froze may have gone on. */
static bool has_leftovers(const struct job *job)
{
    return job->record.claim_no > 1 && !slice_equal(data_key(job), job_data_key(job, 1));
}

/* Versioning may have been turned on after the file came, so the source without a version id is no
 * proof: S3's answer to the delete is. */
static int delete_objects(struct job *job, struct error *err)
{
    bool kept = job->record.version_id.size > 0 || has_leftovers(job);
    if (!kept && delete_known(job, &kept, err) != 0) {
        return -1;
    }
    return kept ? delete_all_versions(job, err) : 0;
}

/* Larger files are copied by parts. */
static bool is_copied_by_parts(const struct job *job)
{
    return job->record.size_bytes > (int64_t)S3_COPY_LIMIT;
}

/* Was it read as a stream, which is uploaded by parts? Before its first load nothing tells. */
static bool may_be_streamed(const struct job *job)
{
    return job->record.promised_records >= 0 || job->record.private_key.size == 0;
}

/* An upload whose begin got no reply was begun again, and one that was aborted late may be left. */
static int abort_leftovers(struct job *job, struct error *err)
{
    bool by_parts = is_copied_by_parts(job);
    bool is_begun = data_key(job).size > 0;
    if ((has_leftovers(job) || (is_begun && may_be_streamed(job)) || by_parts) &&
        abort_uploads(job, job_private_key(job, ""), false, err) != 0) {
        return -1;
    }
    /* The archive key of another file may begin with this one's. */
    return by_parts && job->record.archived_key.size > 0
               ? abort_uploads(job, job->record.archived_key, true, err)
               : 0;
}

int clean_file(struct job *job, struct error *err)
{
    if (delete_objects(job, err) != 0 || abort_leftovers(job, err) != 0) {
        return error_prefix(err, "removing private objects");
    }
    return job_mark(job, FILE_CLEANED, clock_now_ms(job->services->clock), err);
}
