/*
 * One request to an AWS service, before it is signed: what a service file builds and aws_call
 * sends. Pure. Also the two ways of writing one that most services share.
 *
 * Sources: the AWS JSON 1.0/1.1 and AWS query protocols in the Smithy specification.
 */
#ifndef AWS_AWS_REQUEST_H
#define AWS_AWS_REQUEST_H

#include "aws/aws_endpoint.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/sink.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "http/http.h"

#define AWS_REQUEST_HEADERS_LIMIT 16

struct aws_request {
    const struct aws_service *service;
    const char *operation; /* "GetObject": for messages and logs */
    struct slice subject;  /* what it is about, "s3://bucket/key"; may be empty */

    struct slice region; /* empty: the client's */
    struct slice bucket; /* of S3 */
    struct slice method;
    struct slice path;  /* percent-encoded, with a leading '/', without the bucket; empty: "/" */
    struct slice query; /* percent-encoded, without '?' */
    struct http_header headers[AWS_REQUEST_HEADERS_LIMIT]; /* without those that signing adds */
    size_t header_count;
    const struct http_header *more_headers; /* as many as the caller likes; borrowed */
    size_t more_header_count;
    struct slice body;
    bool unhashed_over_tls; /* S3: over https the body need not be hashed (TLS and CRC guard it) */

    /* May it be sent again when nobody knows whether it was carried out? */
    bool repeatable;
    /* Is a conditional write that lost a race simply sent again? */
    bool repeat_races;
    int64_t patience_ms; /* most time without a byte; 0: the client's */

    struct sink *body_sink; /* as in struct http_request */
    int (*check_head)(void *self, const struct http_response *head, struct error *err);
    void *check_head_self;
    size_t body_limit; /* as in struct http_request */
    /* Is the body of a 2xx reply what was asked for, or an error in disguise? NULL: it is. */
    bool (*is_success)(struct slice body);
    bool secret_reply; /* the body's buffer does not move, so that it can be wiped */
};

/* Adds a header; nothing when the value is empty. More than the limit is a bug, and aborts. */
void aws_request_add_header(struct aws_request *request, const char *name, struct slice value);

/* Appends "name=value" to a query or form, encoded, with '&' between; a value that is empty gives
 * "name=". */
void aws_request_add_parameter(struct strbuf *parameters, const char *name, struct slice value);

/* POST / with a JSON body (borrowed) to an operation such as "RedshiftData.DescribeStatement".
 * `version` is "1.0" or "1.1". The name behind the dot is the operation for messages. */
struct aws_request aws_request_json(const struct aws_service *service, const char *version,
                                    const char *target, struct slice body);

/* POST / with a form (borrowed) for services of the query protocol. */
struct aws_request aws_request_form(const struct aws_service *service, const char *operation,
                                    struct slice form);

#endif
