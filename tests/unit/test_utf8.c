#include "unit/unit.h"

#include "base/utf8.h"

struct sequence {
    struct slice bytes;
    uint32_t code_point;
    size_t length; /* of the character, or to skip */
};

static void assert_sequences(const struct sequence *sequences, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        assert_int_equal(utf8_next(sequences[i].bytes, &length), sequences[i].code_point);
        assert_int_equal(length, sequences[i].length);
    }
}

static void test_the_ends_of_every_length_are_read(void **state)
{
    static const struct sequence sequences[] = {
        {SLICE_INIT("\x00"), 0x00, 1},
        {SLICE_INIT("\x7F"), 0x7F, 1},
        {SLICE_INIT("\xC2\x80"), 0x80, 2},
        {SLICE_INIT("\xDF\xBF"), 0x7FF, 2},
        {SLICE_INIT("\xE0\xA0\x80"), 0x800, 3},
        {SLICE_INIT("\xED\x9F\xBF"), 0xD7FF, 3},
        {SLICE_INIT("\xEE\x80\x80"), 0xE000, 3},
        {SLICE_INIT("\xEF\xBF\xBF"), 0xFFFF, 3},
        {SLICE_INIT("\xF0\x90\x80\x80"), 0x10000, 4},
        {SLICE_INIT("\xF4\x8F\xBF\xBF"), 0x10FFFF, 4},
        {SLICE_INIT("\xC3\xA9 and more"), 0xE9, 2},
    };
    (void)state;
    assert_sequences(sequences, COUNT_OF(sequences));
}

static void test_what_is_not_utf8_is_skipped_up_to_the_next_start(void **state)
{
    static const struct sequence sequences[] = {
        {SLICE_INIT("\x80"), UTF8_INVALID, 1},             /* nothing leads */
        {SLICE_INIT("\xBF\xBF"), UTF8_INVALID, 1},         /* nothing leads */
        {SLICE_INIT("\xC0\x80"), UTF8_INVALID, 1},         /* overlong NUL */
        {SLICE_INIT("\xC1\xBF"), UTF8_INVALID, 1},         /* overlong */
        {SLICE_INIT("\xE0\x9F\xBF"), UTF8_INVALID, 1},     /* overlong */
        {SLICE_INIT("\xF0\x8F\xBF\xBF"), UTF8_INVALID, 1}, /* overlong */
        {SLICE_INIT("\xED\xA0\x80"), UTF8_INVALID, 1},     /* U+D800 */
        {SLICE_INIT("\xED\xBF\xBF"), UTF8_INVALID, 1},     /* U+DFFF */
        {SLICE_INIT("\xF4\x90\x80\x80"), UTF8_INVALID, 1}, /* U+110000 */
        {SLICE_INIT("\xF5\x80\x80\x80"), UTF8_INVALID, 1},
        {SLICE_INIT("\xFF"), UTF8_INVALID, 1},
        {SLICE_INIT("\xC3"), UTF8_INVALID, 1}, /* cut */
        {SLICE_INIT("\xE2\x82"), UTF8_INVALID, 2},
        {SLICE_INIT("\xF0\x9F\x98"), UTF8_INVALID, 3},
        {SLICE_INIT("\xC3\x41"), UTF8_INVALID, 1}, /* broken off by a letter */
        {SLICE_INIT("\xE2\x82\x41"), UTF8_INVALID, 2},
        {SLICE_INIT("\xF0\x9F\x98\xC3"), UTF8_INVALID, 3},
    };
    (void)state;
    assert_sequences(sequences, COUNT_OF(sequences));
}

static void test_every_code_point_survives_a_round_trip(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
        char bytes[4];
        size_t length = 0;
        if (code_point == 0xD800) {
            code_point = 0xE000; /* surrogates are no characters */
        }
        size_t size = utf8_encode(code_point, bytes);
        assert_int_equal(utf8_next(slice_of(bytes, size), &length), code_point);
        assert_int_equal(length, size);
    }
}

