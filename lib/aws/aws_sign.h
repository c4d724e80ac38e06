/* From a request to what goes over the wire: its endpoint, its URL, the headers that AWS wants and
 * the signature. Pure. */
#ifndef AWS_AWS_SIGN_H
#define AWS_AWS_SIGN_H

#include "aws/aws_request.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"

struct aws_sign_options {
    const struct aws_request *request;
    const struct credentials *credentials;
    struct slice region;
    struct slice custom_url; /* empty: the regional endpoint */
    int64_t signed_at_ms;    /* the service's time, as far as is known */
    struct sigv4_key_cache *keys;
};

/*
 * Fills method, URL, headers and body of *http, in the arena; the rest is left alone. The body is
 * hashed unless it need not be and the endpoint is https. ERROR_CONFIGURATION and ERROR_INVALID as
 * aws_endpoint_resolve.
 */
int aws_sign(const struct aws_sign_options *options, struct arena *arena, struct http_request *http,
             struct error *err);

#endif
