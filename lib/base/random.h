/* Randomness is an input, like time: a function that wants some takes a struct random_source. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_source {
    uint64_t (*next)(void *self);
    void *self;
};

/* The kernel's getrandom. */
extern const struct random_source random_system;

static inline uint64_t random_next(const struct random_source *source)
{
    return source->next(source->self);
}

#endif
