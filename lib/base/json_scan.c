#include "base/json_scan.h"

#include "base/array.h"
#include "base/json_escape.h"
#include "base/json_names.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

struct scan {
    struct slice text;
    size_t position;
    size_t depth;
    struct strbuf names; /* a struct slice each, as written: names of the objects that are open */
    struct error *err;
};

static int scan_value(struct scan *scan);

/* --- errors --- */

static int fail_at(const struct scan *scan, size_t position, enum error_kind kind, const char *what)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < position; i++) {
        unsigned char byte = (unsigned char)scan->text.data[i];
        if (byte == '\n') {
            line++;
            column = 1;
        } else if ((byte & 0xC0U) != 0x80) { /* characters are counted, not bytes */
            column++;
        }
    }
    return error_set(scan->err, kind, "JSON, line %zu, column %zu: %s", line, column, what);
}

static int fail(const struct scan *scan, const char *what)
{
    return fail_at(scan, scan->position, ERROR_INVALID, what);
}

/* "<wanted> is expected here, not 'x'" */
static int fail_expected(const struct scan *scan, const char *wanted)
{
    char found[24] = "the end of the text";
    char what[96];
    if (scan->position < scan->text.size) {
        unsigned char byte = (unsigned char)scan->text.data[scan->position];
        bool visible = byte > ' ' && byte <= '~';
        (void)snprintf(found, sizeof(found), visible ? "'%c'" : "byte 0x%02x", byte);
    }
    (void)snprintf(what, sizeof(what), "%s is expected here, not %s", wanted, found);
    return fail(scan, what);
}

/* --- characters --- */

static struct slice rest(const struct scan *scan)
{
    return slice_skip(scan->text, scan->position);
}

/* The next byte, or NUL at the end; a NUL in the text starts nothing either. */
static char peek(const struct scan *scan)
{
    if (scan->position == scan->text.size) {
        return '\0';
    }
    return scan->text.data[scan->position];
}

/* Steps over `wanted` if it comes next. */
static bool take(struct scan *scan, char wanted)
{
    bool is_next = peek(scan) == wanted;
    scan->position += is_next ? 1 : 0;
    return is_next;
}

