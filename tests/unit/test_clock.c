#include "unit/unit.h"

#include "base/clock.h"

/* Milliseconds of seconds, with the remark that GNU date agrees with each of these. */
#define S(seconds) (INT64_C(seconds) * 1000)

static const struct {
    int64_t time_ms;
    const char *iso8601;
    const char *basic;
    const char *http;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z", "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {S(-1), "1969-12-31T23:59:59.000Z", "19691231T235959Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
    {S(951782400), "2000-02-29T00:00:00.000Z", "20000229T000000Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {S(951868800), "2000-03-01T00:00:00.000Z", "20000301T000000Z", "Wed, 01 Mar 2000 00:00:00 GMT"},
    {S(1456704000), "2016-02-29T00:00:00.000Z", "20160229T000000Z",
     "Mon, 29 Feb 2016 00:00:00 GMT"},
    {S(2147483648), "2038-01-19T03:14:08.000Z", "20380119T031408Z",
     "Tue, 19 Jan 2038 03:14:08 GMT"},
    {S(1795206473), "2026-11-20T20:27:53.000Z", "20261120T202753Z",
     "Fri, 20 Nov 2026 20:27:53 GMT"},
    {S(4107542399), "2100-02-28T23:59:59.000Z", "21000228T235959Z",
     "Sun, 28 Feb 2100 23:59:59 GMT"},
    {S(4107542400), "2100-03-01T00:00:00.000Z", "21000301T000000Z",
     "Mon, 01 Mar 2100 00:00:00 GMT"},
    {S(253402300799), "9999-12-31T23:59:59.000Z", "99991231T235959Z",
     "Fri, 31 Dec 9999 23:59:59 GMT"},
    {S(-62167219200), "0000-01-01T00:00:00.000Z", "00000101T000000Z",
     "Sat, 01 Jan 0000 00:00:00 GMT"},
};

static void test_known_times_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        char iso8601[CLOCK_ISO8601_SIZE];
        char basic[CLOCK_BASIC_SIZE];
        int64_t time_ms = -7;
        clock_format_iso8601(times[i].time_ms, iso8601);
        clock_format_basic(times[i].time_ms, basic);
        assert_string_equal(iso8601, times[i].iso8601);
        assert_string_equal(basic, times[i].basic);
        assert_true(clock_parse_iso8601(slice_from(times[i].iso8601), &time_ms));
        assert_int_equal(time_ms, times[i].time_ms);
        time_ms = -7;
        assert_true(clock_parse_http(slice_from(times[i].http), &time_ms));
        assert_int_equal(time_ms, times[i].time_ms);
    }
}

