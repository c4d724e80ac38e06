#include "http/http_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

int http_sockets_open(struct http_sockets *sockets, int family, int type, int protocol)
{
    if (sockets->count == HTTP_SOCKETS_LIMIT) {
        errno = EMFILE;
        return -1;
    }
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd >= 0) {
        sockets->fds[sockets->count++] = fd;
    }
    return fd;
}

void http_sockets_close(struct http_sockets *sockets, int fd)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->fds[i] == fd) {
            sockets->fds[i] = sockets->fds[--sockets->count];
            break;
        }
    }
    (void)close(fd);
}

/* 0 when there is none. */
static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage space;
    } address = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t size = sizeof(address);
    if (getsockname(fd, &address.any, &size) != 0) {
        return 0;
    }
    switch (address.any.sa_family) {
    case AF_INET:
        return ntohs(address.v4.sin_port);
    case AF_INET6:
        return ntohs(address.v6.sin6_port);
    default:
        return 0;
    }
}

bool http_sockets_is_quiet(const struct http_sockets *sockets, int local_port)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (port_of(sockets->fds[i]) == local_port) {
            char byte;
            return recv(sockets->fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
        }
    }
    return false;
}
