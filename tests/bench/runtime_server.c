/*
 * A Runtime API for measuring. While it serves invocations it polls its socket without ever
 * sleeping, so that what is measured is the function's own time and not that of waking somebody up;
 * while a function starts it sleeps, so as not to take the processor from it.
 *
 *     runtime_server cold <bootstrap> <starts>
 *     runtime_server warm <bootstrap> <invocations>
 *
 * The function gets the environment that this program has, and AWS_LAMBDA_RUNTIME_API.
 *
 * cold prints {"cold_us": median of exec to first /next}. warm prints p50_us, p99_us and per_second
 * of whole invocations (event sent to next /next received), cpu_us of the function for each, and
 * its resident memory after the first thousand and at the end.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENT_SIZE 1024
#define BUFFER_SIZE 65536
#define WARM_UP 1000
#define LIMIT_MS 10000 /* of any single wait */
#define LIMIT_NS (INT64_C(1000000) * LIMIT_MS)

struct server {
    int listener;
    int connection;
    pid_t child;
    char api[64];
    char received[BUFFER_SIZE];
    char sent[BUFFER_SIZE];
};

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "runtime_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void listen_somewhere(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, 16) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0) {
        give_up("listen");
    }
    (void)snprintf(server->api, sizeof(server->api), "127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
}

static void start_child(struct server *server, char *path)
{
    char *arguments[] = {path, NULL};
    (void)setenv("AWS_LAMBDA_RUNTIME_API", server->api, 1);
    errno = posix_spawn(&server->child, path, NULL, NULL, arguments, environ);
    if (errno != 0) {
        give_up(path);
    }
}

static void end_child(struct server *server, struct rusage *usage)
{
    (void)kill(server->child, SIGKILL);
    (void)wait4(server->child, NULL, 0, usage);
    (void)close(server->connection);
}

static void sleep_until_readable(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, LIMIT_MS) != 1) {
        give_up("poll");
    }
}

