/*
 * Bodies in chunks: whatever comes, no more bytes are taken than there are, the end is an end, and
 * what was taken is the same however the bytes were cut on their way. The first byte of the input
 * says how.
 */
#include "http/http_body.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decodes `text`, of which at most `step` bytes of body are seen at a time; the result of the
 * last call. *consumed is what belongs to the body, framing and all. */
static int decode(struct slice text, size_t step, struct strbuf *out, size_t *consumed)
{
    const struct http_header header = {SLICE("Transfer-Encoding"), SLICE("chunked")};
    const struct http_response response = {.status = 200, .headers = &header, .header_count = 1};
    struct http_body body;
    struct slice rest = text;
    int result = 0;
    http_body_start(&body, &response, false);
    while (result == 0 && body.state != HTTP_BODY_DONE && rest.size > 0) {
        if (http_body_wants_line(&body)) {
            size_t newline = slice_find(rest, '\n');
            if (newline == SLICE_NONE) {
                break;
            }
            result = http_body_line(&body, slice_take(rest, newline + 1), NULL);
            rest = slice_skip(rest, newline + 1);
        } else {
            size_t available = rest.size < step ? rest.size : step;
            size_t taken = http_body_take(&body, available);
            assert(taken > 0 && taken <= available);
            strbuf_append(out, slice_take(rest, taken));
            rest = slice_skip(rest, taken);
        }
    }
    *consumed = text.size - rest.size;
    if (result == 0) {
        struct error err = {.retryable = false};
        result = http_body_close(&body, &err);
        assert(result == (body.state == HTTP_BODY_DONE ? 0 : -1));
        assert(result == 0 || (err.retryable && err.kind == ERROR_INVALID));
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf whole = STRBUF_INIT;
    struct strbuf pieces = STRBUF_INIT;
    size_t whole_consumed = 0;
    size_t pieces_consumed = 0;
    struct slice text = slice_skip(slice_of(data, size), 1);
    size_t step = size == 0 ? 1 : (size_t)data[0] + 1;
    int result = decode(text, SIZE_MAX, &whole, &whole_consumed);
    assert(decode(text, step, &pieces, &pieces_consumed) == result);
    assert(whole_consumed == pieces_consumed && whole.size <= text.size);
    assert(slice_equal(strbuf_slice(&whole), strbuf_slice(&pieces)));
    strbuf_release(&pieces);
    strbuf_release(&whole);
    return 0;
}
