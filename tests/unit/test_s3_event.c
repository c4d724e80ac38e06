#include "unit/arena_fixture.h"

#include "base/array.h"
#include "event/s3_event.h"

#define RECORD(name, bucket, object)                                                               \
    "{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"" name                   \
    "\",\"s3\":{\"bucket\":{\"name\":\"" bucket "\"},\"object\":{" object "}}}"
#define BRIDGE(type, bucket, object)                                                               \
    "{\"detail-type\":\"" type                                                                     \
    "\",\"source\":\"aws.s3\",\"detail\":{\"bucket\":{\"name\":\"" bucket                          \
    "\"},\"object\":{" object "}}}"

/* Reads either form. */
static int read_any(const char *text, struct s3_object_event *object, struct error *err)
{
    struct error failure;
    const json *document = json_parse(&arena, slice_from(text), 65536, &failure);
    assert_non_null(document);
    return s3_event_is_bridge(document) ? s3_event_read_bridge(&arena, document, object, err)
                                        : s3_event_read_record(&arena, document, object, err);
}

static struct s3_object_event object_of(const char *text)
{
    struct s3_object_event object;
    struct error err;
    if (read_any(text, &object, &err) != 0) {
        fail_msg("%s: %s", text, err.message);
    }
    assert_int_equal(object.origin, S3_OBJECT_OF_EVENT);
    return object;
}

static void test_a_record(void **state)
{
    struct s3_object_event object =
        object_of(RECORD("ObjectCreated:Put", "in-bucket",
                         "\"key\":\"in/red+flower%2B1_%C3%A9.csv\",\"size\":42,"
                         "\"eTag\":\"abc\",\"versionId\":\"v1\",\"sequencer\":\"00aabb\""));
    (void)state;
    assert_text(object.bucket, "in-bucket");
    assert_text(object.key, "in/red flower+1_é.csv");
    assert_text(object.version_id, "v1");
    assert_text(object.etag, "abc");
    assert_int_equal(object.size_bytes, 42);
    assert_text(object.sequencer, "00AABB");
    assert_true(object.is_creation);
}

/* The key is not encoded, and the sequencer is never compared with one of S3's own messages. */
static void test_an_event_of_eventbridge(void **state)
{
    struct s3_object_event object =
        object_of(BRIDGE("Object Created", "in-bucket",
                         "\"key\":\"in/red flower+1_é%20.csv\",\"size\":42,\"etag\":\"abc\","
                         "\"version-id\":\"v1\",\"sequencer\":\"617f08299329d189\""));
    (void)state;
    assert_text(object.bucket, "in-bucket");
    assert_text(object.key, "in/red flower+1_é%20.csv");
    assert_text(object.version_id, "v1");
    assert_text(object.etag, "abc");
    assert_text(object.sequencer, "eventbridge:617F08299329D189");
    assert_int_equal(object.size_bytes, 42);
    assert_true(object.is_creation);
}

static void test_what_is_left_out(void **state)
{
    static const char *const events[] = {
        RECORD("ObjectRemoved:Delete", "in-bucket", "\"key\":\"in/x\""),
        BRIDGE("Object Deleted", "in-bucket", "\"key\":\"in/x\""),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        struct s3_object_event object = object_of(events[i]);
        assert_text(object.key, "in/x");
        assert_false(object.is_creation);
        assert_text(object.version_id, "");
        assert_text(object.etag, "");
        assert_text(object.sequencer, "");
        assert_int_equal(object.event_ms, 0);
    }
}

static void test_versions_of_suspended_buckets(void **state)
{
    static const char *const events[] = {
        RECORD("ObjectCreated:Put", "in-bucket", "\"key\":\"k\",\"versionId\":\"null\""),
        BRIDGE("Object Created", "in-bucket", "\"key\":\"k\",\"version-id\":\"null\""),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        assert_text(object_of(events[i]).version_id, "");
    }
}

static void test_newer_records_only_add_members(void **state)
{
    (void)state;
    struct s3_object_event object = object_of(
        "{\"eventVersion\":\"2.3\",\"eventSource\":\"aws:s3\",\"eventName\":"
        "\"ObjectCreated:CompleteMultipartUpload\",\"s3\":{\"bucket\":{\"name\":\"in-bucket\"},"
        "\"object\":{\"key\":\"k\",\"eTag\":\"abc-2\",\"size\":1,\"new\":{}}}}");
    assert_true(object.is_creation);
    assert_text(object.etag, "abc-2");
}

