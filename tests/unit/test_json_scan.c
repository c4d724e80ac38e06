#include "unit/unit.h"

#include "base/json_scan.h"

#include "base/json.h"
#include "base/strbuf.h"

#include <time.h>

static void assert_accepted(struct slice text)
{
    struct error err = {.message = "untouched"};
    if (json_scan(text, &err) != 0) {
        fail_msg("%.*s: %s", SLICE_ARG(text), err.message);
    }
    assert_string_equal(err.message, "untouched");
}

static void assert_refused(struct slice text, enum error_kind kind, const char *message)
{
    struct error err;
    assert_int_equal(json_scan(text, &err), -1);
    assert_string_equal(err.message, message);
    assert_int_equal(err.kind, kind);
    assert_false(err.retryable);
}

static void test_json_is_accepted(void **state)
{
    static const struct slice texts[] = {
        SLICE_INIT("null"),
        SLICE_INIT("true"),
        SLICE_INIT("false"),
        SLICE_INIT("\"\""),
        SLICE_INIT("0"),
        SLICE_INIT("[]"),
        SLICE_INIT("{}"),
        SLICE_INIT(" \t\r\n[ \t\r\n] \t\r\n"),
        SLICE_INIT("{ }"),
        SLICE_INIT("[1,2 , 3]"),
        SLICE_INIT("[[],[[]],{}]"),
        SLICE_INIT("{\"a\":1,\"b\" : [ {\"c\":null} ] }"),
        SLICE_INIT("{\"\":0}"),
        SLICE_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
        SLICE_INIT("\"\\u0001\\u00e9\\u20AC\\ud83d\\uDE00\\uFFFF\""),
        SLICE_INIT("\"\x7F \xC2\x80 \xEF\xBF\xBF \xF4\x8F\xBF\xBF\""),
        SLICE_INIT("\"// no /* comment */\""),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_accepted(texts[i]);
    }
}

static void test_numbers_are_accepted(void **state)
{
    static const struct slice texts[] = {
        SLICE_INIT("0"),
        SLICE_INIT("-0"),
        SLICE_INIT("-0.0"),
        SLICE_INIT("7"),
        SLICE_INIT("-10"),
        SLICE_INIT("1.5"),
        SLICE_INIT("0.00"),
        SLICE_INIT("1e2"),
        SLICE_INIT("1E+2"),
        SLICE_INIT("1.25e-2"),
        SLICE_INIT("0e0"),
        SLICE_INIT("1.7976931348623157e308"),
        SLICE_INIT("-1.7976931348623157e308"),
        SLICE_INIT("1e-999"), /* too small is zero */
        SLICE_INIT("10000000000000000000000"),
        SLICE_INIT("123456789012345678901234567890123456789012345678901234567890123"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_accepted(texts[i]);
    }
}

struct refusal {
    struct slice text;
    const char *message; /* behind "JSON, line " */
};

static void assert_refusals(const struct refusal *refusals, size_t count, enum error_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        struct strbuf message = STRBUF_INIT;
        strbuf_append_format(&message, "JSON, line %s", refusals[i].message);
        assert_refused(refusals[i].text, kind, message.data);
        strbuf_release(&message);
    }
}

