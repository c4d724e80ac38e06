/*
 * Takes the trailer off a file while it streams by, and counts what is before it.
 *
 * The trailer is the last record that is not blank; blank lines behind it do not count. All bytes
 * before it go on to the next sink unchanged, the header included.
 *
 * A byte order mark of UTF-8 before the first record goes on with the rest and is no part of the
 * record: a quote behind it opens a field.
 *
 * Records end at a line feed, so the file must be in an encoding that keeps ASCII as it is. One
 * that begins with the byte order mark of UTF-16 is refused; without a mark nobody can tell, so
 * whoever is told of such an encoding must not use this stage. Refused with the reason, too: a
 * blank first line where a header should be (COPY and we might disagree on which line it skips),
 * a quote that is never closed, lines that end in a carriage return alone.
 */
#ifndef STAGE_TRAILER_H
#define STAGE_TRAILER_H

#include "base/error.h"
#include "base/sink.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "stage/records.h"

/* Of the trailer and the blank lines behind it. */
#define TRAILER_BYTES_LIMIT ((size_t)1024 * 1024)

struct trailer_counts {
    uint64_t records;  /* between header and trailer, blank lines included */
    uint64_t blank;    /* how many of them are blank lines */
    uint64_t offset;   /* bytes before the trailer */
    struct slice text; /* the trailer without its line end; borrowed from the stage */
};

struct trailer_stage {
    struct sink sink;
    struct sink *next;
    struct record_scanner scanner;
    bool has_header;
    size_t mark_bytes;     /* that the stream began with, of the byte order mark of UTF-8 */
    bool is_behind_mark;   /* the mark, if there is one, is taken in */
    struct strbuf held;    /* the last record that is not blank, and what follows it */
    uint64_t position;     /* bytes of the stream taken in */
    uint64_t held_start;   /* where the held bytes begin in the stream */
    uint64_t record_start; /* where the record that is being read begins */
    uint64_t candidate;    /* where the last record that is not blank begins; before
                            * held_start: it was too long to hold and went on */
    bool has_candidate;
    char begins[2]; /* first two bytes of the record that is being read: is it blank? */
    bool is_utf16;
    bool first_is_blank;
    uint64_t lines; /* records that are not blank, header and candidate included */
    uint64_t blank; /* blank lines before the candidate */
    uint64_t blank_after;
};

/* `next` is borrowed, and closed or aborted with this stage. */
void trailer_stage_init(struct trailer_stage *stage, struct sink *next,
                        struct record_scanner scanner, bool has_header);
void trailer_stage_release(struct trailer_stage *stage);

/* After a successful close. */
struct trailer_counts trailer_stage_counts(const struct trailer_stage *stage);

/*
 * The record count in a trailer, at the 1-based characters [start, end); a byte that is not UTF-8
 * counts as one. It may be padded with blanks or zeros. ERROR_INVALID tells the place and not what
 * stands there: in a file without a trailer it is a piece of a record, which is nobody's business.
 */
int trailer_read_count(struct slice trailer, uint64_t start, uint64_t end, uint64_t *count,
                       struct error *err);

#endif
