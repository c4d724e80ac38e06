/* The connection of a call over plain HTTP: names are resolved, and addresses tried one by one. */
#ifndef HTTP_HTTP_DIAL_H
#define HTTP_HTTP_DIAL_H

#include "http/http_call.h"

/* A socket that is connected to the call's host and blocks, to be closed; -1 with *err when no
 * address answers within the call's limits. The resolver keeps to no limit. */
int http_dial(struct http_call *call, struct error *err);

/* Waits for `events` of poll(2), checking the call's limits now and then. 0 once one is there;
 * ERROR_TIMEOUT at `until_ms` (0: none) for want of a connection. */
int http_dial_await(int fd, struct http_call *call, short events, int64_t until_ms,
                    struct error *err);

#endif
