#include "state/sql_text.h"

#include "base/strbuf.h"

#include <assert.h>

#include "base/banned.h"

#define NAMES_LIMIT 64
#define DEPTH_LIMIT 8 /* of fragments in fragments */

struct reader {
    const struct sql_text_parts *tables;
    const struct sql_text_parts *fragments;
    struct strbuf sql;
    bool has_gap; /* blanks or a comment since the last byte of `sql` */
    struct slice names[NAMES_LIMIT];
    size_t name_count;
};

/* --- pieces of the text --- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

static bool is_name(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || (byte & 0x80) != 0;
}

static size_t name_size(struct slice text)
{
    size_t size = 0;
    while (size < text.size && is_name(text.data[size])) {
        size++;
    }
    return size;
}

/* A word may hold '$' after its first byte, so that a$b$ opens no quote. */
static size_t word_size(struct slice text)
{
    size_t size = name_size(text);
    while (size > 0 && size < text.size && (is_name(text.data[size]) || text.data[size] == '$')) {
        size++;
    }
    return size;
}

/* Up to and with `end`, which is looked for after `from` bytes. */
static size_t size_through(struct slice text, size_t from, struct slice end)
{
    size_t found = slice_search(slice_skip(text, from), end);
    assert(found != SLICE_NONE); /* else the quote is not closed */
    return from + found + end.size;
}

/* The size of $tag$…$tag$; 0: the text does not begin with one. */
static size_t dollar_size(struct slice text)
{
    if (text.size == 0 || text.data[0] != '$') {
        return 0;
    }
    size_t tag = 1 + name_size(slice_skip(text, 1));
    if (tag >= text.size || text.data[tag] != '$') {
        return 0;
    }
    return size_through(text, tag + 1, slice_take(text, tag + 1));
}

/* The size of what is taken over verbatim and as a whole. */
static size_t piece_size(struct slice text)
{
    char first = text.data[0];
    size_t size = dollar_size(text);
    if (size == 0 && (first == '\'' || first == '"')) {
        size = size_through(text, 1, slice_take(text, 1));
    }
    if (size == 0 && slice_starts_with(text, SLICE("::"))) {
        size = 2;
    }
    if (size == 0) {
        size = word_size(text);
    }
    return size > 0 ? size : 1;
}

/* The size of blanks or a comment at the beginning; 0: there are none. */
static size_t gap_size(struct slice text)
{
    if (slice_starts_with(text, SLICE("--"))) {
        size_t end = slice_find(text, '\n');
        return end == SLICE_NONE ? text.size : end;
    }
    if (slice_starts_with(text, SLICE("/*"))) {
        return size_through(text, 2, SLICE("*/"));
    }
    return is_blank(text.data[0]) ? 1 : 0;
}

/* --- names --- */

/* The place of a name: ':', its quote or 0, and the name. `size` 0: the text begins with none. */
struct place {
    char quote;
    struct slice name;
    size_t size; /* of all */
};

static struct place read_place(struct slice text)
{
    struct place place = {'\0', SLICE(""), 0};
    if (text.size < 2 || text.data[0] != ':') {
        return place;
    }
    if (text.data[1] == '\'' || text.data[1] == '"') {
        place.quote = text.data[1];
    }
    struct slice rest = slice_skip(text, place.quote != '\0' ? 2 : 1);
    place.name = slice_take(rest, name_size(rest));
    if (place.quote != '\0') {
        assert(place.name.size > 0 && place.name.size < rest.size);
        assert(rest.data[place.name.size] == place.quote); /* else the name is not closed */
        place.size = place.name.size + 3;
    } else if (place.name.size > 0) {
        place.size = place.name.size + 1;
    }
    return place;
}

static struct slice find_part(const struct sql_text_parts *parts, struct slice name)
{
    size_t i = 0;
    while (i < parts->count && !slice_equal(slice_from(parts->items[i].name), name)) {
        i++;
    }
    assert(i < parts->count); /* else the name is not known */
    return parts->items[i].text;
}

/* The n of $n. */
static size_t number_value(struct reader *reader, struct slice name)
{
    size_t i = 0;
    while (i < reader->name_count && !slice_equal(reader->names[i], name)) {
        i++;
    }
    if (i == reader->name_count) {
        assert(i < NAMES_LIMIT);
        reader->names[reader->name_count++] = name;
    }
    return i + 1;
}

/* --- the whole --- */

static void append(struct reader *reader, struct slice piece)
{
    if (reader->has_gap && reader->sql.size > 0) {
        strbuf_append_char(&reader->sql, ' ');
    }
    reader->has_gap = false;
    strbuf_append(&reader->sql, piece);
}

static void append_value(struct reader *reader, struct slice name)
{
    append(reader, SLICE("$"));
    strbuf_append_u64(&reader->sql, number_value(reader, name));
}

static void read_text(struct reader *reader, struct slice text, int depth);

static void read_piece(struct reader *reader, struct slice *text, int depth)
{
    struct place place = read_place(*text);
    size_t size = place.size;
    if (size == 0) {
        size = piece_size(*text);
        append(reader, slice_take(*text, size));
    } else if (place.quote == '\'') {
        append_value(reader, place.name);
    } else if (place.quote == '"') {
        append(reader, find_part(reader->tables, place.name));
    } else {
        read_text(reader, find_part(reader->fragments, place.name), depth + 1);
    }
    *text = slice_skip(*text, size);
}

static void read_text(struct reader *reader, struct slice text, int depth)
{
    assert(depth < DEPTH_LIMIT); /* else a fragment includes itself */
    while (text.size > 0) {
        size_t gap = gap_size(text);
        if (gap > 0) {
            reader->has_gap = true;
            text = slice_skip(text, gap);
        } else {
            read_piece(reader, &text, depth);
        }
    }
}

struct sql_text sql_text_read(struct slice text, const struct sql_text_parts *tables,
                              const struct sql_text_parts *fragments, struct arena *arena)
{
    struct reader reader = {.tables = tables, .fragments = fragments, .sql = STRBUF_INIT};
    read_text(&reader, text, 0);
    struct slice *names = arena_zalloc(arena, reader.name_count, sizeof(names[0]));
    for (size_t i = 0; i < reader.name_count; i++) {
        names[i] = reader.names[i];
    }
    struct sql_text read = {arena_text(arena, strbuf_slice(&reader.sql)), names, reader.name_count};
    strbuf_release(&reader.sql);
    return read;
}
