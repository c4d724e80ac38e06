/*
 * Percent, form, base64 and CRC-32: decoding undoes encoding for any bytes, what is decoded encodes
 * to the text again where a value has one spelling only, a refused text leaves the buffer as it
 * was, and the checksum of two pieces is that of the whole.
 */
#include "base/array.h"
#include "base/crc32.h"
#include "base/encode.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void encode_function(struct strbuf *out, struct slice bytes);
typedef int decode_function(struct strbuf *out, struct slice text, struct error *err);

static const struct codec {
    encode_function *encode;
    decode_function *decode;
} codecs[] = {
    {encode_uri, decode_form},
    {encode_uri_path, decode_form},
    {encode_base64, decode_base64},
};

static void check_decoding_undoes_encoding(const struct codec *codec, struct slice bytes)
{
    struct strbuf encoded = STRBUF_INIT;
    struct strbuf decoded = STRBUF_INIT;
    struct error err;
    codec->encode(&encoded, bytes);
    assert(codec->decode(&decoded, strbuf_slice(&encoded), &err) == 0);
    assert(slice_equal(strbuf_slice(&decoded), bytes));
    strbuf_release(&decoded);
    strbuf_release(&encoded);
}

/* The text as such: refused without a trace, or a shorter value that survives its own way. */
static void check_text(const struct codec *codec, struct slice text)
{
    struct strbuf decoded = STRBUF_INIT;
    struct error err = {.kind = ERROR_CANCELLED};
    strbuf_append_char(&decoded, '>');
    if (codec->decode(&decoded, text, &err) == 0) {
        assert(err.kind == ERROR_CANCELLED);
        assert(decoded.size - 1 <= text.size);
        check_decoding_undoes_encoding(codec, slice_skip(strbuf_slice(&decoded), 1));
    } else {
        assert(err.kind == ERROR_INVALID && err.message[0] != '\0');
        assert(decoded.size == 1 && decoded.data[0] == '>' && decoded.data[1] == '\0');
    }
    strbuf_release(&decoded);
}

/* Each value has one spelling in base64. */
static void check_spelling(struct slice text)
{
    struct strbuf decoded = STRBUF_INIT;
    struct strbuf encoded = STRBUF_INIT;
    if (decode_base64(&decoded, text, NULL) == 0) {
        encode_base64(&encoded, strbuf_slice(&decoded));
        assert(slice_equal(strbuf_slice(&encoded), text));
    }
    strbuf_release(&encoded);
    strbuf_release(&decoded);
}

/* A plus sign and a blank mean the same. */
static void check_form(struct slice text)
{
    struct strbuf blanks = STRBUF_INIT;
    struct strbuf expected = STRBUF_INIT;
    struct strbuf decoded = STRBUF_INIT;
    strbuf_append(&blanks, text);
    for (size_t i = 0; i < blanks.size; i++) {
        if (blanks.data[i] == '+') {
            blanks.data[i] = ' ';
        }
    }
    int result = decode_form(&expected, strbuf_slice(&blanks), NULL);
    assert(decode_form(&decoded, text, NULL) == result);
    assert(slice_equal(strbuf_slice(&decoded), strbuf_slice(&expected)));
    strbuf_release(&decoded);
    strbuf_release(&expected);
    strbuf_release(&blanks);
}

static void check_crc32(struct slice bytes)
{
    size_t cut = bytes.size == 0 ? 0 : (unsigned char)bytes.data[0] % bytes.size;
    uint32_t crc = crc32_update(0, bytes);
    assert(crc == crc32_update(crc32_update(0, slice_take(bytes, cut)), slice_skip(bytes, cut)));
    assert(crc == crc32_join(crc32_update(0, slice_take(bytes, cut)),
                             crc32_update(0, slice_skip(bytes, cut)), bytes.size - cut));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    for (size_t i = 0; i < COUNT_OF(codecs); i++) {
        check_decoding_undoes_encoding(&codecs[i], bytes);
        check_text(&codecs[i], bytes);
    }
    check_spelling(bytes);
    check_form(bytes);
    check_crc32(bytes);
    return 0;
}
