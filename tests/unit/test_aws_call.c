#include "unit/aws_call_fixture.h"

#include "aws/s3/s3_request.h"
#include "base/array.h"

/* --- What is sent --- */

static void test_a_request_byte_by_byte(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {GOOD};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    fake.client.region = SLICE("us-east-1");
    (void)setenv("AWS_SESSION_TOKEN", "SESSIONTOKEN/+==", 1);
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), 0);
    /* The signature is one of botocore's making. */
    assert_string_equal(
        fake.sent[0],
        "POST https://redshift-data.us-east-1.amazonaws.com/\n"
        "Host: redshift-data.us-east-1.amazonaws.com\n"
        "Content-Type: application/x-amz-json-1.1\n"
        "X-Amz-Target: RedshiftData.DescribeStatement\n"
        "X-Amz-Date: 20261120T202753Z\n"
        "X-Amz-Security-Token: SESSIONTOKEN/+==\n"
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20261120/us-east-1/redshift-data/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
        "Signature=4d5f45d57b06b9a4744993c9abb9130743b26c58ec2a6ac4dbe69f61ec091e79\n"
        "\n"
        "{\"Id\":\"x\"}");
    assert_int_equal(fake.reply.tries, 1);
    assert_true(slice_equal(fake.reply.body, SLICE("{}")));
    assert_int_equal(fake.terms[0].stall_timeout_ms, 20000);
    assert_true(fake.terms[0].repeatable);
    assert_false(fake.terms[0].no_proxy);
    assert_says(fake_log(&fake), "\"level\":\"DEBUG\",\"message\":\"aws call\","
                                 "\"service\":\"redshift-data\",\"operation\":"
                                 "\"DescribeStatement\",\"subject\":\"statement x\","
                                 "\"attempt\":1,\"status\":200");
    fake_end(&fake);
}

static void test_custom_endpoint_and_region_of_the_request(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {GOOD, GOOD};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = describe();
    request.region = SLICE("us-gov-west-1");
    assert_int_equal(call(&fake, &request), 0);
    (void)setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", 1);
    assert_int_equal(call(&fake, &request), 0);
    (void)unsetenv("AWS_ENDPOINT_URL");
    assert_request(&fake, 0,
                   "POST https://redshift-data.us-gov-west-1.amazonaws.com/\n"
                   "Host: redshift-data.us-gov-west-1.amazonaws.com\n"
                   "Content-Type: application/x-amz-json-1.1\n"
                   "X-Amz-Target: RedshiftData.DescribeStatement\n\n{\"Id\":\"x\"}");
    assert_request(&fake, 1,
                   "POST http://127.0.0.1:4566/\n"
                   "Host: 127.0.0.1:4566\n"
                   "Content-Type: application/x-amz-json-1.1\n"
                   "X-Amz-Target: RedshiftData.DescribeStatement\n\n{\"Id\":\"x\"}");
    assert_says(fake.sent[1], "/us-gov-west-1/redshift-data/aws4_request");
    fake_end(&fake);
}

static void test_unhashed_bodies_only_over_tls(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {GOOD, GOOD};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    request.method = SLICE("PUT");
    request.body = SLICE("abc");
    request.unhashed_over_tls = true;
    assert_int_equal(call(&fake, &request), 0);
    (void)setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:4566", 1);
    assert_int_equal(call(&fake, &request), 0);
    (void)unsetenv("AWS_ENDPOINT_URL_S3");
    assert_says(fake.sent[0], "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\n");
    assert_says(fake.sent[1], "X-Amz-Content-Sha256: ba7816bf8f01cfea414140de5dae2223b003"
                              "61a396177a9cb410ff61f20015ad\n");
    fake_end(&fake);
}

/* As many as metadata may have, and the token that Lambda's keys always have. */
static void test_many_headers(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{.status = 200}};
    struct http_header fields[S3_METADATA_LIMIT];
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    (void)setenv("AWS_SESSION_TOKEN", "SESSIONTOKEN/+==", 1);
    struct aws_request request = get_object();
    struct strbuf wanted = STRBUF_INIT;
    aws_request_add_header(&request, "Content-Type", SLICE("text/csv"));
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        fields[i].name = arena_format(&fake.arena, "x-amz-meta-%02zu", i);
        fields[i].value = arena_format(&fake.arena, "value %zu", i);
        strbuf_append_format(&wanted, "x-amz-meta-%02zu: value %zu\n", i, i);
    }
    request.more_headers = fields;
    request.more_header_count = COUNT_OF(fields);
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(fake.terms[0].header_count, COUNT_OF(fields) + 6);
    assert_says(fake.sent[0], "Content-Type: text/csv\n");
    assert_says(fake.sent[0], wanted.data);
    assert_says(fake.sent[0], "X-Amz-Security-Token: SESSIONTOKEN/+==\nAuthorization: AWS4");
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        assert_says(fake.sent[0],
                    arena_format(&fake.arena, "%.*s;", SLICE_ARG(fields[i].name)).data);
    }
    strbuf_release(&wanted);
    fake_end(&fake);
}

