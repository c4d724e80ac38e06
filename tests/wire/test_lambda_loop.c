/* The loop against a Runtime API that plays a script: what it sends, and how it ends. */
#include "wire/loop_fixture.h"

/* --- in good order --- */

static void test_events_are_answered_over_one_connection(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 2;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_EXACTLY(NEXT "Host: <host>\r\n\r\n"),
                      SCRIPT_REPLY(EVENT_WITH("id-1", DEADLINE
                                              "Lambda-Runtime-Invocation-Id: +/nonce=\r\n")),
                      SCRIPT_EXACTLY(RESPONSE("id-1") "Host: <host>\r\n"
                                                      "Content-Type: application/json\r\n"
                                                      "Lambda-Runtime-Invocation-Id: +/nonce=\r\n"
                                                      "Content-Length: 5\r\n\r\nevent"),
                      SCRIPT_REPLY(ACCEPTED), SCRIPT_EXACTLY(NEXT "Host: <host>\r\n\r\n"),
                      SCRIPT_REPLY(EVENT("id-2")), SCRIPT_REQUEST(RESPONSE("id-2")),
                      SCRIPT_LACKS("Invocation-Id"), SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 2);
    assert_int_equal(f->released, 1);
    assert_int_equal(f->slept_ms, 0);
    assert_not_logged(f, "WARN");
}

static void test_the_context_is_what_the_headers_say(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY("HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: a\r\n"
                                   "LAMBDA-RUNTIME-INVOCATION-ID: b\r\n"
                                   "Lambda-Runtime-Invoked-Function-Arn: c\r\n"
                                   "Lambda-Runtime-Trace-Id: d\r\n"
                                   "Lambda-Runtime-Client-Context: {\"e\":1}\r\n"
                                   "Lambda-Runtime-Cognito-Identity: {\"f\":1}\r\n"
                                   "Lambda-Runtime-Aws-Tenant-Id: g\r\n"
                                   "Content-Type: text/plain\r\n" DEADLINE
                                   "Content-Length: 0\r\n\r\n"),
                      SCRIPT_REQUEST(RESPONSE("a")), SCRIPT_CONTAINS("\r\n\r\nnull"),
                      SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_string_equal(f->ids, "a,b,c,d,{\"e\":1},{\"f\":1},g,text/plain,4102444800000");
    assert_int_equal(f->remaining_ms, 5000);
    assert_string_equal(f->event, "");
    assert_logged(f, "\"message\":\"handling\",\"requestId\":\"a\",\"tenantId\":\"g\"}");
}

static void test_the_trace_id_is_exported_for_its_invocation_only(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 4;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST("POST"), SCRIPT_REPLY(ACCEPTED), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(EVENT_WITH("2", DEADLINE "Lambda-Runtime-Trace-Id: Root=1\r\n")),
                      SCRIPT_REQUEST("POST"), SCRIPT_REPLY(ACCEPTED), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(EVENT_WITH("3", DEADLINE
                                              "Lambda-Runtime-Trace-Id: Root=2;Parent=33\r\n")),
                      SCRIPT_REQUEST("POST"), SCRIPT_REPLY(ACCEPTED), SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(EVENT("4")), SCRIPT_REQUEST("POST"), SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_string_equal(f->traces, "-;Root=1;Root=2;Parent=33;-;");
}

static void test_ids_are_encoded_in_the_path(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("../a b?c#d%")),
                      SCRIPT_REQUEST(RESPONSE("..%2Fa%20b%3Fc%23d%25")), SCRIPT_REPLY(ACCEPTED))),
        0);
}

