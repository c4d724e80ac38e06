#include "base/json_writer.h"

#include "base/utf8.h"

#include "base/banned.h"

#define REPLACEMENT SLICE("\xEF\xBF\xBD") /* U+FFFD */

/* --- text --- */

static bool needs_escape(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

static void append_escape(struct strbuf *out, unsigned char byte)
{
    static const char short_forms[] = {
        ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
        ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
    };
    if (short_forms[byte] != '\0') {
        strbuf_append_char(out, '\\');
        strbuf_append_char(out, short_forms[byte]);
    } else {
        strbuf_append_format(out, "\\u%04x", byte);
    }
}

/* How many bytes at the start of `text` stand for themselves. */
static size_t plain_run(struct slice text)
{
    size_t size = 0;
    while (size < text.size) {
        unsigned char byte = (unsigned char)text.data[size];
        size_t length = 1;
        if (needs_escape(byte) ||
            (byte >= 0x80 && utf8_next(slice_skip(text, size), &length) == UTF8_INVALID)) {
            break;
        }
        size += length;
    }
    return size;
}

void json_append_quoted(struct strbuf *out, struct slice text)
{
    strbuf_append_char(out, '"');
    while (text.size > 0) {
        size_t length = plain_run(text);
        strbuf_append(out, slice_take(text, length));
        text = slice_skip(text, length);
        if (text.size > 0) { /* at a byte that does not stand for itself */
            unsigned char byte = (unsigned char)text.data[0];
            length = 1;
            if (needs_escape(byte)) {
                append_escape(out, byte);
            } else {
                (void)utf8_next(text, &length);
                strbuf_append(out, REPLACEMENT);
            }
            text = slice_skip(text, length);
        }
    }
    strbuf_append_char(out, '"');
}

/* --- values --- */

/* Before a value or a name; after it, the next one needs a comma. */
static void separate(struct json_writer *writer)
{
    if (writer->comma) {
        strbuf_append_char(writer->out, ',');
    }
    writer->comma = true;
}

static void open_with(struct json_writer *writer, char bracket)
{
    separate(writer);
    strbuf_append_char(writer->out, bracket);
    writer->comma = false;
}

static void close_with(struct json_writer *writer, char bracket)
{
    strbuf_append_char(writer->out, bracket);
    writer->comma = true;
}

void json_write_object(struct json_writer *writer)
{
    open_with(writer, '{');
}

void json_write_object_end(struct json_writer *writer)
{
    close_with(writer, '}');
}

void json_write_array(struct json_writer *writer)
{
    open_with(writer, '[');
}

void json_write_array_end(struct json_writer *writer)
{
    close_with(writer, ']');
}

void json_write_name(struct json_writer *writer, struct slice name)
{
    separate(writer);
    json_append_quoted(writer->out, name);
    strbuf_append_char(writer->out, ':');
    writer->comma = false;
}

void json_write_string(struct json_writer *writer, struct slice text)
{
    separate(writer);
    json_append_quoted(writer->out, text);
}

void json_write_i64(struct json_writer *writer, int64_t number)
{
    separate(writer);
    strbuf_append_i64(writer->out, number);
}

void json_write_bool(struct json_writer *writer, bool truth)
{
    separate(writer);
    strbuf_append_text(writer->out, truth ? "true" : "false");
}

void json_write_null(struct json_writer *writer)
{
    separate(writer);
    strbuf_append_text(writer->out, "null");
}

void json_write_raw(struct json_writer *writer, struct slice text)
{
    separate(writer);
    strbuf_append(writer->out, text);
}

/* --- members --- */

void json_write_member_string(struct json_writer *writer, const char *name, struct slice text)
{
    json_write_name(writer, slice_from(name));
    json_write_string(writer, text);
}

void json_write_member_i64(struct json_writer *writer, const char *name, int64_t number)
{
    json_write_name(writer, slice_from(name));
    json_write_i64(writer, number);
}

void json_write_member_bool(struct json_writer *writer, const char *name, bool truth)
{
    json_write_name(writer, slice_from(name));
    json_write_bool(writer, truth);
}
