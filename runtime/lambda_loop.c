#include "runtime/lambda_loop.h"

#include "base/env.h"
#include "base/log.h"
#include "http/http_request.h"
#include "runtime/lambda_wire.h"

#include <stdlib.h>

#include "base/banned.h"

#define TRACE_VARIABLE "_X_AMZN_TRACE_ID"
#define NEXT_TRIES 12
#define POST_TRIES 4
#define LONGEST_PAUSE_MS 1000
#define CONNECT_TIMEOUT_MS 1000
#define POST_STALL_MS 5000
/* All tries, once told to end: Lambda waits 2 s in all, and what we are told while a call waits may
 * be seen HTTP_LONGEST_WAIT_MS later. */
#define LAST_POST_MS 1300
#define BUFFER_KEPT ((size_t)1024 * 1024)

/* A loop under way. The buffers serve every invocation in turn. */
struct run {
    const struct lambda_loop *loop;
    const struct lambda_function *function;
    const struct clock *clock;
    struct arena arena;
    struct strbuf next_url;
    struct strbuf post_url;
    struct strbuf event;
    struct strbuf response;  /* the handler's, or the error's body */
    struct strbuf reply;     /* of the Runtime API to a POST */
    struct strbuf traces[2]; /* one stands in the environment: not touched while it does */
    size_t next_trace;       /* the other */
    int failures;            /* of /next, one after the other */
};

enum step {
    STEP_ON,
    STEP_END, /* told to end */
    STEP_LOST /* this environment cannot go on: Lambda starts another */
};

int64_t lambda_remaining_ms(const struct lambda_context *context)
{
    if (context->deadline_ms == 0) {
        return INT64_MAX;
    }
    int64_t remaining_ms = context->deadline_ms - clock_now_ms(context->clock);
    return remaining_ms > 0 ? remaining_ms : 0;
}

static bool must_stop(const struct run *run)
{
    return run->loop->stop != NULL && *run->loop->stop != 0;
}

/* The first new try comes at once: the connection may only have been stale. */
static int64_t pause_ms(int failures)
{
    int64_t ms = failures <= 1 ? 0 : INT64_C(10) << (failures < 10 ? failures : 10);
    return ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS;
}

/* --- posting --- */

struct post {
    enum lambda_call call;
    const char *name; /* for the log */
    struct slice request_id;
    struct slice invocation_id;
    struct slice error_type;
    struct slice body;
};

/*
 * What the status of an answer means. The invocation is over in any case but one: what Lambda did
 * not take it has noted itself (410: the invocation timed out; 413: the response is too large), and
 * 400 and 403 say that this answer came before, or that another is awaited: /next tells.
 */
static enum step judge_answer(const struct run *run, const struct post *post, int status,
                              bool repeated)
{
    struct slice reply = slice_take(strbuf_slice(&run->reply), 300);
    if (status >= 200 && status <= 299) {
        return STEP_ON;
    }
    if (status == 500) {
        log_at(LOG_FATAL, "the Runtime API has lost this environment",
               LOG_TEXT("call", slice_from(post->name)), LOG_TEXT("reply", reply));
        return STEP_LOST;
    }
    if (status == 410) {
        log_warn("the answer came after Lambda had given the invocation up",
                 LOG_TEXT("call", slice_from(post->name)));
    } else if (status == 413) {
        log_error("the response is too large for Lambda", LOG_NUMBER("bytes", post->body.size),
                  LOG_TEXT("reply", reply));
    } else if ((status == 400 || status == 403) && repeated) {
        log_info("the answer had been taken before the connection broke",
                 LOG_TEXT("call", slice_from(post->name)));
    } else {
        log_error("the Runtime API refused an answer", LOG_TEXT("call", slice_from(post->name)),
                  LOG_NUMBER("status", status), LOG_TEXT("reply", reply));
    }
    return STEP_ON;
}

/* The status of the reply, and whether the request went out twice for it; 0 with *err when none
 * came by the deadline. 0: there is none as long as the loop is not told to end. */
static int post_once(struct run *run, const struct post *post, int64_t deadline_ms, bool *resent,
                     struct error *err)
{
    struct http_header headers[LAMBDA_HEADERS_LIMIT];
    struct http_response reply = {.body = &run->reply};
    struct http_request request = {
        .method = SLICE("POST"),
        .url = strbuf_slice(&run->post_url),
        .headers = headers,
        .header_count = lambda_wire_headers(headers, post->invocation_id, post->error_type),
        .body = post->body,
        .deadline_ms = deadline_ms,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .stall_timeout_ms = POST_STALL_MS,
        /* Lambda takes one answer for each invocation and refuses a second. */
        .repeatable = true,
        .no_proxy = true,
        .cancel = deadline_ms == 0 ? run->loop->stop : NULL,
        .cancel_grace_ms = LAST_POST_MS,
    };
    (void)http_send(run->loop->http, &request, &run->arena, &reply, err);
    *resent = reply.resent;
    return reply.status;
}

