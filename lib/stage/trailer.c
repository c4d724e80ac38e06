#include "stage/trailer.h"

#include "base/utf8.h"
#include "stage/lines.h"

#include "base/banned.h"

static struct trailer_stage *stage_of(struct sink *sink)
{
    return (struct trailer_stage *)(void *)sink;
}

/* A record of `size` bytes, line end included. */
static bool is_blank(const char begins[2], uint64_t size)
{
    return (size == 1 && (begins[0] == '\n' || begins[0] == '\r')) ||
           (size == 2 && begins[0] == '\r' && begins[1] == '\n');
}

#define UTF8_MARK SLICE("\xEF\xBB\xBF")

static bool is_utf16_mark(const char bytes[2])
{
    return memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0;
}

/* Records that are not blank, the last of which begins at `last`. */
static void note_lines(struct trailer_stage *stage, uint64_t count, uint64_t last)
{
    stage->lines += count;
    stage->blank += stage->blank_after;
    stage->blank_after = 0;
    stage->candidate = last;
    stage->has_candidate = true;
}

static void note_record(struct trailer_stage *stage, uint64_t end)
{
    bool blank = is_blank(stage->begins, end - stage->record_start);
    if (stage->record_start == 0) {
        stage->is_utf16 = end >= 2 && is_utf16_mark(stage->begins);
    }
    if (stage->lines + stage->blank_after == 0) {
        stage->first_is_blank = blank;
    }
    if (blank) {
        stage->blank_after++;
    } else {
        note_lines(stage, 1, stage->record_start);
    }
    stage->record_start = end;
}

/* The record that is being read, or what of it is there. */
static size_t take_record(struct trailer_stage *stage, struct slice bytes)
{
    uint64_t in_record = stage->position - stage->record_start;
    bool ended;
    size_t length = record_scanner_next(&stage->scanner, bytes, &ended);
    for (size_t i = 0; in_record + i < 2 && i < length; i++) {
        stage->begins[in_record + i] = bytes.data[i];
    }
    stage->position += length;
    if (ended) {
        note_record(stage, stage->position);
    }
    return length;
}

/* At the beginning of a record: all whole records at once, if they are as most are, lines and none
 * of them blank; else none. */
static size_t take_lines(struct trailer_stage *stage, struct slice bytes)
{
    size_t feed = slice_find_last(bytes, '\n');
    struct slice lines = slice_take(bytes, feed == SLICE_NONE ? 0 : feed + 1);
    bool has_blank = false;
    size_t count;
    if (lines.size == 0 || !record_scanner_is_plain(&stage->scanner, lines)) {
        return 0;
    }
    count = lines_count(lines, &has_blank);
    if (has_blank) {
        return 0;
    }
    feed = slice_find_last(slice_take(lines, lines.size - 1), '\n');
    note_lines(stage, count, stage->position + (feed == SLICE_NONE ? 0 : feed + 1));
    stage->position += lines.size;
    stage->record_start = stage->position;
    return lines.size;
}

/* The mark belongs to no record; what only began like one does. */
static void end_mark(struct trailer_stage *stage)
{
    struct slice begun = slice_take(UTF8_MARK, stage->mark_bytes);
    stage->is_behind_mark = true;
    if (begun.size == UTF8_MARK.size) {
        stage->position = stage->record_start = begun.size;
    } else if (begun.size > 0) {
        (void)take_record(stage, begun);
    }
}

/* Takes the byte order mark of UTF-8 at the beginning of the stream; returns what follows it. */
static struct slice take_mark(struct trailer_stage *stage, struct slice bytes)
{
    while (!stage->is_behind_mark && bytes.size > 0) {
        if (bytes.data[0] != UTF8_MARK.data[stage->mark_bytes]) {
            end_mark(stage);
            break;
        }
        bytes = slice_skip(bytes, 1);
        if (++stage->mark_bytes == UTF8_MARK.size) {
            end_mark(stage);
        }
    }
    return bytes;
}

static void scan(struct trailer_stage *stage, struct slice bytes)
{
    bool tried = false; /* once is enough: what stands in the way is still there */

    bytes = take_mark(stage, bytes);
    while (bytes.size > 0) {
        size_t taken = 0;
        if (!tried && stage->position > 0 && stage->position == stage->record_start) {
            taken = take_lines(stage, bytes);
            tried = true;
        }
        if (taken == 0) {
            taken = take_record(stage, bytes);
        }
        bytes = slice_skip(bytes, taken);
    }
}

/* Passes on the bytes before `end` of the stream, and holds the rest. */
static int pass_on(struct trailer_stage *stage, struct slice bytes, uint64_t end, struct error *err)
{
    uint64_t held_end = stage->held_start + stage->held.size;
    size_t from_held = (size_t)(end < held_end ? end - stage->held_start : stage->held.size);
    size_t from_bytes = (size_t)(end > held_end ? end - held_end : 0);
    if (from_held > 0) {
        if (sink_write(stage->next, slice_take(strbuf_slice(&stage->held), from_held), err) != 0) {
            return -1;
        }
        memmove(stage->held.data, stage->held.data + from_held, stage->held.size - from_held);
        strbuf_truncate(&stage->held, stage->held.size - from_held);
    }
    if (from_bytes > 0 && sink_write(stage->next, slice_take(bytes, from_bytes), err) != 0) {
        return -1;
    }
    stage->held_start = end;
    strbuf_append(&stage->held, slice_skip(bytes, from_bytes));
    return 0;
}

static int trailer_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct trailer_stage *stage = stage_of(sink);
    uint64_t end;
    scan(stage, bytes);
    end = stage->has_candidate && stage->candidate > stage->held_start ? stage->candidate
                                                                       : stage->held_start;
    if (stage->position - end > TRAILER_BYTES_LIMIT) {
        end = stage->position;
    }
    return pass_on(stage, bytes, end, err);
}

