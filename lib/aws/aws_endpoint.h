/*
 * Where a service answers: regional endpoints in the partitions aws, aws-cn, aws-us-gov and
 * aws-eusc, custom endpoints, and the two ways to address an S3 bucket. Pure but for reading the
 * environment in two functions.
 *
 * Source: "Service-specific endpoints" in the AWS SDKs and Tools Reference Guide; "Virtual hosting
 * of buckets" in the S3 User Guide.
 */
#ifndef AWS_AWS_ENDPOINT_H
#define AWS_AWS_ENDPOINT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* What aws_call must know of a service. Each service file defines its own, as a constant. */
struct aws_service {
    const char *name; /* for messages and logs: "s3" */
    const char *signing_name;
    const char *host_prefix;
    const char *endpoint_variable; /* "AWS_ENDPOINT_URL_S3" */
    /* S3's ways: buckets in the host, the path signed as it is, x-amz-content-sha256, redirects to
     * a bucket's own region. */
    bool is_s3;
};

struct aws_endpoint_question {
    const struct aws_service *service;
    struct slice region;
    struct slice bucket;     /* of S3; empty: none */
    struct slice custom_url; /* empty: the regional endpoint */
};

struct aws_endpoint {
    bool secure;              /* https */
    struct slice base_url;    /* scheme://authority */
    struct slice authority;   /* for the Host header */
    struct slice path_prefix; /* "", "/bucket" or the path of the custom URL; no slash at the end */
};

/*
 * The answer, in the arena. The bucket stands in the host; in the path if the endpoint is custom or
 * the name cannot be a DNS label under the wildcard certificate (dots, upper case, '_').
 * ERROR_CONFIGURATION: the region or the custom URL is malformed. ERROR_INVALID: the bucket's name
 * is none.
 */
int aws_endpoint_resolve(const struct aws_endpoint_question *question, struct arena *arena,
                         struct aws_endpoint *endpoint, struct error *err);

/* The URL that the environment sets for a service: its own variable, else AWS_ENDPOINT_URL, else
 * NULL. */
const char *aws_endpoint_custom_url(const struct aws_service *service);

/* ERROR_CONFIGURATION names the first variable of endpoints, of whatever service, that is no URL:
 * to be asked when a program starts, so that not a file has to find out. */
int aws_endpoint_check_environment(struct error *err);

/* Lower-case letters, digits and '-', 1 to 32 of them: nothing that could lead to another host. */
bool aws_endpoint_is_region(struct slice region);
/* The region inside an ARN; empty when the text is no ARN or has none. */
struct slice aws_endpoint_region_of_arn(struct slice text);

#endif
