/* Where replies go: sinks and checks of the head, and their errors. */
#include "wire/http_fixture.h"

#include "unit/collector.h"
#include "wire/slow_sink.h"

/* --- sinks and checks --- */

static int refuse_etag(void *self, const struct http_response *head, struct error *err)
{
    const struct collector *sink = self;
    struct slice etag;
    assert_int_equal(sink->bytes.size, 0);
    assert_int_equal(head->status, 200);
    if (http_header_find(head, "etag", &etag) && slice_equal(etag, SLICE("old"))) {
        return error_set(err, ERROR_CONFLICT, "it has changed");
    }
    return 0;
}

static void test_the_body_of_a_success_goes_to_the_sink(void **state)
{
    struct fixture *f = *state;
    struct collector sink;
    collector_init(&sink);
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 206 Partial\r\nContent-Length: 5\r\n\r\nhello"),
                    SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")));
    struct http_request request = get(f);
    request.body_sink = &sink.sink;
    request.body_limit = 4; /* holds for response->body only */
    assert_int_equal(send_request(f, &request), 0);
    assert_string_equal(sink.bytes.data, "hello");
    assert_int_equal(f->response.body_bytes, 5);
    assert_int_equal(f->body.size, 0);
    assert_int_equal(send_request(f, &request), 0);
    assert_string_equal(sink.bytes.data, "hello");
    assert_body(f, "gone");
    assert_false(sink.closed || sink.aborted); /* that is the caller's */
    end(f);
    strbuf_release(&sink.bytes);
}

/* Whoever uploads what it reads takes its time: that is not the peer's silence. */
static void test_a_slow_sink_is_no_stall(void **state)
{
    struct fixture *f = *state;
    struct slow_sink slow = {.sink.operations = &slow_sink_operations, .moved = &f->moved};
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
                    SCRIPT_CALL(slow_sink_await, &slow), SCRIPT_REPLY("lo")));
    struct http_request request = get(f);
    request.body_sink = &slow.sink;
    request.deadline_ms = 0;
    request.stall_timeout_ms = 10000;
    assert_int_equal(send_request(f, &request), 0);
    assert_int_equal(slow.bytes, 5);
    end(f);
}

static void test_errors_of_sink_and_check_are_passed_on(void **state)
{
    struct fixture *f = *state;
    struct collector sink;
    collector_init(&sink);
    sink.refuse_after = 3;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nETag: old\r\nContent-Length: 5\r\n\r\nhello"),
                    SCRIPT_AWAIT_CLOSE, SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nETag: new\r\nContent-Length: 5\r\n\r\nhello"),
                    SCRIPT_AWAIT_CLOSE));
    struct http_request request = get(f);
    request.body_sink = &sink.sink;
    request.check_head = refuse_etag;
    request.check_head_self = &sink;
    assert_int_equal(send_request(f, &request), -1);
    assert_string_equal(f->err.message, "it has changed");
    assert_int_equal(f->err.kind, ERROR_CONFLICT);
    assert_int_equal(sink.bytes.size, 0);
    assert_int_equal(send_request(f, &request), -1);
    assert_string_equal(f->err.message, "the collector is full");
    end(f);
    strbuf_release(&sink.bytes);
}

/* Sends over the transport that brings it what it is given. */
struct entangled_sink {
    struct sink sink;
    struct fixture *f;
    size_t bytes;
    struct error refusal;
};

static int send_within(struct sink *sink, struct slice bytes, struct error *err)
{
    struct entangled_sink *entangled = (struct entangled_sink *)(void *)sink;
    struct http_request request = get(entangled->f);
    struct strbuf body = STRBUF_INIT;
    struct http_response response = {.body = &body};
    (void)err;
    entangled->bytes += bytes.size;
    assert_int_equal(http_send(entangled->f->http, &request, &entangled->f->arena, &response,
                               &entangled->refusal),
                     -1);
    strbuf_release(&body);
    return 0;
}

/* One call at a time: the second is refused, and does the first no harm. */
static void test_a_call_within_a_call_is_refused(void **state)
{
    static const struct sink_operations operations = {.write = send_within};
    struct fixture *f = *state;
    struct entangled_sink sink = {.sink.operations = &operations, .f = f};
    struct slice etag = SLICE("");
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                 SCRIPT_REPLY("HTTP/1.1 200 OK\r\nETag: old\r\nContent-Length: 5\r\n\r\nhello")));
    struct http_request request = get(f);
    request.body_sink = &sink.sink;
    assert_int_equal(send_request(f, &request), 0);
    assert_int_equal(sink.bytes, 5);
    assert_int_equal(sink.refusal.kind, ERROR_SYSTEM);
    assert_non_null(strstr(sink.refusal.message, "the transport is in use"));
    assert_true(http_header_find(&f->response, "etag", &etag));
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOTH(test_the_body_of_a_success_goes_to_the_sink),
        WITH_BOTH(test_a_slow_sink_is_no_stall),
        WITH_BOTH(test_errors_of_sink_and_check_are_passed_on),
        WITH_CURL(test_a_call_within_a_call_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
