#include "unit/unit.h"

#include "aws/s3/s3_list.h"
#include "unit/fake_aws.h"

#define HOST "in-bucket.s3.eu-west-1.amazonaws.com"

static void test_page(void **state)
{
    (void)state;
    struct fake_step steps[] = {{.status = 200}};
    struct fake_aws fake;
    struct s3_list_page page;
    fake_start(&fake, steps, COUNT_OF(steps));
    steps[0].body = fake_file(&fake.arena, "s3_list_page.xml");
    const struct s3_list_options options = {.bucket = SLICE("in-bucket"),
                                            .prefix = SLICE("in/"),
                                            .delimiter = SLICE("/"),
                                            .start_after = SLICE("in/a b"),
                                            .token = SLICE("1/+="),
                                            .page_size = 50};
    assert_int_equal(s3_list(&fake.client, &options, &fake.arena, &page, &fake.err), 0);
    assert_request(&fake, 0,
                   "GET https://" HOST
                   "/?list-type=2&encoding-type=url&max-keys=50&prefix=in%2F&delimiter=%2F&"
                   "start-after=in%2Fa%20b&continuation-token=1%2F%2B%3D\n"
                   "Host: " HOST "\n\n");
    assert_int_equal(page.entry_count, 2);
    assert_text(page.entries[0].key, "in/red flower+1%\n\xc3\xa9\x01.csv");
    assert_text(page.entries[0].etag, "abc-2");
    assert_int_equal(page.entries[0].size, UINT64_C(5368709121));
    assert_int_equal(page.entries[0].modified_ms, FAKE_NOW_MS);
    assert_text(page.entries[1].key, "in/b");
    assert_text(page.entries[1].etag, "def");
    assert_int_equal(page.prefix_count, 1);
    assert_text(page.prefixes[0], "in/sub folder/");
    assert_text(page.next_token, "1/+= &x");
    fake_end(&fake);
}

static void test_last_page_and_failures(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200,
         .body = SLICE_INIT("<ListBucketResult><IsTruncated>false</IsTruncated>"
                            "<Contents><Key>a</Key><Size>x</Size></Contents></ListBucketResult>")},
        {.status = 404, .body = SLICE_INIT("<Error><Code>NoSuchBucket</Code></Error>")},
        {.status = 200, .body = SLICE_INIT("<ListBucketResult/>")},
        {.status = 200, .body = SLICE_INIT("<html/>")},
        {.status = 200, .body = SLICE_INIT("<ListBucketResult></ListBucketResult>")}};
    struct fake_aws fake;
    struct s3_list_page page;
    fake_start(&fake, steps, COUNT_OF(steps));
    const struct s3_list_options options = {.bucket = SLICE("in-bucket")};
    assert_int_equal(s3_list(&fake.client, &options, &fake.arena, &page, &fake.err), -1);
    assert_string_equal(fake.err.message,
                        "s3 ListObjectsV2 s3://in-bucket/: the reply's <Size> is no number");
    assert_int_equal(s3_list(&fake.client, &options, &fake.arena, &page, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
    assert_int_equal(s3_list(&fake.client, &options, &fake.arena, &page, &fake.err), 0);
    assert_int_equal(page.entry_count + page.prefix_count + page.next_token.size, 0);
    assert_int_equal(s3_list(&fake.client, &options, &fake.arena, &page, &fake.err), 0);
    assert_int_equal(fake.reply.tries, 0);
    assert_request(&fake, 4,
                   "GET https://" HOST "/?list-type=2&encoding-type=url\nHost: " HOST "\n\n");
    fake_end(&fake);
}

static void test_replies_that_are_bad(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *part;
    } rows[] = {
        {"", "no element"},
        {"<Error><Code>X</Code></Error>", "<Error>, not <ListBucketResult>"},
        {"<ListBucketResult>", "XML"},
        {"<ListBucketResult><IsTruncated>maybe</IsTruncated></ListBucketResult>",
         "<IsTruncated> is no truth"},
        {"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "do not fit"},
        {"<ListBucketResult><NextContinuationToken>x</NextContinuationToken></ListBucketResult>",
         "do not fit"},
        {"<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
         "without <Key>"},
        {"<ListBucketResult><Contents><Key>%</Key></Contents></ListBucketResult>",
         "<Key> is no key"},
        {"<ListBucketResult><Contents><Key>a</Key><LastModified>now</LastModified></Contents>"
         "</ListBucketResult>",
         "<LastModified> is no time"},
        {"<ListBucketResult><Contents><Key>a</Key>", "XML"},
        {"<ListBucketResult><CommonPrefixes><Prefix>%zz</Prefix></CommonPrefixes>"
         "</ListBucketResult>",
         "<Prefix> is no key"},
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct s3_list_page page;
        struct error err;
        assert_int_equal(s3_list_parse(slice_from(rows[i].body), &arena, &page, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_message(&err, rows[i].part);
    }
    arena_release(&arena);
}

static void test_a_page_has_an_end(void **state)
{
    (void)state;
    struct arena arena;
    struct strbuf body = STRBUF_INIT;
    struct s3_list_page page;
    struct error err;
    arena_init(&arena, 0);
    strbuf_append_text(&body, "<ListBucketResult>");
    for (int i = 0; i < 1000; i++) {
        strbuf_append_text(&body, "<Contents><Key>k</Key></Contents>");
    }
    size_t full = body.size;
    strbuf_append_text(&body, "</ListBucketResult>");
    assert_int_equal(s3_list_parse(strbuf_slice(&body), &arena, &page, &err), 0);
    assert_int_equal(page.entry_count, 1000);
    strbuf_truncate(&body, full);
    strbuf_append_text(&body, "<CommonPrefixes/></ListBucketResult>");
    assert_int_equal(s3_list_parse(strbuf_slice(&body), &arena, &page, &err), -1);
    assert_message(&err, "more than 1000 entries");
    strbuf_release(&body);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_last_page_and_failures),
        cmocka_unit_test(test_replies_that_are_bad),
        cmocka_unit_test(test_a_page_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
