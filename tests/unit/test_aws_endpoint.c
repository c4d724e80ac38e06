#include "unit/unit.h"

#include "aws/aws_endpoint.h"
#include "base/array.h"

static const struct aws_service s3 = {.name = "s3",
                                      .signing_name = "s3",
                                      .host_prefix = "s3",
                                      .endpoint_variable = "AWS_ENDPOINT_URL_S3",
                                      .is_s3 = true};
static const struct aws_service data = {.name = "redshift-data",
                                        .signing_name = "redshift-data",
                                        .host_prefix = "redshift-data",
                                        .endpoint_variable = "AWS_ENDPOINT_URL_REDSHIFT_DATA"};

struct row {
    const struct aws_service *service;
    const char *region;
    const char *bucket;
    const char *custom_url;
    const char *base_url;
    const char *authority;
    const char *path_prefix;
};

static const struct row rows[] = {
    {&data, "eu-west-1", "", "", "https://redshift-data.eu-west-1.amazonaws.com",
     "redshift-data.eu-west-1.amazonaws.com", ""},
    {&data, "cn-north-1", "", "", "https://redshift-data.cn-north-1.amazonaws.com.cn",
     "redshift-data.cn-north-1.amazonaws.com.cn", ""},
    {&data, "us-gov-west-1", "", "", "https://redshift-data.us-gov-west-1.amazonaws.com",
     "redshift-data.us-gov-west-1.amazonaws.com", ""},
    {&data, "eusc-de-east-1", "", "", "https://redshift-data.eusc-de-east-1.amazonaws.eu",
     "redshift-data.eusc-de-east-1.amazonaws.eu", ""},
    {&data, "eu-south-2", "", "", "https://redshift-data.eu-south-2.amazonaws.com",
     "redshift-data.eu-south-2.amazonaws.com", ""},
    {&s3, "us-east-1", "in-bucket", "", "https://in-bucket.s3.us-east-1.amazonaws.com",
     "in-bucket.s3.us-east-1.amazonaws.com", ""},
    {&s3, "cn-north-1", "b1b", "", "https://b1b.s3.cn-north-1.amazonaws.com.cn",
     "b1b.s3.cn-north-1.amazonaws.com.cn", ""},
    {&s3, "eusc-de-east-1", "in-bucket", "", "https://in-bucket.s3.eusc-de-east-1.amazonaws.eu",
     "in-bucket.s3.eusc-de-east-1.amazonaws.eu", ""},
    {&s3, "eusc-de-east-1", "dotted.bucket", "", "https://s3.eusc-de-east-1.amazonaws.eu",
     "s3.eusc-de-east-1.amazonaws.eu", "/dotted.bucket"},
    {&s3, "eu-west-1", "", "", "https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com",
     ""},
    {&s3, "eu-west-1", "dotted.bucket", "", "https://s3.eu-west-1.amazonaws.com",
     "s3.eu-west-1.amazonaws.com", "/dotted.bucket"},
    {&s3, "eu-west-1", "Old_Bucket", "", "https://s3.eu-west-1.amazonaws.com",
     "s3.eu-west-1.amazonaws.com", "/Old_Bucket"},
    {&s3, "eu-west-1", "-bucket", "", "https://s3.eu-west-1.amazonaws.com",
     "s3.eu-west-1.amazonaws.com", "/-bucket"},
    {&s3, "eu-west-1", "in-bucket", "http://127.0.0.1:4566", "http://127.0.0.1:4566",
     "127.0.0.1:4566", "/in-bucket"},
    {&s3, "eu-west-1", "in-bucket", "https://proxy.example:443/aws/", "https://proxy.example",
     "proxy.example", "/aws/in-bucket"},
    {&data, "eu-west-1", "", "http://[::1]:4566/", "http://[::1]:4566", "[::1]:4566", ""},
};

static void test_endpoints(void **state)
{
    (void)state;
    struct arena arena;
    struct error err;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct aws_endpoint endpoint;
        assert_int_equal(
            aws_endpoint_resolve(
                &(struct aws_endpoint_question){.service = row->service,
                                                .region = slice_from(row->region),
                                                .bucket = slice_from(row->bucket),
                                                .custom_url = slice_from(row->custom_url)},
                &arena, &endpoint, &err),
            0);
        assert_string_equal(endpoint.base_url.data, row->base_url);
        assert_string_equal(endpoint.authority.data, row->authority);
        assert_string_equal(endpoint.path_prefix.data, row->path_prefix);
        assert_int_equal(endpoint.secure, strncmp(row->base_url, "https:", 6) == 0);
    }
    arena_release(&arena);
}

