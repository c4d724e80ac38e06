/*
 * Uploads by parts: create, upload or copy parts, complete or abort. s3_uploads.h lists those that
 * nobody ended.
 *
 * Source: Amazon S3 API reference and "Multipart upload limits" in the S3 User Guide.
 */
#ifndef AWS_S3_MULTIPART_H
#define AWS_S3_MULTIPART_H

#include "aws/aws_call.h"
#include "aws/s3/s3.h"

#define S3_PARTS_LIMIT 10000
#define S3_PART_SIZE_LEAST ((size_t)5 * 1024 * 1024) /* but for the last part */

struct s3_upload {
    struct slice bucket;
    struct slice key;
    struct slice id;
};

/* --- CreateMultipartUpload --- */

struct s3_create_upload_options {
    struct slice bucket;
    struct slice key;
    struct slice content_type;
    const struct http_header *metadata; /* names without "x-amz-meta-" */
    size_t metadata_count;
    bool crc32; /* parts will come with their CRC-32, and the completion with the whole's */
};

int s3_create_upload_request(const struct s3_create_upload_options *options, struct arena *arena,
                             struct aws_request *request, struct error *err);
int s3_create_upload_parse(struct slice body, struct arena *arena, struct slice *id,
                           struct error *err);
/* *upload borrows bucket and key of the options; its id is in the arena. */
int s3_create_upload(struct aws_client *client, const struct s3_create_upload_options *options,
                     struct arena *arena, struct s3_upload *upload, struct error *err);

/* --- Parts: uploaded, or copied from an object --- */

struct s3_part {
    unsigned number;
    struct slice etag;
    bool has_crc32;
    uint32_t crc32;
};

struct s3_upload_part_options {
    struct s3_upload upload;
    unsigned number;   /* 1 to 10,000 */
    struct slice body; /* sent with its CRC-32 */
    uint32_t crc32;    /* of the body */
};

int s3_upload_part_request(const struct s3_upload_part_options *options, struct arena *arena,
                           struct aws_request *request, struct error *err);
int s3_upload_part(struct aws_client *client, const struct s3_upload_part_options *options,
                   struct arena *arena, struct s3_part *part, struct error *err);

struct s3_copy_part_options {
    struct s3_upload upload;
    unsigned number;
    struct slice source_bucket;
    struct slice source_key;
    struct slice source_version_id; /* empty: the current one */
    struct slice source_if_match;   /* an ETag; empty: any */
    uint64_t offset;
    uint64_t length; /* at least 1 */
};

int s3_copy_part_request(const struct s3_copy_part_options *options, struct arena *arena,
                         struct aws_request *request, struct error *err);
int s3_copy_part_parse(struct slice body, struct arena *arena, struct s3_part *part,
                       struct error *err);
int s3_copy_part(struct aws_client *client, const struct s3_copy_part_options *options,
                 struct arena *arena, struct s3_part *part, struct error *err);

/* --- CompleteMultipartUpload --- */

/* Appends a part to the list that the completion sends; in order of their numbers. */
void s3_parts_append(struct strbuf *parts, const struct s3_part *part);

struct s3_complete_options {
    struct s3_upload upload;
    struct slice parts; /* of s3_parts_append */
    uint64_t size;      /* of the whole; S3 checks it */
    bool has_crc32;     /* of the whole; if the upload was created with crc32 */
    uint32_t crc32;
    unsigned part_count;
    bool if_none_match; /* only if there is no such key yet; else ERROR_CONFLICT */
};

int s3_complete_request(const struct s3_complete_options *options, struct arena *arena,
                        struct aws_request *request, struct error *err);
int s3_complete_parse(const struct aws_reply *reply, struct arena *arena,
                      struct s3_written *written, struct error *err);
/*
 * When a later try finds no upload any more, an earlier one may have completed it: then the object
 * is looked at, and if it is the one that was meant, it is a success.
 */
int s3_complete(struct aws_client *client, const struct s3_complete_options *options,
                struct arena *arena, struct s3_written *written, struct error *err);

/* --- AbortMultipartUpload --- */

int s3_abort_upload_request(const struct s3_upload *upload, struct arena *arena,
                            struct aws_request *request, struct error *err);
/* An upload that is not there is aborted already: a success. */
int s3_abort_upload(struct aws_client *client, const struct s3_upload *upload, struct arena *arena,
                    struct error *err);

/* For a caller that cannot finish an upload: aborts it, without calling keep_alive, and if need be
 * in the client's grace after the deadline. A failure is logged; the upload then stays until
 * somebody lists it. */
void s3_give_up_upload(struct aws_client *client, const struct s3_upload *upload,
                       struct arena *arena);

#endif