static void test_an_event_however_it_comes(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 3;
    assert_int_equal(
        run(f,
            SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                   SCRIPT_TRICKLE("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
                                  "Content-Length: 4\r\n\r\nslow",
                                  50),
                   SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_CONTAINS("\r\n\r\nslow"),
                   SCRIPT_TRICKLE("HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n", 50),
                   SCRIPT_REQUEST(NEXT),
                   SCRIPT_REPLY("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 2\r\n" DEADLINE
                                "Transfer-Encoding: chunked\r\n\r\n"
                                "2\r\nch\r\n5\r\nunked\r\n0\r\n\r\n"),
                   SCRIPT_REQUEST(RESPONSE("2")), SCRIPT_CONTAINS("\r\n\r\nchunked"),
                   SCRIPT_REPLY("HTTP/1.1 100 Continue\r\n\r\n" ACCEPTED), SCRIPT_REQUEST(NEXT),
                   SCRIPT_REPLY("HTTP/1.1 100 Continue\r\n\r\n"), SCRIPT_SLEEP(20),
                   SCRIPT_REPLY(EVENT("3")), SCRIPT_REQUEST(RESPONSE("3")),
                   SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 3);
}

static void test_a_response_of_6_mb(void **state)
{
    struct fixture *f = *state;
    char *large = malloc(6000001);
    memset(large, 'x', 6000000);
    large[6000000] = '\0';
    f->response = large;
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                                   SCRIPT_REQUEST("Content-Length: 6000000\r\n\r\nxxxx"),
                                   SCRIPT_LACKS("Expect"), SCRIPT_REPLY(ACCEPTED))),
                     0);
    free(large);
}

/* --- errors of the function --- */

static void test_an_error_is_posted(void **state)
{
    struct fixture *f = *state;
    redact_register(SLICE("pass\"word"));
    (void)error_set(&f->error, ERROR_NOT_FOUND, "no \"rule\" for pass\"word\n\x01");
    f->fail_at = 1;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                      SCRIPT_REPLY(
                          EVENT_WITH("id-1", DEADLINE "Lambda-Runtime-Invocation-Id: nonce\r\n")),
                      SCRIPT_EXACTLY(ERROR(
                          "id-1") "Host: <host>\r\n"
                                  "Content-Type: application/json\r\n"
                                  "Lambda-Runtime-Invocation-Id: nonce\r\n"
                                  "Lambda-Runtime-Function-Error-Type: Function.NotFound\r\n"
                                  "Content-Length: 85\r\n\r\n"
                                  "{\"errorMessage\":\"no \\\"rule\\\" for [redacted]\\n\\u0001\","
                                  "\"errorType\":\"Function.NotFound\"}"),
                      SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_logged(f, "\"level\":\"ERROR\",\"message\":\"the invocation failed\","
                     "\"requestId\":\"id-1\",\"errorType\":\"NotFound\"");
    assert_not_logged(f, "pass");
    assert_int_equal(f->released, 1);
}

static void test_an_error_without_a_reason(void **state)
{
    struct fixture *f = *state;
    f->fail_at = 1;
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                                   SCRIPT_REQUEST(ERROR("1")),
                                   SCRIPT_CONTAINS("the handler failed and gave no reason"),
                                   SCRIPT_REPLY(ACCEPTED))),
                     0);
}

static void test_a_function_that_does_not_start(void **state)
{
    struct fixture *f = *state;
    f->init_error = "PGHOST is not set";
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT,
                      SCRIPT_EXACTLY("POST /2018-06-01/runtime/init/error HTTP/1.1\r\n"
                                     "Host: <host>\r\nContent-Type: application/json\r\n"
                                     "Lambda-Runtime-Function-Error-Type: Runtime.Configuration\r\n"
                                     "Content-Length: 72\r\n\r\n"
                                     "{\"errorMessage\":\"PGHOST is not set\","
                                     "\"errorType\":\"Runtime.Configuration\"}"),
                      SCRIPT_REPLY(ACCEPTED))),
        1);
    assert_int_equal(f->calls, 0);
    assert_int_equal(f->released, 0);
    assert_logged(f, "\"level\":\"FATAL\",\"message\":\"the function failed to start\"");
}

/* --- answers that Lambda does not take --- */

/* The loop logs it and goes on to the next event; it posts nothing else. */
static void check_refusal(struct fixture *f, const char *reply, const char *logged)
{
    f->stop_at = 2;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY_BYTES(reply, strlen(reply)),
                      SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")), SCRIPT_REQUEST(RESPONSE("2")),
                      SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_int_equal(f->calls, 2);
    assert_logged(f, logged);
}

static void test_a_late_answer(void **state)
{
    check_refusal(*state, STATUS("410", "InvokeTimeout"), "after Lambda had given the invocation");
}

