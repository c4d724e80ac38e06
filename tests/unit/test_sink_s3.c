#include "unit/unit.h"

#include "aws/s3/s3_multipart.h"
#include "base/crc32.h"
#include "stream/sink_s3.h"
#include "unit/fake_aws.h"

#define HOST "out-bucket.s3.eu-west-1.amazonaws.com"
#define PUT                                                                                        \
    {                                                                                              \
        .status = 200, .headers = "ETag: \"whole\"\n"                                              \
    }
#define CREATED                                                                                    \
    {                                                                                              \
        .status = 200, .body = SLICE_INIT("<InitiateMultipartUploadResult><UploadId>u1</UploadId>" \
                                          "</InitiateMultipartUploadResult>")                      \
    }
#define PART(etag)                                                                                 \
    {                                                                                              \
        .status = 200, .headers = "ETag: \"" etag "\"\n"                                           \
    }
#define COMPLETED                                                                                  \
    {                                                                                              \
        .status = 200,                                                                             \
        .body = SLICE_INIT("<CompleteMultipartUploadResult><ETag>\"joined-2\"</ETag>"              \
                           "</CompleteMultipartUploadResult>")                                     \
    }
#define REFUSED                                                                                    \
    {                                                                                              \
        .status = 403, .body = SLICE_INIT("<Error><Code>AccessDenied</Code></Error>")              \
    }

static const struct http_header metadata[] = {{SLICE_INIT("file-id"), SLICE_INIT("17")}};

struct run {
    struct fake_aws fake;
    struct sink_s3 *sink;
};

static void start(struct run *run, const struct fake_step *steps, size_t count, size_t part_size)
{
    fake_start(&run->fake, steps, count);
    run->sink = sink_s3_new(&(struct sink_s3_options){.client = &run->fake.client,
                                                      .bucket = SLICE("out-bucket"),
                                                      .key = SLICE("out/a b"),
                                                      .content_type = SLICE("text/csv"),
                                                      .metadata = metadata,
                                                      .metadata_count = 1,
                                                      .if_none_match = true,
                                                      .part_size = part_size});
}

static int write_text(struct run *run, const char *text)
{
    return sink_write(sink_s3_sink(run->sink), slice_from(text), &run->fake.err);
}

static int close_sink(struct run *run)
{
    return sink_close(sink_s3_sink(run->sink), &run->fake.err);
}

static void end(struct run *run)
{
    sink_s3_free(run->sink);
    fake_end(&run->fake);
}

static void test_small_objects_are_one_put(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {PUT};
    struct run run;
    start(&run, steps, COUNT_OF(steps), 10);
    assert_int_equal(write_text(&run, "12345"), 0);
    assert_int_equal(write_text(&run, ""), 0);
    assert_int_equal(write_text(&run, "67890"), 0); /* just full: still one put */
    assert_int_equal(run.fake.requests, 0);
    assert_int_equal(close_sink(&run), 0);
    assert_request(&run.fake, 0,
                   "PUT https://" HOST "/out/a%20b\n"
                   "Host: " HOST "\n"
                   "Content-Type: text/csv\n"
                   "If-None-Match: *\n"
                   "x-amz-checksum-crc32: Jh2u5Q==\n"
                   "x-amz-meta-file-id: 17\n\n"
                   "1234567890");
    assert_text(sink_s3_etag(run.sink), "whole");
    assert_int_equal(sink_s3_bytes(run.sink), 10);
    end(&run);
}

static void test_an_empty_object(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {PUT};
    struct run run;
    start(&run, steps, COUNT_OF(steps), 0);
    assert_int_equal(close_sink(&run), 0);
    assert_says(run.fake.sent[0], "x-amz-checksum-crc32: AAAAAA==\n");
    end(&run);
}

