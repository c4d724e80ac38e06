#include "base/retry.h"

#include "base/banned.h"

const struct retry_policy retry_default = {
    .attempts_limit = 5,
    .base_ms = 100,
    .ceiling_ms = 5000,
    .reserve_ms = 500,
};

static int64_t sum(int64_t a, int64_t b)
{
    int64_t result = 0;
    return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}

/* The longest wait after so many failed tries: it doubles until it meets the ceiling. */
static int64_t longest_wait_ms(const struct retry_policy *policy, int attempt)
{
    int64_t wait_ms = policy->base_ms;
    for (int failed = 1; failed < attempt && wait_ms < policy->ceiling_ms && wait_ms > 0;
         failed++) {
        wait_ms = sum(wait_ms, wait_ms);
    }
    wait_ms = wait_ms < policy->ceiling_ms ? wait_ms : policy->ceiling_ms;
    return wait_ms > 0 ? wait_ms : 0;
}

/* One of 0 … highest, each as likely as the others but for a part in 2^64. */
static int64_t pick(uint64_t random, int64_t highest)
{
    unsigned __int128 scaled = (unsigned __int128)random * ((uint64_t)highest + 1);
    return (int64_t)(scaled >> 64);
}

int64_t retry_delay_ms(const struct retry_policy *policy, const struct retry_question *question)
{
    if (question->attempt >= policy->attempts_limit) {
        return RETRY_GIVE_UP;
    }
    int64_t delay_ms = pick(question->random, longest_wait_ms(policy, question->attempt));
    if (delay_ms < question->retry_after_ms) {
        delay_ms = question->retry_after_ms;
    }
    int64_t end_ms = sum(sum(question->now_ms, delay_ms), policy->reserve_ms);
    if (question->deadline_ms != 0 && end_ms > question->deadline_ms) {
        return RETRY_GIVE_UP;
    }
    return delay_ms;
}
