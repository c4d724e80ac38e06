#include "stream/sink_s3.h"

#include "aws/s3/s3.h"
#include "aws/s3/s3_multipart.h"
#include "base/crc32.h"
#include "base/memory.h"

#include <stdlib.h>

#include "base/banned.h"

#define SMALL_SIZE ((size_t)256 * 1024) /* from here on the buffer is a part's at once */

struct sink_s3 {
    struct sink sink;
    struct sink_s3_options options;
    struct arena arena;   /* of the sink: the upload's id, the ETag */
    struct arena scratch; /* of one request */
    struct strbuf part;   /* bytes not sent yet, at most a part's */
    struct strbuf parts;  /* those sent, for the completion */
    struct s3_upload upload;
    bool has_upload;
    unsigned part_count;
    uint64_t bytes;
    uint32_t crc32;      /* of the parts sent */
    uint32_t part_crc32; /* of the bytes not sent yet */
    struct slice etag;
};

static struct sink_s3 *sink_of(struct sink *sink)
{
    return (struct sink_s3 *)(void *)sink;
}

static int begin_upload(struct sink_s3 *self, struct error *err)
{
    const struct s3_create_upload_options create = {
        .bucket = self->options.bucket,
        .key = self->options.key,
        .content_type = self->options.content_type,
        .metadata = self->options.metadata,
        .metadata_count = self->options.metadata_count,
        .crc32 = true,
    };
    if (s3_create_upload(self->options.client, &create, &self->arena, &self->upload, err) != 0) {
        return -1;
    }
    self->has_upload = true;
    return 0;
}

/* Sends what is held as one part. */
static int send_part(struct sink_s3 *self, struct error *err)
{
    struct s3_part part;
    if (self->part_count == S3_PARTS_LIMIT) {
        return error_set(err, ERROR_LIMIT,
                         "s3://%.*s/%.*s: more than %d parts of %zu bytes cannot be uploaded",
                         SLICE_ARG(self->options.bucket), SLICE_ARG(self->options.key),
                         S3_PARTS_LIMIT, self->options.part_size);
    }
    if (!self->has_upload && begin_upload(self, err) != 0) {
        return -1;
    }
    const struct s3_upload_part_options upload = {
        .upload = self->upload,
        .number = self->part_count + 1,
        .body = strbuf_slice(&self->part),
        .crc32 = self->part_crc32,
    };
    arena_reset(&self->scratch);
    if (s3_upload_part(self->options.client, &upload, &self->scratch, &part, err) != 0) {
        return -1;
    }
    s3_parts_append(&self->parts, &part);
    self->part_count++;
    self->crc32 = crc32_join(self->crc32, self->part_crc32, self->part.size);
    self->part_crc32 = 0;
    strbuf_clear(&self->part);
    return 0;
}

/* Growing step by step would take twice the room of a part, and copy it on the way. */
static void hold(struct sink_s3 *self, struct slice bytes)
{
    if (self->part.size + bytes.size > SMALL_SIZE) {
        strbuf_reserve(&self->part, self->options.part_size - self->part.size);
    }
    strbuf_append(&self->part, bytes);
    self->part_crc32 = crc32_update(self->part_crc32, bytes);
    self->bytes += bytes.size;
}

/* A full part waits for the byte behind it, so that exactly one part's bytes are one put. */
static int s3_sink_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct sink_s3 *self = sink_of(sink);
    while (bytes.size > 0) {
        if (self->part.size == self->options.part_size && send_part(self, err) != 0) {
            return -1;
        }
        struct slice piece = slice_take(bytes, self->options.part_size - self->part.size);
        hold(self, piece);
        bytes = slice_skip(bytes, piece.size);
    }
    return 0;
}

static int put_whole(struct sink_s3 *self, struct error *err)
{
    struct s3_written written;
    const struct s3_put_options put = {
        .bucket = self->options.bucket,
        .key = self->options.key,
        .body = strbuf_slice(&self->part),
        .content_type = self->options.content_type,
        .metadata = self->options.metadata,
        .metadata_count = self->options.metadata_count,
        .if_none_match = self->options.if_none_match,
    };
    arena_reset(&self->scratch);
    if (s3_put(self->options.client, &put, &self->scratch, &written, err) != 0) {
        return -1;
    }
    self->etag = arena_copy(&self->arena, written.etag);
    return 0;
}

static int complete_upload(struct sink_s3 *self, struct error *err)
{
    struct s3_written written;
    const struct s3_complete_options complete = {
        .upload = self->upload,
        .parts = strbuf_slice(&self->parts),
        .size = self->bytes,
        .has_crc32 = true,
        .crc32 = self->crc32,
        .part_count = self->part_count,
        .if_none_match = self->options.if_none_match,
    };
    arena_reset(&self->scratch);
    if (s3_complete(self->options.client, &complete, &self->scratch, &written, err) != 0) {
        return -1;
    }
    self->has_upload = false;
    self->etag = arena_copy(&self->arena, written.etag);
    return 0;
}

static int s3_sink_close(struct sink *sink, struct error *err)
{
    struct sink_s3 *self = sink_of(sink);
    if (self->part_count == 0 && !self->has_upload) {
        return put_whole(self, err);
    }
    if (self->part.size > 0 && send_part(self, err) != 0) {
        return -1;
    }
    return complete_upload(self, err);
}

static void s3_sink_abort(struct sink *sink)
{
    struct sink_s3 *self = sink_of(sink);
    if (self->has_upload) {
        arena_reset(&self->scratch);
        s3_give_up_upload(self->options.client, &self->upload, &self->scratch);
        self->has_upload = false;
    }
}

static const struct sink_operations operations = {
    .write = s3_sink_write,
    .close = s3_sink_close,
    .abort = s3_sink_abort,
};

struct sink_s3 *sink_s3_new(const struct sink_s3_options *options)
{
    struct sink_s3 *self = memory_allocate(sizeof(*self));
    *self = (struct sink_s3){.sink.operations = &operations, .options = *options};
    if (self->options.part_size == 0) {
        self->options.part_size = SINK_S3_PART_SIZE;
    }
    arena_init(&self->arena, 4096);
    arena_init(&self->scratch, 0);
    strbuf_init(&self->part);
    strbuf_init(&self->parts);
    return self;
}

struct sink *sink_s3_sink(struct sink_s3 *sink)
{
    return &sink->sink;
}

void sink_s3_free(struct sink_s3 *sink)
{
    if (sink == NULL) {
        return;
    }
    arena_release(&sink->arena);
    arena_release(&sink->scratch);
    strbuf_release(&sink->part);
    strbuf_release(&sink->parts);
    free(sink);
}

struct slice sink_s3_etag(const struct sink_s3 *sink)
{
    return sink->etag;
}

uint64_t sink_s3_bytes(const struct sink_s3 *sink)
{
    return sink->bytes;
}
