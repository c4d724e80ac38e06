#include "stage/gunzip.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* input is const, as it should be */
#include <zlib.h>

#include "base/banned.h"

#define OUTPUT_SIZE ((size_t)64 * 1024)
#define GZIP_ONLY (MAX_WBITS + 16)

struct gunzip_stage {
    struct sink sink;
    struct sink *next;
    z_stream stream;
    enum { BEFORE_MEMBER, IN_MEMBER, IN_PADDING } place;
    uint64_t members;
    unsigned char output[OUTPUT_SIZE];
};

static struct gunzip_stage *stage_of(struct sink *sink)
{
    return (struct gunzip_stage *)(void *)sink;
}

static int bad_data(const struct gunzip_stage *stage, struct error *err)
{
    return error_set(err, ERROR_INVALID, "the gzip data is damaged in member %llu: %s",
                     (unsigned long long)stage->members,
                     stage->stream.msg != NULL ? stage->stream.msg : "unexpected bytes");
}

/* Between members: the next one begins, or padding does. */
static int enter_member(struct gunzip_stage *stage, struct error *err)
{
    if (stage->members > 0 && *stage->stream.next_in == 0) {
        stage->place = IN_PADDING;
    }
    if (stage->place == IN_PADDING) {
        while (stage->stream.avail_in > 0 && *stage->stream.next_in == 0) {
            stage->stream.next_in++;
            stage->stream.avail_in--;
        }
        if (stage->stream.avail_in > 0) {
            return error_set(err, ERROR_INVALID,
                             "there are bytes behind the end of the gzip data that are not gzip");
        }
        return 0;
    }
    stage->place = IN_MEMBER;
    stage->members++;
    return inflateReset(&stage->stream) == Z_OK ? 0 : bad_data(stage, err);
}

/* Unpacks until the input is used up or the member ends. */
static int inflate_member(struct gunzip_stage *stage, struct error *err)
{
    do {
        int status;
        size_t size;
        stage->stream.next_out = stage->output;
        stage->stream.avail_out = OUTPUT_SIZE;
        status = inflate(&stage->stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
            return bad_data(stage, err);
        }
        size = OUTPUT_SIZE - stage->stream.avail_out;
        if (size > 0 && sink_write(stage->next, slice_of(stage->output, size), err) != 0) {
            return -1;
        }
        if (status == Z_STREAM_END) {
            stage->place = BEFORE_MEMBER;
            return 0;
        }
    } while (stage->stream.avail_in > 0 || stage->stream.avail_out == 0);
    return 0;
}

static int gunzip_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct gunzip_stage *stage = stage_of(sink);
    while (bytes.size > 0) {
        struct slice piece = slice_take(bytes, (size_t)1 << 30); /* zlib counts in 32 bits */

        bytes = slice_skip(bytes, piece.size);
        stage->stream.next_in = (const Bytef *)piece.data;
        stage->stream.avail_in = (uInt)piece.size;
        while (stage->stream.avail_in > 0) {
            if (stage->place != IN_MEMBER && enter_member(stage, err) != 0) {
                return -1;
            }
            if (stage->place == IN_MEMBER && inflate_member(stage, err) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int gunzip_close(struct sink *sink, struct error *err)
{
    struct gunzip_stage *stage = stage_of(sink);
    if (stage->members == 0) {
        return error_set(err, ERROR_INVALID, "the file is empty, where gzip data is expected");
    }
    if (stage->place == IN_MEMBER) {
        return error_set(err, ERROR_INVALID, "the gzip data is cut short in member %llu",
                         (unsigned long long)stage->members);
    }
    return sink_close(stage->next, err);
}

static void gunzip_abort(struct sink *sink)
{
    sink_abort(stage_of(sink)->next);
}

static const struct sink_operations operations = {
    .write = gunzip_write,
    .close = gunzip_close,
    .abort = gunzip_abort,
};

struct gunzip_stage *gunzip_stage_new(struct sink *next, struct error *err)
{
    struct gunzip_stage *stage = memory_allocate(sizeof(*stage));
    memset(stage, 0, sizeof(*stage));
    stage->sink.operations = &operations;
    stage->next = next;
    if (inflateInit2(&stage->stream, GZIP_ONLY) != Z_OK) {
        (void)error_set(err, ERROR_SYSTEM, "zlib could not be set up");
        free(stage);
        return NULL;
    }
    return stage;
}

struct sink *gunzip_stage_sink(struct gunzip_stage *stage)
{
    return &stage->sink;
}

void gunzip_stage_free(struct gunzip_stage *stage)
{
    if (stage == NULL) {
        return;
    }
    (void)inflateEnd(&stage->stream);
    free(stage);
}
