#include "unit/unit.h"

#include "base/array.h"
#include "base/crc32.h"

static void all_bytes(char bytes[256])
{
    for (size_t i = 0; i < 256; i++) {
        bytes[i] = (char)i;
    }
}

static void test_vectors(void **state)
{
    static const struct {
        struct slice bytes;
        uint32_t crc;
    } vectors[] = {
        {SLICE_INIT(""), 0x00000000},
        {SLICE_INIT("a"), 0xE8B7BE43},
        {SLICE_INIT("abc"), 0x352441C2},
        {SLICE_INIT("123456789"), 0xCBF43926},
        {SLICE_INIT("The quick brown fox jumps over the lazy dog"), 0x414FA339},
        {SLICE_INIT("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
         0x190A55AD},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        assert_int_equal(crc32_update(0, vectors[i].bytes), vectors[i].crc);
    }
    assert_int_equal(crc32_update(0, slice_of(NULL, 0)), 0);
    assert_int_equal(crc32_update(0xCBF43926, slice_of(NULL, 0)), 0xCBF43926);
}

static void test_chunks_have_the_crc_of_the_whole(void **state)
{
    char bytes[256];
    (void)state;
    all_bytes(bytes);
    assert_int_equal(crc32_update(0, slice_of(bytes, sizeof(bytes))), 0x29058C73);
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        uint32_t crc = crc32_update(0, slice_of(bytes, cut));
        crc = crc32_update(crc, slice_of(bytes + cut, sizeof(bytes) - cut));
        assert_int_equal(crc, 0x29058C73);
    }
}

static void test_joined_ones_are_that_of_the_whole(void **state)
{
    char bytes[256];
    (void)state;
    all_bytes(bytes);
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        uint32_t first = crc32_update(0, slice_of(bytes, cut));
        uint32_t second = crc32_update(0, slice_of(bytes + cut, sizeof(bytes) - cut));
        assert_int_equal(crc32_join(first, second, sizeof(bytes) - cut), 0x29058C73);
    }
    /* Of 5 GB. */
    assert_int_equal(crc32_join(0xE8B7BE43, 0xE8B7BE43, UINT64_C(5000000000)), 0x4E634E54);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_chunks_have_the_crc_of_the_whole),
        cmocka_unit_test(test_joined_ones_are_that_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