static void test_a_response_that_is_too_large(void **state)
{
    check_refusal(*state, STATUS("413", "TooMuchOfIt.."), "the response is too large for Lambda");
}

static void test_a_refused_answer(void **state)
{
    check_refusal(*state, STATUS("400", "InvalidReqId."), "the Runtime API refused an answer");
}

static void test_an_answer_out_of_turn(void **state)
{
    check_refusal(*state, STATUS("403", "InvalidState."), "the Runtime API refused an answer");
}

/* A body that breaks off after the status changes nothing: the answer was heard. */
static void test_a_refusal_that_breaks_off(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 2;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST(RESPONSE("1")),
                      SCRIPT_REPLY("HTTP/1.1 202 OK\r\nContent-Length: 9\r\n\r\nhalf"),
                      SCRIPT_CLOSE, SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("2")),
                      SCRIPT_REQUEST(RESPONSE("2")), SCRIPT_REPLY(ACCEPTED))),
        0);
}

static void test_a_lost_environment(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 9;
    assert_int_equal(
        run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                      SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_REPLY(STATUS("500", "InternalError")))),
        1);
    assert_logged(f,
                  "\"level\":\"FATAL\",\"message\":\"the Runtime API has lost this environment\"");
    assert_int_equal(f->released, 1);
}

/* --- the end --- */

static volatile sig_atomic_t *signalled;

static void on_terminate(int number)
{
    (void)number;
    *signalled = 1;
}

/* As run, with SIGTERM bound to f->stop. */
static int run_with_signal(struct fixture *f, const struct script_step *steps, size_t count)
{
    struct sigaction action = {.sa_handler = on_terminate};
    struct sigaction before;
    signalled = &f->stop;
    (void)sigaction(SIGTERM, &action, &before);
    int status = run(f, steps, count);
    (void)sigaction(SIGTERM, &before, NULL);
    return status;
}

static void test_sigterm_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        run_with_signal(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_SLEEP(50),
                                  /* now the loop waits */ SCRIPT_TERMINATE, SCRIPT_AWAIT_CLOSE)),
        0);
    assert_int_equal(f->calls, 0);
    assert_int_equal(f->released, 1);
    assert_not_logged(f, "WARN");
}

/* Lambda waits two seconds, and a POST would wait for its answer for five. */
static void test_sigterm_while_an_answer_is_posted(void **state)
{
    struct fixture *f = *state;
    f->stop_at = 9;
    assert_int_equal(
        run_with_signal(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                                  SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_TERMINATE,
                                  SCRIPT_AWAIT_CLOSE)),
        0);
    assert_logged(f, "\"message\":\"the Runtime API takes no answer\"");
    assert_logged(f, "\"tries\":1,\"errorType\":\"Cancelled\"");
    assert_int_equal(f->released, 1);
}

static int64_t stand_still(void *self)
{
    (void)self;
    return 1000000;
}

/* What Lambda takes within the time that is left was delivered; a connection that breaks meanwhile
 * is replaced. */
static void test_sigterm_before_an_answer_is_taken(void **state)
{
    struct fixture *f = *state;
    const struct clock clock = {.now_ms = stand_still}; /* for the transport no time passes */
    f->stop_at = 9;
    http_plain_free(f->http);
    f->http = http_plain_new(&clock);
    assert_int_equal(
        run_with_signal(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                                  SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_TERMINATE,
                                  SCRIPT_REPLY("HTTP/1.1 202 OK\r\nConte"), SCRIPT_CLOSE,
                                  SCRIPT_ACCEPT, SCRIPT_REQUEST(RESPONSE("1")),
                                  SCRIPT_REPLY(ACCEPTED))),
        0);
    assert_logged(f, "posting again");
    assert_not_logged(f, "FATAL");
    assert_int_equal(f->released, 1);
    http_plain_free(f->http);
    f->http = NULL;
}

/* The flag may be set just before the wait begins: it is looked at again and again. */
static void set_flag(void *flag)
{
    *(volatile sig_atomic_t *)flag = 1;
}

static void test_a_flag_ends_the_wait(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT),
                                   SCRIPT_CALL(set_flag, (void *)&f->stop), SCRIPT_AWAIT_CLOSE)),
                     0);
}

