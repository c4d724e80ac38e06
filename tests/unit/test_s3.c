#include "unit/unit.h"

#include "aws/s3/s3.h"
#include "base/crc32.h"
#include "unit/fake_aws.h"

#define HOST "in-bucket.s3.eu-west-1.amazonaws.com"
#define ODD_KEY SLICE("in/red flower+1%/\"q\"\n\xc3\xa9/../.csv")
#define ODD_PATH "/in/red%20flower%2B1%25/%22q%22%0A%C3%A9/../.csv"

/* --- HeadObject --- */

static void test_head(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{.status = 200,
                                              .headers =
                                                  "ETag: \"abc\"\n"
                                                  "Content-Length: 5368709121\n"
                                                  "Content-Type: text/csv\n"
                                                  "Last-Modified: Fri, 20 Nov 2026 20:27:53 GMT\n"
                                                  "x-amz-version-id: v1\n"
                                                  "x-amz-checksum-crc32: y/Q5Jg==\n"
                                                  "x-amz-checksum-type: FULL_OBJECT\n"
                                                  "x-amz-meta-file-id: 17\n"
                                                  "X-Amz-Meta-Empty:\n"}};
    struct fake_aws fake;
    struct s3_object object;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(s3_head(&fake.client,
                             &(struct s3_head_options){.bucket = SLICE("in-bucket"),
                                                       .key = ODD_KEY,
                                                       .version_id = SLICE("a/1+2"),
                                                       .if_match = SLICE("abc"),
                                                       .checksum = true},
                             &fake.arena, &object, &fake.err),
                     0);
    assert_request(&fake, 0,
                   "HEAD https://" HOST ODD_PATH "?versionId=a%2F1%2B2\n"
                   "Host: " HOST "\n"
                   "If-Match: \"abc\"\n"
                   "x-amz-checksum-mode: ENABLED\n\n");
    assert_true(fake.terms[0].repeatable);
    assert_int_equal(object.size, UINT64_C(5368709121));
    assert_text(object.etag, "abc");
    assert_text(object.version_id, "v1");
    assert_text(object.content_type, "text/csv");
    assert_int_equal(object.modified_ms, FAKE_NOW_MS);
    assert_true(object.has_crc32);
    assert_int_equal(object.crc32, 0xcbf43926);
    assert_int_equal(object.metadata_count, 2);
    assert_text(object.metadata[0].name, "file-id");
    assert_text(object.metadata[0].value, "17");
    assert_text(object.metadata[1].name, "Empty");
    fake_end(&fake);
}

static void test_head_failures(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 404},
        {.status = 412},
        {.status = 200, .headers = "Content-Length: 1\n"},
        {.status = 200, .headers = "ETag: \"a\"\nContent-Length: x\n"}};
    static const enum error_kind kinds[] = {ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_REMOTE,
                                            ERROR_REMOTE};
    static const char *const parts[] = {
        "s3 HeadObject s3://in-bucket/k: NotFound", "PreconditionFailed",
        "s3 HeadObject s3://in-bucket/k: the reply has no ETag", "Content-Length"};
    struct fake_aws fake;
    struct s3_object object;
    fake_start(&fake, steps, COUNT_OF(steps));
    const struct s3_head_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        assert_int_equal(s3_head(&fake.client, &options, &fake.arena, &object, &fake.err), -1);
        assert_int_equal(fake.err.kind, kinds[i]);
        assert_message(&fake.err, parts[i]);
    }
    assert_text(fake.terms[0].url, "https://" HOST "/k");
    fake_end(&fake);
}

