/*
 * Memory that is given back all at once. One arena serves one invocation: whatever is allocated
 * from it is valid until arena_reset, and nothing is freed one by one.
 *
 * Out of memory ends the process, as strbuf.h explains.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *first; /* kept by reset */
    struct arena_block *current;
    size_t block_size; /* bytes of a new block, at least */
};

/* `block_size` 0 takes a default of 64 KiB. The first block is allocated here. */
void arena_init(struct arena *arena, size_t block_size);
/* Gives back everything but the first block. */
void arena_reset(struct arena *arena);
/* As arena_reset, after overwriting everything that was handed out. For secrets. */
void arena_wipe(struct arena *arena);
void arena_release(struct arena *arena);

/* Bytes aligned for any type; not initialised. A size of 0 gives a unique valid pointer. */
void *arena_alloc(struct arena *arena, size_t size)
    __attribute__((malloc, alloc_size(2), returns_nonnull));
/* `count` members of `size` bytes, zeroed; a product that overflows ends the process. */
void *arena_zalloc(struct arena *arena, size_t count, size_t size)
    __attribute__((malloc, alloc_size(2, 3), returns_nonnull));

/* A copy of the bytes. A NUL follows it that its size does not count. */
struct slice arena_copy(struct arena *arena, struct slice bytes);
/* A copy as C string; the caller knows that `bytes` holds no NUL, or does not mind the cut. */
char *arena_text(struct arena *arena, struct slice bytes);
/* Formatted text; a NUL follows it. */
struct slice arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
