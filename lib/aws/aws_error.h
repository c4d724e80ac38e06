/*
 * What an AWS service says when it does not do what was asked; pure. Reads the error in each form
 * that services use, and decides what kind of failure it is and whether trying again can help.
 *
 * Sources: the error sections of the AWS JSON, query and REST-XML protocols in the Smithy
 * specification; "Error responses" in the Amazon S3 API reference; the retry behaviour of the AWS
 * SDKs and Tools Reference Guide.
 */
#ifndef AWS_AWS_ERROR_H
#define AWS_AWS_ERROR_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "http/http.h"

/* What to do about a failed try. */
enum aws_error_class {
    AWS_ERROR_PERMANENT,     /* the same request fails again */
    AWS_ERROR_TRANSIENT,     /* the service failed; it may have acted */
    AWS_ERROR_THROTTLE,      /* refused for now, before it acted */
    AWS_ERROR_EXPIRED_TOKEN, /* fresh credentials may help */
    AWS_ERROR_CLOCK_SKEW,    /* a corrected clock may help */
    AWS_ERROR_WRONG_REGION,  /* asking in `region` may help */
    AWS_ERROR_RACE,          /* a conditional write lost against another one: try again */
};

struct aws_error {
    enum aws_error_class class;
    enum error_kind kind;
    int status;
    struct slice code;       /* "NoSuchKey"; made from the status when the service sent none */
    struct slice message;    /* one line; may be empty */
    struct slice request_id; /* may be empty */
    struct slice region;     /* of AWS_ERROR_WRONG_REGION; checked to be a region */
    int64_t server_time_ms;  /* of the Date header; 0: none */
    int64_t retry_after_ms;  /* 0: the service did not say */
};

/*
 * Reads a reply that is an error: its headers and `body`, which is JSON, XML or anything else. All
 * text is copied into the arena. `request_region` is where the request was sent. Total: whatever
 * the reply holds, there is an answer.
 */
void aws_error_read(const struct http_response *response, struct slice body,
                    struct slice request_region, struct arena *arena, struct aws_error *error);

/*
 * Does the failure look like a clock that is wrong? Some replies say so, others (to a HEAD) can be
 * told only by a Date that is far from `signed_at_ms`.
 */
bool aws_error_is_clock_skew(const struct aws_error *error, int64_t signed_at_ms);

/* Fills *err as error_set would: "<code>: <message> (HTTP 503, request id …)", with status and
 * code. */
int aws_error_set(struct error *err, const struct aws_error *error);

/* The id that the service gave the request, from the headers; empty when there is none. */
struct slice aws_error_request_id(const struct http_response *response);

#endif
