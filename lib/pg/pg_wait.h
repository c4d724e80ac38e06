/* Waiting for a descriptor up to a moment of the wall clock. */
#ifndef PG_PG_WAIT_H
#define PG_PG_WAIT_H

#include "base/clock.h"

#define PG_WAIT_FOREVER INT64_MAX

/* The earlier of two moments, where 0 of `deadline_ms` means none. */
int64_t pg_wait_until(int64_t deadline_ms, int64_t until_ms);

/* poll(2)'s events that have come, or 0 when `until_ms` has. The clock is asked every second at
 * least, because poll's own does not go while the machine is frozen. */
short pg_wait(int fd, short events, int64_t until_ms, const struct clock *clock);

#endif
