#include "unit/unit.h"

#include "unit/collector.h"

#include "stage/trailer.h"

struct example {
    const char *text;
    bool has_header;
    enum record_layout layout;
    const char *passed_on;
    uint64_t records;
    uint64_t blank;
    const char *trailer;
};

static const struct example examples[] = {
    {"a\nb\nT2\n", false, RECORDS_LINES, "a\nb\n", 2, 0, "T2"},
    {"a\nb\nT2", false, RECORDS_LINES, "a\nb\n", 2, 0, "T2"},
    {"a\r\nb\r\nT2\r\n", false, RECORDS_LINES, "a\r\nb\r\n", 2, 0, "T2"},
    {"h\na\nb\nT2\n", true, RECORDS_LINES, "h\na\nb\n", 2, 0, "T2"},
    {"a\n\nb\nT2\n\n\n", false, RECORDS_LINES, "a\n\nb\n", 3, 1, "T2"},
    {"a\n\r\nb\nT2\r\n\r\n", false, RECORDS_LINES, "a\n\r\nb\n", 3, 1, "T2"},
    {"\na\nT1", false, RECORDS_LINES, "\na\n", 2, 1, "T1"},
    {"T0\n", false, RECORDS_LINES, "", 0, 0, "T0"},
    {"T0", false, RECORDS_LINES, "", 0, 0, "T0"},
    {"h\nT0", true, RECORDS_LINES, "h\n", 0, 0, "T0"},
    {"a\\\nb\nc\nT2\n", false, RECORDS_ESCAPED, "a\\\nb\nc\n", 2, 0, "T2"},
    {"a\\\\\nb\nT2\n", false, RECORDS_ESCAPED, "a\\\\\nb\n", 2, 0, "T2"},
    {"\"x\ny\",1\nz,2\nT2\n", false, RECORDS_CSV, "\"x\ny\",1\nz,2\n", 2, 0, "T2"},
    {"\"x\"\"\n\",1\nT1\n", false, RECORDS_CSV, "\"x\"\"\n\",1\n", 1, 0, "T1"},
    {"5\" pipe,1\n6\" pipe,2\nT2\n", false, RECORDS_CSV, "5\" pipe,1\n6\" pipe,2\n", 2, 0, "T2"},
    {"1,\"a\nb\"\n2,\"c\"\nT2", false, RECORDS_CSV, "1,\"a\nb\"\n2,\"c\"\n", 2, 0, "T2"},
    {"h\n\na\nT2\n", true, RECORDS_LINES, "h\n\na\n", 2, 1, "T2"},
    {"a\rb\nT1\n", false, RECORDS_LINES, "a\rb\n", 1, 0, "T1"},
    {"\xEF\xBB\xBF"
     "a\nT1\n",
     false, RECORDS_LINES,
     "\xEF\xBB\xBF"
     "a\n",
     1, 0, "T1"},
    {"\xEF\xBB\xBF\"x\ny\",1\nT1\n", false, RECORDS_CSV, "\xEF\xBB\xBF\"x\ny\",1\n", 1, 0, "T1"},
    {"\xEF\xBB\xBF"
     "h\n\"x\ny\",1\nT1",
     true, RECORDS_CSV,
     "\xEF\xBB\xBF"
     "h\n\"x\ny\",1\n",
     1, 0, "T1"},
    {"\xEF\xBB\xBF"
     "T0\n",
     false, RECORDS_LINES, "\xEF\xBB\xBF", 0, 0, "T0"},
    {"\xEF\xBB\xBF\na\nT2", false, RECORDS_LINES, "\xEF\xBB\xBF\na\n", 2, 1, "T2"},
    {"\xEF\xBB\xBF\xEF\xBB\xBF\"x\nT1\n", false, RECORDS_CSV, "\xEF\xBB\xBF\xEF\xBB\xBF\"x\n", 1, 0,
     "T1"},
    {"\xEF\xBB\"x\nT1\n", false, RECORDS_CSV, "\xEF\xBB\"x\n", 1, 0, "T1"},
    {"\xEF\xBB", false, RECORDS_LINES, "", 0, 0, "\xEF\xBB"},
    {" \nT1\n\r", false, RECORDS_LINES, " \n", 1, 0, "T1"},
    {"a\nT\"1\n", false, RECORDS_CSV, "a\n", 1, 0, "T\"1"},
};

