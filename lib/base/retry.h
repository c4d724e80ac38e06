/*
 * How long to wait before trying again; pure, so that a test can ask it anything. Exponential with
 * full jitter, bounded by the deadline. Source: the AWS SDKs' standard retry mode.
 */
#ifndef BASE_RETRY_H
#define BASE_RETRY_H

#include <stdint.h>

struct retry_policy {
    int attempts_limit; /* tries in all, the first included */
    int64_t base_ms;    /* the longest wait before the second try; doubles each time */
    int64_t ceiling_ms; /* no wait is longer, unless the server asks for it */
    int64_t reserve_ms; /* time that must be left before the deadline for the try itself */
};

extern const struct retry_policy retry_default; /* 5 tries, 100 ms, 5 s, 500 ms */

#define RETRY_GIVE_UP (-1)

struct retry_question {
    int attempt; /* how many tries have failed: 1 or more */
    int64_t now_ms;
    int64_t deadline_ms;    /* 0: none */
    int64_t retry_after_ms; /* what the server asked for; 0: nothing */
    uint64_t random;        /* any 64 random bits */
};

/* Milliseconds to wait, or RETRY_GIVE_UP when tries or time are used up. */
int64_t retry_delay_ms(const struct retry_policy *policy, const struct retry_question *question);

#endif
