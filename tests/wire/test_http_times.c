/* Both transports: deadlines, stalls and cancellations. */
#include "wire/http_fixture.h"

/* --- time --- */

static void test_one_byte_every_50_ms_is_slow_but_right(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_TRICKLE(
                        "HTTP/1.1 200 OK\r\nX-Long: forty bytes more, so that it takes long.\r\n"
                        "Content-Length: 2\r\n\r\nok",
                        50)));
    struct http_request request = get(f);
    request.stall_timeout_ms = 3500; /* less than all of it takes */
    assert_int_equal(send_request(f, &request), 0);
    assert_body(f, "ok");
    end(f);
}

static void test_the_deadline_ends_a_slow_reply(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_TRICKLE("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow", 50),
                    SCRIPT_AWAIT_CLOSE));
    struct http_request request = get(f);
    int64_t now_ms = clock_now_ms(&clock_system);
    request.deadline_ms = now_ms + 1200;
    assert_fails(f, send_request(f, &request), ERROR_TIMEOUT, "the deadline passed after ");
    assert_true(f->err.retryable);
    assert_true(clock_now_ms(&clock_system) - now_ms >= 1200);
    end(f);
}

static void test_a_deadline_that_has_passed(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_SLEEP(0)));
    struct http_request request = get(f);
    request.deadline_ms = clock_now_ms(&clock_system) - 1;
    assert_fails(f, send_request(f, &request), ERROR_TIMEOUT, "the deadline passed");
    end(f);
}

static void test_a_stall_ends_the_call(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
                    SCRIPT_AWAIT_CLOSE));
    struct http_request request = get(f);
    int64_t now_ms = clock_now_ms(&clock_system);
    request.stall_timeout_ms = 2000;
    assert_fails(f, send_request(f, &request), ERROR_TIMEOUT, "no byte came or went for 2000 ms");
    assert_true(clock_now_ms(&clock_system) - now_ms >= 1995);
    assert_int_equal(f->response.body_bytes, 3);
    end(f);
}

static void test_cancel(void **state)
{
    struct fixture *f = *state;
    volatile sig_atomic_t cancel = 0;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_CALL(set_flag, (void *)&cancel),
                    SCRIPT_AWAIT_CLOSE));
    struct http_request request = get(f);
    request.cancel = &cancel;
    request.deadline_ms = 0;
    assert_fails(f, send_request(f, &request), ERROR_CANCELLED, "cancelled");
    assert_false(f->err.retryable);
    assert_fails(f, send_request(f, &request), ERROR_CANCELLED, "cancelled"); /* before it begins */
    end(f);
}

static void test_cancel_with_a_grace(void **state)
{
    struct fixture *f = *state;
    volatile sig_atomic_t cancel = 0;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_CALL(set_flag, (void *)&cancel),
                    SCRIPT_REPLY(OK_REPLY), SCRIPT_REQUEST("GET"), SCRIPT_AWAIT_CLOSE));
    struct http_request request = get(f);
    request.cancel = &cancel;
    request.cancel_grace_ms = 30000;
    request.deadline_ms = 0;
    assert_int_equal(send_request(f, &request), 0);
    int64_t now_ms = clock_now_ms(&clock_system);
    request.cancel_grace_ms = 700;
    assert_fails(f, send_request(f, &request), ERROR_CANCELLED, "cancelled");
    assert_true(clock_now_ms(&clock_system) - now_ms >= 700);
    end(f);
}

static void test_https_is_not_spoken_here(void **state)
{
    struct fixture *f = *state;
    struct http_request request = get(f);
    request.url = SLICE("https://host.invalid/?key=s3cret");
    assert_fails(f, send_request(f, &request), ERROR_CONFIGURATION, "GET host.invalid: no https");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOTH(test_one_byte_every_50_ms_is_slow_but_right),
        WITH_BOTH(test_the_deadline_ends_a_slow_reply),
        WITH_BOTH(test_a_deadline_that_has_passed),
        WITH_BOTH(test_a_stall_ends_the_call),
        WITH_BOTH(test_cancel),
        WITH_BOTH(test_cancel_with_a_grace),
        WITH_PLAIN(test_https_is_not_spoken_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
