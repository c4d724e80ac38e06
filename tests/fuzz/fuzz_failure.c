/*
 * Error texts of Redshift: a column is named exactly when a NULL value is reported, and lies within
 * the text; nothing in quotes is believed; upper and lower case are the same.
 */
#include "redshift/failure.h"

#include "base/strbuf.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_column(struct slice text, struct failure failure)
{
    struct slice column = failure.column;
    assert((failure.kind == FAILURE_NULL_VALUE) == (column.size > 0));
    if (column.size > 0) {
        assert(column.data >= text.data);
        assert(column.data + column.size <= text.data + text.size);
    }
}

static void check_quoted(struct slice text)
{
    struct strbuf quoted = STRBUF_INIT;
    if (slice_find(text, '"') == SLICE_NONE) {
        strbuf_append_char(&quoted, '"');
        strbuf_append(&quoted, text);
        strbuf_append_char(&quoted, '"');
        assert(failure_read(strbuf_slice(&quoted)).kind == FAILURE_OTHER);
    }
    strbuf_release(&quoted);
}

/* The mark after a column's name is the one thing whose case counts. */
static void check_case(struct slice text, enum failure_kind kind)
{
    struct strbuf upper = STRBUF_INIT;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte >= 'a' && byte <= 'z') {
            byte = (char)(byte - ('a' - 'A'));
        }
        strbuf_append_char(&upper, byte);
    }
    assert(slice_search(text, SLICE("[ErrorId")) != SLICE_NONE ||
           failure_read(strbuf_slice(&upper)).kind == kind);
    strbuf_release(&upper);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct failure failure = failure_read(text);
    check_column(text, failure);
    check_quoted(text);
    check_case(text, failure.kind);
    return 0;
}
