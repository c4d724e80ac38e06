/* GetObject: whole objects and ranges, checks of head and body, and downloads that break. */
#include "unit/unit.h"

#include "aws/s3/s3.h"
#include "aws/s3/s3_error.h"
#include "base/crc32.h"
#include "unit/fake_aws.h"

#define HOST "in-bucket.s3.eu-west-1.amazonaws.com"

/* --- GetObject --- */

static int get(struct fake_aws *fake, const struct s3_get_options *options, struct collector *sink,
               struct s3_get_result *result)
{
    return s3_get(&fake->client, options, &sink->sink, &fake->arena, result, &fake->err);
}

static const struct s3_get_options whole = {.bucket = SLICE_INIT("in-bucket"),
                                            .key = SLICE_INIT("k")};

static void test_get_of_a_whole_object(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200,
         .headers = "ETag: \"abc\"\nContent-Length: 9\nx-amz-checksum-crc32: y/Q5Jg==\n",
         .body = SLICE_INIT("123456789")}};
    struct fake_aws fake;
    struct collector sink;
    struct s3_get_result result;
    fake_start(&fake, steps, COUNT_OF(steps));
    collector_init(&sink);
    assert_int_equal(get(&fake, &whole, &sink, &result), 0);
    assert_request(&fake, 0,
                   "GET https://" HOST "/k\nHost: " HOST "\nx-amz-checksum-mode: ENABLED\n\n");
    assert_string_equal(sink.bytes.data, "123456789");
    assert_false(sink.closed || sink.aborted);
    assert_int_equal(result.object.size, 9);
    assert_int_equal(result.delivered, 9);
    assert_true(result.has_crc32);
    assert_int_equal(result.crc32, 0xcbf43926);
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

static void test_get_of_the_rest(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 206,
         .headers = "ETag: \"abc\"\nContent-Length: 4\nContent-Range: bytes 5-8/9\n",
         .body = SLICE_INIT("6789")}};
    struct fake_aws fake;
    struct collector sink;
    struct s3_get_result result;
    fake_start(&fake, steps, COUNT_OF(steps));
    collector_init(&sink);
    struct s3_get_options options = whole;
    options.offset = 5;
    options.if_match = SLICE("abc");
    options.version_id = SLICE("v1");
    options.resumes_crc32 = true;
    options.crc32_so_far = crc32_update(0, SLICE("12345"));
    assert_int_equal(get(&fake, &options, &sink, &result), 0);
    assert_request(&fake, 0,
                   "GET https://" HOST "/k?versionId=v1\n"
                   "Host: " HOST "\n"
                   "If-Match: \"abc\"\n"
                   "Range: bytes=5-\n\n");
    assert_int_equal(result.object.size, 9);
    assert_int_equal(result.delivered, 4);
    assert_true(result.has_crc32);
    assert_int_equal(result.crc32, 0xcbf43926);
    assert_string_equal(sink.bytes.data, "6789");
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

static void test_get_of_ranges(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 206,
         .headers = "ETag: \"abc\"\nContent-Length: 2\nContent-Range: bytes 0-1/9\n",
         .body = SLICE_INIT("12")},
        {.status = 206,
         .headers = "ETag: \"abc\"\nContent-Length: 2\nContent-Range: bytes 7-8/9\n",
         .body = SLICE_INIT("89")}};
    struct fake_aws fake;
    struct collector sink;
    struct s3_get_result result;
    fake_start(&fake, steps, COUNT_OF(steps));
    collector_init(&sink);
    struct s3_get_options options = whole;
    options.length = 2;
    assert_int_equal(get(&fake, &options, &sink, &result), 0);
    assert_request(&fake, 0, "GET https://" HOST "/k\nHost: " HOST "\nRange: bytes=0-1\n\n");
    assert_false(result.has_crc32);

    options.offset = 7;
    options.length = 100; /* beyond the end: what is there */
    assert_int_equal(get(&fake, &options, &sink, &result), 0);
    assert_request(&fake, 1, "GET https://" HOST "/k\nHost: " HOST "\nRange: bytes=7-106\n\n");
    assert_string_equal(sink.bytes.data, "1289");
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

/* The sink must not see a byte that is not the one that was asked for. */
static void test_get_of_wrong_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        int status;
        enum error_kind kind;
        const char *part;
    } rows[] = {
        {"ETag: abc\nContent-Length: 9\n", 200, ERROR_REMOTE, "bytes that were asked for"},
        {"ETag: abc\nContent-Range: bytes 4-8/9\n", 206, ERROR_REMOTE, "HTTP 206"},
        {"ETag: abc\nContent-Range: bytes 5-7/9\n", 206, ERROR_REMOTE, "HTTP 206"},
        {"ETag: abc\nContent-Range: bytes 5-9/9\n", 206, ERROR_REMOTE, "HTTP 206"},
        {"ETag: abc\nContent-Range: bytes 5-8/*\n", 206, ERROR_REMOTE, "HTTP 206"},
        {"ETag: abc\nContent-Range: 5-8/9\n", 206, ERROR_REMOTE, "HTTP 206"},
        {"ETag: abc\n", 206, ERROR_REMOTE, "HTTP 206"},
        {"Content-Range: bytes 5-8/9\n", 206, ERROR_REMOTE, "ETag"},
        {"ETag: def\nContent-Range: bytes 5-8/9\n", 206, ERROR_CONFLICT, "its ETag is def"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct fake_step step = {
            .status = rows[i].status, .headers = rows[i].headers, .body = SLICE("6789")};
        struct fake_aws fake;
        struct collector sink;
        struct s3_get_result result;
        struct s3_get_options options = whole;
        options.offset = 5;
        options.if_match = SLICE("\"abc\"");
        fake_start(&fake, &step, 1);
        collector_init(&sink);
        assert_int_equal(get(&fake, &options, &sink, &result), -1);
        assert_int_equal(fake.err.kind, rows[i].kind);
        assert_int_equal(s3_error_is_replaced_object(&fake.err), rows[i].kind == ERROR_CONFLICT);
        assert_message(&fake.err, "s3 GetObject s3://in-bucket/k: ");
        assert_message(&fake.err, rows[i].part);
        assert_false(result.ended_by_caller);
        assert_int_equal(sink.bytes.size, 0);
        strbuf_release(&sink.bytes);
        fake_end(&fake);
    }
}

