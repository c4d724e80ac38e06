/* Tests of what ends the process: out of memory, and bugs of ours. */
#ifndef UNIT_DEATH_H
#define UNIT_DEATH_H

#include "unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `act` in a child process, which must abort after writing `part` to standard error. */
static inline void assert_aborts(void (*act)(void), const char *part)
{
    char output[4096] = "";
    size_t size = 0;
    int pipe_ends[2];
    int status = 0;
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)alarm(20);
        (void)dup2(pipe_ends[1], STDERR_FILENO);
        act();
        _exit(0);
    }
    (void)close(pipe_ends[1]);
    ssize_t received = 0;
    while ((received = read(pipe_ends[0], output + size, sizeof(output) - 1 - size)) > 0) {
        size += (size_t)received;
    }
    (void)close(pipe_ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_says(output, part);
}

#endif
