#include "unit/unit.h"

#include "aws/s3/s3.h"
#include "aws/s3/s3_versions.h"
#include "unit/fake_aws.h"

#define HOST "in-bucket.s3.eu-west-1.amazonaws.com"

static void test_page(void **state)
{
    (void)state;
    struct fake_step steps[] = {
        {.status = 200},
        {.status = 200, .body = SLICE_INIT("<ListVersionsResult/>")},
        {.status = 200,
         .body = SLICE_INIT("<ListVersionsResult><Version><Key>a</Key></Version>"
                            "</ListVersionsResult>")},
        {.status = 404, .body = SLICE_INIT("<Error><Code>NoSuchBucket</Code></Error>")}};
    struct fake_aws fake;
    struct s3_versions_page page;
    fake_start(&fake, steps, COUNT_OF(steps));
    steps[0].body = fake_file(&fake.arena, "s3_versions_page.xml");
    struct s3_versions_options options = {.bucket = SLICE("in-bucket"),
                                          .prefix = SLICE("processing/id/")};
    assert_int_equal(s3_list_versions(&fake.client, &options, &fake.arena, &page, &fake.err), 0);
    assert_request(&fake, 0,
                   "GET https://" HOST "/?versions=&encoding-type=url&prefix=processing%2Fid%2F\n"
                   "Host: " HOST "\n\n");
    assert_int_equal(page.count, 3);
    assert_text(page.versions[0].key, "processing/id/data-1");
    assert_text(page.versions[0].version_id, "m1");
    assert_text(page.versions[1].key, "processing/id/data-1");
    assert_text(page.versions[1].version_id, "3/L4kqtJ+lcpXroDTDmJ");
    assert_text(page.versions[2].key, "processing/id/red flower+1");
    assert_text(page.versions[2].version_id, "null");
    assert_true(page.is_truncated);
    options.prefix = SLICE("");
    assert_int_equal(s3_list_versions(&fake.client, &options, &fake.arena, &page, &fake.err), 0);
    assert_request(&fake, 1,
                   "GET https://" HOST "/?versions=&encoding-type=url\nHost: " HOST "\n\n");
    assert_int_equal(page.count, 0);
    assert_false(page.is_truncated);
    assert_int_equal(s3_list_versions(&fake.client, &options, &fake.arena, &page, &fake.err), -1);
    assert_string_equal(fake.err.message,
                        "s3 ListObjectVersions s3://in-bucket/: the reply lists a "
                        "version without key or id");
    assert_int_equal(s3_list_versions(&fake.client, &options, &fake.arena, &page, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
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
        {"<ListBucketResult/>", "<ListBucketResult>, not <ListVersionsResult>"},
        {"<ListVersionsResult>", "XML"},
        {"<ListVersionsResult><IsTruncated>maybe</IsTruncated></ListVersionsResult>",
         "<IsTruncated> is no truth"},
        {"<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>",
         "truncated but lists nothing"},
        {"<ListVersionsResult><DeleteMarker><VersionId>1</VersionId></DeleteMarker>"
         "</ListVersionsResult>",
         "without key or id"},
        {"<ListVersionsResult><Version><Key>%</Key></Version></ListVersionsResult>",
         "<Key> is no key"},
        {"<ListVersionsResult><Version><Key>a</Key>", "XML"},
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct s3_versions_page page;
        struct error err;
        assert_int_equal(s3_list_versions_parse(slice_from(rows[i].body), &arena, &page, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_message(&err, rows[i].part);
    }
    arena_release(&arena);
}

static void test_a_page_has_an_end(void **state)
{
    (void)state;
    static const char version[] = "<Version><Key>k</Key><VersionId>v</VersionId></Version>";
    struct arena arena;
    struct strbuf body = STRBUF_INIT;
    struct s3_versions_page page;
    struct error err;
    arena_init(&arena, 0);
    strbuf_append_text(&body, "<ListVersionsResult>");
    for (int i = 0; i < 1000; i++) {
        strbuf_append_text(&body, version);
    }
    size_t full = body.size;
    strbuf_append_text(&body, "</ListVersionsResult>");
    assert_int_equal(s3_list_versions_parse(strbuf_slice(&body), &arena, &page, &err), 0);
    assert_int_equal(page.count, 1000);
    strbuf_truncate(&body, full);
    strbuf_append_text(&body, version);
    strbuf_append_text(&body, "</ListVersionsResult>");
    assert_int_equal(s3_list_versions_parse(strbuf_slice(&body), &arena, &page, &err), -1);
    assert_message(&err, "more than 1000 versions");
    strbuf_release(&body);
    arena_release(&arena);
}

static void test_delete_tells_of_a_marker(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 204},
        {.status = 204, .headers = "x-amz-delete-marker: true\n"},
        {.status = 204, .headers = "x-amz-delete-marker: false\n"},
        {.status = 204, .headers = "x-amz-delete-marker: true\n"}};
    static const bool expected[] = {false, true, false, false};
    struct s3_delete_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        bool marker_set = !expected[i];
        options.version_id =
            i == 3 ? SLICE("m") : SLICE(""); /* this one was a marker, and is gone */
        assert_int_equal(s3_delete(&fake.client, &options, &fake.arena, &marker_set, &fake.err), 0);
        assert_int_equal(marker_set, expected[i]);
    }
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_replies_that_are_bad),
        cmocka_unit_test(test_a_page_has_an_end),
        cmocka_unit_test(test_delete_tells_of_a_marker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
