#include "unit/unit.h"

#include "base/hex.h"

static void test_every_byte_as_a_digit(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char *found = byte == 0 ? NULL : strchr(digits, byte);
        int value = found == NULL ? -1 : (int)(found - digits);
        assert_int_equal(hex_value((char)byte), value > 15 ? value - 6 : value);
    }
}

static void test_a_pair_needs_two_digits(void **state)
{
    (void)state;
    assert_int_equal(hex_pair_value("00"), 0);
    assert_int_equal(hex_pair_value("1f"), 0x1F);
    assert_int_equal(hex_pair_value("Fa"), 0xFA);
    assert_int_equal(hex_pair_value("g0"), -1);
    assert_int_equal(hex_pair_value("0g"), -1);
    assert_int_equal(hex_pair_value("-1"), -1);
}

static void test_writing_ends_with_the_last_digit(void **state)
{
    char digits[] = "................";
    (void)state;
    hex_write(SLICE("\x01\x23\x45\x67\x89\xAB\xCD"), digits);
    assert_string_equal(digits, "0123456789abcd..");
    hex_write(SLICE("\xEF\x00"), digits);
    assert_string_equal(digits, "ef00456789abcd..");
    hex_write(SLICE(""), digits);
    assert_string_equal(digits, "ef00456789abcd..");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_as_a_digit),
        cmocka_unit_test(test_a_pair_needs_two_digits),
        cmocka_unit_test(test_writing_ends_with_the_last_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
