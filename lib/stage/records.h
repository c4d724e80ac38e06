/*
 * Where one record ends and the next begins. A record ends at its line feed, unless that stands in
 * a quoted CSV field or behind an escape character. Incremental: bytes may come in any pieces.
 */
#ifndef STAGE_RECORDS_H
#define STAGE_RECORDS_H

#include "base/slice.h"

enum record_layout {
    RECORDS_LINES,   /* every line feed ends a record */
    RECORDS_ESCAPED, /* not one behind a backslash (COPY's ESCAPE) */
    RECORDS_CSV,     /* not one inside quotes, which open at the start of a field only */
};

struct record_scanner {
    enum record_layout layout;
    char delimiter; /* CSV only */
    char quote;     /* CSV only */
    enum {
        RECORDS_FIELD_START,
        RECORDS_IN_FIELD,
        RECORDS_IN_QUOTES,
        RECORDS_AFTER_QUOTE, /* it closed the field, unless another one follows */
        RECORDS_AFTER_ESCAPE,
    } place;
};

static inline struct record_scanner record_scanner_for(enum record_layout layout, char delimiter,
                                                       char quote)
{
    return (struct record_scanner){layout, delimiter, quote, RECORDS_FIELD_START};
}

/* How many of the bytes belong to the record that is being read, its line feed included; *ended
 * says whether the record ends with them. `bytes` must not be empty. */
size_t record_scanner_next(struct record_scanner *scanner, struct slice bytes, bool *ended);

/* At the beginning of a record: is there nothing in the bytes that could hide a line feed, so that
 * lines are records? */
bool record_scanner_is_plain(const struct record_scanner *scanner, struct slice bytes);

#endif
