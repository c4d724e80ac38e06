#include "stage/gzip.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* input is const, as it should be */
#include <zlib.h>

#include "base/banned.h"

#define OUTPUT_SIZE ((size_t)64 * 1024)
#define GZIP_ONLY (MAX_WBITS + 16)
#define MEMORY_LEVEL 9

struct gzip_stage {
    struct sink sink;
    struct sink *next;
    z_stream stream;
    unsigned char output[OUTPUT_SIZE];
};

static struct gzip_stage *stage_of(struct sink *sink)
{
    return (struct gzip_stage *)(void *)sink;
}

/* Deflates the pending input; whole buffers go on, and with Z_FINISH the rest, too. */
static int deflate_pending(struct gzip_stage *stage, int flush, struct error *err)
{
    int status;
    do {
        size_t size;
        status = deflate(&stage->stream, flush);
        size = OUTPUT_SIZE - stage->stream.avail_out;
        if (stage->stream.avail_out == 0 || status == Z_STREAM_END) {
            if (sink_write(stage->next, slice_of(stage->output, size), err) != 0) {
                return -1;
            }
            stage->stream.next_out = stage->output;
            stage->stream.avail_out = OUTPUT_SIZE;
        }
    } while (flush == Z_FINISH ? status != Z_STREAM_END : stage->stream.avail_in > 0);
    return 0;
}

static int gzip_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct gzip_stage *stage = stage_of(sink);
    while (bytes.size > 0) {
        struct slice piece = slice_take(bytes, (size_t)1 << 30); /* zlib counts in 32 bits */

        bytes = slice_skip(bytes, piece.size);
        stage->stream.next_in = (const Bytef *)piece.data;
        stage->stream.avail_in = (uInt)piece.size;
        if (deflate_pending(stage, Z_NO_FLUSH, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int gzip_close(struct sink *sink, struct error *err)
{
    struct gzip_stage *stage = stage_of(sink);
    if (deflate_pending(stage, Z_FINISH, err) != 0) {
        return -1;
    }
    return sink_close(stage->next, err);
}

static void gzip_abort(struct sink *sink)
{
    sink_abort(stage_of(sink)->next);
}

static const struct sink_operations operations = {
    .write = gzip_write,
    .close = gzip_close,
    .abort = gzip_abort,
};

struct gzip_stage *gzip_stage_new(struct sink *next, int level, struct error *err)
{
    struct gzip_stage *stage = memory_allocate(sizeof(*stage));
    memset(stage, 0, sizeof(*stage));
    stage->sink.operations = &operations;
    stage->next = next;
    if (deflateInit2(&stage->stream, level, Z_DEFLATED, GZIP_ONLY, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        (void)error_set(err, ERROR_SYSTEM, "zlib could not be set up");
        free(stage);
        return NULL;
    }
    stage->stream.next_out = stage->output;
    stage->stream.avail_out = OUTPUT_SIZE;
    return stage;
}

struct sink *gzip_stage_sink(struct gzip_stage *stage)
{
    return &stage->sink;
}

void gzip_stage_free(struct gzip_stage *stage)
{
    if (stage == NULL) {
        return;
    }
    (void)deflateEnd(&stage->stream);
    free(stage);
}
