#include "stage/lines.h"

#include "base/banned.h"

#define BLOCK 32
#define BLOCKS_LIMIT 255 /* that a byte can count */

/* One operation on all its bytes: one instruction where the processor has such wide ones. */
typedef unsigned char block __attribute__((vector_size(BLOCK)));

static bool ends_blank(const char *bytes, size_t i)
{
    bool after_return = i > 0 && bytes[i - 1] == '\r';
    size_t end = after_return ? i - 1 : i;
    return end == 0 || bytes[end - 1] == '\n';
}

static size_t count_bytes(const char *bytes, size_t from, size_t to, bool *has_blank)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        if (bytes[i] == '\n') {
            count++;
            *has_blank = *has_blank || ends_blank(bytes, i);
        }
    }
    return count;
}

/* `bytes` are preceded by at least two. */
static inline __attribute__((always_inline)) size_t count_in_blocks(const char *bytes,
                                                                    size_t blocks, bool *has_blank)
{
    block counts = {0};
    block blank = {0};
    uint64_t any[BLOCK / sizeof(uint64_t)];
    size_t count = 0;
    for (size_t i = 0; i < blocks; i++, bytes += BLOCK) {
        block here, before, before_that;
        memcpy(&here, bytes, sizeof(here));
        memcpy(&before, bytes - 1, sizeof(before));
        memcpy(&before_that, bytes - 2, sizeof(before_that));
        block feeds = (block)(here == '\n'); /* 0xFF where true, else 0 */
        counts -= feeds;                     /* minus 0xFF is plus 1 */
        blank |= feeds & ((block)(before == '\n') |
                          ((block)(before == '\r') & (block)(before_that == '\n')));
    }
    for (size_t i = 0; i < BLOCK; i++) {
        count += counts[i];
    }
    memcpy(any, &blank, sizeof(any));
    *has_blank = *has_blank || (any[0] | any[1] | any[2] | any[3]) != 0;
    return count;
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static size_t count_wide(const char *bytes, size_t blocks,
                                                         bool *has_blank)
{
    return count_in_blocks(bytes, blocks, has_blank);
}
#endif

static size_t count_blocks(const char *bytes, size_t blocks, bool *has_blank)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) {
        return count_wide(bytes, blocks, has_blank);
    }
#endif
    return count_in_blocks(bytes, blocks, has_blank);
}

size_t lines_count(struct slice bytes, bool *has_blank)
{
    size_t done = bytes.size < 2 ? bytes.size : 2;
    size_t count = count_bytes(bytes.data, 0, done, has_blank);
    while (bytes.size - done >= BLOCK) {
        size_t blocks = (bytes.size - done) / BLOCK;
        blocks = blocks < BLOCKS_LIMIT ? blocks : BLOCKS_LIMIT;
        count += count_blocks(bytes.data + done, blocks, has_blank);
        done += blocks * BLOCK;
    }
    return count + count_bytes(bytes.data, done, bytes.size, has_blank);
}
