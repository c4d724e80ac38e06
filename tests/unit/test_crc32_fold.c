#include "unit/unit.h"

#include "base/crc32_fold.h"

typedef size_t folder(uint32_t crc, struct slice bytes, unsigned char folded[CRC32_FOLDED]);

/* Bit by bit, as the definition has it, but not inverted. */
static uint32_t plain_crc(uint32_t crc, const void *bytes, size_t size)
{
    const unsigned char *next = bytes;
    for (size_t i = 0; i < size; i++) {
        crc ^= next[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320U : crc >> 1;
        }
    }
    return crc;
}

static void check(folder *fold, struct slice bytes, size_t step)
{
    const uint32_t before = 0x12345678;
    unsigned char folded[CRC32_FOLDED];
    size_t done = fold(before, bytes, folded);
    if (done == 0) { /* too few, or not on this processor */
        return;
    }
    assert_true(done <= bytes.size && bytes.size - done < step);
    assert_int_equal(plain_crc(0, folded, sizeof(folded)), plain_crc(before, bytes.data, done));
}

/* However many steps there are, and wherever the bytes begin. */
static void test_folded_bytes_have_the_crc_of_the_whole(void **state)
{
    char bytes[1100];
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * i >> 3);
    }
    for (size_t size = 0; size <= sizeof(bytes) - 8; size++) {
        check(crc32_fold, slice_of(bytes + size % 8, size), 128);
        check(crc32_fold_narrow, slice_of(bytes + size % 8, size), 64);
    }
}

static void test_nothing_is_folded_of_too_few(void **state)
{
    char bytes[64] = {0};
    unsigned char folded[CRC32_FOLDED];
    (void)state;
    assert_int_equal(crc32_fold(0, slice_of(NULL, 0), folded), 0);
    assert_int_equal(crc32_fold(0, slice_of(bytes, 63), folded), 0);
    assert_int_equal(crc32_fold_narrow(0, slice_of(bytes, 63), folded), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folded_bytes_have_the_crc_of_the_whole),
        cmocka_unit_test(test_nothing_is_folded_of_too_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
