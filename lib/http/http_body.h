/*
 * Where the body of an HTTP/1.1 reply begins and ends (RFC 9112, 6 and 7). Pure: the transport
 * reads lines or bytes, whichever are due, and asks what they are.
 */
#ifndef HTTP_HTTP_BODY_H
#define HTTP_HTTP_BODY_H

#include "http/http.h"

enum http_body_state {
    HTTP_BODY_BYTES,       /* `left` bytes are due */
    HTTP_BODY_UNTIL_CLOSE, /* bytes are due until the connection ends */
    HTTP_BODY_CHUNK_SIZE,  /* a line is due, as in the next two */
    HTTP_BODY_CHUNK_END,
    HTTP_BODY_TRAILER,
    HTTP_BODY_DONE,
};

struct http_body {
    enum http_body_state state;
    bool chunked;
    uint64_t left;
};

/* Can the reply have a body? If not, its Content-Length tells of the one that GET, or 200, has. */
bool http_body_is_due(const struct http_response *response, bool is_head);

/* `response` holds a complete head that http_head has taken; is_head: it answers HEAD. */
void http_body_start(struct http_body *body, const struct http_response *response, bool is_head);

static inline bool http_body_wants_line(const struct http_body *body)
{
    return body->state == HTTP_BODY_CHUNK_SIZE || body->state == HTTP_BODY_CHUNK_END ||
           body->state == HTTP_BODY_TRAILER;
}

/* Takes the line that is due, with its line end. Trailer fields are the head's to check. */
int http_body_line(struct http_body *body, struct slice line, struct error *err);
/* How many of `available` bytes belong to the body; they count as taken. */
size_t http_body_take(struct http_body *body, size_t available);
/* The connection has ended: 0 if that is the end of the body, else a retryable ERROR_INVALID. */
int http_body_close(struct http_body *body, struct error *err);

#endif