static enum step send_post(struct run *run, const struct post *post)
{
    struct error err = {.message = ""};
    int64_t deadline_ms = 0;
    int64_t untold_ms = clock_now_ms(run->clock); /* not told to end before then */
    int status = 0;
    int tries = 0;
    bool resent = false;
    strbuf_clear(&run->post_url);
    lambda_wire_url(&run->post_url, run->loop->api, post->call, post->request_id);
    while (status == 0 && tries < POST_TRIES && err.kind != ERROR_CANCELLED) {
        if (!must_stop(run)) {
            untold_ms = clock_now_ms(run->clock);
        } else if (deadline_ms == 0) {
            deadline_ms = untold_ms + LAST_POST_MS;
        }
        if (tries > 0) {
            log_warn("posting again", LOG_TEXT("call", slice_from(post->name)), LOG_CAUSE(&err));
            clock_sleep_ms(run->clock, pause_ms(tries));
        }
        tries++;
        status = post_once(run, post, deadline_ms, &resent, &err);
    }
    if (status == 0) {
        log_at(LOG_FATAL, "the Runtime API takes no answer",
               LOG_TEXT("call", slice_from(post->name)), LOG_NUMBER("tries", tries),
               LOG_CAUSE(&err));
        return STEP_LOST;
    }
    return judge_answer(run, post, status, tries > 1 || resent);
}

static enum step post_response(struct run *run, const struct lambda_context *context)
{
    const struct post post = {
        .call = LAMBDA_RESPONSE,
        .name = "response",
        .request_id = context->request_id,
        .invocation_id = context->invocation_id,
        .body = run->response.size == 0 ? SLICE("null") : strbuf_slice(&run->response),
    };
    return send_post(run, &post);
}

/* Reports an error; `context` is NULL when init failed. What a handler wrote is dropped. */
static enum step post_error(struct run *run, const struct lambda_context *context,
                            enum lambda_origin origin, const struct error *error)
{
    char type[LAMBDA_ERROR_TYPE_SIZE];
    lambda_wire_error_type(type, origin, error);
    strbuf_clear(&run->response);
    lambda_wire_error_body(&run->response, slice_from(type), error);
    struct post post = {
        .call = context == NULL ? LAMBDA_INIT_ERROR : LAMBDA_ERROR,
        .name = context == NULL ? "init/error" : "error",
        .error_type = slice_from(type),
        .body = strbuf_slice(&run->response),
    };
    if (context != NULL) {
        post.request_id = context->request_id;
        post.invocation_id = context->invocation_id;
    }
    return send_post(run, &post);
}

/* --- one invocation --- */

/* putenv with buffers of ours, because setenv never frees a value; in turn, because taking the old
 * value out first would make the C library allocate room for the new one. */
static void export_trace(struct run *run, struct slice trace_id)
{
    struct strbuf *trace = &run->traces[run->next_trace];
    if (trace_id.size == 0) {
        (void)unsetenv(TRACE_VARIABLE);
        return;
    }
    strbuf_clear(trace);
    strbuf_append_text(trace, TRACE_VARIABLE "=");
    strbuf_append(trace, trace_id);
    (void)putenv(trace->data);
    run->next_trace = 1 - run->next_trace;
}

static void give_back(struct strbuf *buffer)
{
    if (buffer->capacity > BUFFER_KEPT) {
        strbuf_release(buffer);
    }
}

static enum step serve_event(struct run *run, struct lambda_context *context)
{
    struct error err = {.message = "the handler failed and gave no reason"};
    context->clock = run->clock;
    context->state = run->function->state;
    if (context->deadline_ms == 0) {
        log_error("Lambda-Runtime-Deadline-Ms is missing: there is no deadline");
    }
    export_trace(run, context->trace_id);
    strbuf_clear(&run->response);
    int result = run->function->handle(context, strbuf_slice(&run->event), &run->arena,
                                       &run->response, &err);
    if (result == 0) {
        return post_response(run, context);
    }
    log_error("the invocation failed", LOG_CAUSE(&err));
    return post_error(run, context, LAMBDA_FUNCTION, &err);
}

/*
 * Waits for the next event, for as long as it takes. On failure context->request_id tells whether
 * there is an invocation that must be told: one whose event breaks a rule, not one whose event was
 * cut short, which Lambda hands out again.
 */
static int fetch_event(struct run *run, struct lambda_context *context, struct error *err)
{
    struct http_response reply = {.body = &run->event};
    const struct http_request request = {
        .method = SLICE("GET"),
        .url = strbuf_slice(&run->next_url),
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .repeatable = true,
        .no_proxy = true,
        .cancel = run->loop->stop,
        .body_limit = LAMBDA_EVENT_LIMIT,
    };
    *context = (struct lambda_context){.request_id = SLICE("")};
    if (http_send(run->loop->http, &request, &run->arena, &reply, err) != 0) {
        if (err->kind == ERROR_LIMIT && reply.status == 200) {
            (void)lambda_wire_parse(&reply, context, NULL);
        }
        return -1;
    }
    if (reply.status != 200) {
        (void)error_set(err, ERROR_REMOTE, "/next was answered with status %d: %.*s", reply.status,
                        SLICE_ARG(slice_take(strbuf_slice(&run->event), 300)));
        err->status = reply.status;
        return -1;
    }
    return lambda_wire_parse(&reply, context, err);
}

