#include "job/copy_version.h"

#include "aws/s3_copy.h"

#include "base/banned.h"

int copy_version(struct job *job, struct slice to_key, struct error *err)
{
    const struct file_record *record = &job->record;
    struct s3_written written;
    return s3_copy(&job->services->aws,
                   &(struct s3_copy_options){
                       .source_bucket = record->bucket,
                       .source_key = record->key,
                       .source_version_id = record->version_id,
                       .source_if_match = record->etag,
                       .has_size = true,
                       .size = (uint64_t)record->size_bytes,
                       .bucket = record->bucket,
                       .key = to_key,
                   },
                   job->arena, &written, err);
}