static int refuse_large(void *self, const struct s3_object *object, struct error *err)
{
    return object->size > *(uint64_t *)self ? error_set(err, ERROR_LIMIT, "too large") : 0;
}

static void test_get_checks(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .headers = "ETag: a\nContent-Length: 3\n", .body = SLICE_INIT("abc")},
        {.status = 200, .headers = "ETag: a\nContent-Length: 3\n", .body = SLICE_INIT("abc")},
        {.status = 200, .headers = "ETag: a\nContent-Length: 4\n", .body = SLICE_INIT("abc")},
        {.status = 200,
         .headers = "ETag: a\nContent-Length: 3\nx-amz-checksum-crc32: y/Q5Jg==\n",
         .body = SLICE_INIT("abc")},
        {.status = 200, /* a checksum of checksums tells nothing of the whole */
         .headers = "ETag: a\nContent-Length: 3\nx-amz-checksum-crc32: y/Q5Jg==\n"
                    "x-amz-checksum-type: COMPOSITE\n",
         .body = SLICE_INIT("abc")},
        {.status = 200,
         .headers = "ETag: a\nContent-Length: 3\nx-amz-checksum-crc32: y/Q5Jg==-2\n",
         .body = SLICE_INIT("abc")}};
    struct fake_aws fake;
    struct collector sink;
    struct s3_get_result result;
    uint64_t limit = 2;
    struct s3_get_options options = whole;
    fake_start(&fake, steps, COUNT_OF(steps));
    collector_init(&sink);
    options.check = refuse_large;
    options.check_self = &limit;
    assert_int_equal(get(&fake, &options, &sink, &result), -1);
    assert_string_equal(fake.err.message, "too large");
    assert_int_equal(result.delivered, 0);
    limit = 3;
    assert_int_equal(get(&fake, &options, &sink, &result), 0);
    assert_int_equal(get(&fake, &whole, &sink, &result), -1);
    assert_message(&fake.err, "s3 GetObject s3://in-bucket/k: 3 bytes came, 4 were announced");
    assert_int_equal(get(&fake, &whole, &sink, &result), -1);
    assert_message(&fake.err, "their CRC-32 is 352441c2, S3 says cbf43926");
    assert_int_equal(fake.err.kind, ERROR_NETWORK);
    assert_int_equal(get(&fake, &whole, &sink, &result), 0);
    assert_false(result.has_crc32);
    assert_int_equal(get(&fake, &whole, &sink, &result), 0);
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

static void test_get_that_breaks(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200,
         .headers = "ETag: a\nContent-Length: 6\nx-amz-checksum-crc32: y/Q5Jg==\n",
         .body = SLICE_INIT("abcdef"),
         .deliver = 3,
         .kind = ERROR_NETWORK},
        {.status = 416, .body = SLICE_INIT("<Error><Code>InvalidRange</Code></Error>")},
        {.status = 404, .body = SLICE_INIT("<Error><Code>NoSuchKey</Code></Error>")}};
    struct fake_aws fake;
    struct collector sink;
    struct s3_get_result result;
    fake_start(&fake, steps, COUNT_OF(steps));
    collector_init(&sink);
    assert_int_equal(get(&fake, &whole, &sink, &result), -1);
    assert_int_equal(fake.err.kind, ERROR_NETWORK);
    assert_int_equal(result.delivered, 3);
    assert_int_equal(result.object.size, 6);
    assert_int_equal(result.crc32, crc32_update(0, SLICE("abc")));
    struct s3_get_options options = whole;
    options.offset = 9;
    assert_int_equal(get(&fake, &options, &sink, &result), -1);
    assert_int_equal(fake.err.status, 416);
    assert_int_equal(get(&fake, &options, &sink, &result), -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
    options.length = UINT64_MAX;
    assert_int_equal(get(&fake, &options, &sink, &result), -1);
    assert_message(&fake.err, "the range has no end");
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_of_a_whole_object),
        cmocka_unit_test(test_get_of_the_rest),
        cmocka_unit_test(test_get_of_ranges),
        cmocka_unit_test(test_get_of_wrong_bytes),
        cmocka_unit_test(test_get_checks),
        cmocka_unit_test(test_get_that_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
