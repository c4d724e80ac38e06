#include "unit/death.h"

#include "base/strbuf.h"

static void assert_holds(const struct strbuf *buffer, const char *expected)
{
    assert_int_equal(buffer->size, strlen(expected));
    assert_string_equal(buffer->data, expected); /* so it also ends in NUL */
}

static void test_empty_buffers_allocate_nothing(void **state)
{
    (void)state;
    struct strbuf buffer = STRBUF_INIT;
    assert_holds(&buffer, "");
    strbuf_clear(&buffer);
    strbuf_truncate(&buffer, 0);
    strbuf_append(&buffer, (struct slice){NULL, 0});
    strbuf_append_text(&buffer, NULL);
    strbuf_append_format(&buffer, "%s", "");
    assert_int_equal(buffer.capacity, 0);
    strbuf_release(&buffer);
    strbuf_wipe(&buffer);
    strbuf_release(NULL);
    strbuf_wipe(NULL);
    assert_int_equal(strbuf_empty[0], '\0');
}

static void test_appends(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer);
    strbuf_append(&buffer, SLICE("a\0b"));
    assert_int_equal(buffer.size, 3);
    assert_memory_equal(buffer.data, "a\0b", 4);
    strbuf_clear(&buffer);
    assert_holds(&buffer, "");
    strbuf_append_text(&buffer, "text");
    strbuf_append_char(&buffer, ' ');
    strbuf_append_format(&buffer, "%s=%d", "x", -5);
    assert_holds(&buffer, "text x=-5");
    strbuf_truncate(&buffer, 4);
    assert_holds(&buffer, "text");
    assert_true(slice_equal(strbuf_slice(&buffer), SLICE("text")));
    strbuf_release(&buffer);
    assert_holds(&buffer, "");
    strbuf_append_text(&buffer, "again");
    assert_holds(&buffer, "again");
    strbuf_release(&buffer);
}

static void test_numbers(void **state)
{
    (void)state;
    struct strbuf buffer = STRBUF_INIT;
    strbuf_append_u64(&buffer, 0);
    strbuf_append_char(&buffer, ' ');
    strbuf_append_u64(&buffer, UINT64_MAX);
    strbuf_append_char(&buffer, ' ');
    strbuf_append_i64(&buffer, INT64_MIN);
    strbuf_append_char(&buffer, ' ');
    strbuf_append_i64(&buffer, INT64_MAX);
    strbuf_append_char(&buffer, ' ');
    strbuf_append_i64(&buffer, -10);
    assert_holds(&buffer, "0 18446744073709551615 -9223372036854775808 9223372036854775807 -10");
    strbuf_release(&buffer);
}

static void test_grows_byte_by_byte(void **state)
{
    (void)state;
    struct strbuf buffer = STRBUF_INIT;
    for (size_t i = 0; i < 100000; i++) {
        strbuf_append_char(&buffer, (char)('a' + i % 26));
        assert_true(buffer.capacity > buffer.size);
    }
    for (size_t i = 0; i < buffer.size; i++) {
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    }
    assert_true(buffer.capacity < 300000);
    strbuf_release(&buffer);
}

static void test_reserved_room_does_not_move(void **state)
{
    (void)state;
    struct strbuf buffer = STRBUF_INIT;
    strbuf_append_text(&buffer, "kept");
    strbuf_reserve(&buffer, 5000);
    assert_holds(&buffer, "kept");
    const char *before = buffer.data;
    for (int i = 0; i < 5000; i++) {
        strbuf_append_char(&buffer, 'x');
    }
    assert_ptr_equal(buffer.data, before);
    assert_int_equal(buffer.size, 5004);
    strbuf_clear(&buffer);
    assert_ptr_equal(buffer.data, before);
    strbuf_release(&buffer);
}

static void test_a_buffer_may_be_appended_to_itself(void **state)
{
    (void)state;
    struct strbuf buffer = STRBUF_INIT;
    strbuf_append_text(&buffer, "0123456789");
    for (int i = 0; i < 6; i++) {
        strbuf_append(&buffer, strbuf_slice(&buffer));
    }
    assert_int_equal(buffer.size, 640);
    for (size_t i = 0; i < buffer.size; i++) {
        assert_int_equal(buffer.data[i], '0' + i % 10);
    }
    strbuf_truncate(&buffer, 10);
    strbuf_append_format(&buffer, "<%.3s>", buffer.data);
    assert_holds(&buffer, "0123456789<012>");
    strbuf_release(&buffer);
}

static void test_formatting_itself_survives_growth(void **state)
{
    (void)state;
    struct strbuf buffer = STRBUF_INIT;
    strbuf_append_text(&buffer, "abc");
    while (buffer.size < 10000) {
        size_t size = buffer.size;
        strbuf_append_format(&buffer, "%.*s", SLICE_ARG(slice_take(strbuf_slice(&buffer), 3)));
        assert_memory_equal(buffer.data + size, "abc", 4);
    }
    strbuf_release(&buffer);
}

static void test_wiping_leaves_an_empty_buffer(void **state)
{
    (void)state;
    struct strbuf buffer = STRBUF_INIT;
    strbuf_append_text(&buffer, "a secret");
    strbuf_wipe(&buffer);
    assert_holds(&buffer, "");
    assert_int_equal(buffer.capacity, 0);
}

static void reserve_too_much(void)
{
    struct strbuf buffer = STRBUF_INIT;
    strbuf_append_char(&buffer, 'x');
    strbuf_reserve(&buffer, SIZE_MAX - 1);
}

static void truncate_upwards(void)
{
    struct strbuf buffer = STRBUF_INIT;
    strbuf_truncate(&buffer, 1);
}

static void test_impossible_sizes_end_the_process(void **state)
{
    (void)state;
    assert_aborts(reserve_too_much, "out of memory");
    assert_aborts(truncate_upwards, "size <= buffer->size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_buffers_allocate_nothing),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_grows_byte_by_byte),
        cmocka_unit_test(test_reserved_room_does_not_move),
        cmocka_unit_test(test_a_buffer_may_be_appended_to_itself),
        cmocka_unit_test(test_formatting_itself_survives_growth),
        cmocka_unit_test(test_wiping_leaves_an_empty_buffer),
        cmocka_unit_test(test_impossible_sizes_end_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
