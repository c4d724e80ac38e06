#include "unit/unit.h"

#include "aws/s3/s3_multipart.h"
#include "unit/fake_aws.h"

#define HOST "in-bucket.s3.eu-west-1.amazonaws.com"
#define ERROR(status_, code_)                                                                      \
    {                                                                                              \
        .status = (status_), .body = SLICE_INIT("<Error><Code>" code_ "</Code></Error>")           \
    }
#define LOST                                                                                       \
    {                                                                                              \
        .kind = ERROR_NETWORK                                                                      \
    }

static const struct s3_upload upload = {
    .bucket = SLICE_INIT("in-bucket"), .key = SLICE_INIT("out/a b"), .id = SLICE_INIT("id/1+=")};

static void test_create(void **state)
{
    (void)state;
    static const struct http_header metadata[] = {{SLICE_INIT("file-id"), SLICE_INIT("17")}};
    static const struct fake_step steps[] = {
        {.status = 200,
         .body = SLICE_INIT("<InitiateMultipartUploadResult><Bucket>in-bucket</Bucket>"
                            "<UploadId>id/1+=</UploadId></InitiateMultipartUploadResult>")},
        {.status = 200, .body = SLICE_INIT("<InitiateMultipartUploadResult/>")}};
    struct fake_aws fake;
    struct s3_upload created;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_create_upload_options options = {.bucket = SLICE("in-bucket"),
                                               .key = SLICE("out/a b"),
                                               .content_type = SLICE("text/csv"),
                                               .metadata = metadata,
                                               .metadata_count = 1,
                                               .crc32 = true};
    assert_int_equal(s3_create_upload(&fake.client, &options, &fake.arena, &created, &fake.err), 0);
    assert_request(&fake, 0,
                   "POST https://" HOST "/out/a%20b?uploads=\n"
                   "Host: " HOST "\n"
                   "Content-Type: text/csv\n"
                   "x-amz-checksum-algorithm: CRC32\n"
                   "x-amz-checksum-type: FULL_OBJECT\n"
                   "x-amz-meta-file-id: 17\n\n");
    assert_text(created.id, "id/1+=");
    assert_text(created.key, "out/a b");
    options = (struct s3_create_upload_options){.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    assert_int_equal(s3_create_upload(&fake.client, &options, &fake.arena, &created, &fake.err),
                     -1);
    assert_string_equal(fake.err.message,
                        "s3 CreateMultipartUpload s3://in-bucket/k: the reply has no <UploadId>");
    assert_request(&fake, 1, "POST https://" HOST "/k?uploads=\nHost: " HOST "\n\n");
    fake_end(&fake);
}

static void test_parts(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .headers = "ETag: \"e1\"\n"}, {.status = 200}, ERROR(404, "NoSuchUpload")};
    struct fake_aws fake;
    struct s3_part part;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_upload_part_options options = {
        .upload = upload, .number = 10000, .body = SLICE("123456789"), .crc32 = 0xcbf43926};
    assert_int_equal(s3_upload_part(&fake.client, &options, &fake.arena, &part, &fake.err), 0);
    assert_request(&fake, 0,
                   "PUT https://" HOST "/out/a%20b?partNumber=10000&uploadId=id%2F1%2B%3D\n"
                   "Host: " HOST "\n"
                   "x-amz-checksum-crc32: y/Q5Jg==\n\n"
                   "123456789");
    assert_int_equal(part.number, 10000);
    assert_text(part.etag, "e1");
    assert_true(part.has_crc32);
    assert_int_equal(s3_upload_part(&fake.client, &options, &fake.arena, &part, &fake.err), -1);
    assert_message(&fake.err, "s3 UploadPart s3://in-bucket/out/a b: the reply has no ETag");
    assert_int_equal(s3_upload_part(&fake.client, &options, &fake.arena, &part, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
    options.number = 10001;
    assert_int_equal(s3_upload_part(&fake.client, &options, &fake.arena, &part, &fake.err), -1);
    assert_message(&fake.err, "part 10001 of at most 10000");
    fake_end(&fake);
}

static void test_copied_parts(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .body = SLICE_INIT("\n <Error><Code>SlowDown</Code></Error>")},
        {.status = 200,
         .body = SLICE_INIT(" \n<CopyPartResult><LastModified>2026-11-20T20:27:53.000Z"
                            "</LastModified><ETag>&quot;e2&quot;</ETag></CopyPartResult>")},
        ERROR(412, "PreconditionFailed"),
        {.status = 200, .body = SLICE_INIT("<CopyPartResult/>")}};
    struct fake_aws fake;
    struct s3_part part;
    fake_start(&fake, steps, COUNT_OF(steps));
    const struct s3_copy_part_options options = {.upload = upload,
                                                 .number = 2,
                                                 .source_bucket = SLICE("src"),
                                                 .source_key = SLICE("in/a+b"),
                                                 .source_version_id = SLICE("v1"),
                                                 .source_if_match = SLICE("abc"),
                                                 .offset = 10,
                                                 .length = 5};
    assert_int_equal(s3_copy_part(&fake.client, &options, &fake.arena, &part, &fake.err), 0);
    assert_request(&fake, 1,
                   "PUT https://" HOST "/out/a%20b?partNumber=2&uploadId=id%2F1%2B%3D\n"
                   "Host: " HOST "\n"
                   "x-amz-copy-source: src/in/a%2Bb?versionId=v1\n"
                   "x-amz-copy-source-if-match: \"abc\"\n"
                   "x-amz-copy-source-range: bytes=10-14\n\n");
    assert_text(part.etag, "e2");
    assert_false(part.has_crc32);
    assert_int_equal(s3_copy_part(&fake.client, &options, &fake.arena, &part, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_int_equal(s3_copy_part(&fake.client, &options, &fake.arena, &part, &fake.err), -1);
    assert_message(&fake.err, "s3 UploadPartCopy s3://in-bucket/out/a b: the reply has no ETag");
    fake_end(&fake);
}

/* --- Completion --- */

#define COMPLETED                                                                                  \
    {                                                                                              \
        .status = 200, .headers = "x-amz-version-id: v1\n",                                        \
        .body = SLICE_INIT("  <CompleteMultipartUploadResult><ETag>\"abc-2\"</ETag>"               \
                           "</CompleteMultipartUploadResult>")                                     \
    }

static struct s3_complete_options complete_options(struct strbuf *parts)
{
    s3_parts_append(parts,
                    &(struct s3_part){
                        .number = 1, .etag = SLICE("e1"), .has_crc32 = true, .crc32 = 0xcbf43926});
    s3_parts_append(parts, &(struct s3_part){.number = 2, .etag = SLICE("<\"e2\">&")});
    return (struct s3_complete_options){.upload = upload,
                                        .parts = strbuf_slice(parts),
                                        .size = 9,
                                        .has_crc32 = true,
                                        .crc32 = 0xcbf43926,
                                        .part_count = 2,
                                        .if_none_match = true};
}

static void test_complete(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .body = SLICE_INIT("   \n<Error><Code>InternalError</Code></Error>")},
        COMPLETED,
        ERROR(400, "InvalidPart"),
        ERROR(409, "ConditionalRequestConflict"),
        ERROR(404, "NoSuchUpload"),
        {.status = 404}};
    struct fake_aws fake;
    struct strbuf parts = STRBUF_INIT;
    struct s3_written written;
    fake_start(&fake, steps, COUNT_OF(steps));
    const struct s3_complete_options options = complete_options(&parts);
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), 0);
    assert_request(&fake, 1,
                   "POST https://" HOST "/out/a%20b?uploadId=id%2F1%2B%3D\n"
                   "Host: " HOST "\n"
                   "Content-Type: application/xml\n"
                   "x-amz-mp-object-size: 9\n"
                   "x-amz-checksum-crc32: y/Q5Jg==\n"
                   "x-amz-checksum-type: FULL_OBJECT\n"
                   "If-None-Match: *\n"
                   "\n"
                   "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                   "<Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag>"
                   "<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32></Part>"
                   "<Part><PartNumber>2</PartNumber>"
                   "<ETag>&quot;&lt;&quot;e2&quot;&gt;&amp;&quot;</ETag></Part>"
                   "</CompleteMultipartUpload>");
    assert_text(written.etag, "abc-2");
    assert_text(written.version_id, "v1");
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_string_equal(fake.err.code, "InvalidPart");
    /* After a lost race S3 wants the upload to begin anew: the same completion is no help. */
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_true(fake.err.retryable);
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
    strbuf_release(&parts);
    fake_end(&fake);
}

