#include "base/sql_quote.h"

#include "base/utf8.h"

#include "base/banned.h"

static int check_identifier(struct slice name, struct error *err)
{
    if (name.size == 0) {
        return error_set(err, ERROR_CONFIGURATION, "an SQL name is empty");
    }
    if (name.size > SQL_IDENTIFIER_LIMIT) {
        return error_set(err, ERROR_CONFIGURATION,
                         "SQL name \"%.*s...\" has %zu bytes; %d are allowed", 40, name.data,
                         name.size, SQL_IDENTIFIER_LIMIT);
    }
    if (slice_find(name, '\0') != SLICE_NONE || utf8_find_invalid(name) != SLICE_NONE) {
        return error_set(err, ERROR_CONFIGURATION, "an SQL name holds a NUL or is not UTF-8");
    }
    return 0;
}

int sql_quote_identifier(struct strbuf *out, struct slice name, struct error *err)
{
    if (check_identifier(name, err) != 0) {
        return -1;
    }
    strbuf_append_char(out, '"');
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        if (byte >= 'A' && byte <= 'Z') {
            byte = (char)(byte - 'A' + 'a');
        }
        if (byte == '"') {
            strbuf_append_char(out, '"');
        }
        strbuf_append_char(out, byte);
    }
    strbuf_append_char(out, '"');
    return 0;
}

int sql_quote_dotted(struct strbuf *out, struct slice dotted, struct error *err)
{
    struct slice first;
    struct slice second;
    if (!slice_cut(dotted, '.', &first, &second)) {
        return sql_quote_identifier(out, dotted, err);
    }
    if (sql_quote_identifier(out, first, err) != 0) {
        return -1;
    }
    strbuf_append_char(out, '.');
    return sql_quote_identifier(out, second, err);
}

int sql_quote_literal(struct strbuf *out, struct slice text, struct error *err)
{
    if (slice_find(text, '\0') != SLICE_NONE) {
        return error_set(err, ERROR_INVALID, "a value for SQL holds a NUL byte");
    }
    strbuf_append_char(out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'' || text.data[i] == '\\') {
            strbuf_append_char(out, text.data[i]);
        }
        strbuf_append_char(out, text.data[i]);
    }
    strbuf_append_char(out, '\'');
    return 0;
}

int sql_quote_copy(struct arena *arena, sql_quoter *quoter, struct slice text, struct slice *quoted,
                   struct error *err)
{
    struct strbuf out = STRBUF_INIT;
    int result = quoter(&out, text, err);
    if (result == 0) {
        *quoted = arena_copy(arena, strbuf_slice(&out));
    }
    strbuf_release(&out);
    return result;
}
