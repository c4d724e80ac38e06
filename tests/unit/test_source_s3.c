#include "unit/unit.h"

#include "stream/source_s3.h"
#include "unit/fake_aws.h"

#define HOST "in-bucket.s3.eu-west-1.amazonaws.com"
#define TEXT "123456789"
#define CRC32 "x-amz-checksum-crc32: y/Q5Jg==\n"
#define WHOLE(more) .status = 200, .headers = "ETag: \"abc\"\nContent-Length: 9\n" more
#define REST(first, size)                                                                          \
    .status = 206,                                                                                 \
    .headers = "ETag: \"abc\"\nContent-Length: " #size "\nContent-Range: bytes " #first "-8/9\n"

static const struct source_s3_options options = {
    .bucket = SLICE_INIT("in-bucket"), .key = SLICE_INIT("k"), .version_id = SLICE_INIT("v1")};

struct run {
    struct fake_aws fake;
    struct collector sink;
    struct source_s3_result result;
};

static void start(struct run *run, const struct fake_step *steps, size_t count)
{
    fake_start(&run->fake, steps, count);
    collector_init(&run->sink);
}

static int read_object(struct run *run)
{
    return source_s3_read(&run->fake.client, &options, &run->sink.sink, &run->fake.arena,
                          &run->result, &run->fake.err);
}

static void end(struct run *run)
{
    assert_false(run->sink.closed || run->sink.aborted); /* the caller's business */
    strbuf_release(&run->sink.bytes);
    fake_end(&run->fake);
}

static void test_an_object_in_one_piece(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{WHOLE(CRC32), .body = SLICE_INIT(TEXT)}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    assert_int_equal(read_object(&run), 0);
    assert_request(&run.fake, 0,
                   "GET https://" HOST "/k?versionId=v1\n"
                   "Host: " HOST "\n"
                   "x-amz-checksum-mode: ENABLED\n\n");
    assert_string_equal(run.sink.bytes.data, TEXT);
    assert_int_equal(run.result.bytes, 9);
    assert_int_equal(run.result.resumed, 0);
    assert_text(run.result.etag, "abc");
    end(&run);
}

static void test_an_empty_object(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .headers = "ETag: \"abc\"\nContent-Length: 0\n"}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    assert_int_equal(read_object(&run), 0);
    assert_int_equal(run.result.bytes, 0);
    end(&run);
}

/* Broken twice, with a refused connection in between: goes on where it stopped, of the same object,
 * and the checksum is that of all the pieces. */
static void test_broken_connections_are_taken_up_again(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {WHOLE(CRC32), .body = SLICE_INIT(TEXT), .deliver = 3, .kind = ERROR_NETWORK},
        {.kind = ERROR_NETWORK},
        {.status = 503, .body = SLICE_INIT("<Error><Code>SlowDown</Code></Error>")},
        {REST(3, 6), .body = SLICE_INIT("456789"), .deliver = 2, .kind = ERROR_TIMEOUT},
        {REST(5, 4), .body = SLICE_INIT("6789")}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    run.fake.random_value = UINT64_MAX;
    assert_int_equal(read_object(&run), 0);
    assert_string_equal(run.sink.bytes.data, TEXT);
    assert_int_equal(run.result.resumed, 2);
    assert_request(&run.fake, 1,
                   "GET https://" HOST "/k?versionId=v1\n"
                   "Host: " HOST "\n"
                   "If-Match: \"abc\"\n"
                   "Range: bytes=3-\n\n");
    assert_says(run.fake.sent[4], "Range: bytes=5-\n");
    assert_says(fake_log(&run.fake), "taken up again\",\"offset\":3");
    end(&run);
}

static void test_damage_is_found_across_pieces(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {WHOLE(CRC32), .body = SLICE_INIT(TEXT), .deliver = 3, .kind = ERROR_NETWORK},
        {REST(3, 6), .body = SLICE_INIT("45678X")},
        {WHOLE(CRC32), .body = SLICE_INIT("12345678X")}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_object(&run), -1);
        assert_int_equal(run.fake.err.kind, ERROR_NETWORK);
        assert_message(&run.fake.err, "s3 GetObject s3://in-bucket/k: its bytes were damaged");
    }
    end(&run);
}

static void test_a_break_without_the_checksum_s_help(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {WHOLE(""), .body = SLICE_INIT(TEXT), .deliver = 3, .kind = ERROR_NETWORK},
        {REST(3, 6), .body = SLICE_INIT("456789")},
        {WHOLE(""), .body = SLICE_INIT(TEXT), .deliver = 9, .kind = ERROR_NETWORK}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    assert_int_equal(read_object(&run), 0);
    assert_int_equal(read_object(&run), 0); /* broke behind the last byte */
    assert_int_equal(run.result.resumed, 0);
    assert_string_equal(run.sink.bytes.data, TEXT TEXT);
    end(&run);
}

