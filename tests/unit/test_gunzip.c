#include "unit/unit.h"

#include "unit/collector.h"

#include "stage/gunzip.h"
#include "stage/gzip.h"

#include "base/strbuf.h"

/* Appends one gzip member that holds `text`. */
static void pack(struct strbuf *out, struct slice text)
{
    struct collector end;
    struct error err;
    struct gzip_stage *stage;
    collector_init(&end);
    stage = gzip_stage_new(&end.sink, GZIP_FASTEST, &err);
    assert_non_null(stage);
    assert_int_equal(sink_write(gzip_stage_sink(stage), text, &err), 0);
    assert_int_equal(sink_close(gzip_stage_sink(stage), &err), 0);
    assert_true(end.closed);
    strbuf_append(out, strbuf_slice(&end.bytes));
    gzip_stage_free(stage);
    strbuf_release(&end.bytes);
}

/* Unpacks in pieces; 0 with the text, or -1 with *err. */
static int unpack(struct slice packed, size_t piece, struct strbuf *text, struct error *err)
{
    struct collector end;
    struct gunzip_stage *stage;
    int result = 0;
    collector_init(&end);
    stage = gunzip_stage_new(&end.sink, err);
    assert_non_null(stage);
    while (result == 0 && packed.size > 0) {
        result = sink_write(gunzip_stage_sink(stage), slice_take(packed, piece), err);
        packed = slice_skip(packed, piece);
    }
    if (result == 0) {
        result = sink_close(gunzip_stage_sink(stage), err);
    }
    if (result == 0) {
        strbuf_append(text, strbuf_slice(&end.bytes));
    } else {
        assert_false(end.closed);
    }
    gunzip_stage_free(stage);
    strbuf_release(&end.bytes);
    return result;
}

static void assert_unpacks(struct slice packed, size_t piece, struct slice expected)
{
    struct strbuf text = STRBUF_INIT;
    struct error err;
    assert_int_equal(unpack(packed, piece, &text, &err), 0);
    assert_true(slice_equal(strbuf_slice(&text), expected));
    strbuf_release(&text);
}

static void assert_refused(struct slice packed, const char *part)
{
    struct strbuf text = STRBUF_INIT;
    struct error err;
    assert_int_equal(unpack(packed, 7, &text, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_false(err.retryable);
    assert_says(err.message, part);
    strbuf_release(&text);
}

static void test_members_in_any_pieces(void **state)
{
    struct strbuf packed = STRBUF_INIT;
    (void)state;
    pack(&packed, SLICE("first\n"));
    pack(&packed, SLICE(""));
    pack(&packed, SLICE("second\n"));
    for (size_t piece = 1; piece <= packed.size; piece++) {
        assert_unpacks(strbuf_slice(&packed), piece, SLICE("first\nsecond\n"));
    }
    strbuf_append(&packed, SLICE("\0\0\0\0"));
    assert_unpacks(strbuf_slice(&packed), 1, SLICE("first\nsecond\n"));
    strbuf_release(&packed);
}

static void test_much_data_comes_back_and_packs_the_same(void **state)
{
    struct strbuf text = STRBUF_INIT;
    struct strbuf packed = STRBUF_INIT;
    struct strbuf again = STRBUF_INIT;
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        strbuf_append_format(&text, "%llu|%llu\n", (unsigned long long)i,
                             (unsigned long long)i * 2654435761U);
    }
    pack(&packed, strbuf_slice(&text));
    pack(&again, strbuf_slice(&text));
    assert_true(packed.size < text.size / 2);
    assert_true(slice_equal(strbuf_slice(&packed), strbuf_slice(&again)));
    assert_unpacks(strbuf_slice(&packed), 16384, strbuf_slice(&text));
    strbuf_release(&text);
    strbuf_release(&packed);
    strbuf_release(&again);
}

static void test_damage_is_an_error_that_says_where(void **state)
{
    struct strbuf packed = STRBUF_INIT;
    size_t first;
    (void)state;
    pack(&packed, SLICE("first first first first\n"));
    first = packed.size;
    assert_refused(SLICE(""), "empty");
    assert_refused(SLICE("plain text"), "damaged in member 1");
    for (size_t size = 1; size < first; size++) {
        assert_refused(slice_take(strbuf_slice(&packed), size), "cut short in member 1");
    }
    strbuf_append_text(&packed, "rubbish");
    assert_refused(strbuf_slice(&packed), "damaged in member 2");
    strbuf_truncate(&packed, first);
    strbuf_append(&packed, SLICE("\0x"));
    assert_refused(strbuf_slice(&packed), "behind the end");
    strbuf_truncate(&packed, first);
    packed.data[first - 6] ^= 1; /* in the check sum */
    assert_refused(strbuf_slice(&packed), "damaged in member 1");
    strbuf_release(&packed);
}

static void test_the_next_sinks_error_comes_through(void **state)
{
    struct strbuf packed = STRBUF_INIT;
    struct collector end;
    struct gunzip_stage *stage;
    struct error err;
    (void)state;
    pack(&packed, SLICE("some text that is too much"));
    collector_init(&end);
    end.refuse_after = 3;
    stage = gunzip_stage_new(&end.sink, &err);
    assert_int_equal(sink_write(gunzip_stage_sink(stage), strbuf_slice(&packed), &err), -1);
    assert_int_equal(err.kind, ERROR_LIMIT);
    gunzip_stage_free(stage);
    gunzip_stage_free(NULL);
    gzip_stage_free(NULL);
    strbuf_release(&end.bytes);
    strbuf_release(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_in_any_pieces),
        cmocka_unit_test(test_much_data_comes_back_and_packs_the_same),
        cmocka_unit_test(test_damage_is_an_error_that_says_where),
        cmocka_unit_test(test_the_next_sinks_error_comes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