static void test_names_that_are_none(void **state)
{
    (void)state;
    static char key[1025];
    struct fake_aws fake;
    struct s3_object object;
    fake_start(&fake, NULL, 0);
    memset(key, 'k', sizeof(key));
    struct s3_head_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("")};
    assert_int_equal(s3_head(&fake.client, &options, &fake.arena, &object, &fake.err), -1);
    assert_message(&fake.err, "s3 HeadObject: the key is empty");
    options.key = slice_of(key, sizeof(key));
    assert_int_equal(s3_head(&fake.client, &options, &fake.arena, &object, &fake.err), -1);
    assert_message(&fake.err, "the key has 1025 bytes; S3 allows 1024");
    options.key = SLICE("k");
    options.bucket = SLICE("");
    assert_int_equal(s3_head(&fake.client, &options, &fake.arena, &object, &fake.err), -1);
    assert_message(&fake.err, "no bucket");
    options.bucket = SLICE("evil.example/x");
    assert_int_equal(s3_head(&fake.client, &options, &fake.arena, &object, &fake.err), -1);
    assert_message(&fake.err, "no name of a bucket");
    fake_end(&fake);
}

static void test_path_style(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .headers = "ETag: a\nContent-Length: 0\n"},
        {.status = 200, .headers = "ETag: a\nContent-Length: 0\n"}};
    struct fake_aws fake;
    struct s3_object object;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_head_options options = {.bucket = SLICE("dotted.bucket"), .key = SLICE("/k")};
    assert_int_equal(s3_head(&fake.client, &options, &fake.arena, &object, &fake.err), 0);
    (void)setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", 1);
    assert_int_equal(s3_head(&fake.client, &options, &fake.arena, &object, &fake.err), 0);
    (void)unsetenv("AWS_ENDPOINT_URL");
    assert_request(&fake, 0,
                   "HEAD https://s3.eu-west-1.amazonaws.com/dotted.bucket//k\n"
                   "Host: s3.eu-west-1.amazonaws.com\n\n");
    assert_request(&fake, 1,
                   "HEAD http://127.0.0.1:4566/dotted.bucket//k\nHost: 127.0.0.1:4566\n\n");
    fake_end(&fake);
}

/* --- PutObject --- */

static const struct http_header metadata[] = {{SLICE_INIT("file-id"), SLICE_INIT("17")}};

static struct s3_put_options put_options(void)
{
    return (struct s3_put_options){.bucket = SLICE("in-bucket"),
                                   .key = ODD_KEY,
                                   .body = SLICE("123456789"),
                                   .content_type = SLICE("text/csv"),
                                   .metadata = metadata,
                                   .metadata_count = 1,
                                   .if_none_match = true};
}

static void test_put(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .headers = "ETag: \"abc\"\nx-amz-version-id: v2\n"},
        {.status = 200, .headers = "ETag: \"abc\"\n"},
        {.status = 200}};
    struct fake_aws fake;
    struct s3_written written;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_put_options options = put_options();
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), 0);
    assert_request(&fake, 0,
                   "PUT https://" HOST ODD_PATH "\n"
                   "Host: " HOST "\n"
                   "Content-Type: text/csv\n"
                   "If-None-Match: *\n"
                   "x-amz-checksum-crc32: y/Q5Jg==\n"
                   "x-amz-meta-file-id: 17\n"
                   "\n"
                   "123456789");
    assert_text(written.etag, "abc");
    assert_text(written.version_id, "v2");
    options = (struct s3_put_options){
        .bucket = SLICE("in-bucket"), .key = SLICE("k"), .if_match = SLICE("old")};
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), 0);
    assert_request(&fake, 1,
                   "PUT https://" HOST "/k\n"
                   "Host: " HOST "\n"
                   "If-Match: \"old\"\n"
                   "x-amz-checksum-crc32: AAAAAA==\n\n");
    assert_int_equal(written.version_id.size, 0);
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_message(&fake.err, "s3 PutObject s3://in-bucket/k: the reply has no ETag");
    fake_end(&fake);
}

static void test_put_that_is_taken_already(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 412, .body = SLICE_INIT("<Error><Code>PreconditionFailed</Code></Error>")},
        {.status = 404}, /* gone in between */
        {.status = 409,
         .body = SLICE_INIT("<Error><Code>ConditionalRequestConflict</Code></Error>")},
        {.status = 200, .headers = "ETag: \"abc\"\n"}};
    struct fake_aws fake;
    struct s3_written written;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_put_options options = put_options();
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_false(fake.err.retryable);
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), 0);
    fake_end(&fake);
}