static void feed(struct sink *sink, struct slice text, size_t piece)
{
    struct error err;
    while (text.size > 0) {
        assert_int_equal(sink_write(sink, slice_take(text, piece), &err), 0);
        text = slice_skip(text, piece);
    }
}

static void check(const struct example *example, size_t piece)
{
    struct collector end;
    struct trailer_stage stage;
    struct trailer_counts counts;
    struct error err;
    collector_init(&end);
    trailer_stage_init(&stage, &end.sink, record_scanner_for(example->layout, ',', '"'),
                       example->has_header);
    feed(&stage.sink, slice_from(example->text), piece);
    assert_int_equal(sink_close(&stage.sink, &err), 0);
    counts = trailer_stage_counts(&stage);
    assert_true(end.closed);
    assert_string_equal(end.bytes.data, example->passed_on);
    assert_int_equal(counts.records, example->records);
    assert_int_equal(counts.blank, example->blank);
    assert_int_equal(counts.offset, strlen(example->passed_on));
    assert_true(slice_equal(counts.text, slice_from(example->trailer)));
    trailer_stage_release(&stage);
    strbuf_release(&end.bytes);
}

static void test_trailer_is_taken_off_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        for (size_t piece = 1; piece <= strlen(examples[i].text); piece++) {
            check(&examples[i], piece);
        }
    }
}

