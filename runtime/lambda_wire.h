/* The messages of the Lambda Runtime API (version 2018-06-01): pure, sent by lambda_loop. */
#ifndef RUNTIME_LAMBDA_WIRE_H
#define RUNTIME_LAMBDA_WIRE_H

#include "http/http.h"
#include "runtime/lambda_loop.h"

#define LAMBDA_EVENT_LIMIT ((size_t)16 * 1024 * 1024) /* bytes; Lambda's own limit is 6 MB */
#define LAMBDA_REQUEST_ID_LIMIT 512                   /* bytes */

enum lambda_call { LAMBDA_NEXT, LAMBDA_RESPONSE, LAMBDA_ERROR, LAMBDA_INIT_ERROR };

/* Appends the URL of a call. `api` is host:port; `request_id` belongs to RESPONSE and ERROR. */
void lambda_wire_url(struct strbuf *url, struct slice api, enum lambda_call call,
                     struct slice request_id);

/*
 * Fills what the head of a reply to /next says; clock and state are the caller's. ERROR_INVALID
 * names a header that is missing or malformed. With an error, context->request_id is empty if and
 * only if nobody can be told. A missing deadline is none.
 */
int lambda_wire_parse(const struct http_response *reply, struct lambda_context *context,
                      struct error *err);

/* Whose fault an error is: the prefix of its type. */
enum lambda_origin { LAMBDA_FUNCTION, LAMBDA_RUNTIME };

#define LAMBDA_ERROR_TYPE_SIZE 64
/* "Function.NotFound", "Runtime.Limit" …, with its NUL: always of the form
 * (Runtime|Function)\.[A-Z][a-zA-Z]+ that Lambda asks for. */
void lambda_wire_error_type(char type[LAMBDA_ERROR_TYPE_SIZE], enum lambda_origin origin,
                            const struct error *error);

/* Appends {"errorMessage":…,"errorType":…}; the message is redacted. */
void lambda_wire_error_body(struct strbuf *body, struct slice type, const struct error *error);

#define LAMBDA_HEADERS_LIMIT 3
/* Headers of a POST: the content type, the invocation id if Lambda sent one (echoed byte for byte),
 * and the error type unless it is empty. Their number. */
size_t lambda_wire_headers(struct http_header headers[LAMBDA_HEADERS_LIMIT],
                           struct slice invocation_id, struct slice error_type);

#endif