static void test_bad_structure_is_refused(void **state)
{
    static const struct refusal refusals[] = {
        {SLICE_INIT(""), "1, column 1: a value is expected here, not the end of the text"},
        {SLICE_INIT("  "), "1, column 3: a value is expected here, not the end of the text"},
        {SLICE_INIT("nul"), "1, column 1: a value is expected here, not 'n'"},
        {SLICE_INIT("True"), "1, column 1: a value is expected here, not 'T'"},
        {SLICE_INIT("nulll"), "1, column 5: the end of the text is expected here, not 'l'"},
        {SLICE_INIT("{} {}"), "1, column 4: the end of the text is expected here, not '{'"},
        {SLICE_INIT("1,"), "1, column 2: the end of the text is expected here, not ','"},
        {SLICE_INIT("null\0"), "1, column 5: the end of the text is expected here, not byte 0x00"},
        {SLICE_INIT("'a'"), "1, column 1: a value is expected here, not '''"},
        {SLICE_INIT("["), "1, column 2: a value is expected here, not the end of the text"},
        {SLICE_INIT("[1"), "1, column 3: a comma or ']' is expected here, not the end of the text"},
        {SLICE_INIT("[1 2]"), "1, column 4: a comma or ']' is expected here, not '2'"},
        {SLICE_INIT("[1}"), "1, column 3: a comma or ']' is expected here, not '}'"},
        {SLICE_INIT("[1,]"), "1, column 4: a value is expected here, not ']'"},
        {SLICE_INIT("[,1]"), "1, column 2: a value is expected here, not ','"},
        {SLICE_INIT("]"), "1, column 1: a value is expected here, not ']'"},
        {SLICE_INIT("{"),
         "1, column 2: a name in quotes is expected here, not the end of the text"},
        {SLICE_INIT("{a:1}"), "1, column 2: a name in quotes is expected here, not 'a'"},
        {SLICE_INIT("{1:1}"), "1, column 2: a name in quotes is expected here, not '1'"},
        {SLICE_INIT("{\"a\"}"), "1, column 5: a colon is expected here, not '}'"},
        {SLICE_INIT("{\"a\" 1}"), "1, column 6: a colon is expected here, not '1'"},
        {SLICE_INIT("{\"a\":}"), "1, column 6: a value is expected here, not '}'"},
        {SLICE_INIT("{\"a\":1,}"), "1, column 8: a name in quotes is expected here, not '}'"},
        {SLICE_INIT("{\"a\":1 \"b\":2}"), "1, column 8: a comma or '}' is expected here, not '\"'"},
        {SLICE_INIT("{\"a\":1]"), "1, column 7: a comma or '}' is expected here, not ']'"},
        {SLICE_INIT("[1] // x"), "1, column 5: the end of the text is expected here, not '/'"},
        {SLICE_INIT("[\f]"), "1, column 2: a value is expected here, not byte 0x0c"},
        {SLICE_INIT("[\xC2\xA0]"), "1, column 2: a value is expected here, not byte 0xc2"},
        {SLICE_INIT("\xEF\xBB\xBF{}"), "1, column 1: a byte order mark is not allowed"},
    };
    (void)state;
    assert_refusals(refusals, COUNT_OF(refusals), ERROR_INVALID);
}

static void test_bad_numbers_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {SLICE_INIT("-"), "1, column 2: a digit is expected here, not the end of the text"},
        {SLICE_INIT("+1"), "1, column 1: a value is expected here, not '+'"},
        {SLICE_INIT(".5"), "1, column 1: a value is expected here, not '.'"},
        {SLICE_INIT("1."), "1, column 3: a digit is expected here, not the end of the text"},
        {SLICE_INIT("1.e2"), "1, column 3: a digit is expected here, not 'e'"},
        {SLICE_INIT("1e"), "1, column 3: a digit is expected here, not the end of the text"},
        {SLICE_INIT("1e+"), "1, column 4: a digit is expected here, not the end of the text"},
        {SLICE_INIT("1e+-1"), "1, column 4: a digit is expected here, not '-'"},
        {SLICE_INIT("01"), "1, column 2: the end of the text is expected here, not '1'"},
        {SLICE_INIT("-01"), "1, column 3: the end of the text is expected here, not '1'"},
        {SLICE_INIT("0x10"), "1, column 2: the end of the text is expected here, not 'x'"},
        {SLICE_INIT("1_000"), "1, column 2: the end of the text is expected here, not '_'"},
        {SLICE_INIT("NaN"), "1, column 1: a value is expected here, not 'N'"},
        {SLICE_INIT("Infinity"), "1, column 1: a value is expected here, not 'I'"},
        {SLICE_INIT("-Infinity"), "1, column 2: a digit is expected here, not 'I'"},
        {SLICE_INIT("[1e309]"), "1, column 2: a number too large for a double"},
        {SLICE_INIT("[-1e999999999]"), "1, column 2: a number too large for a double"},
    };
    (void)state;
    assert_refusals(refusals, COUNT_OF(refusals), ERROR_INVALID);
}

