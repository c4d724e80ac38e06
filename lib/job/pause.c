#include "job/pause.h"

#include "base/banned.h"

#define PAUSE_SHORTEST_MS ((int64_t)30 * 1000)
#define PAUSE_LONGEST_MS ((int64_t)15 * 60 * 1000)
#define JITTER_SHARE 4
#define EAGER_MS ((int64_t)2 * 60 * 1000)

int64_t pause_after_ms(int64_t failing_ms, uint64_t random)
{
    int64_t pause = failing_ms < PAUSE_SHORTEST_MS ? PAUSE_SHORTEST_MS : failing_ms;
    if (pause > PAUSE_LONGEST_MS) {
        pause = PAUSE_LONGEST_MS;
    }
    return pause + (int64_t)(random % (uint64_t)(pause / JITTER_SHARE));
}

bool pause_holds(int64_t now_ms, int64_t next_attempt_ms, int64_t waiting_since_ms)
{
    return next_attempt_ms > now_ms && waiting_since_ms >= 0 &&
           now_ms - waiting_since_ms > EAGER_MS;
}
