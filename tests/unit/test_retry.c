#include "unit/unit.h"

#include "base/retry.h"

static int64_t ask(int attempt, uint64_t random)
{
    const struct retry_question question = {.attempt = attempt, .now_ms = 1000, .random = random};
    return retry_delay_ms(&retry_default, &question);
}

static void test_the_longest_wait_doubles_up_to_the_ceiling(void **state)
{
    (void)state;
    const struct retry_policy policy = {
        .attempts_limit = 100, .base_ms = 100, .ceiling_ms = 5000, .reserve_ms = 0};
    static const int64_t longest[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    for (int i = 0; i < 8; i++) {
        struct retry_question question = {.attempt = i + 1, .random = UINT64_MAX};
        assert_int_equal(retry_delay_ms(&policy, &question), longest[i]);
        question.random = 0;
        assert_int_equal(retry_delay_ms(&policy, &question), 0);
    }
}

static void test_jitter_covers_the_whole_range_evenly(void **state)
{
    (void)state;
    int counts[101] = {0};
    for (uint64_t i = 0; i < 10100; i++) {
        int64_t delay_ms = ask(1, i * (UINT64_MAX / 10100));
        assert_in_range(delay_ms, 0, 100);
        counts[delay_ms]++;
    }
    for (int i = 0; i <= 100; i++) {
        assert_in_range(counts[i], 99, 101);
    }
}

static void test_tries_run_out(void **state)
{
    (void)state;
    assert_int_equal(ask(4, UINT64_MAX), 800);
    assert_int_equal(ask(5, 0), RETRY_GIVE_UP);
    assert_int_equal(ask(6, 0), RETRY_GIVE_UP);
}

static void test_the_server_may_ask_for_more(void **state)
{
    (void)state;
    struct retry_question question = {.attempt = 1, .retry_after_ms = 50, .random = UINT64_MAX};
    assert_int_equal(retry_delay_ms(&retry_default, &question), 100);
    question.retry_after_ms = 60000; /* above the ceiling too */
    assert_int_equal(retry_delay_ms(&retry_default, &question), 60000);
    question.retry_after_ms = -5;
    question.random = 0;
    assert_int_equal(retry_delay_ms(&retry_default, &question), 0);
}

static void test_time_runs_out(void **state)
{
    (void)state;
    struct retry_question question = {
        .attempt = 1, .now_ms = 10000, .deadline_ms = 10600, .random = UINT64_MAX};
    assert_int_equal(retry_delay_ms(&retry_default, &question), 100); /* 10000 + 100 + 500 */
    question.deadline_ms = 10599;
    assert_int_equal(retry_delay_ms(&retry_default, &question), RETRY_GIVE_UP);
    question.random = 0;
    assert_int_equal(retry_delay_ms(&retry_default, &question), 0);
    question.retry_after_ms = 100;
    assert_int_equal(retry_delay_ms(&retry_default, &question), RETRY_GIVE_UP);
    question.deadline_ms = 1; /* long past */
    assert_int_equal(retry_delay_ms(&retry_default, &question), RETRY_GIVE_UP);
    question.deadline_ms = 0;
    assert_int_equal(retry_delay_ms(&retry_default, &question), 100);
}

static void test_nothing_overflows(void **state)
{
    (void)state;
    struct retry_policy policy = {.attempts_limit = INT32_MAX,
                                  .base_ms = INT64_MAX / 2 + 1,
                                  .ceiling_ms = INT64_MAX,
                                  .reserve_ms = INT64_MAX};
    struct retry_question question = {.attempt = INT32_MAX - 1, .random = UINT64_MAX};
    assert_int_equal(retry_delay_ms(&policy, &question), INT64_MAX);
    question.now_ms = INT64_MAX;
    question.deadline_ms = INT64_MAX - 1;
    assert_int_equal(retry_delay_ms(&policy, &question), RETRY_GIVE_UP);
    policy.base_ms = 0;
    question = (struct retry_question){.attempt = INT32_MAX - 1, .random = UINT64_MAX};
    assert_int_equal(retry_delay_ms(&policy, &question), 0);
    policy.base_ms = 5;
    policy.ceiling_ms = -1;
    question.attempt = 0;
    assert_int_equal(retry_delay_ms(&policy, &question), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_longest_wait_doubles_up_to_the_ceiling),
        cmocka_unit_test(test_jitter_covers_the_whole_range_evenly),
        cmocka_unit_test(test_tries_run_out),
        cmocka_unit_test(test_the_server_may_ask_for_more),
        cmocka_unit_test(test_time_runs_out),
        cmocka_unit_test(test_nothing_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
