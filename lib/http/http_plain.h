/*
 * A transport for plain HTTP to a peer nearby, without libcurl: one kept connection, no TLS, no
 * proxy, no copying about. The Lambda Runtime API is such a peer, and there this transport costs a
 * third of what libcurl does.
 *
 * All of http.h holds. https is ERROR_CONFIGURATION. A host name is resolved by the system's
 * resolver, whose time no deadline bounds; an address needs none.
 */
#ifndef HTTP_HTTP_PLAIN_H
#define HTTP_HTTP_PLAIN_H

#include "base/clock.h"
#include "http/http.h"

/* To be freed with http_plain_free. The clock is borrowed; NULL: clock_system. */
struct http *http_plain_new(const struct clock *clock);
void http_plain_free(struct http *http);

#endif