static void test_bad_strings_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {SLICE_INIT("\""), "1, column 2: the text ends inside a string"},
        {SLICE_INIT("\"abc"), "1, column 5: the text ends inside a string"},
        {SLICE_INIT("{\"a"), "1, column 4: the text ends inside a string"},
        {SLICE_INIT("\"a\nb\""), "1, column 3: a control character in a string must be escaped"},
        {SLICE_INIT("\"\x1F\""), "1, column 2: a control character in a string must be escaped"},
        {SLICE_INIT("\"\0\""), "1, column 2: a control character in a string must be escaped"},
        {SLICE_INIT("\"\\"), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\\""), "1, column 4: the text ends inside a string"},
        {SLICE_INIT("\"\\x41\""), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\'\""), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\\0\""), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\u004\""), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\u00g1\""), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\U0041\""), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\u"), "1, column 2: a backslash that starts no valid escape"},
        {SLICE_INIT("\"\\u0000\""), "1, column 2: the character U+0000 is not allowed"},
        {SLICE_INIT("{\"a\\u0000b\":1}"), "1, column 4: the character U+0000 is not allowed"},
        {SLICE_INIT("\"\\ud83d\""), "1, column 2: an escaped surrogate without its other half"},
        {SLICE_INIT("\"\\ude00\""), "1, column 2: an escaped surrogate without its other half"},
        {SLICE_INIT("\"\\ude00\\ud83d\""),
         "1, column 2: an escaped surrogate without its other half"},
        {SLICE_INIT("\"\\ud83d\\u0041\""),
         "1, column 2: an escaped surrogate without its other half"},
        {SLICE_INIT("\"\\ud83d\\n\""), "1, column 2: an escaped surrogate without its other half"},
        {SLICE_INIT("\"\\ud83dxude00\""),
         "1, column 2: an escaped surrogate without its other half"},
        {SLICE_INIT("\"ab\xFF\""), "1, column 4: bytes that are not UTF-8"},
        {SLICE_INIT("\"\xC0\xAF\""), "1, column 2: bytes that are not UTF-8"},
        {SLICE_INIT("\"\xED\xA0\x80\""), "1, column 2: bytes that are not UTF-8"},
        {SLICE_INIT("\"\xE2\x82\""), "1, column 2: bytes that are not UTF-8"},
        {SLICE_INIT("\"\xE2\x82"), "1, column 2: bytes that are not UTF-8"},
    };
    (void)state;
    assert_refusals(refusals, COUNT_OF(refusals), ERROR_INVALID);
}

static void test_lines_and_characters_are_counted(void **state)
{
    static const struct refusal refusals[] = {
        {SLICE_INIT("\n\n  x"), "3, column 3: a value is expected here, not 'x'"},
        {SLICE_INIT("{\r\n\"\xC3\xA9\xE2\x82\xAC\" 1}"),
         "2, column 6: a colon is expected here, not '1'"},
        {SLICE_INIT("[\n]\n]"), "3, column 1: the end of the text is expected here, not ']'"},
    };
    (void)state;
    assert_refusals(refusals, COUNT_OF(refusals), ERROR_INVALID);
}

static void test_repeated_names_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {SLICE_INIT("{\"a\":1,\"a\":1}"), "1, column 8"},
        {SLICE_INIT("{\"\":1,\"\":1}"), "1, column 7"},
        {SLICE_INIT("{\"a\":1,\"\\u0061\":1}"), "1, column 8"},
        {SLICE_INIT("{\"\\u0061b\":1,\"a\\u0062\":1}"), "1, column 14"},
        {SLICE_INIT("{\"\\/\":1,\"/\":1}"), "1, column 9"},
        {SLICE_INIT("{\"\\n\":1,\"\\u000A\":1}"), "1, column 9"},
        {SLICE_INIT("{\"\xC3\xA9\":1,\"\\u00e9\":1}"), "1, column 8"},
        {SLICE_INIT("{\"\xF0\x9F\x98\x80\":1,\"\\ud83d\\ude00\":1}"), "1, column 8"},
        {SLICE_INIT("{\"x\":1,\"b\":2,\"a\":3,\"c\":4,\"b\":5,\"x\":6}"), "1, column 26"},
        {SLICE_INIT("{\"a\":1,\"a\":2,\"a\":3}"), "1, column 8"}, /* the second, not the third */
        {SLICE_INIT("{\"b\":1,\"b\":2,\"a\":3,\"a\":4}"), "1, column 8"}, /* first in the text */
        {SLICE_INIT("[{\"a\":{\"b\":1,\n\"b\":1}}]"), "2, column 1"},
        {SLICE_INIT("{\"a\":{\"c\":1},\"b\":[{\"c\":1}],\"a\":1}"), "1, column 28"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct strbuf message = STRBUF_INIT;
        strbuf_append_format(&message,
                             "JSON, line %s: the object has a member of this name already",
                             refusals[i].message);
        assert_refused(refusals[i].text, ERROR_INVALID, message.data);
        strbuf_release(&message);
    }
}

