/* Times in errors of AWS: how long to wait, and whether our clock is wrong. */
#include "unit/unit.h"

#include "aws/aws_error.h"

#define NOW_MS INT64_C(1795206473000) /* Fri, 20 Nov 2026 20:27:53 GMT */

static int64_t retry_after(const char *date, const char *value)
{
    struct arena arena;
    struct aws_error error;
    struct http_header headers[2] = {{SLICE("Date"), slice_from(date)},
                                     {SLICE("Retry-After"), slice_from(value)}};
    struct http_response response = {.status = 503, .headers = headers, .header_count = 2};
    arena_init(&arena, 0);
    aws_error_read(&response, SLICE(""), SLICE("eu-west-1"), &arena, &error);
    arena_release(&arena);
    return error.retry_after_ms;
}

static void test_retry_after(void **state)
{
    (void)state;
    const char *date = "Fri, 20 Nov 2026 20:27:53 GMT";
    assert_int_equal(retry_after(date, "3"), 3000);
    assert_int_equal(retry_after(date, "0"), 0);
    assert_int_equal(retry_after(date, "-3"), 0);
    assert_int_equal(retry_after(date, "18446744073709551615"), 900000);
    assert_int_equal(retry_after(date, "Fri, 20 Nov 2026 20:28:00 GMT"), 7000);
    assert_int_equal(retry_after(date, "Fri, 20 Nov 2026 20:27:00 GMT"), 0);
    assert_int_equal(retry_after(date, "Sat, 20 Nov 2027 20:27:00 GMT"), 900000);
    assert_int_equal(retry_after("yesterday", "Fri, 20 Nov 2026 20:28:00 GMT"), 0);
    assert_int_equal(retry_after(date, "soon"), 0);
}

static bool is_skew(int status, const char *date, const char *body, int64_t signed_at_ms)
{
    struct arena arena;
    struct aws_error error;
    struct http_header header = {SLICE("Date"), slice_from(date)};
    struct http_response response = {.status = status, .headers = &header, .header_count = 1};
    arena_init(&arena, 0);
    aws_error_read(&response, slice_from(body), SLICE("eu-west-1"), &arena, &error);
    bool skew = aws_error_is_clock_skew(&error, signed_at_ms);
    arena_release(&arena);
    return skew;
}

static void test_clock_skew(void **state)
{
    (void)state;
    const char *date = "Fri, 20 Nov 2026 20:27:53 GMT";
    const char *said = "<Error><Code>RequestTimeTooSkewed</Code></Error>";
    const char *expired =
        "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}";
    const int64_t minute_ms = 60000;
    assert_true(is_skew(403, date, said, NOW_MS));
    assert_false(is_skew(403, "no date", said, NOW_MS));
    assert_true(is_skew(400, date, expired, NOW_MS - 20 * minute_ms));
    assert_true(is_skew(400, date, expired, NOW_MS + 20 * minute_ms));
    assert_false(is_skew(400, date, expired, NOW_MS + minute_ms));
    assert_true(is_skew(403, date, "", NOW_MS + 20 * minute_ms)); /* a HEAD */
    assert_false(is_skew(403, date, "", NOW_MS));
    assert_false(is_skew(404, date, "", NOW_MS + 20 * minute_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_clock_skew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