static void test_find_invalid_names_the_first_bad_byte(void **state)
{
    static const struct {
        struct slice bytes;
        size_t offset;
    } cases[] = {
        {SLICE_INIT(""), SLICE_NONE},
        {SLICE_INIT("plain"), SLICE_NONE},
        {SLICE_INIT("longer than a machine word"), SLICE_NONE},
        {SLICE_INIT("na\xC3\xAFve and 12 \xE2\x82\xAC and \xF0\x9F\x98\x80"), SLICE_NONE},
        {SLICE_INIT("\xFFstart"), 0},
        {SLICE_INIT("1234567\xFF"), 7},
        {SLICE_INIT("12345678\xFF"), 8},
        {SLICE_INIT("12345678 \xC3\xA9 \xE2\x82"), 12},
        {SLICE_INIT("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xA9"), 8},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(utf8_find_invalid(cases[i].bytes), cases[i].offset);
    }
    assert_int_equal(utf8_find_invalid(slice_of(NULL, 0)), SLICE_NONE);
}

static void test_take_does_not_split_a_character(void **state)
{
    static const struct {
        struct slice bytes;
        size_t size;
        size_t taken;
    } cases[] = {
        {SLICE_INIT(""), 0, 0},
        {SLICE_INIT("abc"), 3, 3},
        {SLICE_INIT("abc"), 9, 3},
        {SLICE_INIT("abc"), 2, 2},
        {SLICE_INIT("abc"), 0, 0},
        {SLICE_INIT("a\xC3\xA9z"), 3, 3},
        {SLICE_INIT("a\xC3\xA9z"), 2, 1},
        {SLICE_INIT("a\xE2\x82\xACz"), 4, 4},
        {SLICE_INIT("a\xE2\x82\xACz"), 3, 1},
        {SLICE_INIT("a\xE2\x82\xACz"), 2, 1},
        {SLICE_INIT("\xF0\x9F\x98\x80z"), 4, 4},
        {SLICE_INIT("\xF0\x9F\x98\x80z"), 3, 0},
        {SLICE_INIT("\xF0\x9F\x98\x80z"), 1, 0},
        {SLICE_INIT("\xC3\xA9\xC3\xA9"), 2, 2},
        {SLICE_INIT("\x80\x80\x80\x80\x80\x80"), 5, 5}, /* no character is there to split */
        {SLICE_INIT("ab\xFF\xFF"), 3, 3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice taken = utf8_take(cases[i].bytes, cases[i].size);
        assert_ptr_equal(taken.data, cases[i].bytes.data);
        assert_int_equal(taken.size, cases[i].taken);
    }
}

static void test_append_replaces_what_is_no_utf8(void **state)
{
    static const struct {
        struct slice bytes;
        struct slice expected;
    } cases[] = {
        {SLICE_INIT(""), SLICE_INIT("")},
        {SLICE_INIT("a\xC3\xA9z"), SLICE_INIT("a\xC3\xA9z")},
        {SLICE_INIT("a\xE9z"), SLICE_INIT("a\xEF\xBF\xBDz")},
        {SLICE_INIT("\xE9"), SLICE_INIT("\xEF\xBF\xBD")},
        {SLICE_INIT("\xE2\x82"), SLICE_INIT("\xEF\xBF\xBD")},
        {SLICE_INIT("\xFF\xFE"), SLICE_INIT("\xEF\xBF\xBD\xEF\xBF\xBD")},
        {SLICE_INIT("long enough to be read by words \xC3"),
         SLICE_INIT("long enough to be read by words \xEF\xBF\xBD")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct strbuf out = STRBUF_INIT;
        utf8_append(&out, cases[i].bytes);
        assert_true(slice_equal(strbuf_slice(&out), cases[i].expected));
        assert_true(utf8_find_invalid(strbuf_slice(&out)) == SLICE_NONE);
        strbuf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ends_of_every_length_are_read),
        cmocka_unit_test(test_what_is_not_utf8_is_skipped_up_to_the_next_start),
        cmocka_unit_test(test_every_code_point_survives_a_round_trip),
        cmocka_unit_test(test_find_invalid_names_the_first_bad_byte),
        cmocka_unit_test(test_take_does_not_split_a_character),
        cmocka_unit_test(test_append_replaces_what_is_no_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
