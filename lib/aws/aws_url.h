/* The parts of an absolute http or https URL; strict, because it comes from the environment and
 * decides where credentials are sent. Pure. */
#ifndef AWS_AWS_URL_H
#define AWS_AWS_URL_H

#include "base/slice.h"

/* All borrowed from the text. */
struct aws_url {
    bool secure;       /* https */
    struct slice host; /* name or address; of an IPv6 address what stands between the brackets */
    struct slice authority; /* host and port as the Host header has them: no default port */
    struct slice path;      /* from the first '/' on; may be empty */
    struct slice query;     /* without '?'; may be empty */
};

/* False for anything that http_target_parse refuses, and so the transport would: another scheme, a
 * user, a fragment, a bad host or port, bytes that are not percent-encoded. */
bool aws_url_parse(struct slice text, struct aws_url *url);

/* Does the host name only this machine? localhost, 127.0.0.0/8, ::1. */
bool aws_url_is_loopback(const struct aws_url *url);

#endif
