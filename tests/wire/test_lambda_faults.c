/* The loop against a Runtime API whose connections break and whose replies are wrong. */
#include "wire/loop_fixture.h"

/* --- connections that break while an answer is posted --- */

static void test_a_connection_that_died_in_a_freeze(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")), SCRIPT_CLOSE,
                      SCRIPT_ACCEPT, SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->slept_ms, 0);
}

static void test_a_connection_that_dies_under_the_answer(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                                   SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_RESET, SCRIPT_ACCEPT,
                                   SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_CONTAINS("\r\n\r\nevent"),
                                   SCRIPT_REPLY(ACCEPTED))),
                     0);
    assert_int_equal(f->calls, 1);
    assert_int_equal(f->slept_ms, 0);
}

/* The answer arrived, its acknowledgement did not: the second one is refused, and that is well. */
static void test_an_answer_that_had_arrived(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 2;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY("HTTP/1.1 202 OK\r\nConte"),
                      SCRIPT_RESET, SCRIPT_ACCEPT, SCRIPT_REQUEST(RESPONSE("1")),
                      SCRIPT_REPLY(STATUS("403", "InvalidState.")), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(EVENT("2")), SCRIPT_REQUEST(RESPONSE("2")),
                      SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 2);
    assert_logged(f, "the answer had been taken before the connection broke");
    assert_not_logged(f, "ERROR");
}

/* The same, noticed by the transport: it sent the answer on a connection that was closing. */
static void test_an_answer_that_had_arrived_on_a_stale_connection(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 2;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_CLOSE, SCRIPT_ACCEPT,
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(STATUS("400", "InvalidReqId.")),
                      SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")), SCRIPT_REQUEST(RESPONSE("2")),
                      SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 2);
    assert_logged(f, "\"level\":\"INFO\",\"message\":\"the answer had been taken");
    assert_not_logged(f, "WARN");
    assert_not_logged(f, "ERROR");
}

static void test_an_answer_that_nobody_takes(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 9;
#define LOST_ANSWER                                                                                \
    SCRIPT_ACCEPT, SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY("HTTP/1.1 2"), SCRIPT_CLOSE
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")), SCRIPT_CLOSE,
                      LOST_ANSWER, LOST_ANSWER, LOST_ANSWER, LOST_ANSWER)),
        1);
    assert_logged(f, "\"level\":\"FATAL\",\"message\":\"the Runtime API takes no answer\"");
    assert_in_range(f->slept_ms, 1, 1000);
}

/* --- /next --- */

static void test_next_reconnects(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run(f,
            SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_CLOSE, /* before the reply */
                   SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_RESET, SCRIPT_ACCEPT,
                   SCRIPT_REQUEST(NEXT), SCRIPT_REPLY("HTTP/1.1 200 OK\r\nLambda-Run"),
                   SCRIPT_SLEEP(20), SCRIPT_RESET, /* mid-header */
                   SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                   SCRIPT_REPLY("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n" DEADLINE
                                "Content-Length: 6\r\n\r\nevent"),
                   SCRIPT_CLOSE, /* short by a byte */
                   SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                   SCRIPT_REPLY("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n" DEADLINE
                                "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
                   SCRIPT_CLOSE, SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                   SCRIPT_REPLY("garbage\r\n\r\n"), SCRIPT_CLOSE, SCRIPT_ACCEPT,
                   SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")), SCRIPT_REQUEST(RESPONSE("2")),
                   SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 1);
    assert_string_equal(f->event, "event");
    assert_logged(f, "no event: asking again");
    assert_in_range(f->slept_ms, 1, 5000);
}

static void test_next_on_a_stale_connection(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 2;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(ACCEPTED), SCRIPT_REQUEST(NEXT),
                      SCRIPT_RESET, SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")),
                      SCRIPT_REQUEST(RESPONSE("2")), SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->slept_ms, 0);
    assert_not_logged(f, "asking again"); /* once is no news */
}

static void test_next_without_a_runtime_api(void **state)
{
    struct fixture *f = *state;
    struct scripted_server *gone = scripted_server_start(SCRIPT(SCRIPT_SLEEP(0)));
    char address[32];
    (void)snprintf(address, sizeof(address), "%s", scripted_server_address(gone));
    scripted_server_end(gone);
    assert_int_equal(run_at(f, address), 1);
    assert_logged(f, "\"level\":\"FATAL\",\"message\":\"the Runtime API cannot be used\"");
    assert_logged(f, "\"tries\":12");
    assert_in_range(f->slept_ms, 3000, 12000);
    assert_int_equal(f->released, 1);
}

static void test_next_of_a_lost_environment(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                                   SCRIPT_REPLY(STATUS("500", "InternalError")))),
                     1);
    assert_logged(f, "/next was answered with status 500: {\\\"errorType");
}