#define LOST                                                                                       \
    {                                                                                              \
        .kind = ERROR_NETWORK                                                                      \
    }
#define TAKEN                                                                                      \
    {                                                                                              \
        .status = 412, .body = SLICE_INIT("<Error><Code>PreconditionFailed</Code></Error>")        \
    }

/* An earlier sending was carried out, its reply got lost, and this one finds the key taken. */
static void test_put_that_meets_itself(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool ours;
    } rows[] = {
        {"ETag: \"abc\"\nContent-Length: 9\nx-amz-checksum-crc32: y/Q5Jg==\n"
         "x-amz-meta-file-id: 17\nx-amz-version-id: v3\n",
         true},
        {"ETag: \"abc\"\nContent-Length: 9\nx-amz-checksum-crc32: y/Q5Jg==\n"
         "x-amz-meta-file-id: 18\n",
         false},
        {"ETag: \"abc\"\nContent-Length: 9\nx-amz-checksum-crc32: y/Q5Jg==\n", false},
        {"ETag: \"abc\"\nContent-Length: 9\nx-amz-meta-file-id: 17\n", false},
        {"ETag: \"abc\"\nContent-Length: 8\nx-amz-checksum-crc32: y/Q5Jg==\n"
         "x-amz-meta-file-id: 17\n",
         false},
        {"ETag: \"abc\"\nContent-Length: 9\nx-amz-checksum-crc32: AAAAAA==\n"
         "x-amz-meta-file-id: 17\n",
         false},
    };
    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        const size_t row = i / 2;
        const struct fake_step steps[] = {
            LOST, TAKEN, {.status = 200, .headers = rows[row].headers}};
        struct fake_aws fake;
        struct s3_written written = {.etag = SLICE("")};
        fake_start(&fake, steps, COUNT_OF(steps));
        struct s3_put_options options = put_options();
        options.if_none_match = i % 2 == 0;
        options.if_match = options.if_none_match ? SLICE("") : SLICE("before");
        int result = s3_put(&fake.client, &options, &fake.arena, &written, &fake.err);
        assert_int_equal(result, rows[row].ours ? 0 : -1);
        if (rows[row].ours) {
            assert_text(written.version_id, "v3");
        } else {
            assert_int_equal(fake.err.kind, ERROR_CONFLICT);
            assert_message(&fake.err, "2 tries: Network, then: PreconditionFailed");
        }
        fake_end(&fake);
    }
}

/* Whether the key was taken by ourselves shows another time. */
static void test_put_whose_outcome_cannot_be_seen(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {LOST,
                                             TAKEN,
                                             {.status = 500},
                                             {.status = 500},
                                             {.status = 500},
                                             {.status = 500},
                                             {.status = 500},
                                             TAKEN,
                                             {.status = 403}};
    struct fake_aws fake;
    struct s3_written written;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_put_options options = put_options();
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_true(fake.err.retryable);
    assert_message(&fake.err, "s3 HeadObject");
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    fake_end(&fake);
}

static void test_put_refuses_bad_metadata(void **state)
{
    (void)state;
    static struct http_header many[S3_METADATA_LIMIT + 1];
    static const struct http_header bad[] = {{SLICE_INIT("a:b"), SLICE_INIT("x")},
                                             {SLICE_INIT(""), SLICE_INIT("x")},
                                             {SLICE_INIT("a"), SLICE_INIT("x\r\ny: z")},
                                             {SLICE_INIT("a"), SLICE_INIT("\xc3\xa9")}};
    struct fake_aws fake;
    struct s3_written written;
    fake_start(&fake, NULL, 0);
    struct s3_put_options options = put_options();
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        options.metadata = &bad[i];
        assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
        assert_message(&fake.err, "metadata field 1");
    }
    options.metadata = many;
    options.metadata_count = COUNT_OF(many);
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_LIMIT);
    options = put_options();
    options.body.size = (size_t)5000000001;
    assert_int_equal(s3_put(&fake.client, &options, &fake.arena, &written, &fake.err), -1);
    assert_message(&fake.err, "over 5 GB must go by parts");
    fake_end(&fake);
}

