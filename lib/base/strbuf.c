#include "base/strbuf.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define SMALLEST_CAPACITY 64

char strbuf_empty[1] = "";

void strbuf_init(struct strbuf *buffer)
{
    *buffer = (struct strbuf)STRBUF_INIT;
}

void strbuf_release(struct strbuf *buffer)
{
    if (buffer == NULL) {
        return;
    }
    if (buffer->capacity > 0) {
        free(buffer->data);
    }
    strbuf_init(buffer);
}

void strbuf_wipe(struct strbuf *buffer)
{
    if (buffer != NULL && buffer->capacity > 0) {
        explicit_bzero(buffer->data, buffer->capacity);
    }
    strbuf_release(buffer);
}

void strbuf_clear(struct strbuf *buffer)
{
    strbuf_truncate(buffer, 0);
}

void strbuf_truncate(struct strbuf *buffer, size_t size)
{
    assert(size <= buffer->size);
    buffer->size = size;
    if (buffer->capacity > 0) {
        buffer->data[size] = '\0';
    }
}

/* Room for `extra` bytes and the NUL. The old bytes are returned for the caller to dispose of, as
 * an append may still have to read from them; NULL when nothing moved. */
static char *grow(struct strbuf *buffer, size_t extra)
{
    size_t needed = memory_sum(memory_sum(buffer->size, extra), 1);
    if (needed <= buffer->capacity) {
        return NULL;
    }
    size_t capacity = buffer->capacity < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : buffer->capacity;
    while (capacity < needed) {
        capacity = memory_sum(capacity, capacity / 2);
    }
    char *old = buffer->capacity > 0 ? buffer->data : NULL;
    char *data = memory_allocate(capacity);
    memcpy(data, buffer->data, buffer->size);
    data[buffer->size] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return old;
}

static void dispose(char *old, size_t size)
{
    if (old != NULL) {
        explicit_bzero(old, size);
        free(old);
    }
}

void strbuf_reserve(struct strbuf *buffer, size_t extra)
{
    size_t size = buffer->capacity;
    dispose(grow(buffer, extra), size);
}

void strbuf_append(struct strbuf *buffer, struct slice bytes)
{
    if (bytes.size == 0) {
        return;
    }
    size_t old_capacity = buffer->capacity;
    char *old = grow(buffer, bytes.size);
    memmove(buffer->data + buffer->size, bytes.data, bytes.size);
    buffer->size += bytes.size;
    buffer->data[buffer->size] = '\0';
    dispose(old, old_capacity);
}

void strbuf_append_text(struct strbuf *buffer, const char *text)
{
    strbuf_append(buffer, slice_from(text));
}

void strbuf_append_char(struct strbuf *buffer, char byte)
{
    strbuf_append(buffer, slice_of(&byte, 1));
}

void strbuf_append_format(struct strbuf *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    strbuf_append_format_list(buffer, format, arguments);
    va_end(arguments);
}

void strbuf_append_format_list(struct strbuf *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length > 0) {
        size_t size = (size_t)length;
        size_t old_capacity = buffer->capacity;
        char *old = grow(buffer, size); /* an argument may be text of this buffer */
        char *end = buffer->data + buffer->size;
        (void)vsnprintf(end, size + 1, format, again);
        buffer->size += size;
        dispose(old, old_capacity);
    }
    va_end(again);
}

void strbuf_append_u64(struct strbuf *buffer, uint64_t number)
{
    char digits[20]; /* 2^64 has no more */
    size_t start = sizeof(digits);
    do {
        digits[--start] = (char)('0' + (number % 10));
        number /= 10;
    } while (number > 0);
    strbuf_append(buffer, slice_of(digits + start, sizeof(digits) - start));
}

void strbuf_append_i64(struct strbuf *buffer, int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        strbuf_append_char(buffer, '-');
        magnitude = 0 - magnitude;
    }
    strbuf_append_u64(buffer, magnitude);
}
