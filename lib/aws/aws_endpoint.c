#define _GNU_SOURCE /* environ */

#include "aws/aws_endpoint.h"

#include "aws/aws_url.h"
#include "base/env.h"

#include <unistd.h>

#include "base/banned.h"

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool aws_endpoint_is_region(struct slice region)
{
    for (size_t i = 0; i < region.size; i++) {
        if (!is_lower_or_digit(region.data[i]) && region.data[i] != '-') {
            return false;
        }
    }
    return region.size > 0 && region.size <= 32;
}

/* China and the European Sovereign Cloud have domains of their own. */
static const char *domain_of(struct slice region)
{
    if (slice_starts_with(region, SLICE("cn-"))) {
        return "amazonaws.com.cn";
    }
    return slice_starts_with(region, SLICE("eusc-")) ? "amazonaws.eu" : "amazonaws.com";
}

struct slice aws_endpoint_region_of_arn(struct slice text)
{
    struct slice part = SLICE("");
    if (!slice_starts_with(text, SLICE("arn:"))) {
        return part;
    }
    for (int i = 0; i < 4; i++) { /* arn:partition:service:region: */
        if (!slice_cut(text, ':', &part, &text)) {
            return SLICE("");
        }
    }
    return part;
}

const char *aws_endpoint_custom_url(const struct aws_service *service)
{
    return env_get(service->endpoint_variable, env_get("AWS_ENDPOINT_URL", NULL));
}

/* What S3 ever allowed in names, old ones included. Above all no '/', '?' or '@'. */
static bool is_bucket(struct slice bucket)
{
    for (size_t i = 0; i < bucket.size; i++) {
        char c = bucket.data[i];
        if (!is_lower_or_digit(c) && !(c >= 'A' && c <= 'Z') && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return bucket.size >= 3 && bucket.size <= 255;
}

/* Can the name stand before the endpoint's host name and match its wildcard certificate? */
static bool is_dns_label(struct slice bucket)
{
    for (size_t i = 0; i < bucket.size; i++) {
        if (!is_lower_or_digit(bucket.data[i]) && bucket.data[i] != '-') {
            return false;
        }
    }
    return bucket.size <= 63 && bucket.data[0] != '-' && bucket.data[bucket.size - 1] != '-';
}

static void use_regional(const struct aws_endpoint_question *question, struct arena *arena,
                         struct aws_endpoint *endpoint)
{
    struct slice bucket = question->bucket;
    bool in_host = bucket.size > 0 && is_dns_label(bucket);
    endpoint->secure = true;
    endpoint->authority =
        arena_format(arena, "%.*s%s%s.%.*s.%s", SLICE_ARG(slice_take(bucket, in_host ? 63 : 0)),
                     in_host ? "." : "", question->service->host_prefix,
                     SLICE_ARG(question->region), domain_of(question->region));
    endpoint->base_url = arena_format(arena, "https://%s", endpoint->authority.data);
    endpoint->path_prefix =
        bucket.size > 0 && !in_host ? arena_format(arena, "/%.*s", SLICE_ARG(bucket)) : SLICE("");
}

#define ENDPOINT_FORM "must be http(s)://host[:port][/path], without user, query and fragment"

static bool read_custom(struct slice text, struct aws_url *url)
{
    return aws_url_parse(text, url) && url->query.size == 0;
}

int aws_endpoint_check_environment(struct error *err)
{
    for (char *const *variable = environ; *variable != NULL; variable++) {
        struct aws_url url;
        struct slice name;
        struct slice value;
        slice_cut(slice_from(*variable), '=', &name, &value);
        bool is_endpoint = slice_equal(name, SLICE("AWS_ENDPOINT_URL")) ||
                           slice_starts_with(name, SLICE("AWS_ENDPOINT_URL_"));
        if (is_endpoint && value.size > 0 && !read_custom(value, &url)) {
            return error_set(err, ERROR_CONFIGURATION, "environment variable %.*s " ENDPOINT_FORM,
                             SLICE_ARG(name));
        }
    }
    return 0;
}

static int use_custom(const struct aws_endpoint_question *question, struct arena *arena,
                      struct aws_endpoint *endpoint, struct error *err)
{
    struct aws_url url;
    if (!read_custom(question->custom_url, &url)) {
        return error_set(err, ERROR_CONFIGURATION, "%s or AWS_ENDPOINT_URL: " ENDPOINT_FORM,
                         question->service->endpoint_variable);
    }
    while (url.path.size > 0 && url.path.data[url.path.size - 1] == '/') {
        url.path.size--;
    }
    endpoint->secure = url.secure;
    endpoint->authority = arena_copy(arena, url.authority);
    endpoint->base_url =
        arena_format(arena, "%s://%s", url.secure ? "https" : "http", endpoint->authority.data);
    endpoint->path_prefix =
        arena_format(arena, "%.*s%s%.*s", SLICE_ARG(url.path), question->bucket.size > 0 ? "/" : "",
                     SLICE_ARG(question->bucket));
    return 0;
}

int aws_endpoint_resolve(const struct aws_endpoint_question *question, struct arena *arena,
                         struct aws_endpoint *endpoint, struct error *err)
{
    if (!aws_endpoint_is_region(question->region)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "%s: \"%.*s\" is no AWS region (set AWS_REGION, as in eu-west-1)",
                         question->service->name, SLICE_ARG(slice_take(question->region, 64)));
    }
    if (question->bucket.size > 0 && !is_bucket(question->bucket)) {
        return error_set(err, ERROR_INVALID, "%s: \"%.*s\" is no name of a bucket",
                         question->service->name, SLICE_ARG(slice_take(question->bucket, 255)));
    }
    if (question->custom_url.size > 0) {
        return use_custom(question, arena, endpoint, err);
    }
    use_regional(question, arena, endpoint);
    return 0;
}