/* --- DeleteObject --- */

static void test_delete(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 204},
        {.status = 204},
        {.status = 412, .body = SLICE_INIT("<Error><Code>PreconditionFailed</Code></Error>")},
        {.status = 404, .body = SLICE_INIT("<Error><Code>NoSuchKey</Code></Error>")},
        {.status = 404, .body = SLICE_INIT("<Error><Code>NoSuchBucket</Code></Error>")}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct s3_delete_options options = {
        .bucket = SLICE("in-bucket"), .key = ODD_KEY, .version_id = SLICE("v 1")};
    assert_int_equal(s3_delete(&fake.client, &options, &fake.arena, NULL, &fake.err), 0);
    assert_request(&fake, 0,
                   "DELETE https://" HOST ODD_PATH "?versionId=v%201\nHost: " HOST "\n\n");
    options = (struct s3_delete_options){
        .bucket = SLICE("in-bucket"), .key = SLICE("k"), .if_match = SLICE("abc")};
    assert_int_equal(s3_delete(&fake.client, &options, &fake.arena, NULL, &fake.err), 0);
    assert_request(&fake, 1, "DELETE https://" HOST "/k\nHost: " HOST "\nIf-Match: \"abc\"\n\n");
    assert_int_equal(s3_delete(&fake.client, &options, &fake.arena, NULL, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_int_equal(s3_delete(&fake.client, &options, &fake.arena, NULL, &fake.err), 0);
    options.if_match = SLICE("");
    assert_int_equal(s3_delete(&fake.client, &options, &fake.arena, NULL, &fake.err), -1);
    assert_string_equal(fake.err.code, "NoSuchBucket");
    fake_end(&fake);
}

/* --- Pieces --- */

static void test_pieces(void **state)
{
    (void)state;
    struct arena arena;
    uint32_t crc32 = 7;
    arena_init(&arena, 0);
    assert_text(s3_etag_bare(SLICE("\"a\"")), "a");
    assert_text(s3_etag_bare(SLICE("\"")), "\"");
    assert_text(s3_etag_quoted(SLICE("a"), &arena), "\"a\"");
    assert_text(s3_etag_quoted(SLICE("\"a\""), &arena), "\"a\"");
    assert_text(s3_etag_quoted(SLICE("*"), &arena), "*");
    assert_text(s3_etag_quoted(SLICE(""), &arena), "");
    assert_text(s3_crc32_text(0xcbf43926, &arena), "y/Q5Jg==");
    assert_false(s3_crc32_read(SLICE("y/Q5Jg"), &crc32));
    assert_false(s3_crc32_read(SLICE("y/Q5JgAA"), &crc32));
    assert_false(s3_crc32_read(SLICE("y/Q5J==="), &crc32));
    assert_int_equal(crc32, 7);
    assert_text(s3_name(SLICE("b"), SLICE("a\nb\x7f"), &arena), "s3://b/a?b?");
    assert_text(s3_copy_source(SLICE("b"), SLICE("a b+/c"), SLICE(""), &arena), "b/a%20b%2B/c");
    assert_text(s3_copy_source(SLICE("b"), SLICE("a?"), SLICE("v/1"), &arena),
                "b/a%3F?versionId=v%2F1");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_head_failures),
        cmocka_unit_test(test_names_that_are_none),
        cmocka_unit_test(test_path_style),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_put_that_is_taken_already),
        cmocka_unit_test(test_put_that_meets_itself),
        cmocka_unit_test(test_put_whose_outcome_cannot_be_seen),
        cmocka_unit_test(test_put_refuses_bad_metadata),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
