#include "http/http_body.h"

#include "base/hex.h"

#include "base/banned.h"

#define CHUNK_LINE_LIMIT 1024 /* extensions are legal, and nobody sends them */

bool http_body_is_due(const struct http_response *response, bool is_head)
{
    return !is_head && response->status != 204 && response->status != 304;
}

void http_body_start(struct http_body *body, const struct http_response *response, bool is_head)
{
    struct slice encoding;
    *body = (struct http_body){.state = HTTP_BODY_DONE};
    if (!http_body_is_due(response, is_head)) {
        return;
    }
    if (http_header_find(response, "transfer-encoding", &encoding)) {
        body->chunked = true;
        body->state = HTTP_BODY_CHUNK_SIZE;
    } else if (!http_header_number(response, "content-length", &body->left)) {
        body->state = HTTP_BODY_UNTIL_CLOSE;
    } else if (body->left > 0) {
        body->state = HTTP_BODY_BYTES;
    }
}

/* A transfer that went wrong may go right another time. */
static int broken(struct error *err, const char *what)
{
    (void)error_set(err, ERROR_INVALID, "%s", what);
    if (err != NULL) {
        err->retryable = true;
    }
    return -1;
}

/* "1a2B", then nothing, blanks or an extension. */
static int take_chunk_size(struct http_body *body, struct slice line, struct error *err)
{
    uint64_t size = 0;
    size_t digits = 0;
    for (; digits < line.size && hex_value(line.data[digits]) >= 0; digits++) {
        if (size > (uint64_t)INT64_MAX >> 4) {
            return broken(err, "the reply has a chunk that is too large");
        }
        size = size << 4 | (uint64_t)hex_value(line.data[digits]);
    }
    struct slice rest = slice_trim(slice_skip(line, digits));
    if (digits == 0 || (rest.size > 0 && rest.data[0] != ';')) {
        return broken(err, "the reply has a chunk without a size");
    }
    body->left = size;
    body->state = size == 0 ? HTTP_BODY_TRAILER : HTTP_BODY_BYTES;
    return 0;
}

int http_body_line(struct http_body *body, struct slice line, struct error *err)
{
    bool is_empty = slice_equal(line, SLICE("\r\n")) || slice_equal(line, SLICE("\n"));
    if (body->state == HTTP_BODY_TRAILER) {
        body->state = is_empty ? HTTP_BODY_DONE : HTTP_BODY_TRAILER;
        return 0;
    }
    if (line.size > CHUNK_LINE_LIMIT) {
        return broken(err, "the reply has a chunk whose size has no end");
    }
    if (body->state == HTTP_BODY_CHUNK_SIZE) {
        return take_chunk_size(body, line, err);
    }
    if (!is_empty) {
        return broken(err, "the reply has a chunk that is longer than its size");
    }
    body->state = HTTP_BODY_CHUNK_SIZE;
    return 0;
}

size_t http_body_take(struct http_body *body, size_t available)
{
    if (body->state == HTTP_BODY_UNTIL_CLOSE) {
        return available;
    }
    if (body->state != HTTP_BODY_BYTES) {
        return 0;
    }
    size_t taken = available < body->left ? available : (size_t)body->left;
    body->left -= taken;
    if (body->left == 0) {
        body->state = body->chunked ? HTTP_BODY_CHUNK_END : HTTP_BODY_DONE;
    }
    return taken;
}

int http_body_close(struct http_body *body, struct error *err)
{
    if (body->state == HTTP_BODY_UNTIL_CLOSE || body->state == HTTP_BODY_DONE) {
        body->state = HTTP_BODY_DONE;
        return 0;
    }
    if (body->chunked) {
        return broken(err, "the reply broke off before its last chunk");
    }
    (void)error_set(err, ERROR_INVALID, "the reply broke off %llu bytes before its end",
                    (unsigned long long)body->left);
    if (err != NULL) {
        err->retryable = true;
    }
    return -1;
}
