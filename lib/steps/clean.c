#include "steps/clean.h"

#include "aws/s3.h"
#include "aws/s3_multipart.h"
#include "aws/s3_versions.h"

#include "base/banned.h"

static int abort_uploads(struct job *job, struct error *err)
{
    const struct s3_list_uploads_options options = {
        .bucket = job->record.bucket,
        .prefix = job_private_key(job, ""),
    };
    struct s3_uploads_page page;

    if (s3_list_uploads(&job->services->aws, &options, job->arena, &page, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < page.count; i++) { /* one for each claim at most: a page holds them */
        struct s3_upload upload = {
            .bucket = job->record.bucket, .key = page.uploads[i].key, .id = page.uploads[i].id};

        if (s3_abort_upload(&job->services->aws, &upload, job->arena, err) != 0) {
            return -1;
        }
    }
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
        if (s3_list_versions(&job->services->aws, &options, job->arena, &page, err) != 0) {
            return -1;
        }
        for (size_t i = 0; i < page.count; i++) {
            struct s3_delete_options version = {.bucket = job->record.bucket,
                                                .key = page.versions[i].key,
                                                .version_id = page.versions[i].version_id};

            if (s3_delete(&job->services->aws, &version, job->arena, NULL, err) != 0) {
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

    if (s3_delete(&job->services->aws, &options, job->arena, &marker_set, err) != 0) {
        return -1;
    }
    *kept = *kept || marker_set;
    return 0;
}

static int delete_known(struct job *job, bool *kept, struct error *err)
{
    if (job->record.private_key.size > 0 &&
        delete_key(job, job->record.private_key, kept, err) != 0) {
        return -1;
    }
    return job->record.load_no == 0 ? 0 : delete_key(job, job_manifest_key(job), kept, err);
}

/* Was the file prepared, or begun with, by more than the first claimant? One that was killed may
 * have left an upload, one that froze may have gone on. */
static bool has_leftovers(const struct job *job)
{
    return job->record.claim_no > 1 && !slice_equal(job->record.private_key, job_data_key(job, 1));
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

/* An upload whose begin got no reply was begun again. */
static bool may_have_uploads(const struct job *job)
{
    return has_leftovers(job) || job->config.has_trailer;
}

static int delete_private(struct job *job, struct error *err)
{
    if (delete_objects(job, err) != 0) {
        return -1;
    }
    return may_have_uploads(job) ? abort_uploads(job, err) : 0;
}

int clean_file(struct job *job, struct error *err)
{
    const struct file_value values[] = {
        FILE_TIME("cleaned_at", clock_now_ms(job->services->clock))};
    struct file_change change = {
        .to = job->record.state, .values = values, .value_count = 1, .release = true};

    if (job->record.is_cleaned) {
        return 0;
    }
    if (delete_private(job, err) != 0) {
        return error_prefix(err, "removing private objects");
    }
    if (job_change(job, &change, err) != 0) {
        return -1;
    }
    job->record.is_cleaned = true;
    return 0;
}
