#include "unit/death.h"

#include "base/memory.h"

static void test_allocates_and_counts(void **state)
{
    (void)state;
    char *nothing = memory_allocate(0);
    char *something = memory_allocate(3);
    assert_non_null(nothing);
    assert_ptr_not_equal(nothing, something);
    memset(something, 'x', 3);
    free(nothing);
    free(something);
    assert_int_equal(memory_sum(3, 4), 7);
    assert_int_equal(memory_sum(SIZE_MAX - 1, 1), SIZE_MAX);
    assert_int_equal(memory_product(3, 4), 12);
    assert_int_equal(memory_product(0, SIZE_MAX), 0);
}

static void sum_too_large(void)
{
    (void)memory_sum(SIZE_MAX, 1);
}

static void product_too_large(void)
{
    (void)memory_product(SIZE_MAX / 2, 3);
}

static void test_what_does_not_fit_ends_the_process(void **state)
{
    (void)state;
    assert_aborts(sum_too_large, "out of memory: the process ends\n");
    assert_aborts(product_too_large, "out of memory: the process ends\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocates_and_counts),
        cmocka_unit_test(test_what_does_not_fit_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
