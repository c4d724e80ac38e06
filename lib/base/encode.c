#include "base/encode.h"

#include "base/hex.h"

#include "base/banned.h"

/* --- percent --- */

static const char upper_hex[] = "0123456789ABCDEF";

static bool is_unreserved(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/* Percent-encodes all but the unreserved characters and `kept`. */
static void append_percent(struct strbuf *out, struct slice bytes, char kept)
{
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        if (is_unreserved(bytes.data[i]) || bytes.data[i] == kept) {
            strbuf_append_char(out, bytes.data[i]);
        } else {
            const char escape[3] = {'%', upper_hex[byte >> 4], upper_hex[byte & 0xF]};
            strbuf_append(out, slice_of(escape, sizeof(escape)));
        }
    }
}

void encode_uri(struct strbuf *out, struct slice bytes)
{
    append_percent(out, bytes, '-');
}

void encode_uri_path(struct strbuf *out, struct slice bytes)
{
    append_percent(out, bytes, '/');
}

int decode_form(struct strbuf *out, struct slice text, struct error *err)
{
    size_t size_before = out->size;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '%') {
            strbuf_append_char(out, (char)(text.data[i] == '+' ? ' ' : text.data[i]));
            continue;
        }
        int byte = text.size - i > 2 ? hex_pair_value(text.data + i + 1) : -1;
        if (byte < 0) {
            strbuf_truncate(out, size_before);
            return error_set(err, ERROR_INVALID,
                             "percent-encoded text: no two hexadecimal digits follow the '%%' at "
                             "offset %zu",
                             i);
        }
        strbuf_append_char(out, (char)byte);
        i += 2;
    }
    return 0;
}

/* --- base64 --- */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1. */
static int base64_value(char digit)
{
    if (digit >= 'A' && digit <= 'Z') {
        return digit - 'A';
    }
    if (digit >= 'a' && digit <= 'z') {
        return digit - 'a' + 26;
    }
    if (digit >= '0' && digit <= '9') {
        return digit - '0' + 52;
    }
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

void encode_base64(struct strbuf *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t count = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (k < count ? (unsigned char)bytes.data[i + k] : 0);
        }
        char digits[4] = "====";
        for (size_t k = 0; k <= count; k++) {
            digits[k] = base64_digits[group >> (18 - 6 * k) & 0x3F];
        }
        strbuf_append(out, slice_of(digits, sizeof(digits)));
    }
}

/* The group of `count` digits (2 to 4) at `offset`: its bytes go to `out`. */
static int decode_base64_group(struct strbuf *out, struct slice text, size_t offset, size_t count,
                               struct error *err)
{
    uint32_t group = 0;
    for (size_t k = 0; k < 4; k++) {
        int value = k < count ? base64_value(text.data[offset + k]) : 0;
        if (value < 0) {
            return error_set(err, ERROR_INVALID, "base64 text: no base64 digit at offset %zu",
                             offset + k);
        }
        group = group << 6 | (uint32_t)value;
    }
    const char bytes[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};
    /* Two digits make one byte and leave 4 bits over, three make two and leave 2. */
    if (count < 4 && (group & (count == 2 ? 0xFFFFU : 0xFFU)) != 0) {
        return error_set(err, ERROR_INVALID,
                         "base64 text: the bits left over by the digit at offset %zu are not zero",
                         offset + count - 1);
    }
    strbuf_append(out, slice_of(bytes, count - 1));
    return 0;
}

int decode_base64(struct strbuf *out, struct slice text, struct error *err)
{
    size_t size_before = out->size;
    if (text.size % 4 != 0) {
        return error_set(err, ERROR_INVALID,
                         "base64 text: its length, %zu, is not a multiple of 4 (padding missing?)",
                         text.size);
    }
    for (size_t i = 0; i < text.size; i += 4) {
        size_t count = 4;
        if (i + 4 == text.size && text.data[i + 3] == '=') {
            count = text.data[i + 2] == '=' ? 2 : 3;
        }
        if (decode_base64_group(out, text, i, count, err) != 0) {
            strbuf_truncate(out, size_before);
            return -1;
        }
    }
    return 0;
}
