#include "base/arena.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif
#if IS_SANITIZED
#include <sanitizer/asan_interface.h>
#endif

#include "base/banned.h"

#define DEFAULT_BLOCK_SIZE ((size_t)64 * 1024)

/* The address sanitizer sees one block where there are many pieces. So that it catches who leaves
 * his own, it is told what is handed out, and pieces stand apart. */
#if IS_SANITIZED
#define GAP _Alignof(max_align_t)
#define FORBID(bytes, size) ASAN_POISON_MEMORY_REGION((bytes), (size))
#define ALLOW(bytes, size) ASAN_UNPOISON_MEMORY_REGION((bytes), (size))
#else
#define GAP ((size_t)0)
#define FORBID(bytes, size) ((void)0)
#define ALLOW(bytes, size) ((void)0)
#endif

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) char bytes[];
};

static struct arena_block *block_new(size_t size, struct arena_block *next)
{
    struct arena_block *block = memory_allocate(memory_sum(sizeof(*block), size));
    block->next = next;
    block->size = size;
    block->used = 0;
    FORBID(block->bytes, size);
    return block;
}

/* Frees a chain of blocks. */
static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        ALLOW(block->bytes, block->size);
        free(block);
        block = next;
    }
}

void arena_init(struct arena *arena, size_t block_size)
{
    arena->block_size = block_size == 0 ? DEFAULT_BLOCK_SIZE : block_size;
    arena->first = block_new(arena->block_size, NULL);
    arena->current = arena->first;
}

void arena_reset(struct arena *arena)
{
    blocks_free(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
    FORBID(arena->first->bytes, arena->first->size);
}

void arena_wipe(struct arena *arena)
{
    struct arena_block *block = arena->first;
    do {
        ALLOW(block->bytes, block->used);
        explicit_bzero(block->bytes, block->used);
        block = block->next;
    } while (block != NULL);
    arena_reset(arena);
}

void arena_release(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    blocks_free(arena->first);
    arena->first = NULL;
    arena->current = NULL;
}

/* Takes `size` bytes, a multiple of the alignment, out of a block that has them. */
static void *block_take(struct arena_block *block, size_t size)
{
    void *bytes = block->bytes + block->used;
    block->used += size;
    return bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t alignment = _Alignof(max_align_t);
    size_t least = size == 0 ? 1 : size;
    size_t wanted = memory_sum(least, alignment - 1 + GAP) / alignment * alignment;
    struct arena_block *block = arena->current;
    if (wanted > block->size - block->used) {
        size_t block_size = wanted > arena->block_size ? wanted : arena->block_size;
        block->next = block_new(block_size, block->next);
        block = block->next;
        if (wanted <= arena->block_size) { /* a big one is full at once: the present one goes on */
            arena->current = block;
        }
    }
    void *bytes = block_take(block, wanted);
    ALLOW(bytes, least);
    return bytes;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size)
{
    size_t total = memory_product(count, size);
    return memset(arena_alloc(arena, total), 0, total);
}

struct slice arena_copy(struct arena *arena, struct slice bytes)
{
    return (struct slice){arena_text(arena, bytes), bytes.size};
}

char *arena_text(struct arena *arena, struct slice bytes)
{
    char *copy = arena_alloc(arena, memory_sum(bytes.size, 1));
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    copy[bytes.size] = '\0';
    return copy;
}

struct slice arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size = length > 0 ? (size_t)length : 0;
    char *text = arena_alloc(arena, size + 1);
    text[0] = '\0';
    va_start(arguments, format);
    (void)vsnprintf(text, size + 1, format, arguments);
    va_end(arguments);
    return (struct slice){text, size};
}
