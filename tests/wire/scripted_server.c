#include "wire/scripted_server.h"

#include "base/slice.h"
#include "base/strbuf.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct scripted_server {
    pthread_t thread;
    int listener;
    int connection; /* -1: none */
    char address[32];
    struct script_step *steps;
    size_t step_count;
    struct strbuf request; /* the last one */
    struct strbuf ahead;   /* bytes that came with it */
    char problem[4096];    /* empty: none */
};

static bool wait_for(int fd, short events)
{
    struct pollfd waiting = {.fd = fd, .events = events, .revents = 0};
    int ready = 0;
    do {
        ready = poll(&waiting, 1, SCRIPT_LIMIT_MS);
    } while (ready < 0 && errno == EINTR);
    return ready == 1;
}

static void pause_for(int ms)
{
    struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

static int problem(struct scripted_server *server, const char *what)
{
    (void)snprintf(server->problem, sizeof(server->problem), "%s; the last request was:\n%s", what,
                   server->request.data);
    return -1;
}

/* --- the steps --- */

static void close_connection(struct scripted_server *server)
{
    if (server->connection >= 0) {
        (void)close(server->connection);
        server->connection = -1;
    }
    strbuf_clear(&server->ahead);
}

static int accept_connection(struct scripted_server *server)
{
    close_connection(server);
    if (!wait_for(server->listener, POLLIN)) {
        return problem(server, "nobody connected");
    }
    server->connection = accept(server->listener, NULL, NULL);
    int on = 1;
    (void)setsockopt(server->connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return server->connection >= 0 ? 0 : problem(server, "accept failed");
}

/* The size of the request that stands in `ahead`, or of its head; SLICE_NONE when it is not
 * complete. */
static size_t request_size(const struct strbuf *ahead, bool head_only)
{
    struct slice text = strbuf_slice(ahead);
    size_t blank = slice_search(text, SLICE("\r\n\r\n"));
    if (blank == SLICE_NONE) {
        return SLICE_NONE;
    }
    size_t size = blank + 4;
    struct slice rest = slice_take(text, head_only ? 0 : size);
    struct slice line;
    while (slice_cut(rest, '\n', &line, &rest)) {
        struct slice name;
        struct slice value;
        uint64_t length = 0;
        if (slice_cut(line, ':', &name, &value) &&
            slice_equal_nocase(name, SLICE("content-length")) &&
            slice_to_u64(slice_trim(value), &length)) {
            size += (size_t)length;
        }
    }
    return size <= ahead->size ? size : SLICE_NONE;
}

static int read_more(struct scripted_server *server)
{
    char bytes[65536];
    if (server->connection < 0 || !wait_for(server->connection, POLLIN)) {
        return problem(server, "no request came");
    }
    ssize_t got = recv(server->connection, bytes, sizeof(bytes), 0);
    if (got <= 0) {
        return problem(server, "the client closed instead of sending a request");
    }
    strbuf_append(&server->ahead, slice_of(bytes, (size_t)got));
    return 0;
}

static int read_request(struct scripted_server *server, bool head_only)
{
    size_t size = 0;
    strbuf_clear(&server->request);
    while ((size = request_size(&server->ahead, head_only)) == SLICE_NONE) {
        if (read_more(server) != 0) {
            return -1;
        }
    }
    struct slice all = strbuf_slice(&server->ahead);
    struct strbuf left = STRBUF_INIT;
    strbuf_append(&server->request, slice_take(all, size));
    strbuf_append(&left, slice_skip(all, size));
    strbuf_release(&server->ahead);
    server->ahead = left;
    return 0;
}

static int check_contains(struct scripted_server *server, struct slice wanted, bool is_wanted)
{
    char what[512];
    bool found = slice_search(strbuf_slice(&server->request), wanted) != SLICE_NONE;
    if (found == is_wanted) {
        return 0;
    }
    (void)snprintf(what, sizeof(what), "the request %s \"%.*s\"", is_wanted ? "lacks" : "contains",
                   SLICE_ARG(slice_take(wanted, 400)));
    return problem(server, what);
}

static int check_exactly(struct scripted_server *server, struct slice wanted)
{
    char what[1024];
    struct strbuf filled = STRBUF_INIT;
    size_t at = slice_search(wanted, SLICE("<host>"));
    if (at == SLICE_NONE) {
        strbuf_append(&filled, wanted);
    } else {
        strbuf_append(&filled, slice_take(wanted, at));
        strbuf_append_text(&filled, server->address);
        strbuf_append(&filled, slice_skip(wanted, at + strlen("<host>")));
    }
    bool equal = slice_equal(strbuf_slice(&filled), strbuf_slice(&server->request));
    (void)snprintf(what, sizeof(what), "the request is not\n%.*s",
                   SLICE_ARG(slice_take(strbuf_slice(&filled), 900)));
    strbuf_release(&filled);
    return equal ? 0 : problem(server, what);
}

static int send_bytes(struct scripted_server *server, struct slice bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(server->connection, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent < 0) {
            return 0; /* the client has gone: what it makes of that is the test's matter */
        }
        bytes = slice_skip(bytes, (size_t)sent);
    }
    return 0;
}

static int trickle(struct scripted_server *server, struct slice bytes, int pause_ms)
{
    for (; bytes.size > 0; bytes = slice_skip(bytes, 1)) {
        (void)send_bytes(server, slice_take(bytes, 1));
        pause_for(pause_ms);
    }
    return 0;
}

static int await_close(struct scripted_server *server)
{
    char bytes[65536];
    ssize_t got = 1;
    while (got > 0) {
        if (!wait_for(server->connection, POLLIN)) {
            return problem(server, "the client did not close");
        }
        got = recv(server->connection, bytes, sizeof(bytes), 0);
    }
    return 0;
}

static void reset_connection(struct scripted_server *server)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(server->connection, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close_connection(server);
}

static int play(struct scripted_server *server, const struct script_step *step)
{
    struct slice bytes = slice_of(step->bytes, step->size);
    switch (step->action) {
    case SCRIPT_DO_ACCEPT:
        return accept_connection(server);
    case SCRIPT_DO_REQUEST:
        return read_request(server, false) == 0 ? check_contains(server, bytes, true) : -1;
    case SCRIPT_DO_EXACTLY:
        return read_request(server, false) == 0 ? check_exactly(server, bytes) : -1;
    case SCRIPT_DO_HEAD:
        return read_request(server, true);
    case SCRIPT_DO_CONTAINS:
        return check_contains(server, bytes, true);
    case SCRIPT_DO_LACKS:
        return check_contains(server, bytes, false);
    case SCRIPT_DO_REPLY:
        return send_bytes(server, bytes);
    case SCRIPT_DO_TRICKLE:
        return trickle(server, bytes, step->ms);
    case SCRIPT_DO_SLEEP:
        pause_for(step->ms);
        return 0;
    case SCRIPT_DO_CALL:
        step->call(step->argument);
        return 0;
    case SCRIPT_DO_AWAIT_CLOSE:
        return await_close(server);
    case SCRIPT_DO_CLOSE:
        close_connection(server);
        return 0;
    case SCRIPT_DO_RESET:
        reset_connection(server);
        return 0;
    }
    return problem(server, "unknown step");
}

static void *run_script(void *argument)
{
    struct scripted_server *server = argument;
    size_t done = 0;
    while (done < server->step_count && play(server, &server->steps[done]) == 0) {
        done++;
    }
    if (done < server->step_count) {
        struct strbuf text = STRBUF_INIT;
        strbuf_append_format(&text, "step %zu of the script: %s", done + 1, server->problem);
        (void)snprintf(server->problem, sizeof(server->problem), "%s", text.data);
        strbuf_release(&text);
        /* Whoever still waits for this peer learns at once that it is gone. */
        close_connection(server);
        (void)shutdown(server->listener, SHUT_RDWR);
    }
    return NULL;
}

/* --- its life --- */

static void listen_somewhere(struct scripted_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_return_code(bind(server->listener, (struct sockaddr *)&address, size), errno);
    assert_return_code(listen(server->listener, 16), errno);
    assert_return_code(getsockname(server->listener, (struct sockaddr *)&address, &size), errno);
    (void)snprintf(server->address, sizeof(server->address), "127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
}

struct scripted_server *scripted_server_start(const struct script_step *steps, size_t count)
{
    struct scripted_server *server = calloc(1, sizeof(*server));
    assert_non_null(server);
    server->connection = -1;
    strbuf_init(&server->request);
    strbuf_init(&server->ahead);
    server->steps = calloc(count + 1, sizeof(*steps));
    assert_non_null(server->steps);
    memcpy(server->steps, steps, count * sizeof(*steps));
    server->step_count = count;
    listen_somewhere(server);
    assert_int_equal(pthread_create(&server->thread, NULL, run_script, server), 0);
    return server;
}

const char *scripted_server_address(const struct scripted_server *server)
{
    return server->address;
}

void scripted_server_terminate(void *unused)
{
    sigset_t signals;
    (void)unused;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)kill(getpid(), SIGTERM);
}

void scripted_server_end(struct scripted_server *server)
{
    char text[sizeof(server->problem)];
    (void)pthread_join(server->thread, NULL);
    close_connection(server);
    (void)close(server->listener);
    memcpy(text, server->problem, sizeof(text));
    strbuf_release(&server->request);
    strbuf_release(&server->ahead);
    free(server->steps);
    free(server);
    if (text[0] != '\0') {
        fail_msg("%s", text);
    }
}
