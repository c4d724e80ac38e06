/*
 * The transport for everything far away: libcurl, one handle, connections kept alive, TLS 1.2 or
 * newer with peer and host verified (http_roots.h says whom we trust), proxies of the environment
 * (http_proxy in lower case, https_proxy, all_proxy and no_proxy in both).
 *
 * received_bytes counts whole header lines: a reply that breaks off in its first line is none.
 */
#ifndef HTTP_HTTP_CURL_H
#define HTTP_HTTP_CURL_H

#include "http/http.h"

#include "base/clock.h"

struct http_roots;

struct http_curl_options {
    const struct clock *clock; /* borrowed; NULL: clock_system */
    const char *user_agent;    /* borrowed; NULL: none is sent */
    struct http_roots *roots;  /* borrowed, to share with other transports; NULL: its own */
};

/* A transport to be freed with http_curl_free, or NULL with *err. Nothing of TLS is loaded before
 * the first https request. */
struct http *http_curl_new(const struct http_curl_options *options, struct error *err);
void http_curl_free(struct http *http);

#endif
