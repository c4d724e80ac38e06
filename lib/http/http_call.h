/*
 * One call under way: what all transports do alike. Where the reply's head and body go, the limits
 * on time, and the names that errors get. Pure but for the clock.
 */
#ifndef HTTP_HTTP_CALL_H
#define HTTP_HTTP_CALL_H

#include "base/clock.h"
#include "http/http.h"
#include "http/http_head.h"
#include "http/http_request.h"

/* A signal that comes between the look at `cancel` and the wait is seen so much later. */
#define HTTP_LONGEST_WAIT_MS 500
#define HTTP_CONNECT_TIMEOUT_MS 3000 /* when the request names none */

struct http_call {
    const struct http_request *request;
    struct http_response *response;
    struct arena *arena;
    struct http_head *head; /* the transport's, whose memory is kept */
    const struct clock *clock;
    struct http_target target;
    int64_t active_ms;    /* when a byte last came or went */
    int64_t cancelled_ms; /* when a cancellation with a grace was seen; 0: not yet */
    bool is_head;
    bool foreign;       /* `error` is the sink's or check_head's */
    struct error error; /* of line and body */
};

/* Checks the request, empties response and body, and starts a new head. The members above `target`
 * are set by the caller. */
int http_call_begin(struct http_call *call, struct error *err);

/* May the call go on? ERROR_CANCELLED or ERROR_TIMEOUT when not. */
int http_call_check(struct http_call *call, struct error *err);
/* How long a wait may be before the next check is due; 0 or more. */
int64_t http_call_wait_ms(const struct http_call *call);
/* A byte came or went. */
void http_call_active(struct http_call *call);
int64_t http_call_connect_timeout_ms(const struct http_call *call);

/* Takes a line of the head (or of the trailers), or bytes of the body, to where they belong; -1
 * with call->error ends the call. received_bytes is the transport's to count. */
int http_call_line(struct http_call *call, struct slice line);
int http_call_body(struct http_call *call, struct slice bytes);

/* ERROR_NETWORK: "<what>: <what errno's value `reason` means>". Returns -1. */
int http_call_broke(struct error *err, const char *what, int reason);
/* Hands call->error on. */
int http_call_fail(const struct http_call *call, struct error *err);
/* Passes `result` on; an error of ours is prefixed with method and host. */
int http_call_name(const struct http_call *call, int result, struct error *err);

#endif
