#include "unit/arena_fixture.h"

#include "event/s3_event.h"

#include "base/array.h"
#include "base/strbuf.h"

#define RECORD(name, bucket, object)                                                               \
    "{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"" name                   \
    "\",\"s3\":{\"bucket\":{\"name\":\"" bucket "\"},\"object\":{" object "}}}"

static struct s3_event parsed(const char *text)
{
    struct s3_event event;
    struct error err;
    assert_int_equal(s3_event_parse(&arena, slice_from(text), &event, &err), 0);
    return event;
}

static void test_every_record_is_read(void **state)
{
    struct s3_event event =
        parsed("{\"Records\":[" RECORD(
            "ObjectCreated:Put", "in-bucket",
            "\"key\":\"in/red+flower%2B1_%C3%A9.csv\",\"size\":42,"
            "\"eTag\":\"abc\",\"versionId\":\"v1\",\"sequencer\":\"00aabb\"") "," //
               RECORD("ObjectRemoved:Delete", "in-bucket", "\"key\":\"in/x\"") "]}");
    (void)state;
    assert_int_equal(event.kind, S3_EVENT_OBJECTS);
    assert_int_equal(event.count, 2);
    assert_null(event.objects[0].problem);
    assert_text(event.objects[0].bucket, "in-bucket");
    assert_text(event.objects[0].key, "in/red flower+1_é.csv");
    assert_text(event.objects[0].version_id, "v1");
    assert_text(event.objects[0].etag, "abc");
    assert_text(event.objects[0].sequencer, "00AABB");
    assert_true(event.objects[0].is_creation);
    assert_false(event.objects[1].is_creation);
    assert_int_equal(event.objects[1].version_id.size, 0);
}

static void test_a_bad_record_marks_only_itself(void **state)
{
    static const struct {
        const char *record;
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
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct slice text =
            arena_format(&arena, "{\"Records\":[%s,%s]}", bad[i].record,
                         RECORD("ObjectCreated:Put", "in-bucket", "\"key\":\"good\""));
        struct s3_event event = parsed(text.data);
        assert_int_equal(event.count, 2);
        assert_non_null(event.objects[0].problem);
        assert_says(event.objects[0].problem->message, bad[i].part);
        assert_null(event.objects[1].problem);
        assert_text(event.objects[1].key, "good");
    }
}

static void test_the_longest_key_is_taken_and_one_more_byte_not(void **state)
{
    char key[EVENT_KEY_LIMIT + 2];
    struct s3_event event;
    (void)state;
    memset(key, 'k', sizeof(key));
    key[EVENT_KEY_LIMIT + 1] = '\0';
    event = parsed(arena_format(&arena, "{\"bucket\":\"bbb\",\"key\":\"%s\"}", key + 1).data);
    assert_int_equal(event.objects[0].key.size, EVENT_KEY_LIMIT);
    event = parsed(arena_format(&arena,
                                "{\"Records\":[" RECORD("ObjectCreated:Put", "bbb", "%s%s%s") "]}",
                                "\"key\":\"", key, "\"")
                       .data);
    assert_says(event.objects[0].problem->message, "1025 bytes");
}

static void test_other_events(void **state)
{
    struct s3_event event;
    (void)state;
    event = parsed("{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"b\"}");
    assert_int_equal(event.kind, S3_EVENT_TEST);
    assert_int_equal(event.count, 0);
    event = parsed("{\"detail-type\":\"Scheduled Event\",\"source\":\"aws.events\",\"detail\":{}}");
    assert_int_equal(event.kind, S3_EVENT_SCHEDULE);
    event = parsed("{\"bucket\":\"in-bucket\",\"key\":\"a b+c.txt\"}");
    assert_int_equal(event.kind, S3_EVENT_OBJECTS);
    assert_text(event.objects[0].key, "a b+c.txt");
    assert_true(event.objects[0].is_creation);
    assert_int_equal(event.objects[0].version_id.size, 0);
    event = parsed("{\"bucket\":\"in-bucket\",\"key\":\"k\",\"version_id\":\"v7\"}");
    assert_text(event.objects[0].version_id, "v7");
    event = parsed("{\"Records\":[]}");
    assert_int_equal(event.count, 0);
}

