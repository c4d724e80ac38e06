/*
 * Replies that are errors: "<status>\n", header lines, a blank line, a body. Whatever they hold,
 * there is a code, a line that can be printed, a decision, and never a region that is none.
 */
#include "aws/aws_endpoint.h"
#include "aws/aws_error.h"

#include <assert.h>

#define HEADERS_LIMIT 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_headers(struct slice *rest, struct http_header *headers)
{
    size_t count = 0;
    struct slice line;
    while (rest->size > 0) {
        (void)slice_cut(*rest, '\n', &line, rest);
        if (line.size == 0) {
            break;
        }
        if (count < HEADERS_LIMIT) {
            (void)slice_cut(line, ':', &headers[count].name, &headers[count].value);
            headers[count].value = slice_trim(headers[count].value);
            count++;
        }
    }
    return count;
}

static void check_line(struct slice text, size_t limit)
{
    assert(text.size <= limit);
    for (size_t i = 0; i < text.size; i++) {
        assert((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
    }
}

static void check(const struct aws_error *error)
{
    struct error err;
    check_line(error->code, 63);
    check_line(error->message, 400);
    check_line(error->request_id, 400);
    assert(error->code.size > 0);
    assert((error->class == AWS_ERROR_WRONG_REGION) == (error->region.size > 0));
    assert(error->region.size == 0 || aws_endpoint_is_region(error->region));
    assert(error->retry_after_ms >= 0 && error->retry_after_ms <= 900000);
    (void)aws_error_is_clock_skew(error, 1795206473000);
    assert(aws_error_set(&err, error) == -1);
    assert(err.kind == error->kind && err.status == error->status && err.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_header headers[HEADERS_LIMIT];
    struct slice rest = slice_of(data, size);
    struct slice line;
    struct arena arena;
    struct aws_error error;
    uint64_t status = 0;
    (void)slice_cut(rest, '\n', &line, &rest);
    (void)slice_to_u64(line, &status);
    struct http_response response = {.status = (int)(status % 1000), .headers = headers};
    response.header_count = read_headers(&rest, headers);
    arena_init(&arena, 4096);
    aws_error_read(&response, rest, SLICE("eu-west-1"), &arena, &error);
    check(&error);
    arena_release(&arena);
    return 0;
}
