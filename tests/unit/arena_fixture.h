/* An arena for the tests of a program: cmocka_run_group_tests(tests, open_arena, release_arena). */
#ifndef UNIT_ARENA_FIXTURE_H
#define UNIT_ARENA_FIXTURE_H

#include "unit/unit.h"

#include "base/arena.h"

static struct arena arena;

static inline int open_arena(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static inline int release_arena(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#endif
