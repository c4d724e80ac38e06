/*
 * Copies inside S3, without the bytes passing through here: in one request up to 5 GB, by parts
 * above. A copy is of exactly the version that is named and has the ETag that is named, or fails.
 *
 * Source: Amazon S3 API reference, CopyObject and UploadPartCopy.
 */
#ifndef AWS_S3_COPY_H
#define AWS_S3_COPY_H

#include "aws/aws_call.h"
#include "aws/s3/s3.h"

#define S3_COPY_LIMIT UINT64_C(5000000000) /* bytes that one CopyObject copies */

struct s3_copy_options {
    struct slice source_bucket;
    struct slice source_key;
    struct slice source_version_id; /* empty: the current one */
    struct slice source_if_match;   /* an ETag, else ERROR_CONFLICT; empty: any */
    bool has_size;                  /* is `size` known? Else the source is asked first */
    uint64_t size;

    struct slice bucket;
    struct slice key;
    struct slice
        content_type; /* with metadata: both instead of the source's; both empty: as there */
    const struct http_header *metadata; /* names without "x-amz-meta-" */
    size_t metadata_count;

    uint64_t single_limit; /* larger ones go by parts; 0: S3_COPY_LIMIT */
    uint64_t part_size;    /* 0: s3_copy_part_size */
};

/* One request, for at most 5 GB. */
int s3_copy_request(const struct s3_copy_options *options, struct arena *arena,
                    struct aws_request *request, struct error *err);
int s3_copy_parse(const struct aws_reply *reply, struct arena *arena, struct s3_written *written,
                  struct error *err);

/* Bytes of a part, so that at most 10,000 of them make `size`: 512 MiB, and more where that is too
 * little, in whole MiB. */
uint64_t s3_copy_part_size(uint64_t size);

/* Copies whatever the size. An upload that cannot be finished is given up (s3_multipart.h). */
int s3_copy(struct aws_client *client, const struct s3_copy_options *options, struct arena *arena,
            struct s3_written *written, struct error *err);

#endif
