/* lambda_main as a bootstrap calls it: environment, log, signals. */
#include "unit/unit.h"

#include "base/array.h"
#include "base/log.h"
#include "runtime/lambda_loop.h"
#include "wire/scripted_server.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int handle(const struct lambda_context *context, struct slice event, struct arena *arena,
                  struct strbuf *response, struct error *err)
{
    (void)context, (void)event, (void)arena, (void)err;
    log_debug("handling");
    strbuf_append_text(response, "42");
    return 0;
}

/* Runs it with standard error in `text`. */
static int run(char *text, size_t size)
{
    FILE *file = tmpfile();
    int standard_error = dup(STDERR_FILENO);
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    int status = lambda_main(&(struct lambda_function){.handle = handle});
    assert_true(dup2(standard_error, STDERR_FILENO) >= 0);
    (void)close(standard_error);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    return status;
}

static void test_without_a_runtime_api(void **state)
{
    char log[4096];
    (void)state;
    (void)unsetenv("AWS_LAMBDA_RUNTIME_API");
    (void)unsetenv("AWS_LAMBDA_MAX_CONCURRENCY");
    assert_int_equal(run(log, sizeof(log)), 1);
    assert_says(log, "\"level\":\"FATAL\"");
    assert_says(log, "environment variable AWS_LAMBDA_RUNTIME_API is not set");
}

/* One call is in flight at a time: with more, the environment would wait for most of its events. */
static void test_concurrency_above_one_is_refused(void **state)
{
    static const char *const values[] = {
        "2", "64", "0", "-1", "1.5", "one", "99999999999999999999"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char log[4096];
        char says[64];
        struct scripted_server *server = scripted_server_start(SCRIPT(
            SCRIPT_ACCEPT, SCRIPT_REQUEST("POST /2018-06-01/runtime/init/error HTTP/1.1\r\n"),
            SCRIPT_CONTAINS("\r\nLambda-Runtime-Function-Error-Type: Runtime.Configuration\r\n"),
            SCRIPT_CONTAINS("AWS_LAMBDA_MAX_CONCURRENCY"),
            SCRIPT_REPLY("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")));
        (void)setenv("AWS_LAMBDA_RUNTIME_API", scripted_server_address(server), 1);
        (void)setenv("AWS_LAMBDA_MAX_CONCURRENCY", values[i], 1);
        assert_int_equal(run(log, sizeof(log)), 1);
        scripted_server_end(server);
        (void)snprintf(says, sizeof(says), "AWS_LAMBDA_MAX_CONCURRENCY is \\\"%s\\\"", values[i]);
        assert_says(log, says);
        assert_says(log, "one invocation at a time");
    }
}

static void test_a_concurrency_of_one_is_fine(void **state)
{
    static const char *const values[] = {NULL, "", "1"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char log[4096];
        struct scripted_server *server = scripted_server_start(SCRIPT(
            SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"),
            SCRIPT_REPLY("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")));
        (void)setenv("AWS_LAMBDA_RUNTIME_API", scripted_server_address(server), 1);
        (void)unsetenv("AWS_LAMBDA_MAX_CONCURRENCY");
        if (values[i] != NULL) {
            (void)setenv("AWS_LAMBDA_MAX_CONCURRENCY", values[i], 1);
        }
        assert_int_equal(run(log, sizeof(log)), 1);
        scripted_server_end(server);
        assert_says(log, "the Runtime API cannot be used");
    }
}

static void test_one_invocation_and_sigterm(void **state)
{
    char log[4096];
    struct scripted_server *server = scripted_server_start(SCRIPT(
        SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"),
        SCRIPT_REPLY("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
                     "Lambda-Runtime-Deadline-Ms: 4102444800000\r\nContent-Length: 2\r\n\r\n{}"),
        SCRIPT_REQUEST("POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\n"),
        SCRIPT_CONTAINS("\r\n\r\n42"),
        SCRIPT_REPLY("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"), SCRIPT_REQUEST("GET"),
        SCRIPT_TERMINATE, SCRIPT_AWAIT_CLOSE));
    (void)state;
    (void)setenv("AWS_LAMBDA_RUNTIME_API", scripted_server_address(server), 1);
    (void)setenv("AWS_LAMBDA_LOG_LEVEL", "DEBUG", 1);
    assert_int_equal(run(log, sizeof(log)), 0);
    assert_says(log, "\"level\":\"DEBUG\",\"message\":\"handling\",\"requestId\":\"1\"");
    struct sigaction pipe;
    assert_int_equal(sigaction(SIGPIPE, NULL, &pipe), 0);
    assert_true(pipe.sa_handler == SIG_IGN);
    scripted_server_end(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_runtime_api),
        cmocka_unit_test(test_concurrency_above_one_is_refused),
        cmocka_unit_test(test_a_concurrency_of_one_is_fine),
        cmocka_unit_test(test_one_invocation_and_sigterm), /* the last: it was told to end */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