static void test_a_replaced_object_ends_it(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {WHOLE(""), .body = SLICE_INIT(TEXT), .deliver = 3, .kind = ERROR_NETWORK},
        {.status = 412, .body = SLICE_INIT("<Error><Code>PreconditionFailed</Code></Error>")}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    assert_int_equal(read_object(&run), -1);
    assert_int_equal(run.fake.err.kind, ERROR_CONFLICT);
    assert_false(run.result.ended_by_caller);
    assert_string_equal(run.sink.bytes.data, "123");
    end(&run);
}

static void test_no_progress_ends_it(void **state)
{
    (void)state;
    struct fake_step steps[1 + 4 * 5];
    struct run run;
    steps[0] =
        (struct fake_step){WHOLE(""), .body = SLICE(TEXT), .deliver = 3, .kind = ERROR_NETWORK};
    for (size_t i = 1; i < COUNT_OF(steps); i++) {
        steps[i] = (struct fake_step){.kind = ERROR_NETWORK};
    }
    start(&run, steps, COUNT_OF(steps)); /* four times the tries of a call */
    assert_int_equal(read_object(&run), -1);
    assert_int_equal(run.fake.err.kind, ERROR_NETWORK);
    assert_true(run.fake.err.retryable);
    assert_int_equal(run.result.resumed, 4);
    end(&run);
}

static void test_a_bad_head_is_not_the_end(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {WHOLE(""), .body = SLICE_INIT(TEXT), .deliver = 3, .kind = ERROR_NETWORK},
        {.status = 206, .headers = "Content-Length: 6\n", .body = SLICE_INIT("no ETag")},
        {WHOLE(""), .body = SLICE_INIT(TEXT)}, /* not the range that was asked for */
        {REST(3, 6), .body = SLICE_INIT("456789")}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    assert_int_equal(read_object(&run), 0);
    assert_string_equal(run.sink.bytes.data, TEXT);
    assert_int_equal(run.result.resumed, 3);
    end(&run);
}

static void test_bad_heads_for_ever_are(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {WHOLE(""), .body = SLICE_INIT(TEXT), .deliver = 3, .kind = ERROR_NETWORK},
        {.status = 206},
        {.status = 206},
        {.status = 206},
        {.status = 206}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    assert_int_equal(read_object(&run), -1);
    assert_int_equal(run.fake.err.kind, ERROR_REMOTE);
    assert_true(run.fake.err.retryable);
    assert_message(&run.fake.err, "s3 GetObject s3://in-bucket/k: the reply has no ETag");
    assert_false(run.result.ended_by_caller);
    end(&run);
}

static void test_the_deadline_ends_it(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {WHOLE(""), .body = SLICE_INIT(TEXT), .deliver = 3, .kind = ERROR_TIMEOUT}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    run.fake.client.deadline_ms = run.fake.now_ms;
    assert_int_equal(read_object(&run), -1);
    assert_int_equal(run.fake.err.kind, ERROR_TIMEOUT);
    end(&run);
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 404, .body = SLICE_INIT("<Error><Code>NoSuchKey</Code></Error>")}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    assert_int_equal(read_object(&run), -1);
    assert_int_equal(run.fake.err.kind, ERROR_NOT_FOUND);
    end(&run);
}

static void test_the_sink_s_own_failure_is_final(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{WHOLE(""), .body = SLICE_INIT(TEXT)}};
    struct run run;
    start(&run, steps, COUNT_OF(steps));
    run.sink.refuse_after = 1;
    assert_int_equal(read_object(&run), -1);
    assert_string_equal(run.fake.err.message, "the collector is full");
    assert_true(run.result.ended_by_caller);
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_object_in_one_piece),
        cmocka_unit_test(test_an_empty_object),
        cmocka_unit_test(test_broken_connections_are_taken_up_again),
        cmocka_unit_test(test_damage_is_found_across_pieces),
        cmocka_unit_test(test_a_break_without_the_checksum_s_help),
        cmocka_unit_test(test_a_replaced_object_ends_it),
        cmocka_unit_test(test_no_progress_ends_it),
        cmocka_unit_test(test_a_bad_head_is_not_the_end),
        cmocka_unit_test(test_bad_heads_for_ever_are),
        cmocka_unit_test(test_the_deadline_ends_it),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_the_sink_s_own_failure_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
