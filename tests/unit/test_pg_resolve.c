#include "unit/unit.h"

#include "pg/pg_resolve.h"
#include "pg/pg_wait.h"

#include <poll.h>
#include <unistd.h>

static int64_t soon(int64_t milliseconds)
{
    return clock_now_ms(&clock_system) + milliseconds;
}

static void test_addresses_stand_for_themselves(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "::1", "10.1.2.3"};
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct pg_addresses addresses;
        assert_int_equal(pg_resolve(hosts[i], soon(0), &clock_system, &addresses, NULL), 0);
        assert_int_equal(addresses.count, 1);
        assert_string_equal(addresses.text[0], hosts[i]);
    }
}

static void test_a_name_is_found(void **state)
{
    (void)state;
    struct pg_addresses addresses;
    struct error err = {.message = ""};
    assert_int_equal(pg_resolve("localhost", soon(10000), &clock_system, &addresses, &err), 0);
    assert_true(addresses.count >= 1);
    assert_true(strcmp(addresses.text[0], "127.0.0.1") == 0 ||
                strcmp(addresses.text[0], "::1") == 0);
}

static void test_a_name_that_is_none(void **state)
{
    (void)state;
    struct pg_addresses addresses;
    struct error err;
    /* Refused before any name server is asked: a label has 63 bytes at most. */
    char label[100];
    memset(label, 'a', sizeof(label));
    label[sizeof(label) - 1] = '\0';
    assert_int_equal(pg_resolve(label, soon(20000), &clock_system, &addresses, &err), -1);
    assert_int_equal(err.kind, ERROR_NETWORK);
    assert_says(err.message, label);
}

static void test_a_name_that_is_too_long(void **state)
{
    (void)state;
    struct pg_addresses addresses;
    struct error err;
    char name[1000];
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(pg_resolve(name, soon(1000), &clock_system, &addresses, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
}

static void test_time_is_up(void **state)
{
    (void)state;
    struct pg_addresses addresses;
    struct error err;
    assert_int_equal(pg_resolve("localhost", soon(-1), &clock_system, &addresses, &err), -1);
    assert_int_equal(err.kind, ERROR_TIMEOUT);
    assert_true(err.retryable);
    assert_says(err.message, "localhost");
}

static void test_waiting(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int64_t before_ms = soon(0);
    assert_int_equal(pg_wait(ends[0], POLLIN, before_ms + 30, &clock_system), 0);
    assert_true(soon(0) >= before_ms + 30);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(pg_wait(ends[0], POLLIN, PG_WAIT_FOREVER, &clock_system), POLLIN);
    assert_int_equal(pg_wait(ends[0], POLLIN, before_ms, &clock_system), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_int_equal(pg_wait_until(0, 50), 50);
    assert_int_equal(pg_wait_until(40, 50), 40);
    assert_int_equal(pg_wait_until(60, 50), 50);
}

/* Each second of the wall clock is one look at a clock that jumps. */
static int64_t jumping_now_ms(void *self)
{
    int64_t *now_ms = self;
    *now_ms += 100000;
    return *now_ms;
}

static void test_a_jump_of_the_clock_is_noticed(void **state)
{
    (void)state;
    int ends[2];
    int64_t now_ms = 0;
    struct clock clock = {.now_ms = jumping_now_ms, .self = &now_ms};
    assert_int_equal(pipe(ends), 0);
    int64_t before_ms = soon(0);
    assert_int_equal(pg_wait(ends[0], POLLIN, 150000, &clock), 0); /* 50 s by the clock */
    assert_true(soon(0) < before_ms + 20000);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_stand_for_themselves),
        cmocka_unit_test(test_a_name_is_found),
        cmocka_unit_test(test_a_name_that_is_none),
        cmocka_unit_test(test_a_name_that_is_too_long),
        cmocka_unit_test(test_time_is_up),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_a_jump_of_the_clock_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
