#include "unit/unit.h"

#include "stage/records.h"

#include "base/strbuf.h"

struct example {
    enum record_layout layout;
    const char *text;
    const char *marked; /* the text with '#' behind every record */
};

static const struct example examples[] = {
    {RECORDS_LINES, "a\nb\n", "a\n#b\n#"},
    {RECORDS_LINES, "a\\\n\"b\nc\"", "a\\\n#\"b\n#c\""},
    {RECORDS_LINES, "\n\r\n", "\n#\r\n#"},
    {RECORDS_ESCAPED, "a\\\nb\nc\n", "a\\\nb\n#c\n#"},
    {RECORDS_ESCAPED, "a\\\\\nb\\\\\\\nc\n", "a\\\\\n#b\\\\\\\nc\n#"},
    {RECORDS_ESCAPED, "a\\\r\nb\n", "a\\\r\n#b\n#"},
    {RECORDS_ESCAPED, "a\\", "a\\"},
    {RECORDS_CSV, "a,\"b\nc\",d\ne\n", "a,\"b\nc\",d\n#e\n#"},
    {RECORDS_CSV, "\"a\"\"\n\"\"b\"\nc\n", "\"a\"\"\n\"\"b\"\n#c\n#"},
    {RECORDS_CSV, "\"\"\n\"\n\"\n", "\"\"\n#\"\n\"\n#"},
    {RECORDS_CSV, "a\"b\nc\"\n", "a\"b\n#c\"\n#"},
    {RECORDS_CSV, "\"a\"b\"\nc\n", "\"a\"b\"\n#c\n#"},
    {RECORDS_CSV, " \"a\n\"\n", " \"a\n#\"\n"},
    {RECORDS_CSV, ",\"a\n,\"\r\n\r\n", ",\"a\n,\"\r\n#\r\n#"},
    {RECORDS_CSV, "a;\"b\n", "a;\"b\n#"},
};

static void mark(const struct example *example, size_t piece, struct strbuf *marked)
{
    struct record_scanner scanner = record_scanner_for(example->layout, ',', '"');
    struct slice rest = slice_from(example->text);
    while (rest.size > 0) {
        struct slice bytes = slice_take(rest, piece);
        rest = slice_skip(rest, piece);
        while (bytes.size > 0) {
            bool ended;
            size_t length = record_scanner_next(&scanner, bytes, &ended);
            assert_true(length >= 1 && length <= bytes.size);
            assert_true(ended || length == bytes.size);
            strbuf_append(marked, slice_take(bytes, length));
            if (ended) {
                strbuf_append_char(marked, '#');
            }
            bytes = slice_skip(bytes, length);
        }
    }
}

static void test_records_end_where_they_should_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        for (size_t piece = 1; piece <= strlen(examples[i].text); piece++) {
            struct strbuf marked = STRBUF_INIT;
            mark(&examples[i], piece, &marked);
            assert_string_equal(marked.data, examples[i].marked);
            strbuf_release(&marked);
        }
    }
}

static void test_other_quotes_and_delimiters(void **state)
{
    struct record_scanner scanner = record_scanner_for(RECORDS_CSV, '\t', '\'');
    bool ended;
    (void)state;
    assert_int_equal(record_scanner_next(&scanner, SLICE("\"a\"\t'b\n'\nc"), &ended), 9);
    assert_true(ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_end_where_they_should_whatever_the_pieces),
        cmocka_unit_test(test_other_quotes_and_delimiters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
