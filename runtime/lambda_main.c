#include "runtime/lambda_loop.h"

#include "base/env.h"
#include "base/log.h"
#include "http/http_plain.h"

#include <unistd.h>

#include "base/banned.h"

static volatile sig_atomic_t stop;

static void on_terminate(int number)
{
    (void)number;
    stop = 1;
}

static void set_signals(void)
{
    /* Not SA_RESTART: a wait in the handler ends with EINTR, so that it can look around. */
    struct sigaction terminate = {.sa_handler = on_terminate};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&terminate.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGTERM, &terminate, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a reader that left is an error of the write */
}

static int run(const struct lambda_function *function, struct error *err)
{
    const char *api = NULL;
    if (env_require("AWS_LAMBDA_RUNTIME_API", &api, err) != 0) {
        return -1;
    }
    struct http *http = http_plain_new(&clock_system);
    const struct lambda_loop loop = {
        .http = http, .api = slice_from(api), .clock = &clock_system, .stop = &stop};
    int status = lambda_loop_run(&loop, function);
    http_plain_free(http);
    return status;
}

int lambda_main(const struct lambda_function *function)
{
    struct error err = {.message = ""};
    log_setup(&(struct log_options){
        .fd = STDERR_FILENO,
        .lowest = log_level_from(slice_from(env_get("AWS_LAMBDA_LOG_LEVEL", ""))),
        .clock = &clock_system,
    });
    set_signals();
    int status = run(function, &err);
    if (status < 0) {
        log_at(LOG_FATAL, "not started: this program runs as a bootstrap of AWS Lambda",
               LOG_CAUSE(&err));
        status = 1;
    }
    return status;
}