static void assert_layout_refused(enum record_layout layout, struct slice text, bool has_header,
                                  const char *part)
{
    struct collector end;
    struct trailer_stage stage;
    struct error err;
    collector_init(&end);
    trailer_stage_init(&stage, &end.sink, record_scanner_for(layout, ',', '"'), has_header);
    feed(&stage.sink, text, 65536);
    assert_int_equal(sink_close(&stage.sink, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_says(err.message, part);
    sink_abort(&stage.sink);
    assert_true(end.aborted);
    assert_false(end.closed);
    trailer_stage_release(&stage);
    strbuf_release(&end.bytes);
}

static void assert_refused(struct slice text, bool has_header, const char *part)
{
    assert_layout_refused(RECORDS_LINES, text, has_header, part);
}

static void test_files_without_a_trailer_are_refused(void **state)
{
    (void)state;
    assert_refused(SLICE(""), false, "empty");
    assert_refused(SLICE("\n\r\n\n"), false, "empty");
    assert_refused(SLICE("only\n"), true, "one line only");
    assert_refused(SLICE("only\n\n\n"), true, "one line only");
}

static void test_a_blank_line_is_no_header(void **state)
{
    (void)state;
    assert_refused(SLICE("\na\nT1\n"), true, "first line is blank");
    assert_refused(SLICE("\r\nh\na\nT1\n"), true, "first line is blank");
}

static void test_utf16_is_named(void **state)
{
    (void)state;
    assert_refused(SLICE("\xFF\xFE"
                         "a\0\n\0T\0001\0\n\0"),
                   false, "UTF-16");
    assert_refused(SLICE("\xFE\xFF\0a\0\n\0T\0001\0\n"), true, "UTF-16");
    assert_refused(SLICE("\xFF\xFE"), false, "UTF-16");
}

static void test_lines_that_end_in_a_carriage_return_alone_are_named(void **state)
{
    (void)state;
    assert_refused(SLICE("a\rb\rT2\r"), false, "carriage return");
    assert_refused(SLICE("a\nb\rT2"), false, "carriage return");
}

static void test_a_quote_that_stays_open_is_named(void **state)
{
    (void)state;
    assert_layout_refused(RECORDS_CSV, SLICE("h\n\n1,\"x\n2,y\nT2\n"), false,
                          "record 3 opens a quote");
    assert_layout_refused(RECORDS_CSV, SLICE("1,x\n\"T1\"\""), false, "record 2 opens a quote");
}

static void test_a_last_line_too_long_to_hold_goes_on_and_is_refused(void **state)
{
    struct strbuf text = STRBUF_INIT;
    (void)state;
    strbuf_append_text(&text, "a\n");
    for (size_t i = 0; i < TRAILER_BYTES_LIMIT + 70000; i++) {
        strbuf_append_char(&text, 'x');
    }
    assert_refused(strbuf_slice(&text), false, "no trailer");
    strbuf_append_text(&text, "\n\n");
    assert_refused(strbuf_slice(&text), false, "no trailer");
    strbuf_release(&text);
}

static void test_memory_stays_bounded_by_long_lines_before_the_trailer(void **state)
{
    struct collector end;
    struct strbuf text = STRBUF_INIT;
    struct trailer_stage stage;
    struct error err;
    (void)state;
    for (size_t i = 0; i < 3 * TRAILER_BYTES_LIMIT; i++) {
        strbuf_append_char(&text, 'x');
    }
    strbuf_append_text(&text, "\nT1\n");
    collector_init(&end);
    trailer_stage_init(&stage, &end.sink, record_scanner_for(RECORDS_LINES, 0, 0), false);
    feed(&stage.sink, strbuf_slice(&text), 50000);
    assert_true(stage.held.capacity < 4 * TRAILER_BYTES_LIMIT);
    assert_int_equal(sink_close(&stage.sink, &err), 0);
    assert_int_equal(trailer_stage_counts(&stage).records, 1);
    assert_int_equal(end.bytes.size, 3 * TRAILER_BYTES_LIMIT + 1);
    assert_true(slice_equal(trailer_stage_counts(&stage).text, SLICE("T1")));
    trailer_stage_release(&stage);
    strbuf_release(&text);
    strbuf_release(&end.bytes);
}

static void test_counts_are_read_as_numbers(void **state)
{
    static const struct {
        struct slice trailer;
        uint64_t start;
        uint64_t end;
        uint64_t count;
    } cases[] = {
        {SLICE_INIT("TRL0000000002"), 4, 14, 2},
        {SLICE_INIT("TRL         2"), 4, 14, 2},
        {SLICE_INIT("TRL2         "), 4, 14, 2},
        {SLICE_INIT("2"), 1, 2, 2},
        {SLICE_INIT("2"), 1, 99, 2},
        {SLICE_INIT("TRL12|end"), 4, 6, 12},
        {SLICE_INIT("T0"), 2, 3, 0},
        {SLICE_INIT("T\t7\t"), 2, 5, 7},
        {SLICE_INIT("Zählung 12"), 9, 11, 12},
        {SLICE_INIT("\xE9\xE9"
                    "12"),
         3, 5, 12},
        {SLICE_INIT("\xE2\x82"
                    "12"),
         3, 5, 12},
        {SLICE_INIT("18446744073709551615"), 1, UINT64_MAX, UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err;
        uint64_t count = 99;
        assert_int_equal(
            trailer_read_count(cases[i].trailer, cases[i].start, cases[i].end, &count, &err), 0);
        assert_int_equal(count, cases[i].count);
    }
}

static void test_bad_counts_name_their_place(void **state)
{
    struct error err;
    uint64_t count;
    (void)state;
    assert_int_equal(trailer_read_count(SLICE("TRLxx"), 4, 6, &count, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_string_equal(err.message, "the trailer holds no record count: characters 4 to 5 hold 2 "
                                     "bytes that are no number (the last line has 5 bytes)");
    assert_int_equal(trailer_read_count(SLICE("TRL"), 4, 6, &count, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_int_equal(trailer_read_count(SLICE("TRL-2"), 4, 6, &count, &err), -1);
    assert_int_equal(trailer_read_count(SLICE("1 2"), 1, 4, &count, &err), -1);
    assert_int_equal(trailer_read_count(SLICE("18446744073709551616"), 1, 21, &count, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_string_equal(
        err.message, "the trailer's record count at characters 1 to 20 is larger than any file's");
    assert_int_equal(trailer_read_count(SLICE("1"), 0, 2, &count, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_int_equal(trailer_read_count(SLICE("1"), 2, 2, &count, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trailer_is_taken_off_whatever_the_pieces),
        cmocka_unit_test(test_files_without_a_trailer_are_refused),
        cmocka_unit_test(test_a_blank_line_is_no_header),
        cmocka_unit_test(test_utf16_is_named),
        cmocka_unit_test(test_lines_that_end_in_a_carriage_return_alone_are_named),
        cmocka_unit_test(test_a_quote_that_stays_open_is_named),
        cmocka_unit_test(test_a_last_line_too_long_to_hold_goes_on_and_is_refused),
        cmocka_unit_test(test_memory_stays_bounded_by_long_lines_before_the_trailer),
        cmocka_unit_test(test_counts_are_read_as_numbers),
        cmocka_unit_test(test_bad_counts_name_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
