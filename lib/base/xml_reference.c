#include "base/xml_reference.h"

#include "base/array.h"
#include "base/hex.h"
#include "base/utf8.h"

#include "base/banned.h"

#define REFERENCE_LIMIT 16 /* bytes from '&' to ';'; "&#x10FFFF;" has 10 */

/* The character that `digits` name in base 10 or 16, or UTF8_INVALID. */
static uint32_t numbered_character(struct slice digits, int base)
{
    uint32_t character = 0;
    for (size_t i = 0; i < digits.size; i++) {
        int digit = hex_value(digits.data[i]);
        if (digit < 0 || digit >= base) {
            return UTF8_INVALID;
        }
        character = character * (uint32_t)base + (uint32_t)digit;
        if (character > 0x10FFFF) {
            return UTF8_INVALID;
        }
    }
    bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    return character == 0 || is_surrogate ? UTF8_INVALID : character;
}

static uint32_t named_character(struct slice name)
{
    static const struct {
        struct slice name;
        uint32_t character;
    } names[] = {
        {SLICE_INIT("lt"), '<'},   {SLICE_INIT("gt"), '>'},    {SLICE_INIT("amp"), '&'},
        {SLICE_INIT("quot"), '"'}, {SLICE_INIT("apos"), '\''},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (slice_equal(name, names[i].name)) {
            return names[i].character;
        }
    }
    return UTF8_INVALID;
}

/* The character of the reference at the start of `s` (at its '&'), or UTF8_INVALID. */
static uint32_t decode_reference(struct slice s, size_t *length)
{
    struct slice body;
    struct slice after;
    if (!slice_cut(slice_take(s, REFERENCE_LIMIT), ';', &body, &after)) {
        return UTF8_INVALID;
    }
    *length = body.size + 1;
    if (slice_starts_with(body, SLICE("&#x"))) {
        return numbered_character(slice_skip(body, 3), 16);
    }
    if (slice_starts_with(body, SLICE("&#"))) {
        return numbered_character(slice_skip(body, 2), 10);
    }
    return named_character(slice_skip(body, 1));
}

struct slice xml_find_bad_reference(struct slice raw)
{
    size_t at = 0;
    while ((at = slice_find(raw, '&')) != SLICE_NONE) {
        size_t length = 0;
        raw = slice_skip(raw, at);
        if (decode_reference(raw, &length) == UTF8_INVALID) {
            return raw;
        }
        raw = slice_skip(raw, length);
    }
    return slice_take(raw, 0);
}

void xml_append_decoded(struct strbuf *out, struct slice raw)
{
    size_t at = 0;
    while ((at = slice_find(raw, '&')) != SLICE_NONE) {
        char bytes[4];
        size_t length = 0;
        strbuf_append(out, slice_take(raw, at));
        raw = slice_skip(raw, at);
        size_t size = utf8_encode(decode_reference(raw, &length), bytes);
        strbuf_append(out, slice_of(bytes, size));
        raw = slice_skip(raw, length);
    }
    strbuf_append(out, raw);
}
