/*
 * JSON: what the scan accepts cJSON accepts too, the tree keeps the promises of json.h, and what
 * the writer makes of the tree reads back as the same tree.
 */
#include "base/json.h"
#include "base/json_scan.h"
#include "base/json_writer.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- what holds for every tree --- */

static void check_string(struct slice text)
{
    assert(utf8_find_invalid(text) == SLICE_NONE);
}

/* The double and the text of one number belong together: no node got its neighbour's. */
static void check_number(const json *value)
{
    struct slice text;
    double number = 0;
    int64_t whole = 0;
    assert(json_number_text(value, &text) && text.size > 0 && text.size <= JSON_NUMBER_LIMIT);
    assert(json_double(value, &number));
    double expected = strtod(text.data, NULL);
    assert(number == expected && signbit(number) == signbit(expected));
    if (json_i64(value, &whole)) {
        char digits[24];
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)whole);
        struct slice printed = slice_from(digits);
        struct slice unsigned_zero =
            slice_equal(slice_take(text, 2), SLICE("-0")) ? slice_skip(text, 1) : text;
        assert(slice_starts_with(unsigned_zero, printed));
    }
}

static void check_names(const json *object)
{
    size_t looked_at = 0;
    for (const json *a = json_first(object); a != NULL && looked_at < 32; a = json_next(a)) {
        looked_at++;
        check_string(json_name(a));
        for (const json *b = json_next(a); b != NULL; b = json_next(b)) {
            assert(!slice_equal(json_name(a), json_name(b)));
        }
    }
}

static void check_tree(const json *value, size_t depth)
{
    struct slice text;
    if (json_type(value) == JSON_OBJECT || json_type(value) == JSON_ARRAY) {
        depth++;
        assert(depth <= JSON_DEPTH_LIMIT);
    }
    if (json_string(value, &text)) {
        check_string(text);
    }
    if (json_type(value) == JSON_NUMBER) {
        check_number(value);
    }
    if (json_type(value) == JSON_OBJECT) {
        check_names(value);
    }
    for (const json *item = json_first(value); item != NULL; item = json_next(item)) {
        check_tree(item, depth);
    }
}

/* --- round trip --- */

static void write_value(struct json_writer *writer, const json *value);

static void write_items(struct json_writer *writer, const json *container)
{
    bool is_object = json_type(container) == JSON_OBJECT;
    for (const json *item = json_first(container); item != NULL; item = json_next(item)) {
        if (is_object) {
            json_write_name(writer, json_name(item));
        }
        write_value(writer, item);
    }
}

static void write_value(struct json_writer *writer, const json *value)
{
    struct slice text = {NULL, 0};
    bool truth = false;
    switch (json_type(value)) {
    case JSON_OBJECT:
        json_write_object(writer);
        write_items(writer, value);
        json_write_object_end(writer);
        break;
    case JSON_ARRAY:
        json_write_array(writer);
        write_items(writer, value);
        json_write_array_end(writer);
        break;
    case JSON_STRING:
        assert(json_string(value, &text));
        json_write_string(writer, text);
        break;
    case JSON_NUMBER:
        assert(json_number_text(value, &text));
        json_write_raw(writer, text);
        break;
    case JSON_BOOL:
        assert(json_bool(value, &truth));
        json_write_bool(writer, truth);
        break;
    default:
        assert(json_type(value) == JSON_NULL);
        json_write_null(writer);
    }
}

static void check_equal(const json *a, const json *b)
{
    struct slice left = {NULL, 0};
    struct slice right = {NULL, 0};
    bool yes = false;
    bool no = false;
    assert(json_type(a) == json_type(b));
    assert(slice_equal(json_name(a), json_name(b)));
    assert(json_string(a, &left) == json_string(b, &right) && slice_equal(left, right));
    assert(json_number_text(a, &left) == json_number_text(b, &right) && slice_equal(left, right));
    assert(json_bool(a, &yes) == json_bool(b, &no) && yes == no);
    assert(json_count(a) == json_count(b));
    const json *other = json_first(b);
    for (const json *item = json_first(a); item != NULL; item = json_next(item)) {
        check_equal(item, other);
        other = json_next(other);
    }
}

static void check_round_trip(struct arena *arena, const json *document)
{
    struct strbuf text = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&text);
    struct error err;
    write_value(&writer, document);
    const json *again = json_parse(arena, strbuf_slice(&text), SIZE_MAX, &err);
    assert(again != NULL);
    check_equal(document, again);
    strbuf_release(&text);
}

/* --- texts made of an accepted one --- */

static void check_variants(struct slice text, const json *document)
{
    struct strbuf variant = STRBUF_INIT;
    struct error err = {.kind = ERROR_CANCELLED};
    strbuf_append_format(&variant, " [ %.*s\n]\t", SLICE_ARG(text));
    assert(json_scan(strbuf_slice(&variant), &err) == 0 || err.kind == ERROR_LIMIT);

    strbuf_clear(&variant);
    strbuf_append_format(&variant, "{\"k\":%.*s,\"\\u006b\":0}", SLICE_ARG(text));
    assert(json_scan(strbuf_slice(&variant), &err) != 0);

    /* All but numbers and literals have a last character that they cannot do without. */
    struct slice cut = slice_trim(text);
    cut.size--;
    assert(json_type(document) == JSON_NUMBER || json_scan(cut, &err) != 0);
    strbuf_release(&variant);
}

static void check_error(const struct error *err, struct slice text)
{
    unsigned long line = strtoul(err->message + strlen("JSON, line "), NULL, 10);
    assert(err->kind == ERROR_INVALID || err->kind == ERROR_LIMIT);
    assert(slice_starts_with(slice_from(err->message), SLICE("JSON, line ")));
    assert(line >= 1 && line <= text.size + 1);
    assert(strlen(err->message) < 128);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct error err = {.kind = ERROR_CANCELLED};
    struct arena arena;
    arena_init(&arena, 4096);
    const json *document = json_parse(&arena, text, SIZE_MAX, &err);
    assert((document != NULL) == (json_scan(text, &err) == 0));
    if (document == NULL) {
        check_error(&err, text);
    } else {
        check_tree(document, 0);
        check_round_trip(&arena, document);
        check_variants(text, document);
    }
    arena_release(&arena);
    return 0;
}