/* The child's connection, once its first request is there. */
static void accept_child(struct server *server)
{
    int on = 1;
    sleep_until_readable(server->listener);
    server->connection = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (server->connection < 0) {
        give_up("accept");
    }
    sleep_until_readable(server->connection);
    (void)setsockopt(server->connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* The size of the message at the start of `received`, or 0 when it is not complete. */
static size_t message_size(const char *received, size_t have)
{
    const char *end = memmem(received, have, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    size_t size = (size_t)(end - received) + 4;
    const char *length = strcasestr(received, "\r\nContent-Length: ");
    if (length != NULL && length < end) {
        size += strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
    }
    return size <= have ? size : 0;
}

/* Spins until a whole request has come that begins with `expected`. */
static void receive_request(struct server *server, const char *expected)
{
    size_t have = 0;
    int64_t limit = now_ns() + LIMIT_NS;
    size_t size = 0;
    while (size == 0) {
        ssize_t got = recv(server->connection, server->received + have, BUFFER_SIZE - 1 - have, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN) || now_ns() > limit) {
            give_up(expected);
        }
        if (got > 0) {
            have += (size_t)got;
            server->received[have] = '\0';
            size = message_size(server->received, have);
        }
    }
    if (size != have || strncmp(server->received, expected, strlen(expected)) != 0) {
        errno = EPROTO;
        give_up(expected);
    }
}

static void send_reply(struct server *server, const char *bytes, size_t size)
{
    if (send(server->connection, bytes, size, MSG_NOSIGNAL) != (ssize_t)size) {
        give_up("send");
    }
}

#define NEXT "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"

/* No two events share an id: what a runtime keeps of them would show as growth. */
static size_t write_event(struct server *server, unsigned number)
{
    int size = snprintf(server->sent, BUFFER_SIZE,
                        "HTTP/1.1 200 OK\r\n"
                        "Content-Type: application/json\r\n"
                        "Lambda-Runtime-Aws-Request-Id: 6f1c0f0a-1111-4222-8333-%012u\r\n"
                        "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n"
                        "Lambda-Runtime-Invoked-Function-Arn: "
                        "arn:aws:lambda:eu-west-1:111122223333:function:bench\r\n"
                        "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-%024u;Sampled=0\r\n"
                        "Lambda-Runtime-Invocation-Id: bm9uY2Ut%012u\r\n"
                        "Content-Length: %d\r\n\r\n",
                        number, number, number, EVENT_SIZE);
    memset(server->sent + size, 'x', EVENT_SIZE);
    server->sent[size] = '"';
    server->sent[size + EVENT_SIZE - 1] = '"';
    return (size_t)size + EVENT_SIZE;
}

/* One invocation, from the event to the next /next; how long it took. */
static int64_t invoke(struct server *server, unsigned number)
{
    static const char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
                                   "Content-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";
    char expected[128];
    size_t size = write_event(server, number);
    (void)snprintf(expected, sizeof(expected),
                   "POST /2018-06-01/runtime/invocation/6f1c0f0a-1111-4222-8333-%012u/response ",
                   number);
    int64_t start = now_ns();
    send_reply(server, server->sent, size);
    receive_request(server, expected);
    send_reply(server, accepted, sizeof(accepted) - 1);
    receive_request(server, NEXT);
    return now_ns() - start;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double part_of(int64_t *samples, size_t count, double part)
{
    qsort(samples, count, sizeof(*samples), compare);
    return (double)samples[(size_t)((double)(count - 1) * part)] / 1000.0;
}

static long resident_kb(pid_t pid)
{
    char path[64];
    char text[256]; /* "size resident …", in pages */
    char *resident = text;
    (void)snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(text, sizeof(text), file) == NULL) {
        give_up(path);
    }
    (void)fclose(file);
    (void)strtol(text, &resident, 10);
    return strtol(resident, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void measure_cold(struct server *server, char *path, size_t starts, int64_t *samples)
{
    struct rusage usage;
    for (size_t i = 0; i < starts; i++) {
        int64_t start = now_ns();
        start_child(server, path);
        accept_child(server);
        receive_request(server, NEXT);
        samples[i] = now_ns() - start;
        end_child(server, &usage);
    }
    printf("{\"cold_us\": %.1f}\n", part_of(samples, starts, 0.5));
}

static void measure_warm(struct server *server, char *path, size_t count, int64_t *samples)
{
    struct rusage usage;
    start_child(server, path);
    accept_child(server);
    receive_request(server, NEXT);
    for (unsigned i = 0; i < WARM_UP; i++) {
        (void)invoke(server, i);
    }
    long before_kb = resident_kb(server->child);
    int64_t start = now_ns();
    for (size_t i = 0; i < count; i++) {
        samples[i] = invoke(server, (unsigned)(WARM_UP + i));
    }
    double elapsed = (double)(now_ns() - start) / 1e9;
    long after_kb = resident_kb(server->child);
    end_child(server, &usage);
    double cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    printf("{\"p50_us\": %.2f, \"p99_us\": %.2f, \"per_second\": %.0f, \"cpu_us\": %.2f, "
           "\"rss_before_kb\": %ld, \"rss_after_kb\": %ld}\n",
           part_of(samples, count, 0.5), part_of(samples, count, 0.99), (double)count / elapsed,
           cpu * 1e6 / (double)(count + WARM_UP), before_kb, after_kb);
}

int main(int argc, char **argv)
{
    static struct server server;
    size_t count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (count == 0) {
        (void)fprintf(stderr, "usage: runtime_server cold|warm <bootstrap> <count>\n");
        return 2;
    }
    int64_t *samples = calloc(count, sizeof(*samples));
    listen_somewhere(&server);
    if (strcmp(argv[1], "cold") == 0) {
        measure_cold(&server, argv[2], count, samples);
    } else {
        measure_warm(&server, argv[2], count, samples);
    }
    free(samples);
    return 0;
}