static void test_a_bad_event_says_what_is_wrong(void **state)
{
    static const struct {
        const char *event;
        const char *part;
    } bad[] = {
        {RECORD("ObjectCreated:Put", "in-bucket", "\"key\":\"a%00b\""), "NUL"},
        {RECORD("ObjectCreated:Put", "in-bucket", "\"key\":\"a%FFb\""), "UTF-8"},
        {RECORD("ObjectCreated:Put", "in-bucket", "\"key\":\"a%zz\""), "object key"},
        {RECORD("ObjectCreated:Put", "in-bucket", "\"key\":\"\""), "0 bytes"},
        {RECORD("ObjectCreated:Put", "a/b/c", "\"key\":\"k\""), "a/b/c"},
        {RECORD("ObjectCreated:Put", "in-bucket", "\"size\":1"), "s3.object.key"},
        {"{\"eventSource\":\"aws:sqs\"}", "aws:sqs"},
        {"{\"eventSource\":\"aws:s3\"}", "eventName"},
        {"{\"eventSource\":\"aws:s3\",\"eventVersion\":\"3.0\"}", "eventVersion"},
        {"{\"eventSource\":\"aws:s3\",\"eventVersion\":2.1}", "eventVersion"},
        {"17", "not from S3"},
        {BRIDGE("Object Created", "in-bucket", "\"key\":\"\""), "0 bytes"},
        {BRIDGE("Object Created", "in-bucket", "\"size\":1"), "detail.object.key"},
        {BRIDGE("Object Created", "a/b/c", "\"key\":\"k\""), "a/b/c"},
        {"{\"source\":\"aws.s3\"}", "detail-type"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct s3_object_event object;
        struct error err;
        assert_int_equal(read_any(bad[i].event, &object, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_says(err.message, bad[i].part);
    }
}

static void test_the_longest_key_is_taken_and_one_more_byte_not(void **state)
{
    char key[EVENT_KEY_LIMIT + 2];
    struct s3_object_event object;
    struct error err;
    (void)state;
    memset(key, 'k', sizeof(key));
    key[EVENT_KEY_LIMIT + 1] = '\0';
    const char *event = RECORD("ObjectCreated:Put", "bbb", "%s%s%s");
    object = object_of(arena_format(&arena, event, "\"key\":\"", key + 1, "\"").data);
    assert_int_equal(object.key.size, EVENT_KEY_LIMIT);
    event = arena_format(&arena, event, "\"key\":\"", key, "\"").data;
    assert_int_equal(read_any(event, &object, &err), -1);
    assert_says(err.message, "1025 bytes");
}

static void test_the_time_of_an_event(void **state)
{
    static const struct {
        const char *time;
        int64_t event_ms;
    } cases[] = {
        {"\"2026-11-20T20:27:53.104Z\"", INT64_C(1795206473104)},
        {"\"2026-11-20T20:27:53Z\"", INT64_C(1795206473000)},
        {"\"2026-11-20T21:27:53+01:00\"", INT64_C(1795206473000)},
        {"\"1970-01-01T00:00:00.000Z\"", 0},
        {"\"2026-02-30T00:00:00Z\"", 0},
        {"\"yesterday\"", 0},
        {"1795206473104", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *record = arena_format(&arena,
                                          "{\"eventTime\":%s,\"eventSource\":\"aws:s3\","
                                          "\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
                                          "{\"name\":\"bbb\"},\"object\":{\"key\":\"k\"}}}",
                                          cases[i].time)
                                 .data;
        const char *bridge = arena_format(&arena,
                                          "{\"time\":%s,\"source\":\"aws.s3\",\"detail-type\":"
                                          "\"Object Created\",\"detail\":{\"bucket\":{\"name\":"
                                          "\"bbb\"},\"object\":{\"key\":\"k\"}}}",
                                          cases[i].time)
                                 .data;
        assert_int_equal(object_of(record).event_ms, cases[i].event_ms);
        assert_int_equal(object_of(bridge).event_ms, cases[i].event_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record),
        cmocka_unit_test(test_an_event_of_eventbridge),
        cmocka_unit_test(test_what_is_left_out),
        cmocka_unit_test(test_versions_of_suspended_buckets),
        cmocka_unit_test(test_newer_records_only_add_members),
        cmocka_unit_test(test_a_bad_event_says_what_is_wrong),
        cmocka_unit_test(test_the_longest_key_is_taken_and_one_more_byte_not),
        cmocka_unit_test(test_the_time_of_an_event),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