/* --- Trying again --- */

static void test_retries_until_it_works(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        THROTTLED,
        {.status = 503, .headers = "Retry-After: 2\n", .body = SLICE_INIT("<html>")},
        FAILED,
        {.kind = ERROR_NETWORK},
        GOOD};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    fake.random_value = UINT64_MAX; /* the longest waits */
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(fake.reply.tries, 5);
    assert_int_equal(fake.client.tries, 5);
    assert_int_equal(fake.client.calls, 1);
    const int64_t waits[] = {100, 2000, 400, 800};
    assert_int_equal(fake.sleeps, COUNT_OF(waits));
    assert_memory_equal(fake.slept_ms, waits, sizeof(waits));
    const char *log = fake_log(&fake);
    assert_says(log, "\"message\":\"aws call failed, trying again\"");
    assert_says(log, "\"attempt\":4,\"waitMs\":800");
    assert_says(log, "\"attempt\":5,\"status\":200");
    /* Every try carries the time at which it is made. */
    assert_says(fake.sent[2], "X-Amz-Date: 20261120T202755Z\n");
    fake_end(&fake);
}

static void test_the_error_tells_the_history(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        THROTTLED,
        {.kind = ERROR_NETWORK},
        FAILED,
        THROTTLED,
        {.status = 500,
         .headers = "x-amzn-requestid: R9\n",
         .body = SLICE_INIT("{\"__type\":\"InternalServerException\",\"message\":\"Oh.\"}")}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(
        fake.err.message,
        "redshift-data DescribeStatement statement x: 5 tries: ThrottlingException, Network, "
        "InternalServerException, ThrottlingException, then: InternalServerException: Oh. (HTTP "
        "500, request id R9)");
    assert_int_equal(fake.err.kind, ERROR_REMOTE);
    assert_int_equal(fake.err.status, 500);
    assert_string_equal(fake.err.code, "InternalServerException");
    assert_true(fake.err.retryable);
    assert_says(fake_log(&fake), "\"level\":\"WARN\",\"message\":\"aws call failed\",");
    fake_end(&fake);
}

static void test_permanent_failures_are_not_repeated(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 400,
         .body = SLICE_INIT("{\"__type\":\"ValidationException\",\"message\":\"No such Id\"}")},
        {.status = 501}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(fake.err.message, "redshift-data DescribeStatement statement x: "
                                          "ValidationException: No such Id (HTTP 400)");
    assert_false(fake.err.retryable);
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(fake.err.message, "redshift-data DescribeStatement statement x: "
                                          "NotImplemented (HTTP 501)");
    assert_false(fake.err.retryable);
    assert_int_equal(fake.sleeps, 0);
    fake_end(&fake);
}

static void test_the_deadline_ends_it(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {THROTTLED, THROTTLED};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    fake.random_value = UINT64_MAX;
    fake.client.deadline_ms = FAKE_NOW_MS + 700; /* 100 of waiting and 500 of reserve fit once */
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    assert_int_equal(fake.err.kind, ERROR_BUSY);
    assert_int_equal(fake.terms[0].deadline_ms, FAKE_NOW_MS + 700);
    fake_end(&fake);
}

static void test_cancelled(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {THROTTLED};
    volatile sig_atomic_t cancel = 1;
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    fake.client.cancel = &cancel;
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    assert_ptr_equal(fake.terms[0].cancel, &cancel);
    fake_end(&fake);
}

/* What may have been carried out is not repeated; what was refused is. */
static void test_unrepeatable_requests(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {THROTTLED, FAILED, {.kind = ERROR_NETWORK}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = describe();
    request.repeatable = false;
    assert_int_equal(call(&fake, &request), -1);
    assert_int_equal(fake.reply.tries, 2);
    assert_int_equal(fake.err.status, 500);
    assert_false(fake.terms[0].repeatable);
    assert_int_equal(call(&fake, &request), -1);
    assert_int_equal(fake.err.kind, ERROR_NETWORK);
    fake_end(&fake);
}

static void test_stale_connection(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.kind = ERROR_NETWORK, .reused = true},
        {.kind = ERROR_NETWORK, .reused = true}, /* twice is bad luck: wait */
        GOOD,
        {.kind = ERROR_NETWORK, .reused = true, .received_bytes = 1}, /* it did answer */
        GOOD};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    fake.random_value = UINT64_MAX;
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(fake.sleeps, 1);
    assert_int_equal(fake.slept_ms[0], 100);
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(fake.sleeps, 2);
    fake_end(&fake);
}

