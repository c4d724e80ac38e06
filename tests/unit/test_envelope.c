#include "unit/arena_fixture.h"

#include "base/array.h"
#include "base/json_writer.h"
#include "event/envelope.h"

#define RECORD(key)                                                                                \
    "{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","    \
    "\"s3\":{\"bucket\":{\"name\":\"in-bucket\"},\"object\":{\"key\":\"" key "\"}}}"
#define BRIDGE(type, key)                                                                          \
    "{\"version\":\"0\",\"detail-type\":\"" type "\",\"source\":\"aws.s3\",\"detail\":{"           \
    "\"bucket\":{\"name\":\"in-bucket\"},\"object\":{\"key\":\"" key "\"}}}"
#define TEST_EVENT "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"in-bucket\"}"

/* --- wrapping --- */

static const char *quoted(const char *text)
{
    struct strbuf out = STRBUF_INIT;
    json_append_quoted(&out, slice_from(text));
    const char *copy = arena_text(&arena, strbuf_slice(&out));
    strbuf_release(&out);
    return copy;
}

static const char *records(const char *list)
{
    return arena_format(&arena, "{\"Records\":[%s]}", list).data;
}

/* A message as a queue hands it to Lambda. */
static const char *queued(const char *id, const char *body)
{
    return arena_format(&arena,
                        "{\"messageId\":\"%s\",\"receiptHandle\":\"r\",\"body\":%s,"
                        "\"eventSource\":\"aws:sqs\"}",
                        id, quoted(body))
        .data;
}

/* A message as SNS hands it to Lambda. */
static const char *published(const char *message)
{
    return arena_format(&arena,
                        "{\"EventSource\":\"aws:sns\",\"EventVersion\":\"1.0\",\"Sns\":{\"Type\":"
                        "\"Notification\",\"Message\":%s}}",
                        quoted(message))
        .data;
}

/* A message as SNS hands it to a queue, without raw delivery. */
static const char *notification(const char *message)
{
    return arena_format(&arena,
                        "{\"Type\":\"Notification\",\"MessageId\":\"n\",\"TopicArn\":\"arn:aws:sns:"
                        "eu-west-1:111122223333:t\",\"Message\":%s}",
                        quoted(message))
        .data;
}

static const char *both(const char *first, const char *second)
{
    return arena_format(&arena, "%s,%s", first, second).data;
}

/* --- what comes out --- */

/* "m1 in-bucket/a; m2 !why": every item, in order. */
static struct slice described(const struct envelope *envelope)
{
    struct strbuf out = STRBUF_INIT;
    for (size_t i = 0; i < envelope->count; i++) {
        const struct envelope_item *item = &envelope->items[i];
        const struct s3_object_event *object = &item->object;
        strbuf_append_text(&out, i > 0 ? "; " : "");
        if (envelope->kind == ENVELOPE_BATCH) {
            strbuf_append_format(&out, "%.*s ", SLICE_ARG(item->message_id));
        }
        if (object->problem != NULL) {
            strbuf_append_format(&out, "!%s", object->problem->message);
        } else {
            strbuf_append_format(&out, "%s%.*s/%.*s", object->is_creation ? "" : "not created: ",
                                 SLICE_ARG(object->bucket), SLICE_ARG(object->key));
        }
    }
    struct slice text = arena_copy(&arena, strbuf_slice(&out));
    strbuf_release(&out);
    return text;
}

static struct envelope parsed(const char *text)
{
    struct envelope envelope;
    struct error err;
    if (envelope_parse(&arena, slice_from(text), &envelope, &err) != 0) {
        fail_msg("%s: %s", text, err.message);
    }
    return envelope;
}

static void assert_items(const char *text, enum envelope_kind kind, const char *expected)
{
    struct envelope envelope = parsed(text);
    assert_int_equal(envelope.kind, kind);
    assert_text(described(&envelope), expected);
}

#define NOT_UNDERSTOOD                                                                             \
    "!message of the queue: it is not one of these: an S3 event message (Records), an "            \
    "EventBridge "                                                                                 \
    "event of S3, one of them in SNS"

/* --- tests --- */

