/* A sink that takes a minute for whatever it is given, by a clock that it moves: nobody waits. */
#ifndef WIRE_SLOW_SINK_H
#define WIRE_SLOW_SINK_H

#include "base/sink.h"
#include "wire/moved_clock.h"

#include <signal.h>
#include <unistd.h>

struct slow_sink {
    struct sink sink;
    struct moved_clock *moved;
    size_t bytes;
    volatile sig_atomic_t has_written;
};

static inline int slow_sink_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct slow_sink *slow = (struct slow_sink *)(void *)sink;
    (void)err;
    slow->bytes += bytes.size;
    slow->moved->offset_ms += 60000;
    slow->has_written = 1;
    return 0;
}

static const struct sink_operations slow_sink_operations = {.write = slow_sink_write};

/* A step of the peer: what comes next comes after the sink has had something. */
static inline void slow_sink_await(void *self)
{
    const struct slow_sink *slow = self;
    for (int i = 0; slow->has_written == 0 && i < 10000; i++) {
        usleep(1000);
    }
}

#endif
