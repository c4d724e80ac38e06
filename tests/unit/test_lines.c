#include "unit/unit.h"

#include "stage/lines.h"

static void test_counts_and_blank_lines(void **state)
{
    static const struct {
        struct slice bytes;
        size_t count;
        bool has_blank;
    } rows[] = {
        {SLICE_INIT(""), 0, false},           {SLICE_INIT("a"), 0, false},
        {SLICE_INIT("\n"), 1, true},          {SLICE_INIT("\r\n"), 1, true},
        {SLICE_INIT("\r"), 0, false},         {SLICE_INIT("\r\r\n"), 1, false},
        {SLICE_INIT(" \n"), 1, false},        {SLICE_INIT("a\n"), 1, false},
        {SLICE_INIT("a\r\n"), 1, false},      {SLICE_INIT("a\n\n"), 2, true},
        {SLICE_INIT("a\n\r\n"), 2, true},     {SLICE_INIT("a\r\n\r\n"), 2, true},
        {SLICE_INIT("a\nb\nc\nd"), 3, false}, {SLICE_INIT("a\n\r"), 1, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool has_blank = false;
        assert_int_equal(lines_count(rows[i].bytes, &has_blank), rows[i].count);
        assert_int_equal(has_blank, rows[i].has_blank);
    }
}

static void test_a_blank_line_that_was_seen_is_remembered(void **state)
{
    bool has_blank = true;
    (void)state;
    assert_int_equal(lines_count(SLICE("a\nb\n"), &has_blank), 2);
    assert_true(has_blank);
}

/* Wherever the blank line stands among full blocks. */
static void test_every_place_is_looked_at(void **state)
{
    char bytes[100];
    (void)state;
    for (size_t size = 3; size <= sizeof(bytes); size++) {
        for (size_t at = 1; at + 1 < size; at++) {
            bool has_blank = false;
            memset(bytes, 'x', size);
            bytes[at] = '\n';
            assert_int_equal(lines_count(slice_of(bytes, size), &has_blank), 1);
            assert_false(has_blank);
            bytes[at - 1] = '\n';
            assert_int_equal(lines_count(slice_of(bytes, size), &has_blank), 2);
            assert_true(has_blank);
            has_blank = false;
            bytes[at] = '\r';
            bytes[at + 1] = '\n';
            assert_int_equal(lines_count(slice_of(bytes, size), &has_blank), 2);
            assert_true(has_blank);
        }
    }
}

/* More in each place of a block than a byte can count. */
static void test_many_lines(void **state)
{
    const size_t size = 100003;
    char *bytes = malloc(size);
    bool has_blank = false;
    (void)state;
    assert_non_null(bytes);
    memset(bytes, '\n', size);
    assert_int_equal(lines_count(slice_of(bytes, size), &has_blank), size);
    assert_true(has_blank);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_blank_lines),
        cmocka_unit_test(test_a_blank_line_that_was_seen_is_remembered),
        cmocka_unit_test(test_every_place_is_looked_at),
        cmocka_unit_test(test_many_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
