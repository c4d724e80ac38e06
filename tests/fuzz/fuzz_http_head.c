/*
 * Heads of replies: whatever comes, limits hold, fields are clean, and a head that was taken says
 * the same when it is written out and read again. The same bytes are tried as a URL.
 */
#include "http/http_head.h"
#include "http/http_request.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds a text line by line, as libcurl does; true when the head is complete and nothing was
 * refused. */
static bool feed(struct http_head *head, struct slice text)
{
    struct error err = {.kind = ERROR_CANCELLED};
    int result = 0;
    http_head_start(head);
    while (result == 0 && text.size > 0) {
        size_t end = slice_find(text, '\n');
        size_t line_size = end == SLICE_NONE ? text.size : end + 1;
        result = http_head_line(head, slice_take(text, line_size), &err);
        text = slice_skip(text, line_size);
    }
    assert((result == 0) == (err.kind == ERROR_CANCELLED));
    assert(result == 0 ||
           (err.message[0] != '\0' && (err.kind == ERROR_INVALID || err.kind == ERROR_LIMIT)));
    return result == 0 && head->complete;
}

static void check_fields(const struct http_response *response)
{
    assert(response->status >= 200 && response->status <= 599);
    assert(response->header_count <= HTTP_HEADERS_LIMIT);
    for (size_t i = 0; i < response->header_count; i++) {
        struct slice name = response->headers[i].name;
        struct slice value = response->headers[i].value;
        assert(name.size > 0);
        for (size_t k = 0; k < name.size; k++) {
            assert(http_is_token_byte(name.data[k]));
        }
        for (size_t k = 0; k < value.size; k++) {
            assert(http_is_value_byte(value.data[k]));
        }
        assert(slice_trim(value).size == value.size);
    }
}

static void write_head(struct strbuf *out, const struct http_response *response)
{
    strbuf_append_format(out, "HTTP/1.1 %d\r\n", response->status);
    for (size_t i = 0; i < response->header_count; i++) {
        strbuf_append(out, response->headers[i].name);
        strbuf_append_text(out, ":");
        strbuf_append(out, response->headers[i].value);
        strbuf_append_text(out, "\r\n");
    }
    strbuf_append_text(out, "\r\n");
}

static void check_again(const struct http_response *first, struct arena *arena)
{
    struct http_head head;
    struct http_response second = {.status = 0};
    struct strbuf text = STRBUF_INIT;
    http_head_init(&head);
    write_head(&text, first);
    assert(feed(&head, strbuf_slice(&text)));
    http_head_store(&head, arena, &second);
    assert(second.status == first->status && second.header_count == first->header_count);
    for (size_t i = 0; i < first->header_count; i++) {
        assert(slice_equal(second.headers[i].name, first->headers[i].name));
        assert(slice_equal(second.headers[i].value, first->headers[i].value));
    }
    strbuf_release(&text);
    http_head_release(&head);
}

static void check_url(struct slice url)
{
    struct http_target target = {.tls = false};
    struct error err = {.message = ""};
    if (http_target_parse(url, &target, &err) == 0) {
        assert(target.host.size > 0 && target.location.size >= target.host.size);
        assert(target.location.data > url.data &&
               target.location.data + target.location.size <= url.data + url.size);
        assert(slice_find(url, ' ') == SLICE_NONE && slice_find(url, '\n') == SLICE_NONE);
        assert(slice_find(target.location, '@') == SLICE_NONE);
    } else {
        assert(err.message[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    struct http_head head;
    struct arena arena;
    arena_init(&arena, 0);
    http_head_init(&head);
    if (feed(&head, bytes)) {
        struct http_response response = {.status = 0};
        http_head_store(&head, &arena, &response);
        check_fields(&response);
        check_again(&response, &arena);
    }
    check_url(bytes);
    http_head_release(&head);
    arena_release(&arena);
    return 0;
}
