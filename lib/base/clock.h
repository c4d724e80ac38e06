/*
 * Time is an input: code that waits or compares with a deadline takes a clock, so that a test can
 * set it. All times are milliseconds since 1970 (UTC) of the wall clock, because Lambda's deadline
 * is one and because timers of an earlier invocation are worthless after a freeze.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/slice.h"

struct clock {
    int64_t (*now_ms)(void *self);
    void (*sleep_ms)(void *self, int64_t duration_ms); /* a signal may end it early */
    void *self;
};

/* The real one. */
extern const struct clock clock_system;

static inline int64_t clock_now_ms(const struct clock *clock)
{
    return clock->now_ms(clock->self);
}

static inline void clock_sleep_ms(const struct clock *clock, int64_t duration_ms)
{
    clock->sleep_ms(clock->self, duration_ms);
}

/* Both with their NUL; years 0000 to 9999, other times are clamped. */
#define CLOCK_ISO8601_SIZE 25 /* 2026-11-20T20:27:53.104Z */
#define CLOCK_BASIC_SIZE 17   /* 20261120T202753Z */
void clock_format_iso8601(int64_t time_ms, char text[CLOCK_ISO8601_SIZE]);
void clock_format_basic(int64_t time_ms, char text[CLOCK_BASIC_SIZE]);

/* "2026-11-20T20:27:53[.fraction](Z|+hh:mm|-hh:mm)"; what is finer than a millisecond is cut off.
 * False when it is not one, or not a day of the calendar; *time_ms is then left alone. */
bool clock_parse_iso8601(struct slice text, int64_t *time_ms);
/* "Fri, 20 Nov 2026 20:27:53 GMT", as in Date and Last-Modified (RFC 9110, IMF-fixdate). False when
 * it is not one, or falls on another day of the week; *time_ms is then left alone. */
bool clock_parse_http(struct slice text, int64_t *time_ms);

#endif
