/*
 * HTTP/1.1 as one function. A transport keeps connections between calls and invocations; whoever
 * needs another way to send (a test, a recorder) fills in another `struct http`.
 *
 * One try only: repeating is aws_call's business. A reply with any status is a success here; the
 * caller reads `status`.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/sink.h"
#include "base/slice.h"
#include "base/strbuf.h"

#include <signal.h>

#define HTTP_HEADERS_LIMIT 1000         /* header fields of a reply */
#define HTTP_HEADERS_BYTES_LIMIT 131072 /* and their bytes in all */

struct http_header {
    struct slice name;
    struct slice value;
};

struct http_response;

struct http_request {
    struct slice method; /* "GET" … */
    struct slice url;    /* absolute, percent-encoded; sent exactly as it stands */
    const struct http_header *headers;
    size_t header_count;
    struct slice body; /* sent with Content-Length; none is sent for GET and HEAD */

    int64_t deadline_ms;        /* wall clock; 0: none. Bounds connecting and the whole transfer */
    int64_t connect_timeout_ms; /* 0: 3,000 */
    int64_t stall_timeout_ms;   /* no byte in or out for so long is an error; 0: never */

    /* May the request be sent again without harm? If not, it always gets a fresh connection, so
     * that a connection that died while frozen cannot lead to a silent second sending. */
    bool repeatable;
    bool no_proxy;                       /* never through a proxy, whatever the environment says */
    const volatile sig_atomic_t *cancel; /* non-zero ends the call with ERROR_CANCELLED; or NULL */
    int64_t cancel_grace_ms;             /* so long it may still go on once that is seen */

    /* Where the body of a 2xx reply goes; NULL: into response->body. Only write is called: ending
     * the sink is the caller's. */
    struct sink *body_sink;
    /* Asked once, when the head is complete and before body_sink sees a byte; non-zero (with *err)
     * ends the call. May be NULL. */
    int (*check_head)(void *self, const struct http_response *head, struct error *err);
    void *check_head_self;

    size_t body_limit; /* most bytes taken into response->body; 0: 1 MiB. More is ERROR_LIMIT */
};

struct http_response {
    int status;
    const struct http_header *headers; /* in the arena */
    size_t header_count;
    struct strbuf *body;     /* the caller's buffer, emptied first */
    uint64_t body_bytes;     /* body bytes received, wherever they went */
    uint64_t received_bytes; /* of head and body; 0 with an error: the server never answered */
    bool reused;             /* was the connection used before? */
    bool resent;             /* did it go out before, on a kept connection that was closing? The
                              * peer may then have taken it twice */
};

struct http {
    /*
     * Sends and receives. response->body must be set. Headers and whatever else is needed live in
     * `arena`. Errors: ERROR_NETWORK, ERROR_TIMEOUT, ERROR_LIMIT, ERROR_INVALID (the reply is not
     * HTTP, or its body is short), ERROR_CANCELLED, ERROR_CONFIGURATION (no roots of trust), or
     * the sink's or check_head's own. On error response->received_bytes is still right.
     */
    int (*send)(struct http *self, const struct http_request *request, struct arena *arena,
                struct http_response *response, struct error *err);
};

static inline int http_send(struct http *http, const struct http_request *request,
                            struct arena *arena, struct http_response *response, struct error *err)
{
    return http->send(http, request, arena, response, err);
}

/* The value of a header, whatever the case of its name; false when there is none. The last one
 * when there are several. */
bool http_header_find(const struct http_response *response, const char *name, struct slice *value);
/* The same; empty when there is none. */
struct slice http_header_text(const struct http_response *response, const char *name);
/* A header that must be a decimal number; false when it is absent or is not one. */
bool http_header_number(const struct http_response *response, const char *name, uint64_t *number);

#endif
