#include "unit/unit.h"

#include "aws/s3/s3_uploads.h"
#include "unit/fake_aws.h"

#define HOST "in-bucket.s3.eu-west-1.amazonaws.com"

/* --- Abort and list --- */

static void test_list_uploads(void **state)
{
    (void)state;
    struct fake_step steps[] = {
        {.status = 200},
        {.status = 200,
         .body = SLICE("<ListMultipartUploadsResult><NextKeyMarker>x</NextKeyMarker>"
                       "<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")},
        {.status = 200,
         .body = SLICE("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
                       "</ListMultipartUploadsResult>")}};
    struct fake_aws fake;
    struct s3_uploads_page page;
    fake_start(&fake, steps, COUNT_OF(steps));
    steps[0].body = fake_file(&fake.arena, "s3_uploads_page.xml");
    struct s3_list_uploads_options options = {.bucket = SLICE("in-bucket"),
                                              .prefix = SLICE("out/")};
    assert_int_equal(s3_list_uploads(&fake.client, &options, &fake.arena, &page, &fake.err), 0);
    assert_request(&fake, 0,
                   "GET https://" HOST "/?uploads=&encoding-type=url&prefix=out%2F\n"
                   "Host: " HOST "\n\n");
    assert_int_equal(page.count, 2);
    assert_text(page.uploads[0].key, "out/a\n");
    assert_text(page.uploads[0].id, "id/1+=");
    assert_int_equal(page.uploads[0].initiated_ms, FAKE_NOW_MS);
    assert_text(page.next_key_marker, "out/b c");
    assert_text(page.next_id_marker, "id 2");
    options.key_marker = page.next_key_marker;
    options.id_marker = page.next_id_marker;
    assert_int_equal(s3_list_uploads(&fake.client, &options, &fake.arena, &page, &fake.err), 0);
    assert_request(&fake, 1,
                   "GET https://" HOST "/?uploads=&encoding-type=url&prefix=out%2F&"
                   "key-marker=out%2Fb%20c&upload-id-marker=id%202\n"
                   "Host: " HOST "\n\n");
    assert_int_equal(page.count, 0);
    assert_int_equal(page.next_key_marker.size, 0);
    assert_int_equal(s3_list_uploads(&fake.client, &options, &fake.arena, &page, &fake.err), -1);
    assert_message(&fake.err,
                   "s3 ListMultipartUploads s3://in-bucket/out/: the reply is truncated");
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_uploads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
