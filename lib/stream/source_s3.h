/*
 * An object of S3 as the beginning of a stream. A connection that breaks on the way is taken up
 * again where it broke, pinned to the same ETag, so that never pieces of two objects are joined.
 */
#ifndef SOURCE_SOURCE_S3_H
#define SOURCE_SOURCE_S3_H

#include "aws/aws_call.h"
#include "base/sink.h"

struct source_s3_options {
    struct slice bucket;
    struct slice key;
    struct slice version_id; /* empty: the current one */
    struct slice if_match;   /* an ETag; empty: that of the first reply, from then on */
};

struct source_s3_result {
    uint64_t bytes; /* of the object, all given to the sink */
    struct slice etag;
    unsigned resumed;     /* how often the connection had to be taken up again */
    bool ended_by_caller; /* the error came from the sink or keep_alive */
};

/*
 * Writes the whole object to the sink, which it neither closes nor aborts. The number of bytes is
 * verified, and the CRC-32 where S3 knows one. Gives up when the deadline comes or several tries in
 * a row brought nothing; ERROR_CONFLICT when the object was replaced meanwhile.
 */
int source_s3_read(struct aws_client *client, const struct source_s3_options *options,
                   struct sink *sink, struct arena *arena, struct source_s3_result *result,
                   struct error *err);

#endif