static void assert_refused(struct slice region, struct slice bucket, struct slice url,
                           enum error_kind kind, const char *part)
{
    struct arena arena;
    struct error err;
    struct aws_endpoint endpoint;
    arena_init(&arena, 0);
    assert_int_equal(aws_endpoint_resolve(&(struct aws_endpoint_question){&s3, region, bucket, url},
                                          &arena, &endpoint, &err),
                     -1);
    assert_int_equal(err.kind, kind);
    assert_false(err.retryable);
    assert_says(err.message, part);
    arena_release(&arena);
}

static void test_what_leads_elsewhere_is_refused(void **state)
{
    (void)state;
    const struct slice none = SLICE("");
    const struct slice region = SLICE("eu-west-1");
    assert_refused(none, none, none, ERROR_CONFIGURATION, "AWS_REGION");
    assert_refused(SLICE("x.evil.example/"), none, none, ERROR_CONFIGURATION, "x.evil.example/");
    assert_refused(SLICE("EU-WEST-1"), none, none, ERROR_CONFIGURATION, "EU-WEST-1");
    assert_refused(SLICE("eu-west-1-with-a-very-long-name-x"), none, none, ERROR_CONFIGURATION,
                   "no AWS region");
    assert_refused(region, SLICE("ab"), none, ERROR_INVALID, "\"ab\" is no name of a bucket");
    assert_refused(region, SLICE("evil.example/x"), none, ERROR_INVALID, "evil.example/x");
    assert_refused(region, SLICE("a?b"), none, ERROR_INVALID, "bucket");
    assert_refused(region, SLICE("a\0b"), none, ERROR_INVALID, "bucket");
    assert_refused(region, SLICE("abc"), SLICE("localhost:4566"), ERROR_CONFIGURATION,
                   "AWS_ENDPOINT_URL_S3");
    assert_refused(region, SLICE("abc"), SLICE("http://h/?x=1"), ERROR_CONFIGURATION, "query");
}

static void test_custom_urls_of_the_environment(void **state)
{
    (void)state;
    (void)unsetenv("AWS_ENDPOINT_URL");
    (void)unsetenv("AWS_ENDPOINT_URL_S3");
    assert_null(aws_endpoint_custom_url(&s3));
    (void)setenv("AWS_ENDPOINT_URL", "http://all", 1);
    (void)setenv("AWS_ENDPOINT_URL_S3", "http://one", 1);
    assert_string_equal(aws_endpoint_custom_url(&s3), "http://one");
    assert_string_equal(aws_endpoint_custom_url(&data), "http://all");
    (void)setenv("AWS_ENDPOINT_URL_S3", "", 1); /* as if unset */
    assert_string_equal(aws_endpoint_custom_url(&s3), "http://all");
    (void)unsetenv("AWS_ENDPOINT_URL");
    (void)unsetenv("AWS_ENDPOINT_URL_S3");
}

static void test_the_environment_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        bool good;
    } variables[] = {{"AWS_ENDPOINT_URL", "http://127.0.0.1:4566/", true},
                     {"AWS_ENDPOINT_URL", "", true}, /* as if unset */
                     {"AWS_ENDPOINT_URL", "127.0.0.1:4566", false},
                     {"AWS_ENDPOINT_URL_S3", "https://user:s3cret@h", false},
                     {"AWS_ENDPOINT_URL_OTHER", "http://h?x", false},
                     {"AWS_ENDPOINT_URLS", "nothing of ours", true}};
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        struct error err = {.message = ""};
        (void)setenv(variables[i].name, variables[i].value, 1);
        assert_int_equal(aws_endpoint_check_environment(&err), variables[i].good ? 0 : -1);
        if (!variables[i].good) {
            assert_int_equal(err.kind, ERROR_CONFIGURATION);
            assert_says(err.message, variables[i].name);
            assert_null(strstr(err.message, "s3cret"));
        }
        (void)unsetenv(variables[i].name);
    }
}

static void test_regions_in_arns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *region;
    } arns[] = {{"arn:aws:sns:eu-west-2:111122223333:topic", "eu-west-2"},
                {"arn:aws-cn:sns:cn-north-1:111122223333:topic", "cn-north-1"},
                {"arn:aws-us-gov:sns:us-gov-west-1:111122223333:topic", "us-gov-west-1"},
                {"arn:aws-eusc:sns:eusc-de-east-1:111122223333:topic", "eusc-de-east-1"},
                {"arn:aws:s3:::bucket", ""},
                {"arn:aws:sns:eu-west-2", ""},
                {"some-name", ""},
                {"", ""}};
    for (size_t i = 0; i < COUNT_OF(arns); i++) {
        assert_true(slice_equal(aws_endpoint_region_of_arn(slice_from(arns[i].text)),
                                slice_from(arns[i].region)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_what_leads_elsewhere_is_refused),
        cmocka_unit_test(test_custom_urls_of_the_environment),
        cmocka_unit_test(test_the_environment_is_checked),
        cmocka_unit_test(test_regions_in_arns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
