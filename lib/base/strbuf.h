/*
 * A growing byte buffer that owns its bytes. `data` always ends in a NUL that `size` does not
 * count, so text in it can be handed to C functions.
 *
 * Out of memory ends the process with one line on standard error: an environment without memory
 * can do nothing useful, Lambda starts a new one and the state of every file is in Postgres. Sizes
 * that come from outside are bounded by the caller before they reach a buffer.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include "base/slice.h"

#include <stdarg.h>

struct strbuf {
    char *data; /* never NULL */
    size_t size;
    size_t capacity; /* bytes allocated; 0: nothing is */
};

#define STRBUF_INIT                                                                                \
    {                                                                                              \
        .data = strbuf_empty, .size = 0, .capacity = 0                                             \
    }
extern char strbuf_empty[1]; /* shared by all empty buffers; nobody writes to it */

void strbuf_init(struct strbuf *buffer);
/* Frees the bytes and leaves an empty buffer that can be used again. */
void strbuf_release(struct strbuf *buffer);
/* As strbuf_release, after overwriting every byte that was allocated. For secrets. (Growing wipes
 * the bytes it moves away from, so no other copy is left behind.) */
void strbuf_wipe(struct strbuf *buffer);

/* Empties the buffer and keeps its memory. */
void strbuf_clear(struct strbuf *buffer);
/* Cuts to `size` bytes, which must not exceed the present size. */
void strbuf_truncate(struct strbuf *buffer, size_t size);
/* Makes room for `extra` more bytes, so that appending them does not move `data`. */
void strbuf_reserve(struct strbuf *buffer, size_t extra);

void strbuf_append(struct strbuf *buffer, struct slice bytes); /* may be part of this buffer */
void strbuf_append_text(struct strbuf *buffer, const char *text);
void strbuf_append_char(struct strbuf *buffer, char byte);
void strbuf_append_format(struct strbuf *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void strbuf_append_format_list(struct strbuf *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
void strbuf_append_u64(struct strbuf *buffer, uint64_t number);
void strbuf_append_i64(struct strbuf *buffer, int64_t number);

static inline struct slice strbuf_slice(const struct strbuf *buffer)
{
    return (struct slice){buffer->data, buffer->size};
}

#endif