static void test_milliseconds_before_1970(void **state)
{
    (void)state;
    char text[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_format_iso8601(S(1795206473) + 104, text);
    assert_string_equal(text, "2026-11-20T20:27:53.104Z");
}

static void test_times_out_of_range_are_clamped(void **state)
{
    (void)state;
    char text[CLOCK_ISO8601_SIZE];
    char basic[CLOCK_BASIC_SIZE];
    clock_format_iso8601(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format_iso8601(S(253402300800), text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format_iso8601(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
    clock_format_basic(INT64_MIN, basic);
    assert_string_equal(basic, "00000101T000000Z");
}

/* Every day of 800 years follows the one before, and comes back from its text. */
static void test_every_day_follows_the_last(void **state)
{
    (void)state;
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1600;
    int month = 1;
    int day = 1;
    for (int64_t time_ms = S(-11676096000); year < 2400; time_ms += S(86400)) {
        char text[CLOCK_ISO8601_SIZE];
        int64_t parsed_ms = 0;
        clock_format_iso8601(time_ms, text);
        assert_int_equal(strtol(text, NULL, 10), year);
        assert_int_equal(strtol(text + 5, NULL, 10), month);
        assert_int_equal(strtol(text + 8, NULL, 10), day);
        assert_true(clock_parse_iso8601(slice_from(text), &parsed_ms));
        assert_int_equal(parsed_ms, time_ms);
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (++day > lengths[month - 1] + (leap && month == 2 ? 1 : 0)) {
            day = 1;
            year += month == 12 ? 1 : 0;
            month = month % 12 + 1;
        }
    }
}

static void test_iso8601_fractions_and_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t time_ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.05Z", 50},
        {"1970-01-01T00:00:00.123456789012Z", 123},
        {"1970-01-01T00:00:00.9999Z", 999},
        {"1970-01-01T01:30:00+01:30", 0},
        {"1969-12-31T16:00:00.250-08:00", 250},
        {"1970-01-01T00:00:00+00:00", 0},
        {"1970-01-01T00:00:00+23:59", -S(86340)},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t time_ms = -7;
        assert_true(clock_parse_iso8601(slice_from(good[i].text), &time_ms));
        assert_int_equal(time_ms, good[i].time_ms);
    }
}

static void test_bad_iso8601_is_refused(void **state)
{
    (void)state;
    static const struct slice bad[] = {
        SLICE_INIT(""),
        SLICE_INIT("1970-01-01"),
        SLICE_INIT("1970-01-01T00:00:00"),
        SLICE_INIT("1970-01-01 00:00:00Z"),
        SLICE_INIT("1970-01-01t00:00:00z"),
        SLICE_INIT("1970-1-01T00:00:00Z"),
        SLICE_INIT("970-01-01T00:00:00Z"),
        SLICE_INIT("+970-01-01T00:00:00Z"),
        SLICE_INIT("1970-00-01T00:00:00Z"),
        SLICE_INIT("1970-13-01T00:00:00Z"),
        SLICE_INIT("1970-01-00T00:00:00Z"),
        SLICE_INIT("1970-01-32T00:00:00Z"),
        SLICE_INIT("1970-04-31T00:00:00Z"),
        SLICE_INIT("1970-02-29T00:00:00Z"),
        SLICE_INIT("1900-02-29T00:00:00Z"),
        SLICE_INIT("2100-02-29T00:00:00Z"),
        SLICE_INIT("1970-01-01T24:00:00Z"),
        SLICE_INIT("1970-01-01T00:60:00Z"),
        SLICE_INIT("1970-01-01T00:00:60Z"),
        SLICE_INIT("1970-01-01T00:00:00.Z"),
        SLICE_INIT("1970-01-01T00:00:00,5Z"),
        SLICE_INIT("1970-01-01T00:00:00+0100"),
        SLICE_INIT("1970-01-01T00:00:00+24:00"),
        SLICE_INIT("1970-01-01T00:00:00+01:60"),
        SLICE_INIT("1970-01-01T00:00:00Zx"),
        SLICE_INIT("1970-01-01T00:00:00Z "),
        SLICE_INIT("1970-01-01T00:00:00Z\0"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t time_ms = -7;
        assert_false(clock_parse_iso8601(bad[i], &time_ms));
        assert_int_equal(time_ms, -7);
    }
}

static void test_bad_http_dates_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Fri, 20 Nov 2026 20:27:53",
        "Fri, 20 Nov 2026 20:27:53 UTC",
        "Fri, 20 Nov 2026 20:27:53 GMT ",
        "Fri 20 Nov 2026 20:27:53 GMT",
        "Friday, 20-Nov-26 20:27:53 GMT",
        "Fri Nov 20 20:27:53 2026",
        "Thu, 20 Nov 2026 20:27:53 GMT",
        "fri, 20 Nov 2026 20:27:53 GMT",
        "Fri, 20 nov 2026 20:27:53 GMT",
        "Fri, 31 Nov 2026 20:27:53 GMT",
        "Fri, 20 Nov 2026 24:27:53 GMT",
        "Fri, 2 Nov 2026 20:27:53 GMT",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t time_ms = -7;
        assert_false(clock_parse_http(slice_from(bad[i]), &time_ms));
        assert_int_equal(time_ms, -7);
    }
}

static void test_the_system_clock_goes(void **state)
{
    (void)state;
    int64_t before_ms = clock_now_ms(&clock_system);
    assert_true(before_ms > S(1700000000));
    clock_sleep_ms(&clock_system, 20);
    clock_sleep_ms(&clock_system, 0);
    clock_sleep_ms(&clock_system, -5);
    assert_true(clock_now_ms(&clock_system) >= before_ms + 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_times_both_ways),
        cmocka_unit_test(test_milliseconds_before_1970),
        cmocka_unit_test(test_times_out_of_range_are_clamped),
        cmocka_unit_test(test_every_day_follows_the_last),
        cmocka_unit_test(test_iso8601_fractions_and_offsets),
        cmocka_unit_test(test_bad_iso8601_is_refused),
        cmocka_unit_test(test_bad_http_dates_are_refused),
        cmocka_unit_test(test_the_system_clock_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
