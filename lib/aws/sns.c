#include "aws/sns.h"

#include "base/xml.h"

#include "base/banned.h"

#define CUT_MARK "..."

static const struct aws_service sns_service = {
    .name = "sns",
    .signing_name = "sns",
    .host_prefix = "sns",
    .endpoint_variable = "AWS_ENDPOINT_URL_SNS",
};

void sns_append_subject(struct strbuf *out, struct slice subject)
{
    struct slice trimmed = slice_trim(subject);
    size_t start = out->size;
    for (size_t i = 0; i < trimmed.size && out->size - start <= SNS_SUBJECT_LIMIT; i++) {
        unsigned char byte = (unsigned char)trimmed.data[i];
        bool continues = (byte & 0xC0U) == 0x80;
        if (!continues) { /* one '?' for each character that is not ASCII */
            strbuf_append_char(out, (char)(byte >= ' ' && byte < 0x7f ? byte : '?'));
        }
    }
    if (out->size - start > SNS_SUBJECT_LIMIT) {
        strbuf_truncate(out, start + SNS_SUBJECT_LIMIT - strlen(CUT_MARK));
        strbuf_append_text(out, CUT_MARK);
    }
}

int sns_publish_request(const struct sns_message *message, struct arena *arena,
                        struct aws_request *request, struct error *err)
{
    struct strbuf form = STRBUF_INIT;
    struct strbuf subject = STRBUF_INIT;
    if (message->topic_arn.size == 0) {
        return error_set(err, ERROR_CONFIGURATION, "sns Publish: no topic is given");
    }
    if (message->message.size == 0 ||
        message->message.size > SNS_MESSAGE_LIMIT - SNS_SUBJECT_LIMIT) {
        return error_set(err, ERROR_LIMIT, "a message of %zu bytes; SNS takes 1 to %zu",
                         message->message.size, SNS_MESSAGE_LIMIT - SNS_SUBJECT_LIMIT);
    }
    sns_append_subject(&subject, message->subject);
    aws_request_add_parameter(&form, "Action", SLICE("Publish"));
    aws_request_add_parameter(&form, "Version", SLICE("2010-03-31"));
    aws_request_add_parameter(&form, "TopicArn", message->topic_arn);
    if (subject.size > 0) {
        aws_request_add_parameter(&form, "Subject", strbuf_slice(&subject));
    }
    if (message->is_json) {
        aws_request_add_parameter(&form, "MessageStructure", SLICE("json"));
    }
    aws_request_add_parameter(&form, "Message", message->message);
    *request = aws_request_form(&sns_service, "Publish", arena_copy(arena, strbuf_slice(&form)));
    request->subject = message->topic_arn;
    request->region = aws_endpoint_region_of_arn(message->topic_arn);
    strbuf_release(&form);
    strbuf_release(&subject);
    return 0;
}

int sns_publish_parse(struct slice body, struct arena *arena, struct slice *message_id,
                      struct error *err)
{
    if (!xml_find_text(arena, body, "PublishResponse/PublishResult/MessageId", message_id)) {
        return error_set(err, ERROR_INVALID, "the reply has no MessageId");
    }
    return 0;
}

int sns_publish(struct aws_client *client, const struct sns_message *message, struct arena *arena,
                struct slice *message_id, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (sns_publish_request(message, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (sns_publish_parse(reply.body, arena, message_id, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}
