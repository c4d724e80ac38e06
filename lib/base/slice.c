#define _GNU_SOURCE /* memmem, memrchr */

#include "base/slice.h"

#include "base/banned.h"

/* The C library takes no NULL, not even for zero bytes; an empty slice may hold one. */
static int compare_bytes(const char *a, const char *b, size_t size)
{
    return size == 0 ? 0 : memcmp(a, b, size);
}

static char lower(char byte)
{
    if (byte >= 'A' && byte <= 'Z') {
        return (char)(byte - 'A' + 'a');
    }
    return byte;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && compare_bytes(a.data, b.data, a.size) == 0;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = compare_bytes(a.data, b.data, common);
    if (order == 0 && a.size != b.size) {
        order = a.size < b.size ? -1 : 1;
    }
    return order;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && compare_bytes(s.data, prefix.data, prefix.size) == 0;
}

bool slice_ends_with(struct slice s, struct slice suffix)
{
    if (s.size < suffix.size) {
        return false;
    }
    return slice_equal(slice_skip(s, s.size - suffix.size), suffix);
}

size_t slice_find(struct slice s, char wanted)
{
    const char *found = s.size == 0 ? NULL : memchr(s.data, wanted, s.size);
    return found == NULL ? SLICE_NONE : (size_t)(found - s.data);
}

size_t slice_find_last(struct slice s, char wanted)
{
    const char *found = s.size == 0 ? NULL : memrchr(s.data, wanted, s.size);
    return found == NULL ? SLICE_NONE : (size_t)(found - s.data);
}

size_t slice_search(struct slice s, struct slice needle)
{
    if (needle.size == 0) {
        return 0;
    }
    if (s.size < needle.size) {
        return SLICE_NONE;
    }
    const char *found = memmem(s.data, s.size, needle.data, needle.size);
    return found == NULL ? SLICE_NONE : (size_t)(found - s.data);
}

bool slice_cut(struct slice s, char separator, struct slice *before, struct slice *after)
{
    size_t position = slice_find(s, separator);
    bool found = position != SLICE_NONE;
    *before = slice_take(s, position);
    *after = slice_skip(s, found ? position + 1 : s.size);
    return found;
}

struct slice slice_trim(struct slice s)
{
    while (s.size > 0 && is_blank(s.data[0])) {
        s = slice_skip(s, 1);
    }
    while (s.size > 0 && is_blank(s.data[s.size - 1])) {
        s.size--;
    }
    return s;
}

bool slice_to_u64(struct slice s, uint64_t *number)
{
    uint64_t value = 0;
    if (s.size == 0) {
        return false;
    }
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *number = value;
    return true;
}

bool slice_to_i64(struct slice s, int64_t *number)
{
    bool negative = s.size > 0 && s.data[0] == '-';
    uint64_t magnitude = 0;
    if (!slice_to_u64(negative ? slice_skip(s, 1) : s, &magnitude)) {
        return false;
    }
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    /* Two's complement, so that INT64_MIN needs no case of its own. */
    *number = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}