static void test_complete_whose_reply_got_lost(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool has_crc32;
        bool done;
    } rows[] = {
        {"ETag: \"z-9\"\nContent-Length: 9\nx-amz-checksum-crc32: y/Q5Jg==\n", true, true},
        {"ETag: \"z-2\"\nContent-Length: 9\nx-amz-checksum-crc32: AAAAAA==\n", true, false},
        {"ETag: \"z-2\"\nContent-Length: 9\n", true, true},
        {"ETag: \"z-2\"\nContent-Length: 9\nx-amz-checksum-crc32: AAAAAA==\n", false, true},
        {"ETag: \"z-3\"\nContent-Length: 9\n", true, false},
        {"ETag: \"z-2\"\nContent-Length: 10\n", true, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct fake_step steps[] = {
            LOST, ERROR(404, "NoSuchUpload"), {.status = 200, .headers = rows[i].headers}};
        struct fake_aws fake;
        struct strbuf parts = STRBUF_INIT;
        struct s3_written written = {.etag = SLICE("")};
        fake_start(&fake, steps, COUNT_OF(steps));
        struct s3_complete_options options = complete_options(&parts);
        options.has_crc32 = rows[i].has_crc32;
        int result = s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err);
        assert_int_equal(result, rows[i].done ? 0 : -1);
        assert_int_equal(written.etag.size > 0, rows[i].done);
        if (!rows[i].done) {
            assert_message(&fake.err, "2 tries: Network, then: NoSuchUpload");
        }
        assert_text(fake.terms[2].method, "HEAD");
        strbuf_release(&parts);
        fake_end(&fake);
    }
}

