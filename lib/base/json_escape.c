#include "base/json_escape.h"

#include "base/hex.h"
#include "base/utf8.h"

#include "base/banned.h"

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* The four digits of a \u escape at the start of `s`, or UTF8_INVALID. */
static uint32_t code_unit(struct slice s)
{
    uint32_t unit = 0;
    if (s.size < 6 || s.data[0] != '\\' || s.data[1] != 'u') {
        return UTF8_INVALID;
    }
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_value(s.data[i]);
        if (digit < 0) {
            return UTF8_INVALID;
        }
        unit = unit << 4 | (uint32_t)digit;
    }
    return unit;
}

bool json_escape_is_surrogate(uint32_t character)
{
    return is_high_surrogate(character) || is_low_surrogate(character);
}

uint32_t json_escape_decode(struct slice s, size_t *length)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    size_t letter = s.size < 2 ? SLICE_NONE : slice_find(SLICE(letters), s.data[1]);
    if (letter != SLICE_NONE) {
        *length = 2;
        return (unsigned char)meanings[letter];
    }
    uint32_t unit = code_unit(s);
    *length = 6;
    if (is_high_surrogate(unit)) {
        uint32_t second = code_unit(slice_skip(s, 6));
        if (is_low_surrogate(second)) {
            *length = 12;
            return 0x10000 + ((unit & 0x3FF) << 10 | (second & 0x3FF));
        }
    }
    return unit;
}
