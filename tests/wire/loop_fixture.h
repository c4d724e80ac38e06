/* What the tests of the loop share: a function that does as told and notes what it saw, a loop
 * whose pauses take no time, and the log. */
#ifndef WIRE_LOOP_FIXTURE_H
#define WIRE_LOOP_FIXTURE_H

#include "unit/unit.h"

#include "base/log.h"
#include "base/redact.h"
#include "http/http_plain.h"
#include "runtime/lambda_loop.h"
#include "wire/scripted_server.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define NEXT "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"
#define RESPONSE(id) "POST /2018-06-01/runtime/invocation/" id "/response HTTP/1.1\r\n"
#define ERROR(id) "POST /2018-06-01/runtime/invocation/" id "/error HTTP/1.1\r\n"
#define DEADLINE "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n"
/* An event of five bytes. */
#define EVENT_WITH(id, headers)                                                                    \
    "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: " id "\r\n" headers                         \
    "Content-Length: 5\r\n\r\nevent"
#define EVENT(id) EVENT_WITH(id, DEADLINE)
#define ACCEPTED "HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n"
#define STATUS(code, type)                                                                         \
    "HTTP/1.1 " code " X\r\nContent-Length: 29\r\n\r\n{\"errorType\":\"" type "\"}"

struct fixture {
    struct scripted_server *server;
    struct http *http;
    FILE *log_file;
    char log[65536];
    /* What the handler is to do. */
    int stop_at; /* the call in which the loop is told to end */
    int fail_at; /* the call that fails with `error` */
    struct error error;
    const char *response; /* NULL: the event */
    const char *init_error;
    bool in_real_time; /* pauses and deadlines are real */

    /* What it has seen. */
    volatile sig_atomic_t stop;
    int calls;
    int released;
    int allocations[8]; /* where a test counts them */
    int64_t slept_ms;
    int64_t remaining_ms;
    char event[64];
    char traces[64]; /* of every call */
    char ids[128];   /* every context member of the last call */
};

/* --- the function --- */

static inline int init(void *state, struct error *err)
{
    const struct fixture *f = state;
    return f->init_error == NULL ? 0 : error_set(err, ERROR_CONFIGURATION, "%s", f->init_error);
}

static inline void release(void *state)
{
    ((struct fixture *)state)->released++;
}

static inline int handle(const struct lambda_context *context, struct slice event,
                         struct arena *arena, struct strbuf *response, struct error *err)
{
    struct fixture *f = context->state;
    const char *trace = getenv("_X_AMZN_TRACE_ID");
    size_t used = strlen(f->traces);
    (void)arena_alloc(arena, 100000);
    f->calls++;
    f->remaining_ms = lambda_remaining_ms(context);
    (void)snprintf(f->event, sizeof(f->event), "%.*s", SLICE_ARG(event));
    (void)snprintf(f->traces + used, sizeof(f->traces) - used, "%s;", trace == NULL ? "-" : trace);
    (void)snprintf(f->ids, sizeof(f->ids), "%.*s,%.*s,%.*s,%.*s,%.*s,%.*s,%.*s,%.*s,%lld",
                   SLICE_ARG(context->request_id), SLICE_ARG(context->invocation_id),
                   SLICE_ARG(context->function_arn), SLICE_ARG(context->trace_id),
                   SLICE_ARG(context->client_context), SLICE_ARG(context->cognito_identity),
                   SLICE_ARG(context->tenant_id), SLICE_ARG(context->content_type),
                   (long long)context->deadline_ms);
    log_info("handling");
    if (f->calls == f->stop_at) {
        f->stop = 1;
    }
    if (f->calls == f->fail_at) {
        strbuf_append_text(response, "half of it");
        if (f->error.message[0] != '\0') {
            *err = f->error;
        }
        return -1;
    }
    strbuf_append(response, f->response == NULL ? event : slice_from(f->response));
    return 0;
}

/* --- the test bench --- */

static inline int64_t now(void *self)
{
    (void)self;
    return INT64_C(4102444800000) - 5000;
}

/* Pauses take no time, but are counted. */
static inline void sleep_quickly(void *self, int64_t duration_ms)
{
    ((struct fixture *)self)->slept_ms += duration_ms;
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->http = http_plain_new(NULL);
    f->log_file = tmpfile();
    assert_non_null(f->log_file);
    f->stop_at = 1;
    log_setup(&(struct log_options){
        .fd = fileno(f->log_file), .lowest = LOG_INFO, .clock = &clock_system});
    log_context_clear();
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1); /* never used */
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    http_plain_free(f->http);
    (void)fclose(f->log_file);
    redact_forget_all();
    (void)unsetenv("http_proxy");
    assert_null(getenv("_X_AMZN_TRACE_ID"));
    log_setup(
        &(struct log_options){.fd = STDERR_FILENO, .lowest = LOG_INFO, .clock = &clock_system});
    free(f);
    return 0;
}

static inline int run_at(struct fixture *f, const char *api)
{
    const struct clock clock = {.now_ms = now, .sleep_ms = sleep_quickly, .self = f};
    const struct lambda_loop loop = {.http = f->http,
                                     .api = slice_from(api),
                                     .clock = f->in_real_time ? &clock_system : &clock,
                                     .stop = &f->stop};
    const struct lambda_function function = {
        .handle = handle, .init = init, .release = release, .state = f};
    int status = lambda_loop_run(&loop, &function);
    ssize_t size = pread(fileno(f->log_file), f->log, sizeof(f->log) - 1, 0);
    assert_true(size >= 0);
    f->log[size] = '\0';
    return status;
}

/* Runs the loop until it ends by itself and checks that the script was played to its end. */
static inline int run(struct fixture *f, const struct script_step *steps, size_t count)
{
    f->server = scripted_server_start(steps, count);
    int status = run_at(f, scripted_server_address(f->server));
    scripted_server_end(f->server);
    return status;
}

#define assert_logged(f, text)                                                                     \
    do {                                                                                           \
        if (strstr((f)->log, (text)) == NULL) {                                                    \
            fail_msg("the log lacks %s:\n%s", (text), (f)->log);                                   \
        }                                                                                          \
    } while (0)
#define assert_not_logged(f, text)                                                                 \
    do {                                                                                           \
        if (strstr((f)->log, (text)) != NULL) {                                                    \
            fail_msg("the log has %s:\n%s", (text), (f)->log);                                     \
        }                                                                                          \
    } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
