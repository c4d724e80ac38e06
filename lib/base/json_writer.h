/*
 * JSON for the outside, written straight into a buffer. Commas and colons are put where they
 * belong; bytes that are not UTF-8 become U+FFFD, so the result is always valid JSON.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/slice.h"
#include "base/strbuf.h"

struct json_writer {
    struct strbuf *out; /* borrowed */
    bool comma;         /* does the next value or name need one before it? */
};

static inline struct json_writer json_writer_to(struct strbuf *out)
{
    return (struct json_writer){.out = out, .comma = false};
}

void json_write_object(struct json_writer *writer); /* { */
void json_write_object_end(struct json_writer *writer);
void json_write_array(struct json_writer *writer); /* [ */
void json_write_array_end(struct json_writer *writer);

void json_write_name(struct json_writer *writer, struct slice name);
void json_write_string(struct json_writer *writer, struct slice text);
void json_write_i64(struct json_writer *writer, int64_t number);
void json_write_bool(struct json_writer *writer, bool truth);
void json_write_null(struct json_writer *writer);
/* Text that is JSON already; the caller vouches for it. */
void json_write_raw(struct json_writer *writer, struct slice text);

/* A name and its value at once. */
void json_write_member_string(struct json_writer *writer, const char *name, struct slice text);
void json_write_member_i64(struct json_writer *writer, const char *name, int64_t number);
void json_write_member_bool(struct json_writer *writer, const char *name, bool truth);

/* Appends the text between quotes, escaped: the piece that the others are made of. */
void json_append_quoted(struct strbuf *out, struct slice text);

#endif
