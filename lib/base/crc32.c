#include "base/crc32.h"

#include "base/crc32_fold.h"

#include "base/banned.h"

#define CRC32_POLYNOMIAL 0xEDB88320U /* bits reversed */
#define CRC32_SLICES 8

/* [k][b]: what byte b adds to the checksum when k more bytes follow it in the same step. */
static uint32_t crc32_tables[CRC32_SLICES][256];

/* Before main, so that neither a branch nor a lock is needed at each call. */
__attribute__((constructor)) static void build_crc32_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ CRC32_POLYNOMIAL : crc >> 1;
        }
        crc32_tables[0][byte] = crc;
    }
    for (size_t k = 1; k < CRC32_SLICES; k++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = crc32_tables[k - 1][byte];
            crc32_tables[k][byte] = crc >> 8 ^ crc32_tables[0][crc & 0xFF];
        }
    }
}

/* Four bytes, the lowest first, on any machine. */
static uint32_t load_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint32_t crc32_of_8(uint32_t crc, const unsigned char *bytes)
{
    uint32_t low = crc ^ load_u32(bytes);
    uint32_t high = load_u32(bytes + 4);
    return crc32_tables[7][low & 0xFF] ^ crc32_tables[6][low >> 8 & 0xFF] ^
           crc32_tables[5][low >> 16 & 0xFF] ^ crc32_tables[4][low >> 24] ^
           crc32_tables[3][high & 0xFF] ^ crc32_tables[2][high >> 8 & 0xFF] ^
           crc32_tables[1][high >> 16 & 0xFF] ^ crc32_tables[0][high >> 24];
}

static uint32_t crc32_by_tables(uint32_t crc, const unsigned char *bytes, size_t size)
{
    for (; size >= CRC32_SLICES; size -= CRC32_SLICES, bytes += CRC32_SLICES) {
        crc = crc32_of_8(crc, bytes);
    }
    for (; size > 0; size--, bytes++) {
        crc = crc >> 8 ^ crc32_tables[0][(crc ^ *bytes) & 0xFF];
    }
    return crc;
}

uint32_t crc32_update(uint32_t crc, struct slice bytes)
{
    unsigned char folded[CRC32_FOLDED];
    crc = ~crc;
    size_t done = crc32_fold(crc, bytes, folded);
    if (done > 0) {
        crc = crc32_by_tables(0, folded, sizeof(folded));
        bytes = slice_skip(bytes, done);
    }
    return ~crc32_by_tables(crc, (const unsigned char *)bytes.data, bytes.size);
}

/* The product of two polynomials modulo the CRC's; the highest bit is the constant term. */
static uint32_t crc32_product(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
        product ^= (a & bit) != 0 ? b : 0;
        b = (b & 1) != 0 ? b >> 1 ^ CRC32_POLYNOMIAL : b >> 1;
    }
    return product;
}

/* A zero bit behind a text multiplies its CRC by x, so `size` bytes do it by x to the power of
 * 8 * size, which squaring finds. The inversions at both ends of a CRC cancel out. */
uint32_t crc32_join(uint32_t first, uint32_t second, uint64_t second_size)
{
    uint32_t power = UINT32_C(1) << 23; /* x to the 8: one byte */
    uint32_t shift = UINT32_C(1) << 31; /* 1: nothing */
    for (; second_size > 0; second_size >>= 1) {
        shift = (second_size & 1) != 0 ? crc32_product(shift, power) : shift;
        power = crc32_product(power, power);
    }
    return crc32_product(shift, first) ^ second;
}