/* Part 1 of "123456789a", and the completion with part 2 of "bcdefghijk". */
static void assert_parts(struct run *run)
{
    struct slice crc1 = s3_crc32_text(crc32_update(0, SLICE("123456789a")), &run->fake.arena);
    struct slice crc2 = s3_crc32_text(crc32_update(0, SLICE("bcdefghijk")), &run->fake.arena);
    struct slice crc =
        s3_crc32_text(crc32_update(0, SLICE("123456789abcdefghijk")), &run->fake.arena);
    assert_request(&run->fake, 1,
                   arena_format(&run->fake.arena,
                                "PUT https://" HOST "/out/a%%20b?partNumber=1&uploadId=u1\n"
                                "Host: " HOST "\n"
                                "x-amz-checksum-crc32: %s\n\n"
                                "123456789a",
                                crc1.data)
                       .data);
    assert_request(&run->fake, 3,
                   arena_format(&run->fake.arena,
                                "POST https://" HOST "/out/a%%20b?uploadId=u1\n"
                                "Host: " HOST "\n"
                                "Content-Type: application/xml\n"
                                "x-amz-mp-object-size: 20\n"
                                "x-amz-checksum-crc32: %s\n"
                                "x-amz-checksum-type: FULL_OBJECT\n"
                                "If-None-Match: *\n\n"
                                "<CompleteMultipartUpload "
                                "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                                "<Part><PartNumber>1</PartNumber><ETag>&quot;p1&quot;</ETag>"
                                "<ChecksumCRC32>%s</ChecksumCRC32></Part>"
                                "<Part><PartNumber>2</PartNumber><ETag>&quot;p2&quot;</ETag>"
                                "<ChecksumCRC32>%s</ChecksumCRC32></Part>"
                                "</CompleteMultipartUpload>",
                                crc.data, crc1.data, crc2.data)
                       .data);
}

static void test_larger_ones_go_by_parts(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {CREATED, PART("p1"), PART("p2"), COMPLETED};
    struct run run;
    start(&run, steps, COUNT_OF(steps), 10);
    assert_int_equal(write_text(&run, "123456789abcdefghi"), 0);
    assert_int_equal(run.fake.requests, 2);
    assert_int_equal(write_text(&run, "jk"), 0);
    assert_int_equal(close_sink(&run), 0);
    assert_request(&run.fake, 0,
                   "POST https://" HOST "/out/a%20b?uploads=\n"
                   "Host: " HOST "\n"
                   "Content-Type: text/csv\n"
                   "x-amz-checksum-algorithm: CRC32\n"
                   "x-amz-checksum-type: FULL_OBJECT\n"
                   "x-amz-meta-file-id: 17\n\n");
    assert_parts(&run);
    assert_text(sink_s3_etag(run.sink), "joined-2");
    assert_int_equal(sink_s3_bytes(run.sink), 20);
    end(&run);
}

static void test_abort_leaves_nothing(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {CREATED, PART("p1"), {.status = 204}};
    struct run run;
    start(&run, steps, COUNT_OF(steps), 10);
    assert_int_equal(write_text(&run, "1234567890x"), 0);
    run.fake.client.deadline_ms = FAKE_NOW_MS; /* has come: the abort still has its time */
    run.fake.client.grace_ms = 400;
    sink_abort(sink_s3_sink(run.sink));
    assert_request(&run.fake, 2,
                   "DELETE https://" HOST "/out/a%20b?uploadId=u1\nHost: " HOST "\n\n");
    assert_int_equal(run.fake.terms[2].deadline_ms, FAKE_NOW_MS + 400);
    assert_int_equal(run.fake.client.deadline_ms, FAKE_NOW_MS);
    sink_abort(sink_s3_sink(run.sink)); /* once is enough */
    end(&run);

    start(&run, NULL, 0, 10); /* nothing was sent: nothing is to be removed */
    assert_int_equal(write_text(&run, "123"), 0);
    sink_abort(sink_s3_sink(run.sink));
    end(&run);
}

static void test_an_abort_that_fails_is_logged(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {CREATED, PART("p1"), REFUSED};
    struct run run;
    start(&run, steps, COUNT_OF(steps), 10);
    assert_int_equal(write_text(&run, "1234567890x"), 0);
    sink_abort(sink_s3_sink(run.sink));
    assert_says(fake_log(&run.fake), "could not be aborted");
    end(&run);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct fake_step refused_create[] = {REFUSED};
    static const struct fake_step refused_part[] = {CREATED, REFUSED, {.status = 204}};
    static const struct fake_step refused_completion[] = {
        CREATED, PART("p1"), PART("p2"), REFUSED, {.status = 204}};
    static const struct fake_step taken[] = {
        {.status = 412, .body = SLICE_INIT("<Error><Code>PreconditionFailed</Code></Error>")},
        {.status = 200, .headers = "ETag: \"x\"\nContent-Length: 7\n"}};
    struct run run;

    start(&run, refused_create, COUNT_OF(refused_create), 10);
    assert_int_equal(write_text(&run, "1234567890x"), -1);
    assert_message(&run.fake.err, "s3 CreateMultipartUpload s3://out-bucket/out/a b: AccessDenied");
    sink_abort(sink_s3_sink(run.sink));
    end(&run);

    start(&run, refused_part, COUNT_OF(refused_part), 10);
    assert_int_equal(write_text(&run, "1234567890x"), -1);
    assert_message(&run.fake.err, "s3 UploadPart");
    sink_abort(sink_s3_sink(run.sink));
    end(&run);

    start(&run, refused_completion, COUNT_OF(refused_completion), 10);
    assert_int_equal(write_text(&run, "1234567890x"), 0);
    assert_int_equal(close_sink(&run), -1);
    assert_message(&run.fake.err, "s3 CompleteMultipartUpload");
    sink_abort(sink_s3_sink(run.sink));
    end(&run);

    start(&run, taken, COUNT_OF(taken), 10);
    assert_int_equal(close_sink(&run), -1);
    assert_int_equal(run.fake.err.kind, ERROR_CONFLICT);
    sink_abort(sink_s3_sink(run.sink));
    end(&run);
    sink_s3_free(NULL);
}

