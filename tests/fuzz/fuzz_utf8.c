/*
 * UTF-8 and the writing of JSON strings: what is taken for a character is its one encoding, the
 * search for bad bytes agrees with reading step by step, cuts keep characters whole, and a quoted
 * string is JSON that reads back, bad bytes aside, as what was quoted.
 */
#include "base/json.h"
#include "base/json_scan.h"
#include "base/json_writer.h"
#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t check_characters(struct slice text)
{
    size_t offset = 0;
    size_t first_bad = SLICE_NONE;
    while (offset < text.size) {
        char bytes[4];
        size_t length = 0;
        uint32_t character = utf8_next(slice_skip(text, offset), &length);
        assert(length >= 1 && length <= text.size - offset);
        if (character == UTF8_INVALID) {
            assert(length <= 3);
            first_bad = first_bad == SLICE_NONE ? offset : first_bad;
        } else {
            assert(character <= 0x10FFFF && (character < 0xD800 || character > 0xDFFF));
            assert(utf8_encode(character, bytes) == length);
            assert(memcmp(bytes, text.data + offset, length) == 0);
        }
        offset += length;
    }
    return first_bad;
}

static void check_cuts(struct slice text, size_t first_bad)
{
    size_t limit = text.size < 64 ? text.size : 64;
    for (size_t size = 0; size <= limit; size++) {
        struct slice taken = utf8_take(text, size);
        assert(taken.data == text.data && taken.size <= size && size - taken.size < 4);
        assert(first_bad < size || utf8_find_invalid(taken) == SLICE_NONE);
    }
}

static void check_quoted(struct slice text, bool is_valid)
{
    struct strbuf quoted = STRBUF_INIT;
    struct arena arena;
    struct error err;
    struct slice read;
    bool has_nul = slice_find(text, '\0') != SLICE_NONE;
    arena_init(&arena, 4096);
    json_append_quoted(&quoted, text);
    assert(utf8_find_invalid(strbuf_slice(&quoted)) == SLICE_NONE);
    const json *value = json_parse(&arena, strbuf_slice(&quoted), SIZE_MAX, &err);
    assert((value == NULL) == has_nul); /* json.h refuses U+0000 */
    if (value != NULL) {
        assert(json_string(value, &read));
        assert(slice_equal(read, text) == is_valid);
        assert(slice_starts_with(read, slice_take(text, utf8_find_invalid(text))));
    }
    arena_release(&arena);
    strbuf_release(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    size_t first_bad = check_characters(text);
    assert(utf8_find_invalid(text) == first_bad);
    check_cuts(text, first_bad);
    check_quoted(text, first_bad == SLICE_NONE);
    return 0;
}