static void test_names_that_only_look_alike_are_accepted(void **state)
{
    static const struct slice texts[] = {
        SLICE_INIT("{\"a\":1,\"A\":1}"),
        SLICE_INIT("{\"a\":1,\"aa\":1,\"\":1}"),
        SLICE_INIT("{\"a\":{\"a\":{\"a\":1}}}"),
        SLICE_INIT("[{\"a\":1},{\"a\":1}]"),
        SLICE_INIT("{\"a\":{\"b\":1},\"b\":1}"),
        SLICE_INIT("{\"\xC3\xA9\":1,\"e\xCC\x81\":1}"), /* not normalised: other characters */
        SLICE_INIT("{\"\\u00e9\":1,\"\xC3\xA8\":1,\"\\u00e8x\":1,\"\\u00e9x\":1}"),
        SLICE_INIT("{\"a\\u0062\":1,\"a\":1,\"abc\":1,\"a\\u0063\":1}"),
        SLICE_INIT("{\"\\\\u0061\":1,\"a\":1}"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_accepted(texts[i]);
    }
}

static void append_repeated(struct strbuf *text, const char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        strbuf_append_text(text, piece);
    }
}

static void test_depth_is_bounded(void **state)
{
    struct strbuf text = STRBUF_INIT;
    (void)state;
    append_repeated(&text, "[", JSON_DEPTH_LIMIT);
    append_repeated(&text, "]", JSON_DEPTH_LIMIT);
    assert_accepted(strbuf_slice(&text));

    strbuf_clear(&text);
    strbuf_append_text(&text, "[");
    for (int i = 0; i < 3; i++) { /* siblings do not add up */
        append_repeated(&text, "{\"a\":", JSON_DEPTH_LIMIT - 1);
        strbuf_append_text(&text, "1");
        append_repeated(&text, "}", JSON_DEPTH_LIMIT - 1);
        strbuf_append_text(&text, i < 2 ? "," : "]");
    }
    assert_accepted(strbuf_slice(&text));

    strbuf_clear(&text);
    append_repeated(&text, "[", JSON_DEPTH_LIMIT + 1);
    assert_refused(strbuf_slice(&text), ERROR_LIMIT,
                   "JSON, line 1, column 65: arrays and objects nest too deeply");
    strbuf_clear(&text);
    append_repeated(&text, "[{\"a\":", 100000);
    assert_refused(strbuf_slice(&text), ERROR_LIMIT,
                   "JSON, line 1, column 193: arrays and objects nest too deeply");
    strbuf_release(&text);
}

static void test_long_numbers_are_refused(void **state)
{
    struct strbuf text = STRBUF_INIT;
    (void)state;
    strbuf_append_text(&text, "[0.");
    append_repeated(&text, "3", JSON_NUMBER_LIMIT - 2);
    strbuf_append_text(&text, "]");
    assert_accepted(strbuf_slice(&text));

    strbuf_clear(&text);
    strbuf_append_text(&text, "[0.");
    append_repeated(&text, "3", JSON_NUMBER_LIMIT - 1);
    strbuf_append_text(&text, "]");
    assert_refused(strbuf_slice(&text), ERROR_LIMIT,
                   "JSON, line 1, column 2: a number of too many characters");
    strbuf_release(&text);
}

