#include "redshift/sql_split.h"

#include "base/array.h"

#include "base/banned.h"

static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || (unsigned char)byte >= 0x80;
}

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* 'text' or "name": up to the quote that is not doubled; backslashes escape in a text. */
static size_t quoted_length(struct slice s)
{
    char quote = s.data[0];
    for (size_t i = 1; i < s.size; i++) {
        if (s.data[i] == '\\' && quote == '\'') {
            i++;
        } else if (s.data[i] == quote) {
            if (i + 1 == s.size || s.data[i + 1] != quote) {
                return i + 1;
            }
            i++;
        }
    }
    return s.size;
}

/* $tag$ text $tag$; a '$' that opens none is one ordinary character. */
static size_t dollar_length(struct slice s)
{
    size_t end = 1;
    struct slice tag;
    size_t close;
    while (end < s.size && is_word(s.data[end])) {
        end++;
    }
    if (end == s.size || s.data[end] != '$' || (s.data[1] >= '0' && s.data[1] <= '9')) {
        return 1;
    }
    tag = slice_take(s, end + 1);
    close = slice_search(slice_skip(s, tag.size), tag);
    return close == SLICE_NONE ? s.size : tag.size + close + tag.size;
}

/* A carriage return ends it as well as a line feed does. */
static size_t line_comment_length(struct slice s)
{
    size_t length = 0;
    while (length < s.size && s.data[length] != '\n' && s.data[length] != '\r') {
        length++;
    }
    return length < s.size ? length + 1 : s.size;
}

static size_t block_comment_length(struct slice s)
{
    size_t depth = 0;
    for (size_t i = 0; i + 1 < s.size; i++) {
        if (s.data[i] == '/' && s.data[i + 1] == '*') {
            depth++;
            i++;
        } else if (s.data[i] == '*' && s.data[i + 1] == '/') {
            i++;
            if (--depth == 0) {
                return i + 1;
            }
        }
    }
    return s.size;
}

static size_t comment_length(struct slice s)
{
    if (slice_starts_with(s, SLICE("--"))) {
        return line_comment_length(s);
    }
    if (slice_starts_with(s, SLICE("/*"))) {
        return block_comment_length(s);
    }
    return 0;
}

/* Length of the piece at the start of `s` inside which ';' and ':' mean nothing; else of a word or
 * of one character. */
static size_t piece_length(struct slice s)
{
    size_t length = comment_length(s);
    if (length > 0) {
        return length;
    }
    if (s.data[0] == '\'' || s.data[0] == '"') {
        return quoted_length(s);
    }
    if (s.data[0] == '$') {
        return dollar_length(s);
    }
    if (s.size > 1 && s.data[0] == ':' && s.data[1] == ':') {
        return 2;
    }
    for (length = 0; length < s.size && (is_word(s.data[length]) || s.data[length] == '$');) {
        length++;
    }
    return length > 0 ? length : 1;
}

/* Without blanks, comments and semicolons at its beginning. */
static struct slice skip_to_statement(struct slice s, bool also_semicolons)
{
    while (s.size > 0) {
        size_t length = comment_length(s);
        if (length == 0 && (is_blank(s.data[0]) || (also_semicolons && s.data[0] == ';'))) {
            length = 1;
        }
        if (length == 0) {
            break;
        }
        s = slice_skip(s, length);
    }
    return s;
}

bool sql_split_next(struct slice *rest, struct slice *statement)
{
    struct slice s = skip_to_statement(*rest, true);
    size_t length = 0;
    while (length < s.size && s.data[length] != ';') {
        length += piece_length(slice_skip(s, length));
    }
    *statement = slice_trim(slice_take(s, length));
    *rest = slice_skip(s, length + 1);
    return statement->size > 0;
}

static const struct sql_parameter *
find_parameter(struct slice name, const struct sql_parameter *parameters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(parameters[i].name, name)) {
            return &parameters[i];
        }
    }
    return NULL;
}

void sql_split_bind(struct strbuf *out, struct slice statement,
                    const struct sql_parameter *parameters, size_t count)
{
    while (statement.size > 0) {
        size_t length = piece_length(statement);
        struct slice after = slice_skip(statement, 1);
        if (statement.data[0] == ':' && length == 1 && after.size > 0) {
            struct slice name = slice_take(after, piece_length(after));
            const struct sql_parameter *found = find_parameter(name, parameters, count);
            if (found != NULL) {
                strbuf_append(out, found->literal);
                statement = slice_skip(after, name.size);
                continue;
            }
        }
        strbuf_append(out, slice_take(statement, length));
        statement = slice_skip(statement, length);
    }
}

/* Does :name stand in the text, and not as a part of a longer word or behind another colon? */
static bool holds_parameter(struct slice text, struct slice name)
{
    for (size_t i = 0; i + name.size < text.size; i++) {
        struct slice after = slice_skip(text, i + 1);
        bool is_part = (i > 0 && text.data[i - 1] == ':') ||
                       (after.size > name.size && is_word(after.data[name.size]));
        if (text.data[i] == ':' && slice_starts_with(after, name) && !is_part) {
            return true;
        }
    }
    return false;
}

bool sql_split_has_quoted(struct slice statement, struct slice name)
{
    while (statement.size > 0) {
        size_t length = piece_length(statement);
        if (statement.data[0] == '\'' && holds_parameter(slice_take(statement, length), name)) {
            return true;
        }
        statement = slice_skip(statement, length);
    }
    return false;
}

bool sql_split_ends_transaction(struct slice statement)
{
    static const struct slice words[] = {
        SLICE_INIT("truncate"), SLICE_INIT("commit"), SLICE_INIT("end"),   SLICE_INIT("rollback"),
        SLICE_INIT("abort"),    SLICE_INIT("begin"),  SLICE_INIT("start"), SLICE_INIT("vacuum"),
    };
    struct slice first = skip_to_statement(statement, false);
    if (first.size > 0) {
        first = slice_take(first, piece_length(first));
    }
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (slice_equal_nocase(first, words[i])) {
            return true;
        }
    }
    return false;
}
