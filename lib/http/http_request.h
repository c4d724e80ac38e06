/* What a request must be before it is sent: nothing in it may end a line or lead elsewhere. Pure.
 */
#ifndef HTTP_HTTP_REQUEST_H
#define HTTP_HTTP_REQUEST_H

#include "http/http.h"

#define HTTP_URL_LIMIT 16384 /* bytes */

/* Where a URL leads; slices of the URL. */
struct http_target {
    bool tls;              /* https */
    struct slice location; /* host and port as they stand, for messages */
    struct slice host;     /* without port and brackets */
    struct slice port;     /* empty: the scheme's own */
};

/*
 * Splits an absolute URL of http or https. ERROR_INVALID when it is not one: other schemes, user
 * information, a fragment, a bad port, bytes that would have to be percent-encoded. The message
 * never quotes it: there may be a signature in it.
 */
int http_target_parse(struct slice url, struct http_target *target, struct error *err);

/* ERROR_INVALID when method or header could not be sent as they stand, or the body has no place
 * (GET and HEAD). The message names the header and never quotes its value. */
int http_request_check(const struct http_request *request, struct error *err);

#endif
