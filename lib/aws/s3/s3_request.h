/* What all requests to S3 have in common; for the files of S3 only. Pure. */
#ifndef AWS_S3_REQUEST_H
#define AWS_S3_REQUEST_H

#include "aws/aws_request.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define S3_KEY_LIMIT 1024 /* bytes */
#define S3_METADATA_LIMIT                                                                          \
    HTTP_HEADERS_LIMIT /* fields: no reply brings more; S3 counts bytes, 2 KB */

extern const struct aws_service s3_service;

/* A request to a bucket (`key` empty) or an object. ERROR_INVALID when the bucket is unnamed or the
 * key is longer than keys can be. */
int s3_request_begin(struct aws_request *request, const char *operation, const char *method,
                     struct slice bucket, struct slice key, struct arena *arena, struct error *err);

/* As s3_request_begin for an object: an empty key is ERROR_INVALID too. */
int s3_request_begin_object(struct aws_request *request, const char *operation, const char *method,
                            struct slice bucket, struct slice key, struct arena *arena,
                            struct error *err);

/* Can the field be sent as it is? Its name is of the letters, digits and marks of header names, its
 * value printable ASCII. */
bool s3_is_metadata(const struct http_header *field);

/* Adds "x-amz-meta-<name>" for each. ERROR_LIMIT, ERROR_INVALID: too many, or not plain ASCII. */
int s3_request_add_metadata(struct aws_request *request, const struct http_header *metadata,
                            size_t count, struct arena *arena, struct error *err);

/* An ETag as headers and XML want it, in quotes ("*" stays; empty stays), and the other way. */
struct slice s3_etag_quoted(struct slice etag, struct arena *arena);
struct slice s3_etag_bare(struct slice etag);

/* CRC-32 as S3 writes it, base64 of four bytes, the highest first; and read. */
#define S3_CRC32_TEXT_SIZE 9 /* with its NUL */
void s3_crc32_write(uint32_t crc32, char text[S3_CRC32_TEXT_SIZE]);
struct slice s3_crc32_text(uint32_t crc32, struct arena *arena);
bool s3_crc32_read(struct slice text, uint32_t *crc32);

/* The value of x-amz-copy-source. */
struct slice s3_copy_source(struct slice bucket, struct slice key, struct slice version_id,
                            struct arena *arena);

/* "s3://bucket/key" for messages: control characters are shown as '?'. */
struct slice s3_name(struct slice bucket, struct slice key, struct arena *arena);

#endif
