#include "aws/aws_request.h"

#include "base/encode.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

void aws_request_add_header(struct aws_request *request, const char *name, struct slice value)
{
    if (value.size == 0) {
        return;
    }
    if (request->header_count == AWS_REQUEST_HEADERS_LIMIT) {
        fputs("aws_request: too many headers\n", stderr);
        abort();
    }
    request->headers[request->header_count++] = (struct http_header){slice_from(name), value};
}

void aws_request_add_parameter(struct strbuf *parameters, const char *name, struct slice value)
{
    if (parameters->size > 0) {
        strbuf_append_char(parameters, '&');
    }
    strbuf_append_text(parameters, name);
    strbuf_append_char(parameters, '=');
    encode_uri(parameters, value);
}

struct aws_request aws_request_json(const struct aws_service *service, const char *version,
                                    const char *target, struct slice body)
{
    const char *dot = strrchr(target, '.');
    struct aws_request request = {.service = service,
                                  .operation = dot != NULL ? dot + 1 : target,
                                  .method = SLICE("POST"),
                                  .body = body};
    bool is_1_0 = strcmp(version, "1.0") == 0;
    aws_request_add_header(&request, "Content-Type",
                           is_1_0 ? SLICE("application/x-amz-json-1.0")
                                  : SLICE("application/x-amz-json-1.1"));
    aws_request_add_header(&request, "X-Amz-Target", slice_from(target));
    return request;
}

struct aws_request aws_request_form(const struct aws_service *service, const char *operation,
                                    struct slice form)
{
    struct aws_request request = {
        .service = service, .operation = operation, .method = SLICE("POST"), .body = form};
    aws_request_add_header(&request, "Content-Type",
                           SLICE("application/x-www-form-urlencoded; charset=utf-8"));
    return request;
}
