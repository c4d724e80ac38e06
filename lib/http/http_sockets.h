/*
 * The sockets that a library opens for us, so that a kept connection can be looked at before it is
 * used again: what came while it was idle is no reply to what is asked next, and libcurl 7.88 does
 * not look.
 */
#ifndef HTTP_HTTP_SOCKETS_H
#define HTTP_HTTP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_SOCKETS_LIMIT 64

struct http_sockets {
    int fds[HTTP_SOCKETS_LIMIT];
    size_t count;
};

/* As socket(2), closed on exec; -1 also when there are too many. */
int http_sockets_open(struct http_sockets *sockets, int family, int type, int protocol);
void http_sockets_close(struct http_sockets *sockets, int fd);

/* Has nothing come on the socket that is bound to this port, not even its end? */
bool http_sockets_is_quiet(const struct http_sockets *sockets, int local_port);

#endif
