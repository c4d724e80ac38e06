/*
 * An object of S3 as the end of a stream. Up to one part's bytes are held: what fits goes by one
 * put when the stream is closed, what does not by parts. Nothing is visible before close, and
 * after abort nothing is left.
 */
#ifndef SINK_SINK_S3_H
#define SINK_SINK_S3_H

#include "aws/aws_call.h"
#include "base/sink.h"

#define SINK_S3_PART_SIZE ((size_t)8 * 1024 * 1024) /* 10,000 of them are 80 GB */

struct sink_s3_options {
    struct aws_client *client; /* not the one that is being read from */
    struct slice bucket;       /* both borrowed for the life of the sink */
    struct slice key;
    struct slice content_type;
    const struct http_header *metadata; /* names without "x-amz-meta-"; borrowed */
    size_t metadata_count;
    bool if_none_match; /* only if there is no such key yet; else ERROR_CONFLICT */
    size_t part_size;   /* 0: SINK_S3_PART_SIZE; at least 5 MiB, but for tests */
};

struct sink_s3;

/* Nothing is sent before there is a part's worth of bytes. To be freed after close or abort. */
struct sink_s3 *sink_s3_new(const struct sink_s3_options *options);
struct sink *sink_s3_sink(struct sink_s3 *sink);
void sink_s3_free(struct sink_s3 *sink);

/* After a successful close: the object's ETag and size. */
struct slice sink_s3_etag(const struct sink_s3 *sink);
uint64_t sink_s3_bytes(const struct sink_s3 *sink);

#endif
