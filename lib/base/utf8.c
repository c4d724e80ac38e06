#include "base/utf8.h"

#include "base/array.h"

#include "base/banned.h"

#define ASCII_HIGH_BITS UINT64_C(0x8080808080808080)

static unsigned char byte_at(struct slice s, size_t offset)
{
    return (unsigned char)s.data[offset];
}

/* What a leading byte promises: how many bytes follow it, and the range of the first of them (the
 * others are 80 to BF). */
struct lead {
    unsigned char first; /* the leading bytes: from .. to */
    unsigned char last;
    unsigned char lowest;
    unsigned char highest;
    size_t following;
};

/* RFC 3629, section 4. The narrower ranges exclude overlong forms, surrogates and what lies above
 * U+10FFFF. */
static const struct lead leads[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 1}, {0xE0, 0xE0, 0xA0, 0xBF, 2}, {0xE1, 0xEC, 0x80, 0xBF, 2},
    {0xED, 0xED, 0x80, 0x9F, 2}, {0xEE, 0xEF, 0x80, 0xBF, 2}, {0xF0, 0xF0, 0x90, 0xBF, 3},
    {0xF1, 0xF3, 0x80, 0xBF, 3}, {0xF4, 0xF4, 0x80, 0x8F, 3},
};

/* NULL when `byte` leads nothing. */
static const struct lead *lead_of(unsigned char byte)
{
    for (size_t i = 0; i < COUNT_OF(leads); i++) {
        if (byte >= leads[i].first && byte <= leads[i].last) {
            return &leads[i];
        }
    }
    return NULL;
}

uint32_t utf8_next(struct slice s, size_t *length)
{
    unsigned char first = byte_at(s, 0);
    *length = 1;
    if (first < 0x80) {
        return first;
    }
    const struct lead *lead = lead_of(first);
    if (lead == NULL) {
        return UTF8_INVALID;
    }
    uint32_t code_point = first & (0x3FU >> lead->following);
    for (size_t i = 1; i <= lead->following; i++) {
        unsigned char lowest = i == 1 ? lead->lowest : 0x80;
        unsigned char highest = i == 1 ? lead->highest : 0xBF;
        if (i >= s.size || byte_at(s, i) < lowest || byte_at(s, i) > highest) {
            *length = i;
            return UTF8_INVALID;
        }
        code_point = code_point << 6 | (byte_at(s, i) & 0x3FU);
    }
    *length = lead->following + 1;
    return code_point;
}

/* How many bytes at the start of `s` are ASCII, in steps of 8: may answer up to 7 too few. */
static size_t ascii_run(struct slice s)
{
    size_t offset = 0;
    while (s.size - offset >= sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, s.data + offset, sizeof(word));
        if ((word & ASCII_HIGH_BITS) != 0) {
            break;
        }
        offset += sizeof(word);
    }
    return offset;
}

size_t utf8_find_invalid(struct slice s)
{
    size_t offset = 0;
    while (offset < s.size) {
        offset += ascii_run(slice_skip(s, offset));
        if (offset < s.size) {
            size_t length = 0;
            if (utf8_next(slice_skip(s, offset), &length) == UTF8_INVALID) {
                return offset;
            }
            offset += length;
        }
    }
    return SLICE_NONE;
}

size_t utf8_count(struct slice s)
{
    size_t count = 0;
    for (size_t length = 0; s.size > 0; s = slice_skip(s, length)) {
        (void)utf8_next(s, &length);
        count++;
    }
    return count;
}

size_t utf8_encode(uint32_t code_point, char bytes[4])
{
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        return 1;
    }
    size_t following = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
    for (size_t i = following; i > 0; i--) {
        bytes[i] = (char)(0x80U | (code_point & 0x3FU));
        code_point >>= 6;
    }
    bytes[0] = (char)((0xFF00U >> (following + 1) & 0xFFU) | code_point);
    return following + 1;
}

struct slice utf8_take(struct slice s, size_t size)
{
    if (s.size <= size) {
        return s;
    }
    /* A character that the cut would split starts at most 3 bytes before it. */
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        size_t length = 0;
        if (utf8_next(slice_skip(s, size - back), &length) != UTF8_INVALID && length > back) {
            return slice_take(s, size - back);
        }
    }
    return slice_take(s, size);
}

void utf8_append(struct strbuf *out, struct slice s)
{
    while (s.size > 0) {
        size_t good = utf8_find_invalid(s);
        size_t bad = 0;
        strbuf_append(out, slice_take(s, good));
        s = slice_skip(s, good);
        if (s.size > 0) {
            (void)utf8_next(s, &bad);
            strbuf_append_text(out, "\xEF\xBF\xBD");
            s = slice_skip(s, bad);
        }
    }
}
