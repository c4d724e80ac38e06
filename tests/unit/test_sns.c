#include "unit/unit.h"

#include "aws/sns.h"
#include "unit/fake_aws.h"
#include "base/array.h"

#define TOPIC "arn:aws:sns:eu-central-1:111122223333:notices"
#define PUBLISHED                                                                                  \
    {                                                                                              \
        .status = 200,                                                                             \
        .body = SLICE_INIT(                                                                        \
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>"  \
            "<MessageId>m-1</MessageId></PublishResult></PublishResponse>")                        \
    }

static int publish(struct fake_aws *fake, const struct sns_message *message, struct slice *id)
{
    return sns_publish(&fake->client, message, &fake->arena, id, &fake->err);
}

static void test_publish(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {PUBLISHED, PUBLISHED};
    struct fake_aws fake;
    struct slice id;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct sns_message message = {.topic_arn = SLICE(TOPIC),
                                  .subject = SLICE("Load failed: a&b"),
                                  .message = SLICE("{\"default\":\"x + y\n\xc3\xa9\"}"),
                                  .is_json = true};
    assert_int_equal(publish(&fake, &message, &id), 0);
    assert_text(id, "m-1");
    /* In the region of the topic. */
    assert_request(&fake, 0,
                   "POST https://sns.eu-central-1.amazonaws.com/\n"
                   "Host: sns.eu-central-1.amazonaws.com\n"
                   "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
                   "\n"
                   "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A"
                   "111122223333%3Anotices&Subject=Load%20failed%3A%20a%26b&MessageStructure=json&"
                   "Message=%7B%22default%22%3A%22x%20%2B%20y%0A%C3%A9%22%7D");
    assert_false(fake.terms[0].repeatable);
    message = (struct sns_message){.topic_arn = SLICE(TOPIC), .message = SLICE("hello")};
    assert_int_equal(publish(&fake, &message, &id), 0);
    assert_says(fake.sent[1], "%3Anotices&Message=hello");
    fake_end(&fake);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 400,
         .body =
             SLICE_INIT("<ErrorResponse><Error><Code>Throttled</Code></Error></ErrorResponse>")},
        {.status = 404,
         .body = SLICE_INIT("<ErrorResponse><Error><Code>NotFound</Code>"
                            "<Message>Topic does not exist</Message></Error>"
                            "<RequestId>R1</RequestId></ErrorResponse>")},
        {.status = 200, .body = SLICE_INIT("<PublishResponse/>")},
        {.kind = ERROR_NETWORK}};
    struct fake_aws fake;
    struct slice id;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct sns_message message = {.topic_arn = SLICE(TOPIC), .message = SLICE("hello")};
    assert_int_equal(publish(&fake, &message, &id), -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
    assert_message(&fake.err, "sns Publish " TOPIC ": 2 tries: Throttled, then: NotFound: Topic "
                              "does not exist (HTTP 404, request id R1)");
    assert_int_equal(publish(&fake, &message, &id), -1);
    assert_message(&fake.err, "sns Publish " TOPIC ": the reply has no MessageId");
    assert_int_equal(publish(&fake, &message, &id), -1);
    assert_int_equal(fake.err.kind, ERROR_NETWORK);
    fake_end(&fake);
}

static void test_sizes(void **state)
{
    (void)state;
    struct arena arena;
    struct aws_request request;
    struct error err;
    size_t most = SNS_MESSAGE_LIMIT - SNS_SUBJECT_LIMIT;
    char *text = malloc(most + 1);
    assert_non_null(text);
    memset(text, 'x', most + 1);
    arena_init(&arena, 0);
    struct sns_message message = {.topic_arn = SLICE(TOPIC), .message = slice_of(text, most)};
    assert_int_equal(sns_publish_request(&message, &arena, &request, &err), 0);
    message.message.size = most + 1;
    assert_int_equal(sns_publish_request(&message, &arena, &request, &err), -1);
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_message(&err, "262046 bytes");
    message.message.size = 0;
    assert_int_equal(sns_publish_request(&message, &arena, &request, &err), -1);
    message = (struct sns_message){.topic_arn = SLICE(""), .message = SLICE("x")};
    assert_int_equal(sns_publish_request(&message, &arena, &request, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    free(text);
    arena_release(&arena);
}

static void test_subjects(void **state)
{
    (void)state;
    static const struct {
        const char *subject;
        const char *expected;
    } rows[] = {
        {"plain", "plain"},
        {"", ""},
        {"  \r\n ", ""},
        {"\n a\r\nb\tc\x7f ", "a??b?c?"},
        {"caf\xc3\xa9 \xe2\x82\xac", "caf? ?"},
        {"123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
         "123456789 123456789",
         "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
         "123456789 123456789"},
        {"123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
         "123456789 1234567890",
         "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
         "123456789 123456..."},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct strbuf out = STRBUF_INIT;
        sns_append_subject(&out, slice_from(rows[i].subject));
        assert_string_equal(out.data, rows[i].expected);
        assert_true(out.size <= SNS_SUBJECT_LIMIT);
        strbuf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_publish),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_subjects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
