/* A log whose clock stands still. */
#ifndef UNIT_LOG_FIXTURE_H
#define UNIT_LOG_FIXTURE_H

#include "unit/unit.h"

#include "base/log.h"
#include "base/redact.h"

#include <sys/socket.h>
#include <unistd.h>

static inline int64_t fixed_now_ms(void *self)
{
    (void)self;
    return INT64_C(1795206473104);
}

static const struct clock fixed_clock = {.now_ms = fixed_now_ms};

/* A socket of datagrams: each write(2) is one message, so lines and writes can be counted. */
static struct {
    int log_end;
    int test_end;
    char line[300000];
    struct arena arena;
} fixture;

static inline void set_up_log(int fd, enum log_level lowest)
{
    log_setup(&(struct log_options){.fd = fd, .lowest = lowest, .clock = &fixed_clock});
}

static inline int open_log(void **state)
{
    (void)state;
    int ends[2];
    int room = 600000;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) != 0) {
        return -1;
    }
    (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    fixture.log_end = ends[0];
    fixture.test_end = ends[1];
    arena_init(&fixture.arena, 0);
    set_up_log(ends[0], LOG_TRACE);
    return 0;
}

static inline int close_log(void **state)
{
    (void)state;
    log_context_clear();
    redact_forget_all();
    arena_release(&fixture.arena);
    (void)close(fixture.log_end);
    (void)close(fixture.test_end);
    return 0;
}

#endif
