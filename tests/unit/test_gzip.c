#include "unit/unit.h"

#include "unit/collector.h"

#include "stage/gzip.h"

#include <zlib.h>

/* Packs in pieces; the caller releases. */
static struct strbuf packed(struct slice text, size_t piece, int level)
{
    struct collector end;
    struct error err;
    struct gzip_stage *stage;
    collector_init(&end);
    stage = gzip_stage_new(&end.sink, level, &err);
    assert_non_null(stage);
    while (text.size > 0) {
        assert_int_equal(sink_write(gzip_stage_sink(stage), slice_take(text, piece), &err), 0);
        text = slice_skip(text, piece);
    }
    assert_false(end.closed);
    assert_int_equal(sink_close(gzip_stage_sink(stage), &err), 0);
    assert_true(end.closed);
    gzip_stage_free(stage);
    return end.bytes;
}

static struct strbuf numbers(size_t size)
{
    struct strbuf text = STRBUF_INIT;
    for (uint64_t i = 0; text.size < size; i++) {
        strbuf_append_format(&text, "%llu|", (unsigned long long)i * 2654435761U);
    }
    strbuf_truncate(&text, size);
    return text;
}

/* zlib itself, in one call, is the judge. */
static void assert_is(const struct strbuf *pack, struct slice text)
{
    char *out = malloc(text.size + 1);
    z_stream stream = {.next_in = (Bytef *)pack->data,
                       .avail_in = (uInt)pack->size,
                       .next_out = (Bytef *)out,
                       .avail_out = (uInt)text.size + 1};
    assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    assert_int_equal(stream.total_out, text.size);
    assert_memory_equal(out, text.data, text.size);
    (void)inflateEnd(&stream);
    free(out);
}

static void test_any_size_in_any_pieces(void **state)
{
    static const size_t sizes[] = {0, 1, 1000, 65535, 65536, 65537, 1000000};
    static const size_t pieces[] = {1, 7, 4096, 65536, 1000000};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct strbuf text = numbers(sizes[i]);
        for (size_t j = sizes[i] > 100000 ? 2 : 0; j < COUNT_OF(pieces); j++) {
            struct strbuf pack = packed(strbuf_slice(&text), pieces[j], GZIP_FASTEST);
            assert_is(&pack, strbuf_slice(&text));
            strbuf_release(&pack);
        }
        strbuf_release(&text);
    }
}

static void test_the_head_names_nothing_and_no_time(void **state)
{
    struct strbuf pack = packed(SLICE("text"), 4, GZIP_FASTEST);
    (void)state;
    assert_true(pack.size > 10);
    assert_memory_equal(pack.data, "\x1f\x8b\x08\0\0\0\0\0", 8); /* RFC 1952: no flags, no time */
    strbuf_release(&pack);
}

static void test_a_higher_level_packs_smaller(void **state)
{
    struct strbuf text = numbers(200000);
    struct strbuf fast = packed(strbuf_slice(&text), 65536, GZIP_FASTEST);
    struct strbuf small = packed(strbuf_slice(&text), 65536, 9);
    (void)state;
    assert_true(small.size < fast.size);
    strbuf_release(&fast);
    strbuf_release(&small);
    strbuf_release(&text);
}

static void test_errors_and_aborts_reach_both_ways(void **state)
{
    struct strbuf text = numbers(1000000);
    struct collector end;
    struct gzip_stage *stage;
    struct error err;
    (void)state;
    collector_init(&end);
    end.refuse_after = 10;
    stage = gzip_stage_new(&end.sink, GZIP_FASTEST, &err);
    assert_int_equal(sink_write(gzip_stage_sink(stage), strbuf_slice(&text), &err), -1);
    assert_int_equal(err.kind, ERROR_LIMIT);
    sink_abort(gzip_stage_sink(stage));
    assert_true(end.aborted);
    assert_false(end.closed);
    gzip_stage_free(stage);
    strbuf_release(&end.bytes);

    collector_init(&end);
    end.refuse_after = 10; /* met at the close only: until then all is in the stage */
    stage = gzip_stage_new(&end.sink, GZIP_FASTEST, &err);
    assert_int_equal(sink_write(gzip_stage_sink(stage), SLICE("short"), &err), 0);
    assert_int_equal(sink_close(gzip_stage_sink(stage), &err), -1);
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_false(end.closed);
    gzip_stage_free(stage);
    strbuf_release(&end.bytes);
    strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_size_in_any_pieces),
        cmocka_unit_test(test_the_head_names_nothing_and_no_time),
        cmocka_unit_test(test_a_higher_level_packs_smaller),
        cmocka_unit_test(test_errors_and_aborts_reach_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