static void test_next_that_is_refused_a_while(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(STATUS("403", "InvalidState.")), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(STATUS("503", "Unavailable..")), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(EVENT("1")), SCRIPT_REQUEST(RESPONSE("1")),
                      SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_logged(f, "status 403");
    assert_logged(f, "status 503");
}

/* Failures count one after the other: those of a long life do not add up. */
static void test_next_that_fails_now_and_then(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 7;
#define ROUND                                                                                      \
    SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(STATUS("503", "Unavailable..")), SCRIPT_REQUEST(NEXT),      \
        SCRIPT_REPLY(STATUS("503", "Unavailable..")), SCRIPT_REQUEST(NEXT),                        \
        SCRIPT_REPLY(EVENT("1")), SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(ACCEPTED)
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, ROUND, ROUND, ROUND, ROUND, ROUND, ROUND, ROUND)),
                     0);
    assert_int_equal(f->calls, 7);
}

/* What an invocation was about does not stand on the lines behind it. */
static void test_the_log_between_invocations(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 2;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(ACCEPTED), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(STATUS("503", "Unavailable..")), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(EVENT("2")), SCRIPT_REQUEST(RESPONSE("2")),
                      SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_logged(f, "\"message\":\"handling\",\"requestId\":\"1\"");
    assert_logged(f, "\"message\":\"no event: asking again\",\"tries\":1");
}

static void test_an_address_that_is_none(void **state)
{
    static const char *const addresses[] = {"", "host:port", "http://127.0.0.1", "a b", "::1:80"};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct fixture *f = *state;
        assert_int_equal(run_at(f, addresses[i]), 1);
        assert_logged(f, "AWS_LAMBDA_RUNTIME_API must be host:port");
        assert_int_equal(f->released, 0);
    }
}

/* --- events that break a rule --- */

static void test_an_event_without_a_request_id(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                                   SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
                                   SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                                   SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(ACCEPTED))),
                     0);
    assert_int_equal(f->calls, 1);
    assert_logged(f, "Lambda-Runtime-Aws-Request-Id is missing");
}

static void test_a_deadline_that_is_none(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 1;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(EVENT_WITH("1", "Lambda-Runtime-Deadline-Ms: 12a\r\n")),
                      SCRIPT_REQUEST(ERROR("1")),
                      SCRIPT_CONTAINS("Function-Error-Type: Runtime.Invalid\r\n"),
                      SCRIPT_CONTAINS("Lambda-Runtime-Deadline-Ms \\\"12a\\\" is no time"),
                      SCRIPT_REPLY(ACCEPTED), SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")),
                      SCRIPT_REQUEST(RESPONSE("2")), SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 1);
    assert_logged(f, "\"message\":\"the event cannot be taken\",\"requestId\":\"1\"");
}

static void test_no_deadline(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT_WITH("1", "")),
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_true(f->remaining_ms == INT64_MAX);
    assert_logged(f, "Lambda-Runtime-Deadline-Ms is missing");
}

static void test_an_event_that_is_too_large(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run(f,
            SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                   SCRIPT_REPLY("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n" DEADLINE
                                "Content-Length: 99999999999\r\n\r\n"),
                   SCRIPT_ACCEPT, SCRIPT_REQUEST(ERROR("1")), SCRIPT_CONTAINS("Runtime.Limit"),
                   SCRIPT_REPLY(ACCEPTED), SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")),
                   SCRIPT_REQUEST(RESPONSE("2")), SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 1);
}

static void test_an_event_with_huge_headers(void **state)
{
    struct fixture *f = *state;
    struct strbuf reply = STRBUF_INIT;
    strbuf_append_text(&reply, "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n");
    for (int i = 0; i < 2000; i++) {
        strbuf_append_format(&reply, "X-%d: %0100d\r\n", i, i);
    }
    strbuf_append_text(&reply, "\r\n");
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                                   SCRIPT_REPLY_BYTES(reply.data, reply.size), SCRIPT_ACCEPT,
                                   SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")),
                                   SCRIPT_REQUEST(RESPONSE("2")), SCRIPT_REPLY(ACCEPTED))),
                     0);
    assert_int_equal(f->calls, 1);
    strbuf_release(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_connection_that_died_in_a_freeze),
        TEST(test_a_connection_that_dies_under_the_answer),
        TEST(test_an_answer_that_had_arrived),
        TEST(test_an_answer_that_had_arrived_on_a_stale_connection),
        TEST(test_an_answer_that_nobody_takes),
        TEST(test_next_reconnects),
        TEST(test_next_on_a_stale_connection),
        TEST(test_next_without_a_runtime_api),
        TEST(test_next_of_a_lost_environment),
        TEST(test_next_that_is_refused_a_while),
        TEST(test_next_that_fails_now_and_then),
        TEST(test_the_log_between_invocations),
        TEST(test_an_address_that_is_none),
        TEST(test_an_event_without_a_request_id),
        TEST(test_a_deadline_that_is_none),
        TEST(test_no_deadline),
        TEST(test_an_event_that_is_too_large),
        TEST(test_an_event_with_huge_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
