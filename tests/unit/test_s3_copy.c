#include "unit/unit.h"

#include "aws/s3/s3_copy.h"
#include "unit/fake_aws.h"

#define HOST "out-bucket.s3.eu-west-1.amazonaws.com"
#define COPIED                                                                                     \
    {                                                                                              \
        .status = 200, .headers = "x-amz-version-id: v9\n",                                        \
        .body = SLICE_INIT(" <CopyObjectResult><ETag>\"abc\"</ETag></CopyObjectResult>")           \
    }
#define PART(etag)                                                                                 \
    {                                                                                              \
        .status = 200,                                                                             \
        .body = SLICE_INIT("<CopyPartResult><ETag>\"" etag "\"</ETag></CopyPartResult>")           \
    }
#define SOURCE(headers_)                                                                           \
    {                                                                                              \
        .status = 200, .headers = "ETag: \"src\"\n" headers_                                       \
    }
#define CREATED                                                                                    \
    {                                                                                              \
        .status = 200, .body = SLICE_INIT("<InitiateMultipartUploadResult><UploadId>u1</UploadId>" \
                                          "</InitiateMultipartUploadResult>")                      \
    }

static struct s3_copy_options copy_options(void)
{
    return (struct s3_copy_options){.source_bucket = SLICE("in-bucket"),
                                    .source_key = SLICE("in/a b"),
                                    .source_version_id = SLICE("v1"),
                                    .source_if_match = SLICE("src"),
                                    .bucket = SLICE("out-bucket"),
                                    .key = SLICE("out/a b")};
}

static int copy(struct fake_aws *fake, const struct s3_copy_options *options,
                struct s3_written *written)
{
    return s3_copy(&fake->client, options, &fake->arena, written, &fake->err);
}

static void test_small_copies_are_one_request(void **state)
{
    (void)state;
    static const struct http_header metadata[] = {{SLICE_INIT("file-id"), SLICE_INIT("17")}};
    static const struct fake_step steps[] = {
        {.status = 200, .body = SLICE_INIT("\n<Error><Code>InternalError</Code></Error>")},
        COPIED,
        COPIED,
        {.status = 412, .body = SLICE_INIT("<Error><Code>PreconditionFailed</Code></Error>")},
        {.status = 200, .body = SLICE_INIT("<CopyObjectResult/>")}};
    struct fake_aws fake;
    struct s3_written written;
    struct s3_copy_options options = copy_options();
    fake_start(&fake, steps, COUNT_OF(steps));
    options.has_size = true;
    options.size = S3_COPY_LIMIT;
    assert_int_equal(copy(&fake, &options, &written), 0);
    assert_request(&fake, 1,
                   "PUT https://" HOST "/out/a%20b\n"
                   "Host: " HOST "\n"
                   "x-amz-copy-source: in-bucket/in/a%20b?versionId=v1\n"
                   "x-amz-copy-source-if-match: \"src\"\n\n");
    assert_text(written.etag, "abc");
    assert_text(written.version_id, "v9");
    assert_int_equal(fake.terms[1].stall_timeout_ms, 180000);

    options.content_type = SLICE("text/csv");
    options.metadata = metadata;
    options.metadata_count = 1;
    assert_int_equal(copy(&fake, &options, &written), 0);
    assert_request(&fake, 2,
                   "PUT https://" HOST "/out/a%20b\n"
                   "Host: " HOST "\n"
                   "x-amz-copy-source: in-bucket/in/a%20b?versionId=v1\n"
                   "x-amz-copy-source-if-match: \"src\"\n"
                   "x-amz-metadata-directive: REPLACE\n"
                   "Content-Type: text/csv\n"
                   "x-amz-meta-file-id: 17\n\n");
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_message(&fake.err, "s3 CopyObject s3://out-bucket/out/a b: the reply has no ETag");
    options.source_key = SLICE("");
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_message(&fake.err, "no source");
    fake_end(&fake);
}