static void test_versions_of_suspended_buckets_and_of_newer_events(void **state)
{
    struct s3_event event =
        parsed("{\"Records\":[{\"eventVersion\":\"2.3\",\"eventSource\":\"aws:s3\","
               "\"eventName\":\"ObjectCreated:CompleteMultipartUpload\",\"s3\":{\"bucket\":{"
               "\"name\":\"in-bucket\"},\"object\":{\"key\":\"k\",\"versionId\":\"null\","
               "\"eTag\":\"abc-2\",\"size\":1,\"new\":{}}}}]}");
    (void)state;
    assert_null(event.objects[0].problem);
    assert_true(event.objects[0].is_creation);
    assert_text(event.objects[0].etag, "abc-2");
    assert_int_equal(event.objects[0].version_id.size, 0);
}

static void test_the_time_of_an_event(void **state)
{
    static const struct {
        const char *member;
        int64_t event_ms;
    } cases[] = {
        {"\"eventTime\":\"2026-11-20T20:27:53.104Z\",", INT64_C(1795206473104)},
        {"\"eventTime\":\"2026-11-20T21:27:53+01:00\",", INT64_C(1795206473000)},
        {"\"eventTime\":\"1970-01-01T00:00:00.000Z\",", 0},
        {"\"eventTime\":\"2026-02-30T00:00:00Z\",", 0},
        {"\"eventTime\":\"yesterday\",", 0},
        {"\"eventTime\":1795206473104,", 0},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct s3_event event =
            parsed(arena_format(&arena,
                                "{\"Records\":[{%s\"eventSource\":\"aws:s3\",\"eventName\":"
                                "\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"bbb\"},"
                                "\"object\":{\"key\":\"k\"}}}]}",
                                cases[i].member)
                       .data);
        assert_null(event.objects[0].problem);
        assert_int_equal(event.objects[0].event_ms, cases[i].event_ms);
    }
}

static void test_the_number_of_records_is_bounded(void **state)
{
    struct strbuf text = STRBUF_INIT;
    struct s3_event event;
    struct error err;
    (void)state;
    strbuf_append_text(&text, "{\"Records\":[1");
    for (int i = 1; i < EVENT_RECORDS_LIMIT; i++) {
        strbuf_append_text(&text, ",1");
    }
    strbuf_append_text(&text, "]}");
    event = parsed(text.data);
    assert_int_equal(event.count, EVENT_RECORDS_LIMIT);
    strbuf_truncate(&text, text.size - 2);
    strbuf_append_text(&text, ",1]}");
    assert_int_equal(s3_event_parse(&arena, strbuf_slice(&text), &event, &err), -1);
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_says(err.message, "10001 records");
    strbuf_release(&text);
}

static void test_events_that_are_none_of_these(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"Records\":{}}",
        "{\"bucket\":\"bbb\"}",
        "{\"bucket\":1,\"key\":\"k\"}",
        "{\"bucket\":\"bbb\",\"key\":\"\"}",
        "{\"bucket\":\"bbb\",\"key\":\"k\",\"version_id\":7}",
        "not json",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct s3_event event;
        struct error err;
        assert_int_equal(s3_event_parse(&arena, slice_from(bad[i]), &event, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_false(err.retryable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_record_is_read),
        cmocka_unit_test(test_a_bad_record_marks_only_itself),
        cmocka_unit_test(test_the_longest_key_is_taken_and_one_more_byte_not),
        cmocka_unit_test(test_other_events),
        cmocka_unit_test(test_versions_of_suspended_buckets_and_of_newer_events),
        cmocka_unit_test(test_the_time_of_an_event),
        cmocka_unit_test(test_the_number_of_records_is_bounded),
        cmocka_unit_test(test_events_that_are_none_of_these),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
