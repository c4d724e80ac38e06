#include "stage/records.h"

#include "base/banned.h"

static size_t next_line(struct slice bytes, bool *ended)
{
    const char *feed = memchr(bytes.data, '\n', bytes.size);
    *ended = feed != NULL;
    return feed == NULL ? bytes.size : (size_t)(feed - bytes.data) + 1;
}

static bool has_byte(struct slice bytes, size_t size, char wanted)
{
    return memchr(bytes.data, wanted, size) != NULL;
}

static size_t next_escaped(struct record_scanner *scanner, struct slice bytes, bool *ended)
{
    size_t line = next_line(bytes, ended);
    if (scanner->place != RECORDS_AFTER_ESCAPE && !has_byte(bytes, line, '\\')) {
        return line;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        bool was_escaped = scanner->place == RECORDS_AFTER_ESCAPE;
        scanner->place =
            !was_escaped && bytes.data[i] == '\\' ? RECORDS_AFTER_ESCAPE : RECORDS_IN_FIELD;
        if (bytes.data[i] == '\n' && !was_escaped) {
            *ended = true;
            return i + 1;
        }
    }
    *ended = false;
    return bytes.size;
}

/* Inside quotes only a quote matters; one that is doubled closes and opens again. */
static size_t skip_quoted(struct record_scanner *scanner, struct slice bytes, size_t i)
{
    const char *quote = memchr(bytes.data + i, scanner->quote, bytes.size - i);
    if (quote == NULL) {
        return bytes.size;
    }
    scanner->place = RECORDS_AFTER_QUOTE;
    return (size_t)(quote - bytes.data) + 1;
}

static size_t next_with_quotes(struct record_scanner *scanner, struct slice bytes, bool *ended)
{
    size_t i = 0;
    while (i < bytes.size) {
        char byte = bytes.data[i];
        if (scanner->place == RECORDS_IN_QUOTES) {
            i = skip_quoted(scanner, bytes, i);
            continue;
        }
        i++;
        if (byte == '\n') {
            scanner->place = RECORDS_FIELD_START;
            *ended = true;
            return i;
        }
        if (byte == scanner->quote && scanner->place != RECORDS_IN_FIELD) {
            scanner->place = RECORDS_IN_QUOTES;
        } else {
            scanner->place = byte == scanner->delimiter ? RECORDS_FIELD_START : RECORDS_IN_FIELD;
        }
    }
    *ended = false;
    return bytes.size;
}

/* Most lines hold no quote: they are looked through at the speed of memchr. */
static size_t next_csv(struct record_scanner *scanner, struct slice bytes, bool *ended)
{
    size_t line = next_line(bytes, ended);
    if (scanner->place == RECORDS_IN_QUOTES || has_byte(bytes, line, scanner->quote)) {
        return next_with_quotes(scanner, bytes, ended);
    }
    scanner->place = *ended || bytes.data[line - 1] == scanner->delimiter ? RECORDS_FIELD_START
                                                                          : RECORDS_IN_FIELD;
    return line;
}

size_t record_scanner_next(struct record_scanner *scanner, struct slice bytes, bool *ended)
{
    switch (scanner->layout) {
    case RECORDS_ESCAPED:
        return next_escaped(scanner, bytes, ended);
    case RECORDS_CSV:
        return next_csv(scanner, bytes, ended);
    case RECORDS_LINES:
        break;
    }
    return next_line(bytes, ended);
}

bool record_scanner_is_plain(const struct record_scanner *scanner, struct slice bytes)
{
    switch (scanner->layout) {
    case RECORDS_ESCAPED:
        return !has_byte(bytes, bytes.size, '\\');
    case RECORDS_CSV:
        return !has_byte(bytes, bytes.size, scanner->quote);
    case RECORDS_LINES:
        break;
    }
    return true;
}
