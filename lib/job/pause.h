/* How long to wait before a failed piece of work is tried again; pure. */
#ifndef JOB_PAUSE_H
#define JOB_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * 30 seconds at first, then as long again as it has been failing, up to 15 minutes: so the pauses
 * double. Up to a quarter of it more by chance, so that what failed together does not come back
 * together. `random` is any 64 bits.
 */
int64_t pause_after_ms(int64_t failing_ms, uint64_t random);

/*
 * Must an event wait for the end of a pause? Not in the first two minutes, so that Lambda's own
 * tries are not in vain; later it must, so that what fails for long is tried less and less often.
 * Times are those of the row; FILE_TIME_UNKNOWN (-1): there is no pause.
 */
bool pause_holds(int64_t now_ms, int64_t next_attempt_ms, int64_t waiting_since_ms);

#endif
