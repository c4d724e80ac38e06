#include "base/memory.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

/* stdio may need memory itself, hence write(2). */
static _Noreturn void give_up(void)
{
    static const char line[] = "out of memory: the process ends\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
    (void)written; /* nobody is left to tell */
    abort();
}

void *memory_allocate(size_t size)
{
    void *memory = malloc(size == 0 ? 1 : size);
    if (memory == NULL) {
        give_up();
    }
    return memory;
}

size_t memory_sum(size_t a, size_t b)
{
    size_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        give_up();
    }
    return sum;
}

size_t memory_product(size_t a, size_t b)
{
    size_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        give_up();
    }
    return product;
}
