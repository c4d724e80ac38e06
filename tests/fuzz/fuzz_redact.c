/*
 * Redaction: the secret is not left anywhere, a short one not as a whole word; and text that does
 * not hold even its first byte stays as it is.
 *
 * Input: the secret, a NUL, the text.
 */
#include "base/redact.h"

#include "base/utf8.h"

#include <assert.h>

#define SHORT_CHARACTERS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_short(struct slice secret)
{
    size_t characters = 0;
    for (size_t length = 0; secret.size > 0; secret = slice_skip(secret, length)) {
        (void)utf8_next(secret, &length);
        characters++;
    }
    return characters < SHORT_CHARACTERS;
}

/* Of ASCII only, where nobody can doubt it; brackets may be the mark's, in place of a letter. */
static bool ends_a_word(char byte)
{
    return (unsigned char)byte < 0x80 && byte != '_' && byte != '[' && byte != ']' &&
           !(byte >= '0' && byte <= '9') && !(byte >= 'a' && byte <= 'z') &&
           !(byte >= 'A' && byte <= 'Z');
}

static bool is_whole_word(struct slice text, size_t start, size_t end)
{
    return (start == 0 || ends_a_word(text.data[start - 1])) &&
           (end == text.size || ends_a_word(text.data[end]));
}

static void check_nothing_is_left(struct slice secret, struct slice text)
{
    bool anywhere = !is_short(secret);
    for (size_t start = 0; start + secret.size <= text.size; start++) {
        if (slice_equal(slice_take(slice_skip(text, start), secret.size), secret)) {
            assert(!anywhere && !is_whole_word(text, start, start + secret.size));
        }
    }
}

/* Can the secret, or the beginning of one of its forms, be in the text at all? */
static bool may_hold(struct slice text, struct slice secret)
{
    return slice_find(text, secret.data[0]) != SLICE_NONE || slice_find(text, '\\') != SLICE_NONE ||
           slice_find(text, '%') != SLICE_NONE || slice_find(text, '+') != SLICE_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice secret;
    struct slice text;
    struct strbuf out = STRBUF_INIT;
    if (!slice_cut(slice_of(data, size), '\0', &secret, &text) || secret.size == 0) {
        return 0;
    }
    redact_forget_all();
    redact_register(secret);
    redact_append(&out, text);
    if (!may_hold(text, secret)) {
        assert(slice_equal(strbuf_slice(&out), text));
    }
    /* The mark itself may make one. */
    if (slice_find(secret, '[') == SLICE_NONE && slice_find(secret, ']') == SLICE_NONE &&
        !slice_equal(secret, SLICE("redacted"))) {
        check_nothing_is_left(secret, strbuf_slice(&out));
    }
    redact_forget_all();
    strbuf_release(&out);
    return 0;
}