static void test_objects_of_one_event(void **state)
{
    const struct {
        const char *event;
        const char *items;
    } cases[] = {
        {records(RECORD("in/a+b%2B.txt")), "in-bucket/in/a b+.txt"},
        {records(RECORD("a") "," RECORD("b")), "in-bucket/a; in-bucket/b"},
        {records(""), ""},
        {TEST_EVENT, ""},
        {BRIDGE("Object Created", "in/a+b%2B.txt"), "in-bucket/in/a+b%2B.txt"},
        {BRIDGE("Object Deleted", "a"), "not created: in-bucket/a"},
        {"{\"source\":\"aws.s3\",\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{}}",
         "not created: /"},
        {records(published(records(RECORD("a") "," RECORD("b")))), "in-bucket/a; in-bucket/b"},
        {records(published(BRIDGE("Object Created", "a"))), "in-bucket/a"},
        {records(published(TEST_EVENT)), ""},
        {records(both(published("nonsense"), published(records(RECORD("b"))))),
         "!message of SNS: JSON, line 1, column 1: a value is expected here, not 'n'; in-bucket/b"},
        {records("{\"EventSource\":\"aws:sns\"}"), "!message of SNS: it has no text"},
        {records(both(RECORD("a"), queued("m1", records(RECORD("b"))))),
         "in-bucket/a; !a record is not from S3 (eventSource \"aws:sqs\")"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_items(cases[i].event, ENVELOPE_OBJECTS, cases[i].items);
    }
}

static void test_messages_of_a_queue(void **state)
{
    const struct {
        const char *event;
        const char *items;
    } cases[] = {
        {records(queued("m1", records(RECORD("a")))), "m1 in-bucket/a"},
        {records(queued("m1", records(RECORD("a") "," RECORD("b")))),
         "m1 in-bucket/a; m1 in-bucket/b"},
        {records(both(queued("m1", records(RECORD("a"))), queued("m2", records(RECORD("a"))))),
         "m1 in-bucket/a; m2 in-bucket/a"},
        {records(queued("m1", BRIDGE("Object Created", "a+b"))), "m1 in-bucket/a+b"},
        {records(queued("m1", notification(records(RECORD("a+b"))))), "m1 in-bucket/a b"},
        {records(queued("m1", notification(BRIDGE("Object Created", "a")))), "m1 in-bucket/a"},
        {records(queued("m1", TEST_EVENT)), ""},
        {records(queued("m1", notification(TEST_EVENT))), ""},
        {records(both(queued("m1", "{}"), queued("m2", records(RECORD("b"))))),
         "m1 " NOT_UNDERSTOOD "; m2 in-bucket/b"},
        {records(queued("m1", records(RECORD("") "," RECORD("b")))),
         "m1 !the object key has 0 bytes; it must have 1 to 1024; m1 in-bucket/b"},
        /* One layer of each kind, and no orders. */
        {records(queued("m1", notification(notification(records(RECORD("a")))))),
         "m1 !message of SNS: it is neither an S3 event message (Records) nor an EventBridge event "
         "of S3"},
        {records(queued("m1", "{\"order\":\"advance\",\"bucket\":\"bbb\",\"key\":\"k\"}")),
         "m1 " NOT_UNDERSTOOD},
        {records(queued("m1", records(queued("m2", records(RECORD("a")))))),
         "m1 !a record is not from S3 (eventSource \"aws:sqs\")"},
        {records("{\"eventSource\":\"aws:sqs\",\"messageId\":\"m1\"}"),
         "m1 !message of the queue: it has no text"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_items(cases[i].event, ENVELOPE_BATCH, cases[i].items);
    }
}

static void test_messages_without_objects_are_counted(void **state)
{
    (void)state;
    struct envelope envelope = parsed(records(
        both(queued("m1", TEST_EVENT), both(queued("m2", "{}"), queued("m3", records(""))))));
    assert_int_equal(envelope.messages, 3);
    assert_int_equal(envelope.count, 1);
}

static void test_objects_come_from_events_and_orders(void **state)
{
    (void)state;
    struct envelope envelope = parsed(records(RECORD("a")));
    assert_int_equal(envelope.items[0].object.origin, S3_OBJECT_OF_EVENT);
    envelope = parsed("{\"bucket\":\"in-bucket\",\"key\":\"a\"}");
    assert_int_equal(envelope.kind, ENVELOPE_ORDER);
    assert_int_equal(envelope.count, 0);
    assert_int_equal(envelope.order->object.origin, S3_OBJECT_OF_ORDER);
    envelope = parsed("{\"order\":\"advance\",\"bucket\":\"in-bucket\",\"key\":\"a\"}");
    assert_int_equal(envelope.kind, ENVELOPE_ORDER);
    assert_text(envelope.order->object.key, "a");
}

static void test_the_schedule(void **state)
{
    (void)state;
    assert_items("{\"detail-type\":\"Scheduled Event\",\"source\":\"aws.events\",\"detail\":{}}",
                 ENVELOPE_SCHEDULE, "");
}

static void test_events_that_are_none_of_these(void **state)
{
    const struct {
        const char *event;
        const char *says;
    } bad[] = {
        {"", "event: "},
        {"not json", "event: "},
        {"[]", "the event is not one of these: an S3 event message (Records), an EventBridge event "
               "of S3, "},
        {"{}", "the event is not one of these"},
        {"{\"Records\":{}}", "the event is not one of these"},
        {notification(records(RECORD("a"))), "the event is not one of these"},
        {"{\"bucket\":\"bbb\"}", "\"key\" is missing"},
        {"{\"bucket\":1,\"key\":\"k\"}", "\"bucket\" must be a string"},
        {"{\"bucket\":\"bbb\",\"key\":\"\"}", "0 bytes"},
        {"{\"bucket\":\"bbb\",\"key\":\"k\",\"version_id\":7}", "\"version_id\" must be a string"},
        {"{\"order\":\"retreat\",\"bucket\":\"bbb\",\"key\":\"k\"}", "\"retreat\" is not an order"},
        {"{\"Records\":[{\"eventSource\":\"aws:sqs\",\"body\":\"\"}]}", "and a messageId"},
        {"{\"Records\":[{\"eventSource\":\"aws:sqs\",\"messageId\":\"\"}]}", "and a messageId"},
        {records(both(queued("m1", TEST_EVENT), RECORD("a"))),
         "no message with an eventSource aws:sqs"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct envelope envelope;
        struct error err;
        assert_int_equal(envelope_parse(&arena, slice_from(bad[i].event), &envelope, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_false(err.retryable);
        assert_says(err.message, bad[i].says);
    }
}

/* An event with this many objects, in one message of a queue if it is to be. */
static const char *many(size_t count, bool is_queued)
{
    struct strbuf list = STRBUF_INIT;
    for (size_t i = 0; i < count; i++) {
        strbuf_append_text(&list, i > 0 ? ",1" : "1");
    }
    const char *event = records(arena_text(&arena, strbuf_slice(&list)));
    strbuf_release(&list);
    return is_queued ? records(queued("m1", event)) : event;
}

static void test_the_number_of_objects_is_bounded(void **state)
{
    (void)state;
    for (int is_queued = 0; is_queued < 2; is_queued++) {
        struct envelope envelope = parsed(many(ENVELOPE_ITEMS_LIMIT, is_queued != 0));
        struct error err;
        assert_int_equal(envelope.count, ENVELOPE_ITEMS_LIMIT);
        const char *event = many(ENVELOPE_ITEMS_LIMIT + 1, is_queued != 0);
        assert_int_equal(envelope_parse(&arena, slice_from(event), &envelope, &err), -1);
        assert_int_equal(err.kind, ERROR_LIMIT);
        assert_says(err.message, "more than 10000 records");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_of_one_event),
        cmocka_unit_test(test_messages_of_a_queue),
        cmocka_unit_test(test_messages_without_objects_are_counted),
        cmocka_unit_test(test_objects_come_from_events_and_orders),
        cmocka_unit_test(test_the_schedule),
        cmocka_unit_test(test_events_that_are_none_of_these),
        cmocka_unit_test(test_the_number_of_objects_is_bounded),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
