/* Requests to sign, written as text. */
#ifndef UNIT_SIGV4_FIXTURE_H
#define UNIT_SIGV4_FIXTURE_H

#include "unit/unit.h"

#include "aws/sigv4.h"
#include "base/clock.h"

#define ACCESS_KEY "AKIDEXAMPLE"
#define SECRET_KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NOW "20261120T202753Z"
#define HEADERS_LIMIT 16

struct parsed {
    struct sigv4_request request;
    struct http_header headers[HEADERS_LIMIT];
    struct slice body;
};

static inline void parse_headers(struct slice *text, struct parsed *parsed)
{
    while (text->size > 0) {
        struct slice line;
        slice_cut(*text, '\n', &line, text);
        if (line.size == 0) {
            return;
        }
        size_t count = parsed->request.header_count;
        if (line.data[0] == ' ') { /* folded: the value goes on */
            struct slice *value = &parsed->headers[count - 1].value;
            value->size = (size_t)(line.data + line.size - value->data);
            continue;
        }
        assert_true(count < HEADERS_LIMIT);
        struct http_header *header = &parsed->headers[count];
        assert_true(slice_cut(line, ':', &header->name, &header->value));
        parsed->request.header_count++;
    }
}

static inline void parse_request(struct slice text, struct parsed *parsed)
{
    struct slice line;
    *parsed = (struct parsed){.request.headers = parsed->headers};
    slice_cut(text, '\n', &line, &text);
    assert_true(slice_cut(line, ' ', &parsed->request.method, &line));
    size_t end = slice_find_last(line, ' ');
    struct slice target = slice_take(line, end);
    slice_cut(target, '?', &parsed->request.path, &parsed->request.query);
    parse_headers(&text, parsed);
    parsed->body = text;
}

static inline void add_header(struct parsed *parsed, const char *name, struct slice value)
{
    assert_true(parsed->request.header_count < HEADERS_LIMIT);
    parsed->headers[parsed->request.header_count++] = (struct http_header){slice_from(name), value};
}

static inline void assert_slice(struct slice actual, const char *expected, const char *name)
{
    if (!slice_equal(actual, slice_from(expected))) {
        fail_msg("%s: is \"%.*s\", must be \"%s\"", name, SLICE_ARG(actual), expected);
    }
}

#endif
