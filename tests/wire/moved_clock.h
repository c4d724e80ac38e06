/* The machine's clock, moved by what a test says: a freeze, or time that somebody took. */
#ifndef WIRE_MOVED_CLOCK_H
#define WIRE_MOVED_CLOCK_H

#include "base/clock.h"

struct moved_clock {
    int64_t offset_ms;
};

static inline int64_t moved_now_ms(void *self)
{
    const struct moved_clock *moved = self;
    return clock_now_ms(&clock_system) + moved->offset_ms;
}

#endif
