#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/banned.h"

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE (60 * MS_PER_SECOND)
#define MS_PER_HOUR (60 * MS_PER_MINUTE)
#define MS_PER_DAY (24 * MS_PER_HOUR)

/* The calendar repeats every 400 years. Counted from a 1 March, the leap day is the last of its
 * year, and days before a month follow from its number. */
#define DAYS_PER_ERA INT64_C(146097)
#define DAYS_BEFORE_1970 INT64_C(719468) /* from 0000-03-01 to 1970-01-01 */

#define EARLIEST_MS (INT64_C(-719528) * MS_PER_DAY)   /* 0000-01-01 */
#define LATEST_MS (INT64_C(2932897) * MS_PER_DAY - 1) /* 9999-12-31T23:59:59.999 */

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct civil_time {
    int64_t year;
    int64_t month; /* 1 … 12 */
    int64_t day;   /* 1 … 31 */
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t millisecond;
};

static int64_t system_now_ms(void *self)
{
    (void)self;
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

static void system_sleep_ms(void *self, int64_t duration_ms)
{
    (void)self;
    if (duration_ms > 0) {
        struct timespec duration = {.tv_sec = duration_ms / MS_PER_SECOND,
                                    .tv_nsec = duration_ms % MS_PER_SECOND * 1000000};
        (void)nanosleep(&duration, NULL);
    }
}

const struct clock clock_system = {
    .now_ms = system_now_ms, .sleep_ms = system_sleep_ms, .self = NULL};

static int64_t floor_divide(int64_t number, int64_t divisor)
{
    return number / divisor - (number % divisor < 0 ? 1 : 0);
}

/* Days since 1970 of a day of the calendar, year 0 or later. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted_year = month > 2 ? year : year - 1; /* begins in March */
    int64_t era = floor_divide(shifted_year, 400);
    int64_t year_of_era = shifted_year - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

static void civil_from_days(int64_t days, struct civil_time *civil)
{
    int64_t shifted = days + DAYS_BEFORE_1970;
    int64_t era = floor_divide(shifted, DAYS_PER_ERA);
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    civil->day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    civil->month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    civil->year = era * 400 + year_of_era + (civil->month <= 2 ? 1 : 0);
}

static struct civil_time civil_from_ms(int64_t time_ms)
{
    int64_t clamped = time_ms < EARLIEST_MS ? EARLIEST_MS : time_ms;
    clamped = clamped > LATEST_MS ? LATEST_MS : clamped;
    int64_t days = floor_divide(clamped, MS_PER_DAY);
    int64_t rest = clamped - days * MS_PER_DAY;
    struct civil_time civil = {.hour = rest / MS_PER_HOUR,
                               .minute = rest / MS_PER_MINUTE % 60,
                               .second = rest / MS_PER_SECOND % 60,
                               .millisecond = rest % MS_PER_SECOND};
    civil_from_days(days, &civil);
    return civil;
}

static int64_t civil_to_ms(const struct civil_time *civil)
{
    return days_from_civil(civil->year, civil->month, civil->day) * MS_PER_DAY +
           civil->hour * MS_PER_HOUR + civil->minute * MS_PER_MINUTE +
           civil->second * MS_PER_SECOND + civil->millisecond;
}

/* Right-aligned with leading zeros: what printf does for these few digits at many times the cost.
 */
static char *put_digits(char *position, int64_t number, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        position[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    return position + count;
}

static char *put_char(char *position, char byte)
{
    *position = byte;
    return position + 1;
}

void clock_format_iso8601(int64_t time_ms, char text[CLOCK_ISO8601_SIZE])
{
    struct civil_time civil = civil_from_ms(time_ms);
    char *end = put_char(put_digits(text, civil.year, 4), '-');
    end = put_char(put_digits(end, civil.month, 2), '-');
    end = put_char(put_digits(end, civil.day, 2), 'T');
    end = put_char(put_digits(end, civil.hour, 2), ':');
    end = put_char(put_digits(end, civil.minute, 2), ':');
    end = put_char(put_digits(end, civil.second, 2), '.');
    end = put_char(put_digits(end, civil.millisecond, 3), 'Z');
    *end = '\0';
}

void clock_format_basic(int64_t time_ms, char text[CLOCK_BASIC_SIZE])
{
    struct civil_time civil = civil_from_ms(time_ms);
    char *end = put_digits(text, civil.year, 4);
    end = put_digits(end, civil.month, 2);
    end = put_char(put_digits(end, civil.day, 2), 'T');
    end = put_digits(end, civil.hour, 2);
    end = put_digits(end, civil.minute, 2);
    end = put_char(put_digits(end, civil.second, 2), 'Z');
    *end = '\0';
}

/* The eat functions take their piece from the front of *text, or say false. */
static bool eat_char(struct slice *text, char wanted)
{
    bool found = text->size > 0 && text->data[0] == wanted;
    *text = slice_skip(*text, found ? 1 : 0);
    return found;
}

/* Exactly `count` digits. */
static bool eat_digits(struct slice *text, size_t count, int64_t *number)
{
    uint64_t value = 0;
    if (text->size < count || !slice_to_u64(slice_take(*text, count), &value)) {
        return false;
    }
    *number = (int64_t)value;
    *text = slice_skip(*text, count);
    return true;
}

/* Index of the three-letter name at the front. */
static bool eat_name(struct slice *text, const char (*names)[4], size_t count, int64_t *index)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_starts_with(*text, slice_of(names[i], 3))) {
            *index = (int64_t)i;
            *text = slice_skip(*text, 3);
            return true;
        }
    }
    return false;
}

