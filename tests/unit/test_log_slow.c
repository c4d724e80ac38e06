/* The log when its reader is slow, or gone. */
#define _GNU_SOURCE /* pipe2 */

#include "unit/death.h"

#include "base/json.h"
#include "base/log.h"
#include "unit/log_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>

/* --- a slow reader --- */

static int go_ahead; /* a byte into it lets the reader begin */

static void on_alarm(int number)
{
    (void)number;
    int saved_errno = errno;
    ssize_t written = write(go_ahead, "g", 1);
    (void)written;
    errno = saved_errno;
}

/* Waits for a go-ahead, then reads to the end; exit status 0 when it was one whole line. */
static _Noreturn void read_slowly(int fd, int go)
{
    static char text[LOG_LINE_LIMIT + 1];
    char byte = 0;
    size_t size = 0;
    ssize_t received = 0;
    (void)alarm(20);
    (void)!read(go, &byte, 1);
    while ((received = read(fd, text + size, sizeof(text) - size)) > 0) {
        size += (size_t)received;
    }
    bool whole = size > 200000 && text[0] == '{' && text[size - 1] == '\n' &&
                 memchr(text, '\n', size) == text + size - 1;
    _exit(whole ? 0 : 1);
}

static void log_through_slow_pipe(int flags)
{
    static char bytes[LOG_VALUE_LIMIT];
    int line_ends[2];
    int go_ends[2];
    int status = -1;
    assert_int_equal(pipe2(line_ends, flags), 0);
    assert_int_equal(pipe(go_ends), 0);
    go_ahead = go_ends[1];
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (reader == 0) {
        (void)close(line_ends[1]);
        (void)fcntl(line_ends[0], F_SETFL, 0);
        read_slowly(line_ends[0], go_ends[0]);
    }
    (void)close(line_ends[0]);
    struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART: write gives EINTR */
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(
        ITIMER_REAL,
        &(struct itimerval){.it_value = {.tv_usec = 50000}, .it_interval = {.tv_usec = 50000}},
        NULL);
    set_up_log(line_ends[1], LOG_INFO);
    memset(bytes, '\x01', sizeof(bytes));
    log_info("large", LOG_TEXT("bytes", slice_of(bytes, sizeof(bytes))),
             LOG_TEXT("more", slice_of(bytes, 3000)));
    (void)setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = 0}}, NULL);
    (void)close(line_ends[1]);
    (void)close(go_ends[1]);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    (void)close(go_ends[0]);
}

static void test_interrupted_and_partial_writes_go_on(void **state)
{
    (void)state;
    log_through_slow_pipe(0);
}

static void test_a_lost_reader_does_no_harm(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    set_up_log(ends[1], LOG_INFO);
    log_info("nobody reads");
    (void)close(ends[1]);
    (void)signal(SIGPIPE, SIG_DFL);
}

static void test_a_full_pipe_is_waited_for(void **state)
{
    (void)state;
    log_through_slow_pipe(O_NONBLOCK);
}

static void write_without_set_up(void)
{
    log_debug("not this");
    log_info("this");
    abort();
}

/* First of all, while the log is as it was at the start. */
static void test_without_set_up_it_goes_to_standard_error(void **state)
{
    (void)state;
    assert_aborts(write_without_set_up, "\"level\":\"INFO\",\"message\":\"this\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_set_up_it_goes_to_standard_error),
        cmocka_unit_test_setup_teardown(test_interrupted_and_partial_writes_go_on, open_log,
                                        close_log),
        cmocka_unit_test_setup_teardown(test_a_full_pipe_is_waited_for, open_log, close_log),
        cmocka_unit_test_setup_teardown(test_a_lost_reader_does_no_harm, open_log, close_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
