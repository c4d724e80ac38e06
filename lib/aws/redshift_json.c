#include "aws/redshift_json.h"

#include "base/banned.h"

#define REPLY_LIMIT ((size_t)8 * 1024 * 1024)

static const struct aws_service redshift_data_service = {
    .name = "redshift-data",
    .signing_name = "redshift-data",
    .host_prefix = "redshift-data",
    .endpoint_variable = "AWS_ENDPOINT_URL_REDSHIFT_DATA",
};

struct aws_request redshift_json_request(const char *target, struct strbuf *body,
                                         struct arena *arena)
{
    struct aws_request request = aws_request_json(&redshift_data_service, "1.1", target,
                                                  arena_copy(arena, strbuf_slice(body)));
    request.body_limit = REPLY_LIMIT;
    request.repeatable = true;
    strbuf_release(body);
    return request;
}

void redshift_json_write(struct json_writer *writer, const char *name, struct slice text)
{
    if (text.size > 0) {
        json_write_member_string(writer, name, text);
    }
}

void redshift_json_question(struct strbuf *body, const char *name, struct slice text,
                            struct slice next_token)
{
    struct json_writer writer = json_writer_to(body);
    json_write_object(&writer);
    json_write_member_string(&writer, name, text);
    redshift_json_write(&writer, "NextToken", next_token);
    json_write_object_end(&writer);
}

const json *redshift_json_parse(struct slice body, struct arena *arena, struct error *err)
{
    const json *reply = json_parse(arena, body, REPLY_LIMIT, err);
    if (reply == NULL) {
        (void)error_prefix(err, "the reply");
    }
    return reply;
}
