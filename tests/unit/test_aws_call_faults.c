/* Faults that aws_call puts right by itself: expired keys, a wrong clock, another region. */
#include "unit/aws_call_fixture.h"
#include "base/array.h"

#define EXPIRED                                                                                    \
    {                                                                                              \
        .status = 400, .body = SLICE_INIT("{\"__type\":\"ExpiredTokenException\"}")                \
    }

static void test_expired_token_is_reloaded_once(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {EXPIRED, EXPIRED};
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(credentials_get(&fake.credentials, 0, &keys, &fake.err), 0);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDFRESH", 1);
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    assert_int_equal(fake.sleeps, 0);
    assert_says(fake.sent[0], "Credential=AKIDEXAMPLE/");
    assert_says(fake.sent[1], "Credential=AKIDFRESH/");
    assert_message(&fake.err, "2 tries: ExpiredTokenException, then: ExpiredTokenException");
    assert_int_equal(fake.err.kind, ERROR_DENIED);
    assert_true(fake.err.retryable);
    fake_end(&fake);
}

/* Keys that are new at every look, and a service that takes none of them. */
static void test_expired_token_with_keys_that_are_always_fresh(void **state)
{
    (void)state;
#define KEYS(id)                                                                                   \
    {                                                                                              \
        .status = 200, .body = SLICE_INIT("{\"AccessKeyId\":\"" id                                 \
                                          "\",\"SecretAccessKey\":\"secret of " id "\"}")          \
    }
    static const struct fake_step steps[] = {KEYS("A"), EXPIRED, KEYS("B"), EXPIRED};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    (void)unsetenv("AWS_ACCESS_KEY_ID");
    (void)unsetenv("AWS_SECRET_ACCESS_KEY");
    (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/keys", 1);
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    assert_says(fake.sent[3], "Credential=B/");
    (void)unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    fake_end(&fake);
}

static void test_expired_token_without_fresh_keys(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {EXPIRED};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    fake_end(&fake);
}

static void test_head_with_an_expired_token(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{.status = 400}, {.status = 200}};
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(credentials_get(&fake.credentials, 0, &keys, &fake.err), 0);
    (void)setenv("AWS_SESSION_TOKEN", "fresh token", 1);
    struct aws_request request = get_object();
    request.method = SLICE("HEAD");
    assert_int_equal(call(&fake, &request), 0);
    assert_says(fake.sent[1], "X-Amz-Security-Token: fresh token\n");
    fake_end(&fake);
}

static void test_clock_is_corrected_once(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 403,
         .headers = "Date: Fri, 20 Nov 2026 21:00:00 GMT\n",
         .body = SLICE_INIT("<Error><Code>RequestTimeTooSkewed</Code></Error>")},
        {.status = 200},
        {.status = 200},
        {.status = 403,
         .headers = "Date: Fri, 20 Nov 2026 20:00:00 GMT\n",
         .body = SLICE_INIT("<Error><Code>RequestTimeTooSkewed</Code></Error>")},
        {.status = 403,
         .headers = "Date: Fri, 20 Nov 2026 21:00:00 GMT\n",
         .body = SLICE_INIT("<Error><Code>RequestTimeTooSkewed</Code></Error>")}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(fake.sleeps, 0);
    assert_says(fake.sent[0], "X-Amz-Date: 20261120T202753Z\n");
    assert_says(fake.sent[1], "X-Amz-Date: 20261120T210000Z\n");
    fake.now_ms += 1000;
    assert_int_equal(call(&fake, &request), 0); /* the correction is kept */
    assert_says(fake.sent[2], "X-Amz-Date: 20261120T210001Z\n");
    assert_int_equal(call(&fake, &request), -1);
    assert_says(fake.sent[4], "X-Amz-Date: 20261120T200000Z\n");
    fake_end(&fake);
}

static void test_region_redirect_is_followed_and_remembered(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 301, .headers = "x-amz-bucket-region: eu-central-1\n"},
        {.status = 200},
        {.status = 200},
        {.status = 400,
         .body = SLICE_INIT("<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
                            "<Region>us-west-2</Region></Error>")},
        {.status = 301, .headers = "x-amz-bucket-region: us-east-2\n"}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(fake.sleeps, 0);
    assert_request(&fake, 0,
                   "GET https://in-bucket.s3.eu-west-1.amazonaws.com/k\n"
                   "Host: in-bucket.s3.eu-west-1.amazonaws.com\n\n");
    assert_request(&fake, 1,
                   "GET https://in-bucket.s3.eu-central-1.amazonaws.com/k\n"
                   "Host: in-bucket.s3.eu-central-1.amazonaws.com\n\n");
    assert_says(fake.sent[1], "/eu-central-1/s3/aws4_request");
    assert_int_equal(call(&fake, &request), 0);
    assert_says(fake.sent[2], "in-bucket.s3.eu-central-1");
    assert_int_equal(call(&fake, &request), -1); /* only one redirect a call */
    assert_says(fake.sent[4], "in-bucket.s3.us-west-2");
    assert_message(&fake.err, "2 tries: AuthorizationHeaderMalformed, then: PermanentRedirect");
    assert_false(fake.err.retryable);
    fake_end(&fake);
}

static void test_regions_of_many_buckets(void **state)
{
    (void)state;
    static const char *const buckets[] = {"bucket-0", "bucket-1", "bucket-2", "bucket-3",
                                          "bucket-4", "bucket-5", "bucket-6", "bucket-7",
                                          "bucket-8", "bucket-9"};
    struct fake_step steps[2 * COUNT_OF(buckets) + 1];
    struct fake_aws fake;
    for (size_t i = 0; i < COUNT_OF(buckets); i++) {
        steps[2 * i] =
            (struct fake_step){.status = 301, .headers = "x-amz-bucket-region: eu-central-1\n"};
        steps[2 * i + 1] = (struct fake_step){.status = 200};
    }
    steps[COUNT_OF(steps) - 1] = (struct fake_step){.status = 200};
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    for (size_t i = 0; i < COUNT_OF(buckets); i++) {
        request.bucket = slice_from(buckets[i]);
        assert_int_equal(call(&fake, &request), 0);
    }
    request.bucket = SLICE("bucket-5");
    assert_int_equal(call(&fake, &request), 0);
    assert_says(fake.sent[COUNT_OF(steps) - 1], "bucket-5.s3.eu-central-1");
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expired_token_is_reloaded_once),
        cmocka_unit_test(test_expired_token_with_keys_that_are_always_fresh),
        cmocka_unit_test(test_expired_token_without_fresh_keys),
        cmocka_unit_test(test_head_with_an_expired_token),
        cmocka_unit_test(test_clock_is_corrected_once),
        cmocka_unit_test(test_region_redirect_is_followed_and_remembered),
        cmocka_unit_test(test_regions_of_many_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
