/*
 * A slice borrows bytes that somebody else owns: it is copied freely, never freed, and is valid for
 * as long as its owner says. It need not end in NUL and may hold NUL bytes.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data;
    size_t size; /* bytes */
};

/* A slice of a string literal, without its NUL; also usable as a static initialiser. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_INIT(literal)                                                                        \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* For printf-like functions: "%.*s", SLICE_ARG(s). At most INT_MAX bytes are printed. */
#define SLICE_ARG(s) (int)((s).size > INT32_MAX ? INT32_MAX : (s).size), (s).data

/* Returned by the find functions when there is nothing to find. */
#define SLICE_NONE SIZE_MAX

static inline struct slice slice_of(const void *data, size_t size)
{
    return (struct slice){(const char *)data, size};
}

/* A slice of a C string; empty for NULL. */
static inline struct slice slice_from(const char *text)
{
    return text == NULL ? (struct slice){"", 0} : (struct slice){text, strlen(text)};
}

/* The first `count` bytes, or all of them when there are fewer. */
static inline struct slice slice_take(struct slice s, size_t count)
{
    return (struct slice){s.data, count < s.size ? count : s.size};
}

/* Without the first `count` bytes; empty when there are not more. */
static inline struct slice slice_skip(struct slice s, size_t count)
{
    size_t skipped = count < s.size ? count : s.size;
    return skipped == 0 ? s : (struct slice){s.data + skipped, s.size - skipped};
}

bool slice_equal(struct slice a, struct slice b);
/* The case of ASCII letters is ignored. */
bool slice_equal_nocase(struct slice a, struct slice b);
/* Below, equal to or above zero, by unsigned bytes as memcmp. */
int slice_compare(struct slice a, struct slice b);

bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_ends_with(struct slice s, struct slice suffix);

/* Offset of the first (last) occurrence, or SLICE_NONE. An empty needle is found at 0. */
size_t slice_find(struct slice s, char wanted);
size_t slice_find_last(struct slice s, char wanted);
size_t slice_search(struct slice s, struct slice needle);

/*
 * Splits at the first `separator`: true with both sides set, or false with *before = s and an empty
 * *after. `before` and `after` may point to `s` itself, so a loop can eat a list.
 */
bool slice_cut(struct slice s, char separator, struct slice *before, struct slice *after);

/* Without blanks, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/*
 * The whole slice as a decimal number: digits only (for i64 one leading '-' too), no blanks, in
 * range. False otherwise, and *number is left alone.
 */
bool slice_to_u64(struct slice s, uint64_t *number);
bool slice_to_i64(struct slice s, int64_t *number);

#endif