/* Every prefix of a document is refused: nothing is accepted too early, nothing read too far. */
static void test_truncated_text_is_refused(void **state)
{
    static const char document[] =
        "{\"a\" : [1.5e-3, true,null ,\"\\u20ac\\ud83d\\ude00\xE2\x82\xAC\"], \"b\":{\"c\":{}}}";
    (void)state;
    assert_accepted(SLICE(document));
    for (size_t size = 0; size < sizeof(document) - 1; size++) {
        struct error err;
        char *exact = malloc(size == 0 ? 1 : size); /* the sanitizer sees a byte too many */
        assert_non_null(exact);
        memcpy(exact, document, size);
        assert_int_equal(json_scan(slice_of(exact, size), &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        free(exact);
    }
}

/* --- hostile names --- */

#define MANY 200000
#define MOST_SECONDS 8 /* of CPU; the square takes 20 at the very least */

static double seconds_of_scan(const struct strbuf *text, int expected)
{
    struct timespec start;
    struct timespec end;
    struct error err;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    assert_int_equal(json_scan(strbuf_slice(text), &err), expected);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

/* Comparing every name with every other would take minutes. */
static void test_many_names_do_not_take_the_square_of_the_time(void **state)
{
    struct strbuf text = STRBUF_INIT;
    (void)state;
    for (long i = 0; i < MANY; i++) {
        strbuf_append_format(&text, "%c\"name%ld\":%ld", i == 0 ? '{' : ',', i * 7919 % MANY, i);
    }
    strbuf_append_text(&text, "}");
    assert_true(seconds_of_scan(&text, 0) < MOST_SECONDS);
    strbuf_truncate(&text, text.size - 1);
    strbuf_append_text(&text, ",\"n\\u0061me4711\":0}");
    assert_true(seconds_of_scan(&text, -1) < MOST_SECONDS);
    strbuf_release(&text);
}

/* If a comparison looked at all of a long name, each of the short ones would. */
static void test_one_long_name_does_not_slow_down_many_short_ones(void **state)
{
    struct strbuf text = STRBUF_INIT;
    (void)state;
    strbuf_append_text(&text, "{\"");
    append_repeated(&text, "name", MANY);
    strbuf_append_text(&text, "\\n\":1");
    for (long i = 0; i < MANY; i++) {
        strbuf_append_format(&text, ",\"n\\u0061me%ld\":%ld", i, i);
    }
    strbuf_append_text(&text, "}");
    assert_true(seconds_of_scan(&text, 0) < MOST_SECONDS);
    strbuf_release(&text);
}

/* --- the numbers of a text --- */

static void test_numbers_are_found_in_order(void **state)
{
    static const struct slice text =
        SLICE_INIT("{\"1\":-0,\"\\\"2\\\\\":[1.50e+2,true,\"3\",\"\",null],\"\\\\\":false,"
                   "\"e\":12345678901234567890 }");
    static const char *const numbers[] = {"-0", "1.50e+2", "12345678901234567890", ""};
    size_t position = 0;
    (void)state;
    assert_accepted(text);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct slice number = json_scan_number(text, &position);
        assert_true(slice_equal(number, slice_from(numbers[i])));
    }
    assert_int_equal(position, text.size);

    position = 0;
    assert_int_equal(json_scan_number(SLICE("42"), &position).size, 2);
    position = 0;
    assert_int_equal(json_scan_number(SLICE("\"42\""), &position).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_is_accepted),
        cmocka_unit_test(test_numbers_are_accepted),
        cmocka_unit_test(test_bad_structure_is_refused),
        cmocka_unit_test(test_bad_numbers_are_refused),
        cmocka_unit_test(test_bad_strings_are_refused),
        cmocka_unit_test(test_lines_and_characters_are_counted),
        cmocka_unit_test(test_repeated_names_are_refused),
        cmocka_unit_test(test_names_that_only_look_alike_are_accepted),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_long_numbers_are_refused),
        cmocka_unit_test(test_truncated_text_is_refused),
        cmocka_unit_test(test_many_names_do_not_take_the_square_of_the_time),
        cmocka_unit_test(test_one_long_name_does_not_slow_down_many_short_ones),
        cmocka_unit_test(test_numbers_are_found_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
