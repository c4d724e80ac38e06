#include "base/crc32_fold.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/banned.h"

#ifdef __x86_64__

/* Those of these functions that are compiled for more than every x86-64 has. */
#define CARRYLESS __attribute__((target("pclmul")))
#define CARRYLESS_WIDE __attribute__((target("avx2,pclmul,vpclmulqdq")))

/* As many multiplications are under way at once. */
#define LANES 4
#define STEP ((size_t)LANES * sizeof(__m128i))
#define STEP_WIDE ((size_t)LANES * sizeof(__m256i))

/* x to the (8 d + 32) and x to the (8 d - 32), modulo the CRC's polynomial, bits reversed: what
 * moves the two halves of 16 bytes by d bytes. */
#define BY_128_BYTES 0x14A7FE880, 0x1E88EF372
#define BY_64_BYTES 0x1C6E41596, 0x154442BD4
#define BY_16_BYTES 0x0CCAA009E, 0x1751997D0

/*
 * Moves 16 bytes to where `next` stands: as many bytes further on as `powers` says. A text's CRC is
 * its remainder as a polynomial, bits reversed; so its first half may be replaced by the product
 * with x to the (distance + 32), modulo the CRC's polynomial, and its second half with x to the
 * (distance - 32).
 *
 * Source: V. Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction, Intel, 2009.
 */
CARRYLESS static __m128i fold(__m128i bytes, __m128i powers, __m128i next)
{
    __m128i first = _mm_clmulepi64_si128(bytes, powers, 0x00);
    __m128i second = _mm_clmulepi64_si128(bytes, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, second), next);
}

/* The lanes stand one behind the other: into the last one. */
CARRYLESS static void fold_lanes(const __m128i *lanes, size_t count,
                                 unsigned char folded[CRC32_FOLDED])
{
    const __m128i powers = _mm_set_epi64x(BY_16_BYTES);
    __m128i sum = lanes[0];
    for (size_t i = 1; i < count; i++) {
        sum = fold(sum, powers, lanes[i]);
    }
    _mm_storeu_si128((__m128i_u *)folded, sum);
}

CARRYLESS static size_t fold_all(uint32_t crc, struct slice bytes,
                                 unsigned char folded[CRC32_FOLDED])
{
    const __m128i powers = _mm_set_epi64x(BY_64_BYTES);
    const __m128i_u *next = (const __m128i_u *)bytes.data;
    __m128i a = _mm_xor_si128(next[0], _mm_cvtsi32_si128((int)crc));
    __m128i b = next[1];
    __m128i c = next[2];
    __m128i d = next[3];
    for (size_t left = bytes.size - STEP; left >= STEP; left -= STEP) {
        next += LANES;
        a = fold(a, powers, next[0]);
        b = fold(b, powers, next[1]);
        c = fold(c, powers, next[2]);
        d = fold(d, powers, next[3]);
    }
    fold_lanes((const __m128i[]){a, b, c, d}, LANES, folded);
    return bytes.size - bytes.size % STEP;
}

/* Two times 16 bytes at once. */
CARRYLESS_WIDE static __m256i fold_two(__m256i bytes, __m256i powers, __m256i next)
{
    __m256i first = _mm256_clmulepi64_epi128(bytes, powers, 0x00);
    __m256i second = _mm256_clmulepi64_epi128(bytes, powers, 0x11);
    return _mm256_xor_si256(_mm256_xor_si256(first, second), next);
}

CARRYLESS_WIDE static size_t fold_all_wide(uint32_t crc, struct slice bytes,
                                           unsigned char folded[CRC32_FOLDED])
{
    const __m256i powers = _mm256_set_epi64x(BY_128_BYTES, BY_128_BYTES);
    const __m256i_u *next = (const __m256i_u *)bytes.data;
    __m256i lanes[LANES];
    __m128i halves[2 * LANES];
    lanes[0] = _mm256_xor_si256(next[0], _mm256_zextsi128_si256(_mm_cvtsi32_si128((int)crc)));
    lanes[1] = next[1];
    lanes[2] = next[2];
    lanes[3] = next[3];
    for (size_t left = bytes.size - STEP_WIDE; left >= STEP_WIDE; left -= STEP_WIDE) {
        next += LANES;
        lanes[0] = fold_two(lanes[0], powers, next[0]);
        lanes[1] = fold_two(lanes[1], powers, next[1]);
        lanes[2] = fold_two(lanes[2], powers, next[2]);
        lanes[3] = fold_two(lanes[3], powers, next[3]);
    }
    memcpy(halves, lanes, sizeof(halves));
    fold_lanes(halves, sizeof(halves) / sizeof(halves[0]), folded);
    return bytes.size - bytes.size % STEP_WIDE;
}

size_t crc32_fold_narrow(uint32_t crc, struct slice bytes, unsigned char folded[CRC32_FOLDED])
{
    if (bytes.size < STEP || !__builtin_cpu_supports("pclmul")) {
        return 0;
    }
    return fold_all(crc, bytes, folded);
}

size_t crc32_fold(uint32_t crc, struct slice bytes, unsigned char folded[CRC32_FOLDED])
{
    if (bytes.size < STEP_WIDE || !__builtin_cpu_supports("avx2") ||
        !__builtin_cpu_supports("vpclmulqdq")) {
        return crc32_fold_narrow(crc, bytes, folded);
    }
    return fold_all_wide(crc, bytes, folded);
}

#else

size_t crc32_fold_narrow(uint32_t crc, struct slice bytes, unsigned char folded[CRC32_FOLDED])
{
    return crc32_fold(crc, bytes, folded);
}

size_t crc32_fold(uint32_t crc, struct slice bytes, unsigned char folded[CRC32_FOLDED])
{
    (void)crc;
    (void)bytes;
    (void)folded;
    return 0;
}

#endif