/* Whether it was completed shows another time: nobody may take it for failed. */
static void test_complete_whose_outcome_cannot_be_seen(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {LOST,
                                             ERROR(404, "NoSuchUpload"),
                                             {.status = 503},
                                             {.status = 503},
                                             {.status = 503},
                                             {.status = 503},
                                             {.status = 503},
                                             ERROR(404, "NoSuchUpload"),
                                             {.status = 403}};
    struct fake_aws fake;
    struct strbuf parts = STRBUF_INIT;
    struct s3_written written;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_complete_options options = complete_options(&parts);
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_true(fake.err.retryable);
    assert_message(&fake.err, "s3 HeadObject");
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_false(fake.err.retryable);
    assert_message(&fake.err, "NoSuchUpload");
    strbuf_release(&parts);
    fake_end(&fake);
}

static void test_complete_that_meets_itself(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        LOST,
        ERROR(412, "PreconditionFailed"),
        {.status = 200,
         .headers = "ETag: \"z-2\"\nContent-Length: 9\nx-amz-checksum-crc32: y/Q5Jg==\n"},
        ERROR(412, "PreconditionFailed"),
        {.status = 404},
        LOST,
        ERROR(404, "NoSuchUpload"),
        {.status = 404}};
    struct fake_aws fake;
    struct strbuf parts = STRBUF_INIT;
    struct s3_written written;
    fake_start(&fake, steps, COUNT_OF(steps));
    const struct s3_complete_options options = complete_options(&parts);
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), 0);
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_int_equal(s3_complete(&fake.client, &options, &fake.arena, &written, NULL), -1);
    strbuf_release(&parts);
    fake_end(&fake);
}

/* --- Abort and list --- */

static void test_abort(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 204}, ERROR(404, "NoSuchUpload"), ERROR(403, "AccessDenied")};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(s3_abort_upload(&fake.client, &upload, &fake.arena, &fake.err), 0);
    assert_request(&fake, 0,
                   "DELETE https://" HOST "/out/a%20b?uploadId=id%2F1%2B%3D\nHost: " HOST "\n\n");
    assert_int_equal(s3_abort_upload(&fake.client, &upload, &fake.arena, &fake.err), 0);
    assert_int_equal(s3_abort_upload(&fake.client, &upload, &fake.arena, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_DENIED);
    const struct s3_upload none = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    assert_int_equal(s3_abort_upload(&fake.client, &none, &fake.arena, &fake.err), -1);
    assert_message(&fake.err, "no upload id");
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_copied_parts),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_complete_whose_reply_got_lost),
        cmocka_unit_test(test_complete_whose_outcome_cannot_be_seen),
        cmocka_unit_test(test_complete_that_meets_itself),
        cmocka_unit_test(test_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
