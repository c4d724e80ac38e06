#include "unit/death.h"

#include "base/arena.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static void assert_aligned(const void *bytes)
{
    assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
}

static void test_allocations_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    unsigned char *allocations[500];
    arena_init(&arena, 1000); /* so that many blocks are needed */
    for (size_t i = 0; i < 500; i++) {
        allocations[i] = arena_alloc(&arena, i % 70);
        assert_aligned(allocations[i]);
        memset(allocations[i], (int)(i % 251), i % 70);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t j = 0; j < i % 70; j++) {
            assert_int_equal(allocations[i][j], i % 251);
        }
    }
    arena_release(&arena);
    arena_release(&arena);
    arena_release(NULL);
}

static void test_empty_allocations_are_unique(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    const void *first = arena_alloc(&arena, 0);
    const void *second = arena_alloc(&arena, 0);
    assert_non_null(first);
    assert_ptr_not_equal(first, second);
    arena_release(&arena);
}

static void test_a_big_one_leaves_the_present_block_in_use(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    const char *before = arena_alloc(&arena, 16);
    char *big = arena_alloc(&arena, 1000000);
    memset(big, 'b', 1000000);
    const char *after = arena_alloc(&arena, 16);
    assert_true(after > before && after < before + 4096);
    arena_release(&arena);
}

static void test_reset_keeps_the_first_block_only(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 256);
    const void *first = arena_alloc(&arena, 100);
    for (int i = 0; i < 50; i++) {
        memset(arena_alloc(&arena, 200), i, 200);
    }
    (void)arena_alloc(&arena, 5000);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    arena_release(&arena);
}

static void test_wipe_overwrites(void **state)
{
    (void)state;
    struct arena arena;
    static const char zeros[32];
    arena_init(&arena, 256);
    const char *secret = arena_text(&arena, SLICE("swordfish"));
    (void)arena_alloc(&arena, 300);
    arena_wipe(&arena);
    const char *again = arena_alloc(&arena, 10);
    assert_ptr_equal(again, secret); /* the memory is the arena's own still */
    assert_memory_equal(again, zeros, 10);
    arena_release(&arena);
}

static void test_zeroed_arrays(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    memset(arena_alloc(&arena, 4000), 'x', 4000);
    arena_reset(&arena);
    const uint64_t *numbers = arena_zalloc(&arena, 500, sizeof(*numbers));
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(numbers[i], 0);
    }
    assert_non_null(arena_zalloc(&arena, 0, 8));
    arena_release(&arena);
}

static void test_copies(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct slice copy = arena_copy(&arena, SLICE("a\0b"));
    assert_int_equal(copy.size, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    copy = arena_copy(&arena, (struct slice){NULL, 0});
    assert_int_equal(copy.size, 0);
    assert_string_equal(copy.data, "");
    assert_string_equal(arena_text(&arena, slice_take(SLICE("abcdef"), 3)), "abc");
    arena_release(&arena);
}

static void test_formats(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 64);
    struct slice text = arena_format(&arena, "%s-%d", "a", 7);
    assert_int_equal(text.size, 3);
    assert_string_equal(text.data, "a-7");
    text = arena_format(&arena, "%s", "");
    assert_int_equal(text.size, 0);
    assert_string_equal(text.data, "");
    text = arena_format(&arena, "%0500d", 1);
    assert_int_equal(text.size, 500);
    assert_string_equal(text.data + 498, "01");
    arena_release(&arena);
}

static void allocate_everything(void)
{
    struct arena arena;
    volatile size_t size = SIZE_MAX - 3; /* volatile: hidden from the compiler's own checks */
    arena_init(&arena, 0);
    (void)arena_alloc(&arena, size);
}

static void overflow_an_array(void)
{
    struct arena arena;
    volatile size_t count = SIZE_MAX / 4;
    arena_init(&arena, 0);
    (void)arena_zalloc(&arena, count, 8);
}

static void test_impossible_sizes_end_the_process(void **state)
{
    (void)state;
    assert_aborts(allocate_everything, "out of memory");
    assert_aborts(overflow_an_array, "out of memory");
}

#ifdef __SANITIZE_ADDRESS__
static void test_what_is_not_handed_out_is_forbidden(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 256);
    char *first = arena_alloc(&arena, 20);
    char *second = arena_alloc(&arena, 32);
    assert_null(__asan_region_is_poisoned(first, 20));
    assert_ptr_equal(__asan_region_is_poisoned(first, 21), first + 20);
    assert_null(__asan_region_is_poisoned(second, 32));
    assert_ptr_equal(__asan_region_is_poisoned(second, 33), second + 32);
    assert_int_equal(__asan_address_is_poisoned(second - 1), 1);
    arena_reset(&arena);
    assert_int_equal(__asan_address_is_poisoned(first), 1);
    arena_release(&arena);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_are_aligned_and_apart),
        cmocka_unit_test(test_empty_allocations_are_unique),
        cmocka_unit_test(test_a_big_one_leaves_the_present_block_in_use),
        cmocka_unit_test(test_reset_keeps_the_first_block_only),
        cmocka_unit_test(test_wipe_overwrites),
        cmocka_unit_test(test_zeroed_arrays),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_impossible_sizes_end_the_process),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(test_what_is_not_handed_out_is_forbidden),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
