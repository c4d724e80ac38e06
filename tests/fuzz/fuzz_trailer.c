/*
 * The trailer stage against a plain reading of the whole file, which looks ahead and back as it
 * likes: same bytes, same counts, same trailer, refused for the same files, whatever the pieces.
 *
 * Input: one byte for layout and header, four for the sizes of the pieces in turn, then the file.
 */
#include "stage/trailer.h"

#include "unit/collector.h"

#include <assert.h>

#define DELIMITER ','
#define QUOTE '"'
#define MARK SLICE("\xEF\xBB\xBF")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    bool refused;
    uint64_t records;
    uint64_t blank;
    struct slice before; /* the trailer */
    struct slice trailer;
};

/* --- the plain reading --- */

static size_t end_of_line(struct slice text, size_t at)
{
    while (at < text.size && text.data[at] != '\n') {
        at++;
    }
    return at < text.size ? at + 1 : text.size;
}

static size_t end_of_escaped(struct slice text, size_t at)
{
    for (size_t i = at; i < text.size; i++) {
        size_t escapes = 0;
        while (i > escapes && text.data[i - escapes - 1] == '\\') {
            escapes++;
        }
        if (text.data[i] == '\n' && escapes % 2 == 0) {
            return i + 1;
        }
    }
    return text.size;
}

/* Behind the quote that closes the field opened at `at`; the size and *open when none does. */
static size_t end_of_quotes(struct slice text, size_t at, bool *open)
{
    for (size_t i = at + 1; i < text.size; i++) {
        if (text.data[i] != QUOTE) {
            continue;
        }
        if (i + 1 < text.size && text.data[i + 1] == QUOTE) {
            i++;
        } else {
            return i + 1;
        }
    }
    *open = true;
    return text.size;
}

static size_t end_of_csv(struct slice text, size_t at, bool *open)
{
    for (bool is_start = true; at < text.size;) {
        if (is_start && text.data[at] == QUOTE) {
            at = end_of_quotes(text, at, open);
            is_start = false;
            continue;
        }
        if (text.data[at] == '\n') {
            return at + 1;
        }
        is_start = text.data[at] == DELIMITER;
        at++;
    }
    return at;
}

static size_t end_of_record(enum record_layout layout, struct slice text, size_t at, bool *open)
{
    if (layout == RECORDS_CSV) {
        return end_of_csv(text, at, open);
    }
    return layout == RECORDS_ESCAPED ? end_of_escaped(text, at) : end_of_line(text, at);
}

static bool is_blank(struct slice record)
{
    return slice_equal(record, SLICE("\n")) || slice_equal(record, SLICE("\r\n")) ||
           slice_equal(record, SLICE("\r"));
}

static struct slice without_line_end(struct slice record)
{
    (void)slice_cut(record, '\n', &record, &(struct slice){0});
    return slice_ends_with(record, SLICE("\r")) ? slice_take(record, record.size - 1) : record;
}

static struct reading read_plainly(enum record_layout layout, bool has_header, struct slice text)
{
    struct reading reading = {0};
    uint64_t lines = 0;
    uint64_t all = 0;
    uint64_t all_to_trailer = 0;
    bool first_is_blank = false;
    bool open = false;
    for (size_t at = slice_starts_with(text, MARK) ? MARK.size : 0; at < text.size;) {
        size_t end = end_of_record(layout, text, at, &open);
        struct slice record = slice_take(slice_skip(text, at), end - at);
        all++;
        if (!is_blank(record)) {
            lines++;
            reading.before = slice_take(text, at);
            reading.trailer = without_line_end(record);
            all_to_trailer = all;
        } else if (all == 1) {
            first_is_blank = true;
        }
        at = end;
    }
    reading.refused = lines == 0 || open || slice_find(reading.trailer, '\r') != SLICE_NONE ||
                      slice_starts_with(text, SLICE("\xFF\xFE")) ||
                      slice_starts_with(text, SLICE("\xFE\xFF")) ||
                      (has_header && (first_is_blank || lines < 2));
    reading.records = all_to_trailer - (has_header ? 2 : 1);
    reading.blank = all_to_trailer - lines;
    return reading;
}

/* --- the stage --- */

static void feed(struct sink *sink, struct slice text, const uint8_t pieces[4])
{
    struct error err;
    for (size_t i = 0; text.size > 0; i++) {
        struct slice piece = slice_take(text, (size_t)pieces[i % 4] + 1);
        assert(sink_write(sink, piece, &err) == 0);
        text = slice_skip(text, piece.size);
    }
}

static void compare(const struct trailer_stage *stage, const struct collector *end,
                    const struct reading *expected)
{
    struct trailer_counts counts = trailer_stage_counts(stage);
    assert(end->closed && !end->aborted);
    assert(slice_equal(strbuf_slice(&end->bytes), expected->before));
    assert(counts.offset == expected->before.size);
    assert(counts.records == expected->records);
    assert(counts.blank == expected->blank);
    assert(slice_equal(counts.text, expected->trailer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    enum record_layout layout = (enum record_layout)((data[0] >> 1) % 3);
    bool has_header = (data[0] & 1) != 0;
    struct slice text = slice_of(data + 5, size - 5);
    struct reading expected = read_plainly(layout, has_header, text);
    struct trailer_stage stage;
    struct collector end;
    struct error err;

    collector_init(&end);
    trailer_stage_init(&stage, &end.sink, record_scanner_for(layout, DELIMITER, QUOTE), has_header);
    feed(&stage.sink, text, data + 1);
    if (sink_close(&stage.sink, &err) == 0) {
        assert(!expected.refused);
        compare(&stage, &end, &expected);
    } else {
        assert(expected.refused && err.kind == ERROR_INVALID);
        sink_abort(&stage.sink);
        assert(end.aborted && !end.closed);
    }
    trailer_stage_release(&stage);
    strbuf_release(&end.bytes);
    return 0;
}
