/*
 * The function that tests and benchmarks invoke: it answers with its event. An event that is a JSON
 * string and begins with "!" is an order instead, with an argument after a blank.
 */
#include "runtime/lambda_loop.h"

#include "base/array.h"
#include "base/env.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

/* "!size 100": so many bytes as a JSON string. */
static int order_size(struct slice argument, struct strbuf *response, struct error *err)
{
    uint64_t size = 0;
    if (!slice_to_u64(argument, &size) || size < 2 || size > (uint64_t)64 * 1024 * 1024) {
        return error_set(err, ERROR_INVALID, "!size wants a number of bytes");
    }
    strbuf_reserve(response, (size_t)size);
    strbuf_append_char(response, '"');
    while (response->size < size - 1) {
        strbuf_append_char(response, (char)('a' + response->size % 26));
    }
    strbuf_append_char(response, '"');
    return 0;
}

/* "!wait /tmp/gate": until that file exists, signals or not. */
static int order_wait(const struct lambda_context *context, struct slice argument,
                      struct strbuf *response, struct error *err)
{
    char path[256];
    int size = snprintf(path, sizeof(path), "%.*s", SLICE_ARG(argument));
    if (size <= 0 || (size_t)size >= sizeof(path)) {
        return error_set(err, ERROR_INVALID, "!wait wants a path");
    }
    log_info("waiting");
    while (access(path, F_OK) != 0) {
        clock_sleep_ms(context->clock, 10);
    }
    strbuf_append_text(response, "\"waited\"");
    return 0;
}

/* "!context": everything that is known of the invocation. */
static int order_context(const struct lambda_context *context, struct strbuf *response)
{
    const struct {
        const char *name;
        struct slice value;
    } members[] = {
        {"request_id", context->request_id},
        {"invocation_id", context->invocation_id},
        {"function_arn", context->function_arn},
        {"trace_id", context->trace_id},
        {"trace_variable", slice_from(getenv("_X_AMZN_TRACE_ID"))},
        {"client_context", context->client_context},
        {"cognito_identity", context->cognito_identity},
        {"tenant_id", context->tenant_id},
        {"content_type", context->content_type},
    };
    struct json_writer writer = json_writer_to(response);
    json_write_object(&writer);
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        json_write_member_string(&writer, members[i].name, members[i].value);
    }
    json_write_member_i64(&writer, "deadline_ms", context->deadline_ms);
    json_write_member_i64(&writer, "remaining_ms", lambda_remaining_ms(context));
    json_write_member_i64(&writer, "pid", getpid());
    json_write_object_end(&writer);
    return 0;
}

static int obey(const struct lambda_context *context, struct slice order, struct slice argument,
                struct strbuf *response, struct error *err)
{
    if (slice_equal(order, SLICE("!size"))) {
        return order_size(argument, response, err);
    }
    if (slice_equal(order, SLICE("!wait"))) {
        return order_wait(context, argument, response, err);
    }
    if (slice_equal(order, SLICE("!context"))) {
        return order_context(context, response);
    }
    if (slice_equal(order, SLICE("!fail"))) {
        return error_set(err, ERROR_NOT_FOUND, "%.*s", SLICE_ARG(argument));
    }
    if (slice_equal(order, SLICE("!secret"))) { /* an error that carries a secret by mistake */
        redact_register(argument);
        return error_set(err, ERROR_DENIED, "password %.*s is wrong", SLICE_ARG(argument));
    }
    if (slice_equal(order, SLICE("!log"))) {
        log_warn("as ordered", LOG_TEXT("text", argument));
        return 0; /* and no response */
    }
    if (slice_equal(order, SLICE("!crash"))) {
        abort();
    }
    if (slice_equal(order, SLICE("!exit"))) {
        exit(3);
    }
    return error_set(err, ERROR_INVALID, "unknown order");
}

static int handle(const struct lambda_context *context, struct slice event, struct arena *arena,
                  struct strbuf *response, struct error *err)
{
    struct slice order;
    struct slice argument;
    (void)arena;
    if (event.size > 2 && event.data[0] == '"' && event.data[1] == '!') {
        /* JSON of the real platform: the order stands in a string. */
        (void)slice_cut(slice_take(slice_skip(event, 1), event.size - 2), ' ', &order, &argument);
        return obey(context, order, argument, response, err);
    }
    strbuf_append(response, event);
    return 0;
}

/* ECHO_INIT_ERROR is a reason not to start; ECHO_INIT_MS takes so long. */
static int init(void *state, struct error *err)
{
    (void)state;
    int64_t wait_ms = 0;
    const char *reason = env_get("ECHO_INIT_ERROR", NULL);
    if (reason != NULL) {
        return error_set(err, ERROR_CONFIGURATION, "%s", reason);
    }
    if (env_number("ECHO_INIT_MS", 0, 60000, 0, &wait_ms, err) != 0) {
        return -1;
    }
    if (wait_ms > 0) {
        clock_sleep_ms(&clock_system, wait_ms);
    }
    return 0;
}

static void release(void *state)
{
    (void)state;
    log_info("released");
}

int main(void)
{
    return lambda_main(
        &(struct lambda_function){.handle = handle, .init = init, .release = release});
}
