/*
 * The one place where running out of memory is decided: one line on standard error, then abort().
 * strbuf.h says why. Sizes are checked here, so that no sum or product of sizes can wrap around.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* Bytes, not initialised; freed with free(). A size of 0 is one byte. */
void *memory_allocate(size_t size) __attribute__((malloc, alloc_size(1), returns_nonnull));

/* a + b and a * b; a result that does not fit ends the process as too little memory does. */
size_t memory_sum(size_t a, size_t b);
size_t memory_product(size_t a, size_t b);

#endif
