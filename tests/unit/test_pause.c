#include "unit/unit.h"

#include "base/array.h"
#include "job/pause.h"

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)

static void test_pauses_double_up_to_a_quarter_of_an_hour(void **state)
{
    static const struct {
        int64_t failing_ms;
        int64_t shortest_ms;
    } rows[] = {
        {-5 * MINUTE_MS, 30 * SECOND_MS}, /* a clock that was set back */
        {0, 30 * SECOND_MS},
        {30 * SECOND_MS, 30 * SECOND_MS},
        {30 * SECOND_MS + 1, 30 * SECOND_MS + 1},
        {4 * MINUTE_MS, 4 * MINUTE_MS},
        {15 * MINUTE_MS, 15 * MINUTE_MS},
        {15 * MINUTE_MS + 1, 15 * MINUTE_MS},
        {INT64_MAX, 15 * MINUTE_MS},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const int64_t shortest = rows[i].shortest_ms;
        assert_int_equal(pause_after_ms(rows[i].failing_ms, 0), shortest);
        assert_in_range(pause_after_ms(rows[i].failing_ms, UINT64_MAX), shortest,
                        shortest + shortest / 4);
    }
}

static void test_chance_adds_up_to_a_quarter(void **state)
{
    static const struct {
        uint64_t random;
        int64_t added_ms;
    } rows[] = {
        {0, 0},       {1, 1},
        {7499, 7499}, /* of 30 seconds a quarter is 7.5 */
        {7500, 0},    {7500 * UINT64_C(1000000) + 12, 12},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(pause_after_ms(0, rows[i].random), 30 * SECOND_MS + rows[i].added_ms);
    }
}

/* Tries that fail at once: how long it has been failing is the sum of the pauses. */
static void test_each_pause_is_as_long_as_all_before_it(void **state)
{
    static const int64_t pauses[] = {30, 30, 60, 120, 240, 480, 900, 900};
    int64_t failing_ms = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pauses); i++) {
        int64_t pause = pause_after_ms(failing_ms, 0);
        assert_int_equal(pause, pauses[i] * SECOND_MS);
        failing_ms += pause;
    }
}

/* Lambda's own tries come within two minutes; what fails for longer waits for its pause. */
static void test_an_event_waits_for_a_pause_only_after_two_minutes(void **state)
{
    static const struct {
        int64_t next_attempt_ms;
        int64_t waiting_since_ms;
        bool holds;
    } rows[] = {
        {-1, -1, false},
        {1000 * SECOND_MS + 1, -1, false},
        {1000 * SECOND_MS + 1, 1000 * SECOND_MS, false},
        {1000 * SECOND_MS + 1, 880 * SECOND_MS, false},
        {1000 * SECOND_MS + 1, 880 * SECOND_MS - 1, true},
        {1000 * SECOND_MS, 880 * SECOND_MS - 1, false},
        {-1, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(
            pause_holds(1000 * SECOND_MS, rows[i].next_attempt_ms, rows[i].waiting_since_ms),
            rows[i].holds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pauses_double_up_to_a_quarter_of_an_hour),
        cmocka_unit_test(test_chance_adds_up_to_a_quarter),
        cmocka_unit_test(test_each_pause_is_as_long_as_all_before_it),
        cmocka_unit_test(test_an_event_waits_for_a_pause_only_after_two_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
