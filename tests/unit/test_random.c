#include "unit/unit.h"

#include "base/random.h"

static void test_bits_differ(void **state)
{
    (void)state;
    uint64_t seen_set = 0;
    uint64_t seen_clear = 0;
    uint64_t last = random_next(&random_system);
    for (int i = 0; i < 200; i++) { /* a bit that never moves has a chance of 2^-193 */
        uint64_t bits = random_next(&random_system);
        assert_true(bits != last);
        seen_set |= bits;
        seen_clear |= ~bits;
        last = bits;
    }
    assert_true(seen_set == UINT64_MAX);
    assert_true(seen_clear == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits_differ)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
