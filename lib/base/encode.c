#include "base/encode.h"

#include "base/crc32_fold.h"

#include "base/banned.h"

/* ---- percent ----------------------------------------------------------------------------------
 */

static const char upper_hex[] = "0123456789ABCDEF";
static const char lower_hex[] = "0123456789abcdef";

int decode_hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

/* The byte that two hexadecimal digits stand for, or -1. */
static int hex_pair(const char *digits)
{
    int high = decode_hex_digit(digits[0]);
    int low = decode_hex_digit(digits[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

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

/* `plus` is what a '+' stands for. */
static int decode_percent(struct strbuf *out, struct slice text, char plus, struct error *err)
{
    size_t size_before = out->size;
    for (size_t i = 0; i < text.size; i++) {
        char next = text.data[i];
        if (next == '+') {
            next = plus;
        }
        if (next != '%') {
            strbuf_append_char(out, next);
            continue;
        }
        int byte = text.size - i > 2 ? hex_pair(text.data + i + 1) : -1;
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

int decode_uri(struct strbuf *out, struct slice text, struct error *err)
{
    return decode_percent(out, text, '+', err);
}

int decode_form(struct strbuf *out, struct slice text, struct error *err)
{
    return decode_percent(out, text, ' ', err);
}

/* ---- hexadecimal ------------------------------------------------------------------------------
 */

void encode_hex(struct strbuf *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        const char digits[2] = {lower_hex[byte >> 4], lower_hex[byte & 0xF]};
        strbuf_append(out, slice_of(digits, sizeof(digits)));
    }
}

int decode_hex(struct strbuf *out, struct slice text, struct error *err)
{
    size_t size_before = out->size;
    if (text.size % 2 != 0) {
        return error_set(err, ERROR_INVALID, "hexadecimal text: an odd number of digits (%zu)",
                         text.size);
    }
    for (size_t i = 0; i < text.size; i += 2) {
        int byte = hex_pair(text.data + i);
        if (byte < 0) {
            size_t offset = decode_hex_digit(text.data[i]) < 0 ? i : i + 1;
            strbuf_truncate(out, size_before);
            return error_set(err, ERROR_INVALID,
                             "hexadecimal text: no hexadecimal digit at offset %zu", offset);
        }
        strbuf_append_char(out, (char)byte);
    }
    return 0;
}

/* ---- base64 -----------------------------------------------------------------------------------
 */

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

/* ---- CRC-32 -----------------------------------------------------------------------------------
 */

#define CRC32_POLYNOMIAL 0xEDB88320U /* bits reversed */
#define CRC32_SLICES 8

/* [k][b]: what byte b adds to the checksum when k more bytes follow it in the same step. */
static uint32_t crc32_tables[CRC32_SLICES][256];

/* Before main, so that neither a branch nor a lock is needed at each call. */
__attribute__((constructor)) static void build_crc32_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ CRC32_POLYNOMIAL : crc >> 1;
        }
        crc32_tables[0][byte] = crc;
    }
    for (size_t k = 1; k < CRC32_SLICES; k++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = crc32_tables[k - 1][byte];
            crc32_tables[k][byte] = crc >> 8 ^ crc32_tables[0][crc & 0xFF];
        }
    }
}

/* Four bytes, the lowest first, on any machine. */
static uint32_t load_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint32_t crc32_of_8(uint32_t crc, const unsigned char *bytes)
{
    uint32_t low = crc ^ load_u32(bytes);
    uint32_t high = load_u32(bytes + 4);
    return crc32_tables[7][low & 0xFF] ^ crc32_tables[6][low >> 8 & 0xFF] ^
           crc32_tables[5][low >> 16 & 0xFF] ^ crc32_tables[4][low >> 24] ^
           crc32_tables[3][high & 0xFF] ^ crc32_tables[2][high >> 8 & 0xFF] ^
           crc32_tables[1][high >> 16 & 0xFF] ^ crc32_tables[0][high >> 24];
}

static uint32_t crc32_by_tables(uint32_t crc, const unsigned char *bytes, size_t size)
{
    for (; size >= CRC32_SLICES; size -= CRC32_SLICES, bytes += CRC32_SLICES) {
        crc = crc32_of_8(crc, bytes);
    }
    for (; size > 0; size--, bytes++) {
        crc = crc >> 8 ^ crc32_tables[0][(crc ^ *bytes) & 0xFF];
    }
    return crc;
}

uint32_t encode_crc32(uint32_t crc, struct slice bytes)
{
    unsigned char folded[CRC32_FOLDED];
    crc = ~crc;
    size_t done = crc32_fold(crc, bytes, folded);
    if (done > 0) {
        crc = crc32_by_tables(0, folded, sizeof(folded));
        bytes = slice_skip(bytes, done);
    }
    return ~crc32_by_tables(crc, (const unsigned char *)bytes.data, bytes.size);
}

/* The product of two polynomials modulo the CRC's; the highest bit is the constant term. */
static uint32_t crc32_product(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
        product ^= (a & bit) != 0 ? b : 0;
        b = (b & 1) != 0 ? b >> 1 ^ CRC32_POLYNOMIAL : b >> 1;
    }
    return product;
}

/* A zero bit behind a text multiplies its CRC by x, so `size` bytes do it by x to the power of
 * 8 * size, which squaring finds. The inversions at both ends of a CRC cancel out. */
uint32_t encode_crc32_join(uint32_t first, uint32_t second, uint64_t second_size)
{
    uint32_t power = UINT32_C(1) << 23; /* x to the 8: one byte */
    uint32_t shift = UINT32_C(1) << 31; /* 1: nothing */
    for (; second_size > 0; second_size >>= 1) {
        shift = (second_size & 1) != 0 ? crc32_product(shift, power) : shift;
        power = crc32_product(power, power);
    }
    return crc32_product(shift, first) ^ second;
}