static struct slice without_line_end(struct slice record)
{
    size_t feed = slice_find(record, '\n');
    record = slice_take(record, feed == SLICE_NONE ? record.size : feed);
    if (record.size > 0 && record.data[record.size - 1] == '\r') {
        record.size--;
    }
    return record;
}

/* The last record that is not blank, to the end of the stream; false when it was too long to hold.
 */
static bool find_trailer(const struct trailer_stage *stage, struct slice *trailer)
{
    if (stage->candidate < stage->held_start) {
        return false;
    }
    *trailer =
        slice_skip(strbuf_slice(&stage->held), (size_t)(stage->candidate - stage->held_start));
    return true;
}

static int check_trailer(const struct trailer_stage *stage, struct error *err)
{
    uint64_t last = stage->lines + stage->blank;
    struct slice trailer;
    if (!stage->has_candidate) {
        return error_set(err, ERROR_INVALID, "the file is empty, so it has no trailer");
    }
    if (stage->is_utf16) {
        return error_set(err, ERROR_INVALID,
                         "the file is UTF-16 (it begins with the byte order mark); only UTF-8 "
                         "files can have a trailer");
    }
    if (stage->scanner.layout == RECORDS_CSV && stage->scanner.place == RECORDS_IN_QUOTES) {
        return error_set(err, ERROR_INVALID,
                         "record %llu opens a quote that is not closed before the end of the file",
                         (unsigned long long)last);
    }
    if (!find_trailer(stage, &trailer)) {
        return error_set(err, ERROR_INVALID,
                         "the last line is no trailer: with the blank lines behind it, it is over "
                         "%zu bytes long (lines must end in LF or CR LF)",
                         TRAILER_BYTES_LIMIT);
    }
    if (slice_find(without_line_end(trailer), '\r') != SLICE_NONE) {
        return error_set(err, ERROR_INVALID,
                         "the last line holds a carriage return that no line feed follows; lines "
                         "must end in LF or CR LF");
    }
    return 0;
}

static int check_header(const struct trailer_stage *stage, struct error *err)
{
    if (!stage->has_header) {
        return 0;
    }
    if (stage->first_is_blank) {
        return error_set(err, ERROR_INVALID,
                         "the first line is blank, and the configuration says that it is a header");
    }
    if (stage->lines < 2) {
        return error_set(err, ERROR_INVALID,
                         "the file has one line only, and the configuration says that it has a "
                         "header and a trailer");
    }
    return 0;
}

static int trailer_close(struct sink *sink, struct error *err)
{
    struct trailer_stage *stage = stage_of(sink);
    if (!stage->is_behind_mark) {
        end_mark(stage);
    }
    if (stage->position > stage->record_start) {
        note_record(stage, stage->position);
    }
    if (check_trailer(stage, err) != 0 || check_header(stage, err) != 0 ||
        pass_on(stage, (struct slice){"", 0}, stage->candidate, err) != 0) {
        return -1;
    }
    return sink_close(stage->next, err);
}

static void trailer_abort(struct sink *sink)
{
    sink_abort(stage_of(sink)->next);
}

static const struct sink_operations operations = {
    .write = trailer_write,
    .close = trailer_close,
    .abort = trailer_abort,
};

void trailer_stage_init(struct trailer_stage *stage, struct sink *next,
                        struct record_scanner scanner, bool has_header)
{
    *stage = (struct trailer_stage){
        .sink.operations = &operations,
        .next = next,
        .scanner = scanner,
        .has_header = has_header,
        .held = STRBUF_INIT,
    };
}

void trailer_stage_release(struct trailer_stage *stage)
{
    strbuf_release(&stage->held);
}

struct trailer_counts trailer_stage_counts(const struct trailer_stage *stage)
{
    uint64_t framing = stage->has_header ? 2 : 1;
    return (struct trailer_counts){
        .records = stage->lines + stage->blank - framing,
        .blank = stage->blank,
        .offset = stage->candidate,
        .text = without_line_end(strbuf_slice(&stage->held)),
    };
}

static struct slice skip_characters(struct slice text, uint64_t count)
{
    while (text.size > 0 && count-- > 0) {
        size_t length;
        text = slice_skip(text, utf8_next(text, &length) == UTF8_INVALID ? 1 : length);
    }
    return text;
}

static struct slice take_characters(struct slice text, uint64_t count)
{
    return slice_take(text, text.size - skip_characters(text, count).size);
}

static bool is_all_digits(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.size > 0;
}

int trailer_read_count(struct slice trailer, uint64_t start, uint64_t end, uint64_t *count,
                       struct error *err)
{
    struct slice field;
    if (start == 0 || end <= start) {
        return error_set(err, ERROR_CONFIGURATION,
                         "trailer_pstn %llu:%llu is not start:end with 1 <= start < end",
                         (unsigned long long)start, (unsigned long long)end);
    }
    field = take_characters(skip_characters(trailer, start - 1), end - start);
    if (slice_to_u64(slice_trim(field), count)) {
        return 0;
    }
    if (is_all_digits(slice_trim(field))) {
        return error_set(err, ERROR_INVALID,
                         "the trailer's record count at characters %llu to %llu is larger than any "
                         "file's",
                         (unsigned long long)start, (unsigned long long)(end - 1));
    }
    return error_set(err, ERROR_INVALID,
                     "the trailer holds no record count: characters %llu to %llu hold %zu bytes "
                     "that are no number (the last line has %zu bytes)",
                     (unsigned long long)start, (unsigned long long)(end - 1), field.size,
                     trailer.size);
}