static void skip_blanks(struct scan *scan)
{
    while (peek(scan) == ' ' || peek(scan) == '\t' || peek(scan) == '\n' || peek(scan) == '\r') {
        scan->position++;
    }
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* --- strings --- */

static int scan_escape(struct scan *scan)
{
    size_t length = 0;
    uint32_t character = json_escape_decode(rest(scan), &length);
    if (character == UTF8_INVALID) {
        return fail(scan, "a backslash that starts no valid escape");
    }
    if (json_escape_is_surrogate(character)) {
        return fail(scan, "an escaped surrogate without its other half");
    }
    if (character == 0) {
        return fail(scan, "the character U+0000 is not allowed");
    }
    scan->position += length;
    return 0;
}

/* One character of a string, in whatever way it is written. */
static int scan_character(struct scan *scan)
{
    unsigned char byte = (unsigned char)peek(scan);
    size_t length = 1;
    if (byte == '\\') {
        return scan_escape(scan);
    }
    if (scan->position == scan->text.size) {
        return fail(scan, "the text ends inside a string");
    }
    if (byte < ' ') {
        return fail(scan, "a control character in a string must be escaped");
    }
    if (byte >= 0x80 && utf8_next(rest(scan), &length) == UTF8_INVALID) {
        return fail(scan, "bytes that are not UTF-8");
    }
    scan->position += length;
    return 0;
}

/* After the opening quote, up to behind the closing one. */
static int scan_string(struct scan *scan)
{
    while (!take(scan, '"')) {
        if (scan_character(scan) != 0) {
            return -1;
        }
    }
    return 0;
}

/* --- numbers --- */

static int scan_digits(struct scan *scan)
{
    if (!is_digit(peek(scan))) {
        return fail_expected(scan, "a digit");
    }
    while (is_digit(peek(scan))) {
        scan->position++;
    }
    return 0;
}

static bool overflows(struct slice number)
{
    char text[JSON_NUMBER_LIMIT + 1];
    memcpy(text, number.data, number.size);
    text[number.size] = '\0';
    return isinf(strtod(text, NULL)) != 0;
}

static int scan_number(struct scan *scan)
{
    size_t start = scan->position;
    (void)take(scan, '-');
    if (!take(scan, '0') && scan_digits(scan) != 0) {
        return -1;
    }
    if (take(scan, '.') && scan_digits(scan) != 0) {
        return -1;
    }
    if (take(scan, 'e') || take(scan, 'E')) {
        (void)(take(scan, '+') || take(scan, '-'));
        if (scan_digits(scan) != 0) {
            return -1;
        }
    }
    struct slice number = slice_of(scan->text.data + start, scan->position - start);
    if (number.size > JSON_NUMBER_LIMIT) {
        return fail_at(scan, start, ERROR_LIMIT, "a number of too many characters");
    }
    if (overflows(number)) {
        return fail_at(scan, start, ERROR_INVALID, "a number too large for a double");
    }
    return 0;
}

/* --- names --- */

/* Takes the names from `first` on (an offset in scan->names) off again; no two may be the same. */
static int close_names(struct scan *scan, size_t first)
{
    struct slice *names = (struct slice *)(void *)(scan->names.data + first);
    size_t count = (scan->names.size - first) / sizeof(*names);
    const char *repeated = json_names_repeated(names, count);
    strbuf_truncate(&scan->names, first);
    if (repeated != NULL) {
        return fail_at(scan, (size_t)(repeated - scan->text.data) - 1, ERROR_INVALID,
                       "the object has a member of this name already");
    }
    return 0;
}

/* --- values --- */

static int scan_member(struct scan *scan)
{
    skip_blanks(scan);
    if (!take(scan, '"')) {
        return fail_expected(scan, "a name in quotes");
    }
    size_t start = scan->position;
    if (scan_string(scan) != 0) {
        return -1;
    }
    struct slice name = slice_of(scan->text.data + start, scan->position - 1 - start);
    strbuf_append(&scan->names, slice_of(&name, sizeof(name)));
    skip_blanks(scan);
    if (!take(scan, ':')) {
        return fail_expected(scan, "a colon");
    }
    return scan_value(scan);
}

/* After the opening bracket, up to behind the closing one. */
static int scan_items(struct scan *scan, int (*scan_item)(struct scan *), char closing)
{
    skip_blanks(scan);
    if (take(scan, closing)) {
        return 0;
    }
    do {
        if (scan_item(scan) != 0) {
            return -1;
        }
        skip_blanks(scan);
    } while (take(scan, ','));
    if (!take(scan, closing)) {
        return fail_expected(scan, closing == '}' ? "a comma or '}'" : "a comma or ']'");
    }
    return 0;
}

/* After the opening brace, up to behind the closing one. */
static int scan_object(struct scan *scan)
{
    size_t first_name = scan->names.size;
    if (scan_items(scan, scan_member, '}') != 0) {
        return -1;
    }
    return close_names(scan, first_name);
}

/* At an opening bracket or brace. */
static int scan_container(struct scan *scan)
{
    if (scan->depth == JSON_DEPTH_LIMIT) {
        return fail_at(scan, scan->position, ERROR_LIMIT, "arrays and objects nest too deeply");
    }
    scan->depth++;
    bool is_array = peek(scan) == '[';
    scan->position++;
    int result = is_array ? scan_items(scan, scan_value, ']') : scan_object(scan);
    scan->depth--;
    return result;
}

static int scan_literal(struct scan *scan)
{
    static const struct slice literals[] = {
        SLICE_INIT("true"),
        SLICE_INIT("false"),
        SLICE_INIT("null"),
    };
    for (size_t i = 0; i < COUNT_OF(literals); i++) {
        if (slice_starts_with(rest(scan), literals[i])) {
            scan->position += literals[i].size;
            return 0;
        }
    }
    return fail_expected(scan, "a value");
}

static int scan_value(struct scan *scan)
{
    skip_blanks(scan);
    char first = peek(scan);
    if (first == '{' || first == '[') {
        return scan_container(scan);
    }
    if (take(scan, '"')) {
        return scan_string(scan);
    }
    return first == '-' || is_digit(first) ? scan_number(scan) : scan_literal(scan);
}

/* --- the text --- */

static int scan_text(struct scan *scan)
{
    if (slice_starts_with(scan->text, SLICE("\xEF\xBB\xBF"))) {
        return fail(scan, "a byte order mark is not allowed");
    }
    if (scan_value(scan) != 0) {
        return -1;
    }
    skip_blanks(scan);
    if (scan->position < scan->text.size) {
        return fail_expected(scan, "the end of the text");
    }
    return 0;
}

int json_scan(struct slice text, struct error *err)
{
    struct scan scan = {.text = text, .names = STRBUF_INIT, .err = err};
    int result = scan_text(&scan);
    strbuf_release(&scan.names);
    return result;
}

/* --- a walk over numbers --- */

/* Of a text that was scanned: the place behind the string that opens at `at`. */
static size_t skip_string(struct slice text, size_t at)
{
    for (at++; text.data[at] != '"'; at++) {
        at += text.data[at] == '\\' ? 1 : 0;
    }
    return at + 1;
}

static bool starts_number(char byte)
{
    return byte == '-' || is_digit(byte);
}

static bool continues_number(char byte)
{
    return is_digit(byte) || slice_find(SLICE("+-.eE"), byte) != SLICE_NONE;
}

struct slice json_scan_number(struct slice text, size_t *position)
{
    size_t start = *position;
    while (start < text.size && !starts_number(text.data[start])) {
        start = text.data[start] == '"' ? skip_string(text, start) : start + 1;
    }
    size_t end = start;
    while (end < text.size && continues_number(text.data[end])) {
        end++;
    }
    *position = end;
    return slice_of(text.data + start, end - start);
}
