#include "unit/unit.h"

#include "base/slice.h"

#define EMPTY ((struct slice){NULL, 0})

static void test_take_and_skip_stay_inside(void **state)
{
    (void)state;
    struct slice s = SLICE("abcdef");
    assert_text(slice_take(s, 2), "ab");
    assert_text(slice_take(s, 99), "abcdef");
    assert_text(slice_skip(s, 2), "cdef");
    assert_text(slice_skip(s, 6), "");
    assert_text(slice_skip(s, SIZE_MAX), "");
    assert_int_equal(slice_skip(EMPTY, 3).size, 0);
    assert_int_equal(slice_take(EMPTY, 3).size, 0);
    assert_text(slice_from("text"), "text");
    assert_int_equal(slice_from(NULL).size, 0);
    assert_int_equal(SLICE("a\0b").size, 3);
}

static void test_equality(void **state)
{
    (void)state;
    assert_true(slice_equal(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_equal(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_equal(SLICE("ab"), SLICE("abc")));
    assert_true(slice_equal(EMPTY, SLICE("")));
    assert_true(slice_equal_nocase(SLICE("X-Amz-DATE"), SLICE("x-aMZ-date")));
    assert_false(slice_equal_nocase(SLICE("abc"), SLICE("ab")));
    /* '@' and '[' stand beside the letters; É is no ASCII letter. */
    assert_false(slice_equal_nocase(SLICE("@["), SLICE("`{")));
    assert_false(slice_equal_nocase(SLICE("\xC3\x89"), SLICE("\xC3\xA9")));
    assert_true(slice_equal_nocase(EMPTY, SLICE("")));
}

static void test_order_is_that_of_unsigned_bytes(void **state)
{
    (void)state;
    static const struct slice ascending[] = {
        SLICE_INIT(""),    SLICE_INIT("\0"), SLICE_INIT("A"), SLICE_INIT("a"),
        SLICE_INIT("a\0"), SLICE_INIT("ab"), SLICE_INIT("b"), SLICE_INIT("\x80"),
    };
    size_t count = COUNT_OF(ascending);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(slice_compare(ascending[i], ascending[i]), 0);
        for (size_t j = i + 1; j < count; j++) {
            assert_true(slice_compare(ascending[i], ascending[j]) < 0);
            assert_true(slice_compare(ascending[j], ascending[i]) > 0);
        }
    }
    assert_int_equal(slice_compare(EMPTY, EMPTY), 0);
}

static void test_prefix_and_suffix(void **state)
{
    (void)state;
    struct slice s = SLICE("PROD_527.txt");
    assert_true(slice_starts_with(s, SLICE("PROD_")));
    assert_true(slice_starts_with(s, s));
    assert_true(slice_starts_with(s, EMPTY));
    assert_false(slice_starts_with(s, SLICE("PROD_527.txt.gz")));
    assert_true(slice_ends_with(s, SLICE(".txt")));
    assert_true(slice_ends_with(s, EMPTY));
    assert_true(slice_ends_with(EMPTY, EMPTY));
    assert_false(slice_ends_with(s, SLICE(".TXT")));
    assert_false(slice_ends_with(EMPTY, SLICE("t")));
}

static void test_find(void **state)
{
    (void)state;
    struct slice s = SLICE("a_b_\0c");
    assert_int_equal(slice_find(s, '_'), 1);
    assert_int_equal(slice_find_last(s, '_'), 3);
    assert_int_equal(slice_find(s, '\0'), 4);
    assert_true(slice_find(s, 'x') == SLICE_NONE);
    assert_true(slice_find_last(s, 'x') == SLICE_NONE);
    assert_true(slice_find(EMPTY, 'x') == SLICE_NONE);
    assert_true(slice_find_last(EMPTY, 'x') == SLICE_NONE);
    assert_int_equal(slice_search(s, SLICE("_\0")), 3);
    assert_int_equal(slice_search(s, EMPTY), 0);
    assert_int_equal(slice_search(EMPTY, EMPTY), 0);
    assert_true(slice_search(s, SLICE("b__")) == SLICE_NONE);
    assert_true(slice_search(EMPTY, SLICE("a")) == SLICE_NONE);
}

static void test_cut_eats_a_list(void **state)
{
    (void)state;
    struct slice rest = SLICE("a,,bc");
    struct slice part;
    assert_true(slice_cut(rest, ',', &part, &rest));
    assert_text(part, "a");
    assert_true(slice_cut(rest, ',', &part, &rest));
    assert_text(part, "");
    assert_false(slice_cut(rest, ',', &part, &rest));
    assert_text(part, "bc");
    assert_text(rest, "");
    assert_true(slice_cut(SLICE("k="), '=', &part, &rest));
    assert_text(part, "k");
    assert_text(rest, "");
    assert_false(slice_cut(EMPTY, ',', &part, &rest));
    assert_int_equal(part.size + rest.size, 0);
}

static void test_trim(void **state)
{
    (void)state;
    assert_text(slice_trim(SLICE(" \t\r\n a b \r\n")), "a b");
    assert_text(slice_trim(SLICE("\v a")), "\v a");
    assert_text(slice_trim(SLICE("  ")), "");
    assert_int_equal(slice_trim(EMPTY).size, 0);
}

static void test_numbers_without_sign(void **state)
{
    (void)state;
    uint64_t number = 7;
    static const struct slice bad[] = {
        SLICE_INIT(""),
        SLICE_INIT("+1"),
        SLICE_INIT("-1"),
        SLICE_INIT(" 1"),
        SLICE_INIT("1 "),
        SLICE_INIT("1.0"),
        SLICE_INIT("0x1"),
        SLICE_INIT("1\0"),
        SLICE_INIT("18446744073709551616"),
        SLICE_INIT("99999999999999999999"),
        SLICE_INIT("184467440737095516150"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(slice_to_u64(bad[i], &number));
        assert_int_equal(number, 7);
    }
    assert_true(slice_to_u64(SLICE("18446744073709551615"), &number));
    assert_true(number == UINT64_MAX);
    assert_true(slice_to_u64(SLICE("0000000002"), &number));
    assert_int_equal(number, 2);
}

static void test_numbers_with_sign(void **state)
{
    (void)state;
    int64_t number = 7;
    static const struct slice bad[] = {
        SLICE_INIT(""),
        SLICE_INIT("-"),
        SLICE_INIT("--1"),
        SLICE_INIT("9223372036854775808"),
        SLICE_INIT("-9223372036854775809"),
        SLICE_INIT("- 1"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(slice_to_i64(bad[i], &number));
        assert_int_equal(number, 7);
    }
    assert_true(slice_to_i64(SLICE("9223372036854775807"), &number));
    assert_true(number == INT64_MAX);
    assert_true(slice_to_i64(SLICE("-9223372036854775808"), &number));
    assert_true(number == INT64_MIN);
    assert_true(slice_to_i64(SLICE("-0"), &number));
    assert_int_equal(number, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_and_skip_stay_inside),
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_order_is_that_of_unsigned_bytes),
        cmocka_unit_test(test_prefix_and_suffix),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_cut_eats_a_list),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_numbers_without_sign),
        cmocka_unit_test(test_numbers_with_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
