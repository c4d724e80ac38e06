#include "unit/unit.h"

#include "base/env.h"

#define NAME "EXTERNAL_FILE_TEST_VARIABLE"

static void test_empty_is_unset(void **state)
{
    (void)state;
    const char *value = "untouched";
    struct error err;
    unsetenv(NAME);
    assert_null(env_get(NAME, NULL));
    assert_string_equal(env_get(NAME, "else"), "else");
    setenv(NAME, "", 1);
    assert_string_equal(env_get(NAME, "else"), "else");
    assert_int_equal(env_require(NAME, &value, &err), -1);
    assert_string_equal(value, "untouched");
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_false(err.retryable);
    assert_string_equal(err.message, "environment variable " NAME " is not set");
    setenv(NAME, "here", 1);
    assert_string_equal(env_get(NAME, "else"), "here");
    assert_int_equal(env_require(NAME, &value, &err), 0);
    assert_string_equal(value, "here");
}

static void test_numbers_in_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t expected;
    } good[] = {{"-5", -5}, {"0", 0}, {"10", 10}, {"007", 7}, {"", 42}};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t number = 1;
        setenv(NAME, good[i].text, 1);
        assert_int_equal(env_number(NAME, -5, 10, 42, &number, NULL), 0);
        assert_int_equal(number, good[i].expected);
    }
}

static void test_other_numbers_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "-6", "11", "ten", "1 ", "1.5", "0x1", "99999999999999999999", "-",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t number = 1;
        struct error err;
        setenv(NAME, bad[i], 1);
        assert_int_equal(env_number(NAME, -5, 10, 42, &number, &err), -1);
        assert_int_equal(number, 1);
        assert_int_equal(err.kind, ERROR_CONFIGURATION);
        assert_says(err.message, NAME);
        assert_says(err.message, bad[i]);
        assert_says(err.message, "a whole number from -5 to 10");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_is_unset),
        cmocka_unit_test(test_numbers_in_range),
        cmocka_unit_test(test_other_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