static void test_large_copies_go_by_parts(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        SOURCE("Content-Length: 25\nContent-Type: text/csv\nx-amz-meta-a: 1\n"
               "x-amz-meta-bad: \xc3\xa9\nx-amz-meta-b:\n"),
        CREATED,
        PART("p1"),
        PART("p2"),
        PART("p3"),
        {.status = 200,
         .body = SLICE_INIT("<CompleteMultipartUploadResult><ETag>\"m-3\"</ETag>"
                            "</CompleteMultipartUploadResult>")}};
    struct fake_aws fake;
    struct s3_written written;
    struct s3_copy_options options = copy_options();
    fake_start(&fake, steps, COUNT_OF(steps));
    options.single_limit = 24;
    options.part_size = 10;
    assert_int_equal(copy(&fake, &options, &written), 0);
    assert_request(&fake, 0,
                   "HEAD https://in-bucket.s3.eu-west-1.amazonaws.com/in/a%20b?versionId=v1\n"
                   "Host: in-bucket.s3.eu-west-1.amazonaws.com\n"
                   "If-Match: \"src\"\n\n");
    assert_request(&fake, 1,
                   "POST https://" HOST "/out/a%20b?uploads=\n"
                   "Host: " HOST "\n"
                   "Content-Type: text/csv\n"
                   "x-amz-meta-a: 1\n"
                   "x-amz-meta-b: \n\n");
    assert_request(&fake, 4,
                   "PUT https://" HOST "/out/a%20b?partNumber=3&uploadId=u1\n"
                   "Host: " HOST "\n"
                   "x-amz-copy-source: in-bucket/in/a%20b?versionId=v1\n"
                   "x-amz-copy-source-if-match: \"src\"\n"
                   "x-amz-copy-source-range: bytes=20-24\n\n");
    assert_says(fake.sent[5], "x-amz-mp-object-size: 25\n");
    assert_says(fake.sent[5], "<PartNumber>3</PartNumber><ETag>&quot;p3&quot;</ETag>");
    assert_text(written.etag, "m-3");
    assert_says(fake_log(&fake), "without metadata that is not plain ASCII\",\"fields\":1");
    fake_end(&fake);
}

/* As many as S3 can keep in its 2 KB. */
static void test_all_metadata_is_carried(void **state)
{
    (void)state;
    static const struct fake_step last[] = {
        CREATED,
        PART("p1"),
        {.status = 200,
         .body = SLICE_INIT("<CompleteMultipartUploadResult><ETag>\"m-1\"</ETag>"
                            "</CompleteMultipartUploadResult>")}};
    struct fake_step steps[4];
    struct fake_aws fake;
    struct s3_written written;
    struct s3_copy_options options = copy_options();
    struct strbuf headers = STRBUF_INIT;
    strbuf_append_text(&headers, "ETag: \"src\"\nContent-Length: 25\n");
    for (int i = 0; i < 400; i++) {
        strbuf_append_format(&headers, "x-amz-meta-m%d: \n", i);
    }
    memcpy(steps + 1, last, sizeof(last));
    steps[0] = (struct fake_step){.status = 200, .headers = headers.data};
    fake_start(&fake, steps, COUNT_OF(steps));
    options.single_limit = 24;
    options.part_size = 25;
    assert_int_equal(copy(&fake, &options, &written), 0);
    for (int i = 0; i < 400; i++) {
        assert_says(fake.sent[1], arena_format(&fake.arena, "\nx-amz-meta-m%d: \n", i).data);
    }
    strbuf_release(&headers);
    fake_end(&fake);
}

/* Nobody said which object is meant: the parts are of the one that was looked at. */
static void test_parts_are_of_one_object(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        SOURCE("Content-Length: 15\n"),
        CREATED,
        PART("p1"),
        PART("p2"),
        {.status = 200,
         .body = SLICE_INIT("<CompleteMultipartUploadResult><ETag>\"m-2\"</ETag>"
                            "</CompleteMultipartUploadResult>")}};
    struct fake_aws fake;
    struct s3_written written;
    struct s3_copy_options options = copy_options();
    fake_start(&fake, steps, COUNT_OF(steps));
    options.source_if_match = SLICE("");
    options.source_version_id = SLICE("a+b/c=");
    options.single_limit = 10;
    options.part_size = 10;
    assert_int_equal(copy(&fake, &options, &written), 0);
    for (size_t i = 2; i < 4; i++) {
        assert_says(fake.sent[i], "x-amz-copy-source: in-bucket/in/a%20b?versionId=a%2Bb%2Fc%3D\n");
        assert_says(fake.sent[i], "x-amz-copy-source-if-match: \"src\"\n");
    }
    fake_end(&fake);
}

