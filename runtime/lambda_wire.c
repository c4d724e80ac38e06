#include "runtime/lambda_wire.h"

#include "base/encode.h"
#include "base/json_writer.h"
#include "base/redact.h"

#include <stdio.h>

#include "base/banned.h"

#define VERSION_PATH "/2018-06-01/runtime/"

void lambda_wire_url(struct strbuf *url, struct slice api, enum lambda_call call,
                     struct slice request_id)
{
    strbuf_append_text(url, "http://");
    strbuf_append(url, api);
    strbuf_append_text(url, VERSION_PATH);
    switch (call) {
    case LAMBDA_NEXT:
        strbuf_append_text(url, "invocation/next");
        break;
    case LAMBDA_INIT_ERROR:
        strbuf_append_text(url, "init/error");
        break;
    case LAMBDA_RESPONSE:
    case LAMBDA_ERROR:
        strbuf_append_text(url, "invocation/");
        encode_uri(url, request_id);
        strbuf_append_text(url, call == LAMBDA_RESPONSE ? "/response" : "/error");
        break;
    }
}

static int parse_deadline(const struct http_response *reply, int64_t *deadline_ms,
                          struct error *err)
{
    struct slice text = http_header_text(reply, "lambda-runtime-deadline-ms");
    if (text.size > 0 && (!slice_to_i64(text, deadline_ms) || *deadline_ms <= 0)) {
        *deadline_ms = 0;
        return error_set(err, ERROR_INVALID, "Lambda-Runtime-Deadline-Ms \"%.*s\" is no time",
                         SLICE_ARG(slice_take(text, 40)));
    }
    return 0;
}

int lambda_wire_parse(const struct http_response *reply, struct lambda_context *context,
                      struct error *err)
{
    *context = (struct lambda_context){
        .request_id = http_header_text(reply, "lambda-runtime-aws-request-id"),
        .invocation_id = http_header_text(reply, "lambda-runtime-invocation-id"),
        .function_arn = http_header_text(reply, "lambda-runtime-invoked-function-arn"),
        .trace_id = http_header_text(reply, "lambda-runtime-trace-id"),
        .client_context = http_header_text(reply, "lambda-runtime-client-context"),
        .cognito_identity = http_header_text(reply, "lambda-runtime-cognito-identity"),
        .tenant_id = http_header_text(reply, "lambda-runtime-aws-tenant-id"),
        .content_type = http_header_text(reply, "content-type"),
    };
    size_t id_size = context->request_id.size;
    if (id_size == 0 || id_size > LAMBDA_REQUEST_ID_LIMIT) {
        context->request_id = SLICE("");
        return error_set(err, ERROR_INVALID, "Lambda-Runtime-Aws-Request-Id is %s",
                         id_size == 0 ? "missing" : "too long");
    }
    return parse_deadline(reply, &context->deadline_ms, err);
}

void lambda_wire_error_type(char type[LAMBDA_ERROR_TYPE_SIZE], enum lambda_origin origin,
                            const struct error *error)
{
    (void)snprintf(type, LAMBDA_ERROR_TYPE_SIZE, "%s.%s",
                   origin == LAMBDA_FUNCTION ? "Function" : "Runtime",
                   error_kind_name(error->kind));
}

void lambda_wire_error_body(struct strbuf *body, struct slice type, const struct error *error)
{
    struct json_writer writer = json_writer_to(body);
    struct strbuf message = STRBUF_INIT;
    redact_append(&message, slice_from(error->message));
    json_write_object(&writer);
    json_write_member_string(&writer, "errorMessage", strbuf_slice(&message));
    json_write_member_string(&writer, "errorType", type);
    json_write_object_end(&writer);
    strbuf_release(&message);
}

size_t lambda_wire_headers(struct http_header headers[LAMBDA_HEADERS_LIMIT],
                           struct slice invocation_id, struct slice error_type)
{
    size_t count = 0;
    headers[count++] = (struct http_header){SLICE("Content-Type"), SLICE("application/json")};
    if (invocation_id.size > 0) {
        headers[count++] =
            (struct http_header){SLICE("Lambda-Runtime-Invocation-Id"), invocation_id};
    }
    if (error_type.size > 0) {
        headers[count++] =
            (struct http_header){SLICE("Lambda-Runtime-Function-Error-Type"), error_type};
    }
    return count;
}