/* /next brought nothing to run. */
static enum step bear_failure(struct run *run, const struct error *err)
{
    run->failures++;
    if (err->kind == ERROR_CANCELLED) {
        return STEP_END;
    }
    if (err->status == 500 || run->failures >= NEXT_TRIES) {
        log_at(LOG_FATAL, "the Runtime API cannot be used", LOG_NUMBER("tries", run->failures),
               LOG_CAUSE(err));
        return STEP_LOST;
    }
    log_warn("no event: asking again", LOG_NUMBER("tries", run->failures), LOG_CAUSE(err));
    clock_sleep_ms(run->clock, pause_ms(run->failures));
    return STEP_ON;
}

static enum step run_once(struct run *run)
{
    struct lambda_context context;
    struct error err = {.message = ""};
    arena_reset(&run->arena);
    int fetched = fetch_event(run, &context, &err);
    if (context.request_id.size == 0) {
        return bear_failure(run, &err);
    }
    enum step step;
    run->failures = 0;
    log_context_set("requestId", context.request_id);
    log_context_set("tenantId", context.tenant_id);
    if (fetched == 0) {
        step = serve_event(run, &context);
    } else {
        log_error("the event cannot be taken", LOG_CAUSE(&err));
        step = post_error(run, &context, LAMBDA_RUNTIME, &err);
    }
    log_context_clear();
    give_back(&run->event);
    give_back(&run->response);
    give_back(&run->reply);
    return step;
}

/* --- the loop --- */

/* Lambda sends so many events at a time to one environment, and this loop takes one: the others
 * would wait for it until they time out. */
static int check_concurrency(struct error *err)
{
    const char *limit = env_get("AWS_LAMBDA_MAX_CONCURRENCY", "1");
    if (strcmp(limit, "1") != 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable AWS_LAMBDA_MAX_CONCURRENCY is \"%.100s\", but this "
                         "program handles one invocation at a time: set the concurrency of an "
                         "execution environment to 1",
                         limit);
    }
    return 0;
}

static int start(const struct lambda_function *function, struct error *err)
{
    if (check_concurrency(err) != 0) {
        return -1;
    }
    return function->init == NULL ? 0 : function->init(function->state, err);
}

static enum step initialise(struct run *run)
{
    struct error err = {.message = "the function failed to start and gave no reason"};
    struct http_target target;
    if (http_target_parse(strbuf_slice(&run->next_url), &target, &err) != 0) {
        log_at(LOG_FATAL, "AWS_LAMBDA_RUNTIME_API must be host:port", LOG_CAUSE(&err));
        return STEP_LOST;
    }
    if (start(run->function, &err) == 0) {
        return STEP_ON;
    }
    log_at(LOG_FATAL, "the function failed to start", LOG_CAUSE(&err));
    (void)post_error(run, NULL, LAMBDA_RUNTIME, &err);
    return STEP_LOST;
}

static void run_init(struct run *run, const struct lambda_loop *loop,
                     const struct lambda_function *function)
{
    *run = (struct run){.loop = loop, .function = function};
    run->clock = loop->clock == NULL ? &clock_system : loop->clock;
    arena_init(&run->arena, 0);
    strbuf_init(&run->next_url);
    strbuf_init(&run->post_url);
    strbuf_init(&run->event);
    strbuf_init(&run->response);
    strbuf_init(&run->reply);
    strbuf_init(&run->traces[0]);
    strbuf_init(&run->traces[1]);
    lambda_wire_url(&run->next_url, loop->api, LAMBDA_NEXT, SLICE(""));
}

static void run_release(struct run *run)
{
    (void)unsetenv(TRACE_VARIABLE); /* it stands in run->traces */
    arena_release(&run->arena);
    strbuf_release(&run->next_url);
    strbuf_release(&run->post_url);
    strbuf_release(&run->event);
    strbuf_release(&run->response);
    strbuf_release(&run->reply);
    strbuf_release(&run->traces[0]);
    strbuf_release(&run->traces[1]);
}

int lambda_loop_run(const struct lambda_loop *loop, const struct lambda_function *function)
{
    struct run run;
    run_init(&run, loop, function);
    enum step step = initialise(&run);
    bool started = step == STEP_ON;
    while (step == STEP_ON && !must_stop(&run)) {
        step = run_once(&run);
    }
    if (started && function->release != NULL) {
        function->release(function->state);
    }
    int status = started && must_stop(&run) ? 0 : step == STEP_LOST;
    run_release(&run);
    return status;
}