static void test_a_copy_that_fails_leaves_nothing(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        SOURCE("Content-Length: 25\n"),
        CREATED,
        PART("p1"),
        {.status = 412, .body = SLICE_INIT("<Error><Code>PreconditionFailed</Code></Error>")},
        {.status = 204},
        SOURCE("Content-Length: 25\n"),
        CREATED,
        {.status = 403, .body = SLICE_INIT("<Error><Code>AccessDenied</Code></Error>")},
        {.status = 403, .body = SLICE_INIT("<Error><Code>AccessDenied</Code></Error>")},
        SOURCE("Content-Length: 25\n"),
        {.status = 403, .body = SLICE_INIT("<Error><Code>AccessDenied</Code></Error>")},
        {.status = 404},
        SOURCE("Content-Length: 24\n"),
        COPIED};
    struct fake_aws fake;
    struct s3_written written;
    struct s3_copy_options options = copy_options();
    fake_start(&fake, steps, COUNT_OF(steps));
    options.single_limit = 24;
    options.part_size = 10;
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_request(&fake, 4, "DELETE https://" HOST "/out/a%20b?uploadId=u1\nHost: " HOST "\n\n");
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_message(&fake.err, "UploadPartCopy");
    assert_says(fake_log(&fake), "could not be aborted");
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_message(&fake.err, "CreateMultipartUpload");
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
    assert_int_equal(copy(&fake, &options, &written), 0);
    fake_end(&fake);
}

static void test_a_copy_that_is_late_leaves_nothing(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        SOURCE("Content-Length: 25\n"), CREATED, {.kind = ERROR_TIMEOUT}, {.status = 204}};
    struct fake_aws fake;
    struct s3_written written;
    struct s3_copy_options options = copy_options();
    fake_start(&fake, steps, COUNT_OF(steps));
    fake.client.deadline_ms = FAKE_NOW_MS; /* has come: the abort still has its time */
    fake.client.grace_ms = 400;
    options.single_limit = 24;
    options.part_size = 10;
    assert_int_equal(copy(&fake, &options, &written), -1);
    assert_int_equal(fake.err.kind, ERROR_TIMEOUT);
    assert_request(&fake, 3, "DELETE https://" HOST "/out/a%20b?uploadId=u1\nHost: " HOST "\n\n");
    assert_int_equal(fake.terms[3].deadline_ms, FAKE_NOW_MS + 400);
    assert_int_equal(fake.client.deadline_ms, FAKE_NOW_MS);
    fake_end(&fake);
}

static void test_part_sizes(void **state)
{
    (void)state;
    const uint64_t mib = UINT64_C(1048576);
    assert_int_equal(s3_copy_part_size(6000000000), 512 * mib);
    assert_int_equal(s3_copy_part_size(512 * mib * 10000), 512 * mib);
    assert_int_equal(s3_copy_part_size(512 * mib * 10000 + 1), 513 * mib);
    uint64_t largest = UINT64_C(50000000000000); /* 50 TB in parts of at most 5 GiB */
    assert_true(s3_copy_part_size(largest) * 10000 >= largest);
    assert_true(s3_copy_part_size(largest) <= UINT64_C(5368709120));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_copies_are_one_request),
        cmocka_unit_test(test_large_copies_go_by_parts),
        cmocka_unit_test(test_all_metadata_is_carried),
        cmocka_unit_test(test_parts_are_of_one_object),
        cmocka_unit_test(test_a_copy_that_fails_leaves_nothing),
        cmocka_unit_test(test_a_copy_that_is_late_leaves_nothing),
        cmocka_unit_test(test_part_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
