#include "pg/pg_wait.h"

#include <poll.h>

#include "base/banned.h"

#define LONGEST_POLL_MS 1000

int64_t pg_wait_until(int64_t deadline_ms, int64_t until_ms)
{
    return deadline_ms != 0 && deadline_ms < until_ms ? deadline_ms : until_ms;
}

short pg_wait(int fd, short events, int64_t until_ms, const struct clock *clock)
{
    struct pollfd waiting = {.fd = fd, .events = events, .revents = 0};
    int64_t left_ms = until_ms - clock_now_ms(clock);
    while (left_ms > 0) {
        int timeout_ms = (int)(left_ms < LONGEST_POLL_MS ? left_ms : LONGEST_POLL_MS);
        if (poll(&waiting, 1, timeout_ms) > 0) {
            return waiting.revents;
        }
        left_ms = until_ms - clock_now_ms(clock);
    }
    return 0;
}