/* Lambda waits two seconds before it kills: the last answer has less, however often it is tried. */
static void test_told_to_end_while_nobody_takes_the_answer(void **state)
{
    struct fixture *f = *state;
    f->in_real_time = true;
    int64_t start_ms = clock_now_ms(&clock_system);
    assert_int_equal(run(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST(NEXT), SCRIPT_REPLY(EVENT("1")),
                                   SCRIPT_REQUEST(RESPONSE("1")), SCRIPT_AWAIT_CLOSE)),
                     0);
    assert_true(clock_now_ms(&clock_system) - start_ms >= 1000);
    assert_logged(f, "the deadline passed"); /* sooner than the peer would count as stalled */
    assert_logged(f, "the Runtime API takes no answer");
    assert_int_equal(f->released, 1);
}

static void test_told_to_end_before_the_first_event(void **state)
{
    struct fixture *f = *state;
    f->stop = 1;
    assert_int_equal(run_at(f, "127.0.0.1:1"), 0);
    assert_int_equal(f->released, 1);
}

/* --- memory --- */

#ifdef __SANITIZE_ADDRESS__
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static __thread int allocations; /* of this thread: the server's do not count */

static void count_allocation(const volatile void *memory, size_t size)
{
    (void)memory, (void)size;
    allocations++;
}

static void ignore_free(const volatile void *memory)
{
    (void)memory;
}

/* Notes how many allocations there were before each call. */
static int note_allocations(const struct lambda_context *context, struct slice event,
                            struct arena *arena, struct strbuf *response, struct error *err)
{
    struct fixture *f = context->state;
    (void)err;
    f->allocations[f->calls++] = allocations;
    strbuf_append(response, arena_copy(arena, event));
    log_info("handling");
    f->stop = f->calls == 5;
    return 0;
}

static void test_nothing_is_allocated_for_an_invocation(void **state)
{
    struct fixture *f = *state;
#define INVOCATION                                                                                 \
    SCRIPT_REQUEST(NEXT),                                                                          \
        SCRIPT_REPLY(EVENT_WITH("1", DEADLINE "Lambda-Runtime-Trace-Id: a\r\n")),                  \
        SCRIPT_REQUEST("POST"), SCRIPT_REPLY(ACCEPTED)
    f->server = scripted_server_start(
        SCRIPT(SCRIPT_ACCEPT, INVOCATION, INVOCATION, INVOCATION, INVOCATION, INVOCATION));
    const struct lambda_loop loop = {
        .http = f->http, .api = slice_from(scripted_server_address(f->server)), .stop = &f->stop};
    const struct lambda_function function = {.handle = note_allocations, .state = f};
    assert_true(__sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free) > 0);
    assert_int_equal(lambda_loop_run(&loop, &function), 0);
    scripted_server_end(f->server);
    assert_true(f->allocations[0] > 0);
    assert_int_equal(f->allocations[3], f->allocations[2]); /* buffers have their size by then */
    assert_int_equal(f->allocations[4], f->allocations[2]);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_events_are_answered_over_one_connection),
        TEST(test_the_context_is_what_the_headers_say),
        TEST(test_the_trace_id_is_exported_for_its_invocation_only),
        TEST(test_ids_are_encoded_in_the_path),
        TEST(test_an_event_however_it_comes),
        TEST(test_a_response_of_6_mb),
#ifdef __SANITIZE_ADDRESS__
        TEST(test_nothing_is_allocated_for_an_invocation),
#endif
        TEST(test_an_error_is_posted),
        TEST(test_an_error_without_a_reason),
        TEST(test_a_function_that_does_not_start),
        TEST(test_a_late_answer),
        TEST(test_a_response_that_is_too_large),
        TEST(test_a_refused_answer),
        TEST(test_an_answer_out_of_turn),
        TEST(test_a_refusal_that_breaks_off),
        TEST(test_a_lost_environment),
        TEST(test_sigterm_ends_the_wait),
        TEST(test_sigterm_while_an_answer_is_posted),
        TEST(test_sigterm_before_an_answer_is_taken),
        TEST(test_a_flag_ends_the_wait),
        TEST(test_told_to_end_while_nobody_takes_the_answer),
        TEST(test_told_to_end_before_the_first_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