/* --- The largest object --- */

/* A transport that takes every part, and remembers the last request. */
struct taker {
    struct http http;
    unsigned parts;
    uint64_t bytes;
    bool aborted;
};

static int take(struct http *http, const struct http_request *request, struct arena *arena,
                struct http_response *response, struct error *err)
{
    struct taker *taker = (struct taker *)(void *)http;
    struct http_header *etag = arena_zalloc(arena, 1, sizeof(*etag));
    (void)err;
    *etag = (struct http_header){SLICE("etag"), SLICE("\"0123456789abcdef0123456789abcdef\"")};
    *response = (struct http_response){
        .status = 200, .headers = etag, .header_count = 1, .body = response->body};
    strbuf_clear(response->body);
    if (slice_equal(request->method, SLICE("POST"))) {
        strbuf_append_text(response->body, "<InitiateMultipartUploadResult><UploadId>u1</UploadId>"
                                           "</InitiateMultipartUploadResult>");
    } else if (slice_equal(request->method, SLICE("PUT"))) {
        taker->parts++;
        taker->bytes += request->body.size;
    } else {
        taker->aborted = true;
        response->status = 204;
    }
    return 0;
}

static void test_too_many_parts(void **state)
{
    (void)state;
    static char text[3 * S3_PARTS_LIMIT];
    struct taker taker = {.http.send = take};
    struct run run;
    start(&run, NULL, 0, 3);
    run.fake.client.http = &taker.http;
    assert_int_equal(
        sink_write(sink_s3_sink(run.sink), slice_of(text, sizeof(text)), &run.fake.err), 0);
    assert_int_equal(taker.parts, S3_PARTS_LIMIT - 1); /* the last one waits */
    assert_int_equal(write_text(&run, "xxx"), 0);
    assert_int_equal(taker.parts, S3_PARTS_LIMIT);
    assert_int_equal(taker.bytes, sizeof(text));
    assert_int_equal(write_text(&run, "x"), -1);
    assert_int_equal(run.fake.err.kind, ERROR_LIMIT);
    assert_false(run.fake.err.retryable);
    assert_message(&run.fake.err, "s3://out-bucket/out/a b: more than 10000 parts of 3 bytes");
    sink_abort(sink_s3_sink(run.sink));
    assert_true(taker.aborted);
    end(&run);
}

static void test_memory_is_one_part_s(void **state)
{
    (void)state;
    static char text[65536];
    struct taker taker = {.http.send = take};
    struct run run;
    start(&run, NULL, 0, 0);
    run.fake.client.http = &taker.http;
    for (size_t written = 0; written < 3 * SINK_S3_PART_SIZE; written += sizeof(text)) {
        assert_int_equal(
            sink_write(sink_s3_sink(run.sink), slice_of(text, sizeof(text)), &run.fake.err), 0);
    }
    assert_int_equal(taker.parts, 2);
    assert_int_equal(taker.bytes, 2 * SINK_S3_PART_SIZE);
    sink_abort(sink_s3_sink(run.sink));
    end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_objects_are_one_put),
        cmocka_unit_test(test_an_empty_object),
        cmocka_unit_test(test_larger_ones_go_by_parts),
        cmocka_unit_test(test_abort_leaves_nothing),
        cmocka_unit_test(test_an_abort_that_fails_is_logged),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_too_many_parts),
        cmocka_unit_test(test_memory_is_one_part_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