static void test_errors_of_our_own_are_not_repeated(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{.kind = ERROR_LIMIT},
                                             {.kind = ERROR_CANCELLED},
                                             {.kind = ERROR_CONFIGURATION},
                                             {.kind = ERROR_LIMIT}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = describe();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(call(&fake, &request), -1);
        assert_int_equal(fake.err.kind, steps[i].kind);
    }
    assert_int_equal(aws_call(&fake.client, &request, &fake.arena, &fake.reply, NULL), -1);
    fake_end(&fake);
}

static bool is_copy_result(struct slice body)
{
    return slice_starts_with(slice_trim(body), SLICE("<CopyObjectResult"));
}

static void test_a_success_is_read_before_it_is_believed(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200,
         .body = SLICE_INIT("  \n<Error><Code>InternalError</Code><Message>x</Message></Error>")},
        {.status = 200, .body = SLICE_INIT("")},
        {.status = 200, .body = SLICE_INIT("<CopyObjectResult/>")},
        {.status = 200,
         .body = SLICE_INIT("<Error><Code>AccessDenied</Code><Message>x</Message></Error>")}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    request.is_success = is_copy_result;
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(fake.reply.tries, 3);
    assert_int_equal(call(&fake, &request), -1);
    assert_int_equal(fake.err.kind, ERROR_DENIED);
    assert_message(&fake.err, "s3 GetObject s3://in-bucket/k: AccessDenied: x (HTTP 200)");
    fake_end(&fake);
}

static void test_lost_races(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 409,
         .body = SLICE_INIT("<Error><Code>ConditionalRequestConflict</Code></Error>")},
        {.status = 409,
         .body = SLICE_INIT("<Error><Code>ConditionalRequestConflict</Code></Error>")},
        {.status = 200}};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    assert_int_equal(call(&fake, &request), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFLICT);
    assert_true(fake.err.retryable);
    request.repeat_races = true;
    assert_int_equal(call(&fake, &request), 0);
    fake_end(&fake);
}

/* --- The rest --- */

static void test_secret_replies_stay_in_one_place(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {GOOD};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = describe();
    request.secret_reply = true;
    assert_int_equal(call(&fake, &request), 0);
    assert_true(fake.client.body.capacity > fake.terms[0].body_limit);
    assert_int_equal(fake.terms[0].body_limit, 256 * 1024);
    aws_client_wipe_reply(&fake.client);
    assert_int_equal(fake.client.body.capacity, 0);
    fake_end(&fake);
}

static void test_long_subjects_are_cut(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{.status = 404}};
    static char key[1024];
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    memset(key, 'k', sizeof(key));
    struct aws_request request = get_object();
    request.subject = slice_of(key, sizeof(key));
    assert_int_equal(call(&fake, &request), -1);
    assert_message(&fake.err, "kkk…: NotFound (HTTP 404)");
    assert_null(strstr(fake_log(&fake), "WARN")); /* not found is an answer */
    fake_end(&fake);
}

static void test_what_fails_before_sending(void **state)
{
    (void)state;
    struct fake_aws fake;
    fake_start(&fake, NULL, 0);
    struct aws_request request = get_object();
    fake.client.region = SLICE("nowhere!");
    assert_int_equal(call(&fake, &request), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFIGURATION);
    assert_message(&fake.err, "s3 GetObject s3://in-bucket/k: s3: \"nowhere!\" is no AWS region");
    assert_int_equal(fake.reply.tries, 0);
    (void)unsetenv("AWS_SECRET_ACCESS_KEY");
    credentials_release(&fake.credentials);
    assert_int_equal(call(&fake, &request), -1);
    assert_message(&fake.err, "AWS_SECRET_ACCESS_KEY");
    aws_client_release(NULL);
    credentials_release(NULL);
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_byte_by_byte),
        cmocka_unit_test(test_custom_endpoint_and_region_of_the_request),
        cmocka_unit_test(test_unhashed_bodies_only_over_tls),
        cmocka_unit_test(test_many_headers),
        cmocka_unit_test(test_retries_until_it_works),
        cmocka_unit_test(test_the_error_tells_the_history),
        cmocka_unit_test(test_permanent_failures_are_not_repeated),
        cmocka_unit_test(test_the_deadline_ends_it),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_unrepeatable_requests),
        cmocka_unit_test(test_stale_connection),
        cmocka_unit_test(test_errors_of_our_own_are_not_repeated),
        cmocka_unit_test(test_a_success_is_read_before_it_is_believed),
        cmocka_unit_test(test_lost_races),
        cmocka_unit_test(test_secret_replies_stay_in_one_place),
        cmocka_unit_test(test_long_subjects_are_cut),
        cmocka_unit_test(test_what_fails_before_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
