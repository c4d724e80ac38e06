/*
 * Objects in S3: head, get, put, delete. Copies are in s3_copy.h, uploads by parts in
 * s3_multipart.h, listings in s3_list.h and s3_versions.h.
 *
 * Keys are any 1 to 1,024 bytes. ETags are without quotes on our side. Errors beside those of
 * aws_call: ERROR_NOT_FOUND (no object, version or bucket), ERROR_CONFLICT (a condition failed).
 *
 * Source: Amazon S3 API reference, 2006-03-01.
 */
#ifndef AWS_S3_H
#define AWS_S3_H

#include "aws/aws_call.h"
#include "aws/s3/s3_request.h"
#include "base/sink.h"

/* What S3 tells of an object. Text is in the arena of the call; absent is empty. */
struct s3_object {
    uint64_t size; /* bytes of the whole object */
    struct slice etag;
    struct slice version_id;
    struct slice content_type;
    int64_t modified_ms; /* 0: not told */
    bool has_crc32;      /* of the whole object */
    uint32_t crc32;
    const struct http_header *metadata; /* names without "x-amz-meta-" */
    size_t metadata_count;
};

/* --- HeadObject --- */

struct s3_head_options {
    struct slice bucket;
    struct slice key;
    struct slice version_id; /* empty: the current one */
    struct slice if_match;   /* an ETag; empty: any */
    bool checksum;           /* ask for the CRC-32 */
};

int s3_head_request(const struct s3_head_options *options, struct arena *arena,
                    struct aws_request *request, struct error *err);
int s3_head_parse(const struct aws_reply *reply, struct arena *arena, struct s3_object *object,
                  struct error *err);
int s3_head(struct aws_client *client, const struct s3_head_options *options, struct arena *arena,
            struct s3_object *object, struct error *err);

/* --- GetObject, as a stream --- */

struct s3_get_options {
    struct slice bucket;
    struct slice key;
    struct slice version_id;
    struct slice if_match;
    uint64_t offset; /* first byte wanted */
    uint64_t length; /* 0: up to the end */

    /* Asked when the head is known and before the sink sees a byte; may be NULL. */
    int (*check)(void *self, const struct s3_object *object, struct error *err);
    void *check_self;

    /* For a reader that goes on where an earlier get stopped: the CRC-32 of the bytes before
     * `offset`. The result's goes on from it, whether or not S3 told one to compare with. */
    bool resumes_crc32;
    uint32_t crc32_so_far;
};

struct s3_get_result {
    struct s3_object object;
    uint64_t delivered;   /* bytes that the sink was given */
    bool has_crc32;       /* was it computed? */
    uint32_t crc32;       /* of all bytes delivered (and those before, when resumed) */
    bool ended_by_caller; /* the error came from the sink, the check or keep_alive */
};

int s3_get_request(const struct s3_get_options *options, struct arena *arena,
                   struct aws_request *request, struct error *err);
/*
 * Reads the head of a reply: the object, and *length, how many bytes follow. ERROR_INVALID when it
 * is not the range that was asked for, ERROR_CONFLICT when it is another object than if_match's.
 */
int s3_get_parse_head(const struct s3_get_options *options, const struct http_response *head,
                      struct arena *arena, struct s3_object *object, uint64_t *length,
                      struct error *err);
/*
 * Writes the bytes to the sink, which it neither closes nor aborts. Success means that as many came
 * as were announced, and that they have the CRC-32 that S3 told, if it told one and the whole
 * object was read in one piece. After a failure *result says how far it came: nothing is repeated
 * once the sink has seen a byte.
 */
int s3_get(struct aws_client *client, const struct s3_get_options *options, struct sink *sink,
           struct arena *arena, struct s3_get_result *result, struct error *err);
/* Compares a CRC-32 that was computed with the one S3 told; ERROR_NETWORK (some bytes were damaged
 * on their way) names both and the object. */
int s3_check_crc32(const struct s3_get_options *options, uint32_t told, uint32_t computed,
                   struct arena *arena, struct error *err);

/* --- PutObject --- */

struct s3_put_options {
    struct slice bucket;
    struct slice key;
    struct slice body;                  /* at most 5 GB; sent with its CRC-32 */
    struct slice content_type;          /* empty: S3's default */
    const struct http_header *metadata; /* names without "x-amz-meta-" */
    size_t metadata_count;
    bool if_none_match;    /* only if there is no such key yet; else ERROR_CONFLICT */
    struct slice if_match; /* only over the object with this ETag */
};

struct s3_written {
    struct slice etag;
    struct slice version_id; /* empty: the bucket keeps no versions */
};

int s3_put_request(const struct s3_put_options *options, struct arena *arena,
                   struct aws_request *request, struct error *err);
int s3_put_parse(const struct aws_reply *reply, struct arena *arena, struct s3_written *written,
                 struct error *err);
/*
 * With a condition, a sending whose reply got lost makes the next one fail, be it of this call, of
 * the transport or of an invocation that died. So what stands in the way is looked at, and if the
 * object has the size, CRC-32 and metadata of ours, it is a success. Who takes a key for a lock
 * puts a nonce into the metadata.
 */
int s3_put(struct aws_client *client, const struct s3_put_options *options, struct arena *arena,
           struct s3_written *written, struct error *err);

/* --- DeleteObject --- */

struct s3_delete_options {
    struct slice bucket;
    struct slice key;
    struct slice version_id; /* empty: on a versioned bucket a delete marker is set */
    struct slice if_match;   /* only the object with this ETag, else ERROR_CONFLICT */
};

int s3_delete_request(const struct s3_delete_options *options, struct arena *arena,
                      struct aws_request *request, struct error *err);
/* What is not there is deleted already: a success. With marker_set, which may be NULL, it tells
 * whether a delete marker stands there now: the bucket keeps versions, and may still hold the
 * bytes. */
int s3_delete(struct aws_client *client, const struct s3_delete_options *options,
              struct arena *arena, bool *marker_set, struct error *err);

#endif
