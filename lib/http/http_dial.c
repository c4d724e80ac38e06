#include "http/http_dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define DEFAULT_PORT "80"

/* 1 when one of `events` is there, 0 when none came in time. */
static int poll_once(int fd, short events, int64_t wait_ms, struct error *err)
{
    struct pollfd waiting = {.fd = fd, .events = events, .revents = 0};
    int ready = poll(&waiting, 1, (int)wait_ms);
    if (ready < 0 && errno != EINTR) {
        return http_call_broke(err, "cannot wait", errno);
    }
    return ready > 0 ? 1 : 0;
}

int http_dial_await(int fd, struct http_call *call, short events, int64_t until_ms,
                    struct error *err)
{
    int ready = 0;
    while (ready == 0) {
        if (http_call_check(call, err) != 0) {
            return -1;
        }
        int64_t left_ms = until_ms == 0 ? INT64_MAX : until_ms - clock_now_ms(call->clock);
        if (left_ms <= 0) {
            return error_set(err, ERROR_TIMEOUT, "no connection in time");
        }
        int64_t wait_ms = http_call_wait_ms(call);
        ready = poll_once(fd, events, left_ms < wait_ms ? left_ms : wait_ms, err);
    }
    return ready > 0 ? 0 : -1;
}

static int connect_address(int fd, struct http_call *call, const struct addrinfo *address,
                           int64_t until_ms, struct error *err)
{
    int on = 1;
    int reason = 0;
    socklen_t size = sizeof(reason);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS && errno != EINTR) {
        return http_call_broke(err, "cannot connect", errno);
    }
    if (http_dial_await(fd, call, POLLOUT, until_ms, err) != 0) {
        return -1;
    }
    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size);
    return reason == 0 ? 0 : http_call_broke(err, "cannot connect", reason);
}

/* From now on the socket blocks, but never longer than SO_RCVTIMEO. */
static int make_blocking(int fd, struct error *err)
{
    int off = 0;
    return ioctl(fd, FIONBIO, &off) == 0 ? 0 : http_call_broke(err, "cannot connect", errno);
}

static int dial_address(struct http_call *call, const struct addrinfo *address, int64_t until_ms,
                        struct error *err)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return http_call_broke(err, "no socket", errno);
    }
    if (connect_address(fd, call, address, until_ms, err) != 0 || make_blocking(fd, err) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The addresses of a host; a list to be freed, or NULL with *err. */
static struct addrinfo *resolve(const struct http_call *call, struct error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    const struct http_target *target = &call->target;
    const char *host = arena_text(call->arena, target->host);
    const char *port =
        target->port.size == 0 ? DEFAULT_PORT : arena_text(call->arena, target->port);
    int reason = getaddrinfo(host, port, &hints, &found);
    if (reason == EAI_NONAME) { /* not an address, so a name */
        hints.ai_flags = AI_NUMERICSERV;
        reason = getaddrinfo(host, port, &hints, &found);
    }
    if (reason != 0) {
        (void)error_set(err, ERROR_NETWORK, "cannot resolve the host: %s", gai_strerror(reason));
        return NULL;
    }
    return found;
}

int http_dial(struct http_call *call, struct error *err)
{
    int64_t until_ms = clock_now_ms(call->clock) + http_call_connect_timeout_ms(call);
    struct addrinfo *addresses = resolve(call, err);
    int fd = -1;
    for (const struct addrinfo *one = addresses; fd < 0 && one != NULL; one = one->ai_next) {
        fd = dial_address(call, one, until_ms, err);
    }
    if (addresses != NULL) {
        freeaddrinfo(addresses);
    }
    return fd;
}