static bool eat_time_of_day(struct slice *text, struct civil_time *civil)
{
    return eat_digits(text, 2, &civil->hour) && eat_char(text, ':') &&
           eat_digits(text, 2, &civil->minute) && eat_char(text, ':') &&
           eat_digits(text, 2, &civil->second);
}

/* Nothing, or a point and digits, of which the first three count. */
static bool eat_fraction(struct slice *text, int64_t *millisecond)
{
    if (!eat_char(text, '.')) {
        return true;
    }
    int64_t weight = 100;
    int64_t digit = 0;
    size_t digits = 0;
    for (; eat_digits(text, 1, &digit); digits++) {
        *millisecond += digit * weight;
        weight /= 10;
    }
    return digits > 0;
}

static bool eat_offset(struct slice *text, int64_t *offset_ms)
{
    *offset_ms = 0;
    if (eat_char(text, 'Z')) {
        return true;
    }
    bool west = text->size > 0 && text->data[0] == '-';
    int64_t hours = 0;
    int64_t minutes = 0;
    if (!(eat_char(text, '+') || eat_char(text, '-')) || !eat_digits(text, 2, &hours) ||
        !eat_char(text, ':') || !eat_digits(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_ms = (hours * MS_PER_HOUR + minutes * MS_PER_MINUTE) * (west ? -1 : 1);
    return true;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_valid(const struct civil_time *civil)
{
    static const int64_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (civil->month < 1 || civil->month > 12) {
        return false;
    }
    int64_t length = lengths[civil->month - 1];
    if (civil->month == 2 && is_leap(civil->year)) {
        length = 29;
    }
    return civil->day >= 1 && civil->day <= length && civil->hour <= 23 && civil->minute <= 59 &&
           civil->second <= 59;
}

bool clock_parse_iso8601(struct slice text, int64_t *time_ms)
{
    struct civil_time civil = {.year = 0};
    int64_t offset_ms = 0;
    bool good = eat_digits(&text, 4, &civil.year) && eat_char(&text, '-') &&
                eat_digits(&text, 2, &civil.month) && eat_char(&text, '-') &&
                eat_digits(&text, 2, &civil.day) && eat_char(&text, 'T') &&
                eat_time_of_day(&text, &civil) && eat_fraction(&text, &civil.millisecond) &&
                eat_offset(&text, &offset_ms) && text.size == 0 && is_valid(&civil);
    if (good) {
        *time_ms = civil_to_ms(&civil) - offset_ms;
    }
    return good;
}

bool clock_parse_http(struct slice text, int64_t *time_ms)
{
    struct civil_time civil = {.year = 0};
    int64_t weekday = 0;
    int64_t month_index = 0;
    bool good = eat_name(&text, weekdays, 7, &weekday) && eat_char(&text, ',') &&
                eat_char(&text, ' ') && eat_digits(&text, 2, &civil.day) && eat_char(&text, ' ') &&
                eat_name(&text, months, 12, &month_index) && eat_char(&text, ' ') &&
                eat_digits(&text, 4, &civil.year) && eat_char(&text, ' ') &&
                eat_time_of_day(&text, &civil) && slice_equal(text, SLICE(" GMT"));
    civil.month = month_index + 1;
    if (!good || !is_valid(&civil)) {
        return false;
    }
    int64_t result_ms = civil_to_ms(&civil);
    int64_t days = floor_divide(result_ms, MS_PER_DAY);
    if ((days + 4) - floor_divide(days + 4, 7) * 7 != weekday) { /* 1970 began on a Thursday */
        return false;
    }
    *time_ms = result_ms;
    return true;
}
