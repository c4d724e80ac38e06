/*
 * The head of an HTTP/1.1 reply, collected line by line as it arrives. Pure.
 *
 * Interim replies (100, 103 …) are dropped and the final one is kept. What a client might read in
 * two ways is refused: two lengths, a length beside chunks, control characters, a blank before the
 * colon. Folded fields are joined by one space (RFC 9112, 5.2). Fields after the body (trailers)
 * are checked and dropped.
 */
#ifndef HTTP_HTTP_HEAD_H
#define HTTP_HTTP_HEAD_H

#include "http/http.h"

struct http_head_field {
    uint32_t name_start; /* offsets into `text` */
    uint32_t name_size;
    uint32_t value_start;
    uint32_t value_size;
};

struct http_head {
    struct strbuf text; /* names and values, one behind the other */
    size_t field_count;
    size_t bytes;      /* of all lines so far, the dropped ones too */
    int status;        /* 0: no status line yet */
    int minor_version; /* of HTTP/1.x */
    bool complete;     /* the final reply's head has ended */
    struct http_head_field fields[HTTP_HEADERS_LIMIT];
};

void http_head_init(struct http_head *head);
void http_head_release(struct http_head *head);
/* Begins a new reply; memory is kept. */
void http_head_start(struct http_head *head);

/*
 * Takes one line with its line end. `head->complete` becomes true at the blank line that ends the
 * final head. ERROR_INVALID when it is not HTTP, ERROR_LIMIT when it is too much (http.h has the
 * limits); the message begins with "the reply" and quotes no value.
 */
int http_head_line(struct http_head *head, struct slice line, struct error *err);

/* Copies a complete head into the arena and sets status and headers of the response. */
void http_head_store(const struct http_head *head, struct arena *arena,
                     struct http_response *response);

/* Is this byte allowed in a field name or a method (RFC 9110, token)? */
bool http_is_token_byte(char byte);
/* Is this one allowed in a field value? All but control characters; the tab is. */
bool http_is_value_byte(char byte);

#endif
