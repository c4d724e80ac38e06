/*
 * Gunzip and gzip: what was packed comes back from any pieces, a pack that lacks its end is
 * refused, and arbitrary bytes give the same answer in one piece and in many.
 *
 * Input: four bytes for the sizes of the pieces in turn, one for the members and the padding, then
 * the bytes to pack, and to unpack as they are.
 */
#include "stage/gunzip.h"
#include "stage/gzip.h"

#include "unit/collector.h"

#include <assert.h>

#define UNPACKED_LIMIT ((size_t)256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct sink *sink, struct slice bytes, const uint8_t pieces[4], struct error *err)
{
    int result = 0;
    for (size_t i = 0; result == 0 && bytes.size > 0; i++) {
        struct slice piece = slice_take(bytes, pieces == NULL ? bytes.size : pieces[i % 4] + 1U);
        result = sink_write(sink, piece, err);
        bytes = slice_skip(bytes, piece.size);
    }
    return result == 0 ? sink_close(sink, err) : -1;
}

/* 0 with the text appended, or -1. A pack that grows over the limit counts as refused. */
static int unpack(struct slice packed, const uint8_t *pieces, struct strbuf *text)
{
    struct collector end;
    struct error err;
    struct gunzip_stage *stage;
    int result;
    collector_init(&end);
    end.refuse_after = UNPACKED_LIMIT;
    stage = gunzip_stage_new(&end.sink, &err);
    result = feed(gunzip_stage_sink(stage), packed, pieces, &err);
    assert(end.closed == (result == 0));
    if (result == 0) {
        strbuf_append(text, strbuf_slice(&end.bytes));
    } else {
        assert(!err.retryable && err.message[0] != '\0');
    }
    gunzip_stage_free(stage);
    strbuf_release(&end.bytes);
    return result;
}

static void pack(struct slice text, const uint8_t pieces[4], struct strbuf *packed)
{
    struct collector end;
    struct error err;
    struct gzip_stage *stage;
    collector_init(&end);
    stage = gzip_stage_new(&end.sink, GZIP_FASTEST, &err);
    assert(feed(gzip_stage_sink(stage), text, pieces, &err) == 0);
    strbuf_append(packed, strbuf_slice(&end.bytes));
    gzip_stage_free(stage);
    strbuf_release(&end.bytes);
}

static void check_round_trip(struct slice bytes, const uint8_t pieces[4], uint8_t choice)
{
    struct strbuf packed = STRBUF_INIT;
    struct strbuf text = STRBUF_INIT;
    size_t members = choice % 4 + 1U;
    struct slice rest = bytes;
    for (size_t i = 1; i < members; i++) {
        pack(slice_take(rest, bytes.size / members), pieces, &packed);
        rest = slice_skip(rest, bytes.size / members);
    }
    size_t last = packed.size;
    pack(rest, pieces, &packed);
    size_t cut = last + 1 + (choice / 4) % (packed.size - last - 1);
    assert(unpack(slice_take(strbuf_slice(&packed), cut), pieces, &text) != 0);
    for (size_t i = 0; i < choice / 64; i++) {
        strbuf_append_char(&packed, '\0');
    }
    assert(unpack(strbuf_slice(&packed), pieces, &text) == 0);
    assert(slice_equal(strbuf_slice(&text), bytes));
    strbuf_append_text(&packed, "x");
    assert(unpack(strbuf_slice(&packed), pieces, &text) != 0);
    strbuf_release(&packed);
    strbuf_release(&text);
}

static void check_any_bytes(struct slice bytes, const uint8_t pieces[4])
{
    struct strbuf whole = STRBUF_INIT;
    struct strbuf pieced = STRBUF_INIT;
    int result = unpack(bytes, NULL, &whole);
    assert(unpack(bytes, pieces, &pieced) == result);
    assert(slice_equal(strbuf_slice(&whole), strbuf_slice(&pieced)));
    strbuf_release(&whole);
    strbuf_release(&pieced);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    check_any_bytes(slice_of(data + 5, size - 5), data);
    check_round_trip(slice_of(data + 5, size - 5), data, data[4]);
    return 0;
}
