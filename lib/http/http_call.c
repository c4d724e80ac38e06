#include "http/http_call.h"

#include "http/http_body.h"

#include "base/banned.h"

#define BODY_LIMIT ((size_t)1024 * 1024)

int http_call_begin(struct http_call *call, struct error *err)
{
    struct strbuf *body = call->response->body;
    *call->response = (struct http_response){.body = body};
    strbuf_clear(body);
    http_head_start(call->head);
    call->is_head = slice_equal(call->request->method, SLICE("HEAD"));
    call->foreign = false;
    call->cancelled_ms = 0;
    http_call_active(call);
    return http_request_check(call->request, err) != 0 ||
                   http_target_parse(call->request->url, &call->target, err) != 0
               ? -1
               : 0;
}

/* --- time --- */

static bool has_limit(const struct http_call *call)
{
    return call->request->deadline_ms != 0 || call->request->stall_timeout_ms > 0 ||
           call->cancelled_ms != 0;
}

/* When a call whose cancellation was seen must have ended. */
static int64_t grace_end_ms(const struct http_call *call)
{
    return call->cancelled_ms + call->request->cancel_grace_ms;
}

static bool is_cancelled(struct http_call *call)
{
    const struct http_request *request = call->request;
    if (request->cancel == NULL || *request->cancel == 0) {
        return false;
    }
    if (request->cancel_grace_ms == 0) {
        return true;
    }
    if (call->cancelled_ms == 0) {
        call->cancelled_ms = clock_now_ms(call->clock);
    }
    return clock_now_ms(call->clock) >= grace_end_ms(call);
}

static unsigned long long received(const struct http_call *call)
{
    return (unsigned long long)call->response->received_bytes;
}

int http_call_check(struct http_call *call, struct error *err)
{
    const struct http_request *request = call->request;
    if (is_cancelled(call)) {
        return error_set(err, ERROR_CANCELLED, "cancelled");
    }
    int64_t now_ms = has_limit(call) ? clock_now_ms(call->clock) : 0;
    if (request->deadline_ms != 0 && now_ms >= request->deadline_ms) {
        return error_set(err, ERROR_TIMEOUT, "the deadline passed after %llu bytes of the reply",
                         received(call));
    }
    if (request->stall_timeout_ms > 0 && now_ms - call->active_ms >= request->stall_timeout_ms) {
        return error_set(err, ERROR_TIMEOUT,
                         "no byte came or went for %lld ms, after %llu bytes of the reply",
                         (long long)request->stall_timeout_ms, received(call));
    }
    return 0;
}

static int64_t shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t http_call_wait_ms(const struct http_call *call)
{
    const struct http_request *request = call->request;
    int64_t wait_ms = HTTP_LONGEST_WAIT_MS;
    int64_t now_ms = has_limit(call) ? clock_now_ms(call->clock) : 0;
    if (request->deadline_ms != 0) {
        wait_ms = shorter(wait_ms, request->deadline_ms - now_ms);
    }
    if (request->stall_timeout_ms > 0) {
        wait_ms = shorter(wait_ms, call->active_ms + request->stall_timeout_ms - now_ms);
    }
    if (call->cancelled_ms != 0) {
        wait_ms = shorter(wait_ms, grace_end_ms(call) - now_ms);
    }
    return wait_ms > 0 ? wait_ms : 0;
}

void http_call_active(struct http_call *call)
{
    if (call->request->stall_timeout_ms > 0) {
        call->active_ms = clock_now_ms(call->clock);
    }
}

int64_t http_call_connect_timeout_ms(const struct http_call *call)
{
    int64_t timeout_ms = call->request->connect_timeout_ms;
    return timeout_ms > 0 ? timeout_ms : HTTP_CONNECT_TIMEOUT_MS;
}

/* --- the reply --- */

static bool goes_to_sink(const struct http_call *call)
{
    int status = call->response->status;
    return call->request->body_sink != NULL && status >= 200 && status <= 299;
}

static size_t body_limit(const struct http_call *call)
{
    return call->request->body_limit == 0 ? BODY_LIMIT : call->request->body_limit;
}

static int body_too_large(struct http_call *call)
{
    return error_set(&call->error, ERROR_LIMIT, "the reply's body is over the limit of %zu bytes",
                     body_limit(call));
}

/* A body whose length is known gets its room at once, or is refused at once. */
static int expect_body(struct http_call *call)
{
    uint64_t length = 0;
    if (!http_body_is_due(call->response, call->is_head) || goes_to_sink(call) ||
        !http_header_number(call->response, "content-length", &length)) {
        return 0;
    }
    if (length > body_limit(call)) {
        return body_too_large(call);
    }
    strbuf_reserve(call->response->body, (size_t)length);
    return 0;
}

static int head_complete(struct http_call *call)
{
    const struct http_request *request = call->request;
    http_head_store(call->head, call->arena, call->response);
    if (request->check_head != NULL &&
        request->check_head(request->check_head_self, call->response, &call->error) != 0) {
        call->foreign = true;
        return -1;
    }
    return expect_body(call);
}

int http_call_line(struct http_call *call, struct slice line)
{
    bool was_complete = call->head->complete;
    int result = http_head_line(call->head, line, &call->error);
    if (result == 0 && call->head->complete && !was_complete) {
        result = head_complete(call);
    }
    return result;
}

int http_call_body(struct http_call *call, struct slice bytes)
{
    struct http_response *response = call->response;
    response->body_bytes += bytes.size;
    if (goes_to_sink(call)) {
        int written = sink_write(call->request->body_sink, bytes, &call->error);
        call->foreign = written != 0;
        http_call_active(call); /* the time that the sink took is not the peer's silence */
        return written;
    }
    if (bytes.size > body_limit(call) - response->body->size) {
        return body_too_large(call);
    }
    strbuf_append(response->body, bytes);
    return 0;
}

/* --- errors --- */

int http_call_broke(struct error *err, const char *what, int reason)
{
    return error_set(err, ERROR_NETWORK, "%s: %s", what, strerror(reason));
}

int http_call_fail(const struct http_call *call, struct error *err)
{
    return error_pass(err, &call->error);
}

int http_call_name(const struct http_call *call, int result, struct error *err)
{
    if (result != 0 && !call->foreign) {
        (void)error_prefix(err, "%.*s %.*s", SLICE_ARG(call->request->method),
                           SLICE_ARG(slice_take(call->target.location, 300)));
    }
    return result;
}
