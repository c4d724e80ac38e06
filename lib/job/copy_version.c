#include "job/copy_version.h"

#include "aws/s3/s3_copy.h"

#include "base/banned.h"

int copy_version(struct job *job, struct slice to_key, struct error *err)
{
    const struct file_record *record = &job->record;
    bool is_pinned = record->source_key.size == 0; /* a copy in the archive is our own */
    struct s3_written written;
    return s3_copy(&job->services->requests,
                   &(struct s3_copy_options){
                       .source_bucket = record->bucket,
                       .source_key = job_source_key(job),
                       .source_version_id = is_pinned ? record->version_id : SLICE(""),
                       .source_if_match = is_pinned ? record->etag : SLICE(""),
                       .has_size = true,
                       .size = (uint64_t)record->size_bytes,
                       .bucket = record->bucket,
                       .key = to_key,
                   },
                   job->arena, &written, err);
}
