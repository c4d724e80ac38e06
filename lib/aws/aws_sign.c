#include "aws/aws_sign.h"

#include "base/clock.h"

#include "base/banned.h"

#define ADDED_HEADERS 5 /* host, date, token, content hash, authorization */

struct header_list {
    struct http_header *items;
    size_t count;
};

static void add(struct header_list *headers, const char *name, struct slice value)
{
    headers->items[headers->count++] = (struct http_header){slice_from(name), value};
}

static struct slice payload_hash(const struct aws_request *request, bool secure,
                                 struct arena *arena)
{
    char hex[SIGV4_HEX_SIZE];
    if (request->service->is_s3 && request->unhashed_over_tls && secure) {
        return SLICE(SIGV4_UNSIGNED_PAYLOAD);
    }
    sigv4_hash(request->body, hex);
    return arena_copy(arena, slice_from(hex));
}

static struct slice text_of(const struct aws_endpoint *endpoint, struct slice path,
                            struct slice query, struct arena *arena)
{
    struct strbuf url = STRBUF_INIT;
    strbuf_append(&url, endpoint->base_url);
    strbuf_append(&url, path);
    if (query.size > 0) {
        strbuf_append_char(&url, '?');
        strbuf_append(&url, query);
    }
    struct slice text = arena_copy(arena, strbuf_slice(&url));
    strbuf_release(&url);
    return text;
}

static struct slice full_path(const struct aws_endpoint *endpoint,
                              const struct aws_request *request, struct arena *arena)
{
    struct strbuf path = STRBUF_INIT;
    strbuf_append(&path, endpoint->path_prefix);
    strbuf_append(&path, request->path);
    if (path.size == 0) {
        strbuf_append_char(&path, '/');
    }
    struct slice text = arena_copy(arena, strbuf_slice(&path));
    strbuf_release(&path);
    return text;
}

/* Signs the headers that are there, and adds the last one. */
static void authorize(const struct aws_sign_options *options, struct slice timestamp,
                      struct slice path, struct slice hash, struct header_list *headers,
                      struct arena *arena)
{
    const struct aws_request *request = options->request;
    const struct credentials *keys = options->credentials;
    const struct sigv4_credentials credentials = {
        .access_key_id = strbuf_slice(&keys->access_key_id),
        .secret_access_key = strbuf_slice(&keys->secret_access_key)};
    const struct sigv4_scope scope = {timestamp, options->region,
                                      slice_from(request->service->signing_name)};
    const struct sigv4_request unsigned_request = {.method = request->method,
                                                   .path = path,
                                                   .query = request->query,
                                                   .headers = headers->items,
                                                   .header_count = headers->count,
                                                   .payload_hash = hash,
                                                   .normalize_path = !request->service->is_s3,
                                                   .encode_path_twice = !request->service->is_s3};
    struct strbuf value = STRBUF_INIT;
    sigv4_sign(options->keys, &credentials, &scope, &unsigned_request, arena, &value);
    add(headers, "Authorization", arena_copy(arena, strbuf_slice(&value)));
    strbuf_release(&value);
}

int aws_sign(const struct aws_sign_options *options, struct arena *arena, struct http_request *http,
             struct error *err)
{
    const struct aws_request *request = options->request;
    const struct aws_endpoint_question question = {.service = request->service,
                                                   .region = options->region,
                                                   .bucket = request->bucket,
                                                   .custom_url = options->custom_url};
    struct aws_endpoint endpoint;
    if (aws_endpoint_resolve(&question, arena, &endpoint, err) != 0) {
        return -1;
    }
    char timestamp[CLOCK_BASIC_SIZE];
    clock_format_basic(options->signed_at_ms, timestamp);
    struct slice date = arena_copy(arena, slice_from(timestamp));
    struct slice path = full_path(&endpoint, request, arena);
    struct slice hash = payload_hash(request, endpoint.secure, arena);
    size_t limit = request->header_count + request->more_header_count + ADDED_HEADERS;
    struct header_list headers = {.items = arena_zalloc(arena, limit, sizeof(*headers.items))};

    add(&headers, "Host", endpoint.authority);
    for (size_t i = 0; i < request->header_count; i++) {
        headers.items[headers.count++] = request->headers[i];
    }
    for (size_t i = 0; i < request->more_header_count; i++) {
        headers.items[headers.count++] = request->more_headers[i];
    }
    add(&headers, "X-Amz-Date", date);
    if (request->service->is_s3) {
        add(&headers, "X-Amz-Content-Sha256", hash);
    }
    if (options->credentials->session_token.size > 0) {
        add(&headers, "X-Amz-Security-Token", strbuf_slice(&options->credentials->session_token));
    }
    authorize(options, date, path, hash, &headers, arena);

    http->method = request->method;
    http->url = text_of(&endpoint, path, request->query, arena);
    http->headers = headers.items;
    http->header_count = headers.count;
    http->body = request->body;
    return 0;
}
