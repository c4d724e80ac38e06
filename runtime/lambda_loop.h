/*
 * The AWS Lambda Runtime API for C: everything that a bootstrap needs.
 *
 *     static int handle(const struct lambda_context *context, struct slice event,
 *                       struct arena *arena, struct strbuf *response, struct error *err);
 *
 *     int main(void)
 *     {
 *         return lambda_main(&(struct lambda_function){.handle = handle});
 *     }
 *
 * The loop fetches the next event, calls the handler, posts its response or its error, and starts
 * again, one invocation at a time over one kept connection. It allocates nothing per invocation
 * but from the arena, which is emptied before each event; its buffers are kept, and given back only
 * when one grew past 1 MiB. The log's context holds requestId and tenantId while the handler runs,
 * and is emptied after it.
 *
 * The process ends when the Runtime API says that the environment is lost (status 500), or when a
 * dozen tries bring no event, or four deliver no answer: Lambda then starts a new one. Losing a
 * single connection, even one that was frozen for hours, is no reason. It does not start where
 * AWS_LAMBDA_MAX_CONCURRENCY (of Lambda Managed Instances) asks for more than one at a time.
 *
 * Source: the Lambda Runtime API, version 2018-06-01.
 */
#ifndef RUNTIME_LAMBDA_LOOP_H
#define RUNTIME_LAMBDA_LOOP_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/strbuf.h"

#include <signal.h>

/* What is known of one invocation. Slices are valid until the handler returns; absent ones are
 * empty. */
struct lambda_context {
    struct slice request_id;    /* not unique for each attempt */
    struct slice invocation_id; /* unique for each attempt, where Lambda sends it */
    struct slice function_arn;
    struct slice trace_id;         /* also in _X_AMZN_TRACE_ID while the handler runs */
    struct slice client_context;   /* JSON text */
    struct slice cognito_identity; /* JSON text */
    struct slice tenant_id;
    struct slice content_type;
    int64_t deadline_ms;       /* wall clock; 0: Lambda sent none */
    const struct clock *clock; /* of the loop */
    void *state;               /* of struct lambda_function */
};

/* Time left before Lambda ends the invocation, never below 0; INT64_MAX without a deadline. */
int64_t lambda_remaining_ms(const struct lambda_context *context);

/*
 * Handles one event. 0: what stands in `response` is the answer (empty: "null"). -1: *err is
 * reported to Lambda, which tries an asynchronous event again.
 */
typedef int lambda_handler(const struct lambda_context *context, struct slice event,
                           struct arena *arena, struct strbuf *response, struct error *err);

struct lambda_function {
    lambda_handler *handle;
    /* Runs once before the first event; -1 is posted as init error and ends the process. Or NULL.
     */
    int (*init)(void *state, struct error *err);
    /* Runs once when the process ends in good order, on SIGTERM for instance. Or NULL. */
    void (*release)(void *state);
    void *state; /* passed to all three */
};

/* Runs the function until the process is told to end. The exit status for main: 0 after SIGTERM,
 * 1 when init failed or the Runtime API cannot be used. Sets up the log from the environment. */
int lambda_main(const struct lambda_function *function);

/* What lambda_main puts together, for tests and for programs with a transport of their own. All is
 * borrowed. */
struct http; /* http/http.h */
struct lambda_loop {
    struct http *http;
    struct slice api;                  /* host:port, as AWS_LAMBDA_RUNTIME_API has it */
    const struct clock *clock;         /* NULL: clock_system */
    const volatile sig_atomic_t *stop; /* non-zero ends the loop before the next event; or NULL */
};

/* Runs the function until *stop or until the Runtime API cannot be used; the exit status for main
 * as above. */
int lambda_loop_run(const struct lambda_loop *loop, const struct lambda_function *function);

#endif
