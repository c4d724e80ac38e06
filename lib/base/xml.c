#include "base/xml.h"

#include "base/strbuf.h"
#include "base/xml_reference.h"

#include <assert.h>

#include "base/banned.h"

/* --- errors --- */

static struct slice rest(const struct xml_reader *reader)
{
    return slice_skip(reader->text, reader->position);
}

/* `left` is what follows the place of the fault. The reader does not move, so asking again finds
 * the same fault. */
static enum xml_token bad(const struct xml_reader *reader, struct slice left, enum error_kind kind,
                          const char *what, struct error *err)
{
    (void)error_set(err, kind, "XML, offset %zu: %s", reader->text.size - left.size, what);
    return XML_BAD;
}

/* --- pieces: each takes itself off the start of *left, or answers false --- */

static bool eat(struct slice *left, char wanted)
{
    if (left->size == 0 || left->data[0] != wanted) {
        return false;
    }
    *left = slice_skip(*left, 1);
    return true;
}

/* True when there was at least one. */
static bool eat_blanks(struct slice *left)
{
    size_t size_before = left->size;
    while (eat(left, ' ') || eat(left, '\t') || eat(left, '\r') || eat(left, '\n')) {
    }
    return left->size < size_before;
}

/* Bytes beyond ASCII are taken as letters, which most of the characters they make are. */
static bool starts_name(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_' ||
           (unsigned char)byte >= 0x80;
}

static bool continues_name(char byte)
{
    return starts_name(byte) || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
           byte == ':';
}

/* May be longer than XML_NAME_LIMIT. */
static bool eat_name(struct slice *left, struct slice *name)
{
    size_t size = 0;
    if (left->size == 0 || !starts_name(left->data[0])) {
        return false;
    }
    while (size < left->size && continues_name(left->data[size])) {
        size++;
    }
    *name = slice_take(*left, size);
    *left = slice_skip(*left, size);
    return name->data[size - 1] != ':';
}

static struct slice without_prefix(struct slice name)
{
    size_t colon = slice_find_last(name, ':');
    return colon == SLICE_NONE ? name : slice_skip(name, colon + 1);
}

/* name = "value", after the blanks before it. */
static bool eat_attribute(struct slice *left)
{
    struct slice name;
    struct slice value;
    if (!eat_name(left, &name)) {
        return false;
    }
    (void)eat_blanks(left);
    if (!eat(left, '=')) {
        return false;
    }
    (void)eat_blanks(left);
    char quote = slice_starts_with(*left, SLICE("'")) ? '\'' : '"';
    return eat(left, quote) && slice_cut(*left, quote, &value, left) &&
           slice_find(value, '<') == SLICE_NONE;
}

/* All of them, and the blanks behind the last. Stops at a bad one. */
static bool eat_attributes(struct slice *left)
{
    while (eat_blanks(left)) {
        struct slice attribute = *left;
        if (left->size > 0 && starts_name(left->data[0]) && !eat_attribute(left)) {
            *left = attribute;
            return false;
        }
    }
    return true;
}

/* --- tokens --- */

/* All before `left` has been read. */
static void move_to(struct xml_reader *reader, struct slice left)
{
    reader->position = reader->text.size - left.size;
}

/* Steps behind the first `closing` after the `opening` that comes next. */
static int pass_over(struct xml_reader *reader, struct slice opening, struct slice closing,
                     struct error *err)
{
    struct slice inside = slice_skip(rest(reader), opening.size);
    size_t size = slice_search(inside, closing);
    if (size == SLICE_NONE) {
        (void)bad(reader, rest(reader), ERROR_INVALID,
                  "a comment or processing instruction without end", err);
        return -1;
    }
    move_to(reader, slice_skip(inside, size + closing.size));
    return 0;
}

/* Passes over what gives no token: comments, instructions, blanks outside of the root. */
static int pass_over_silent(struct xml_reader *reader, struct error *err)
{
    for (;;) {
        struct slice left = rest(reader);
        int result = 0;
        if (slice_starts_with(left, SLICE("<?"))) {
            result = pass_over(reader, SLICE("<?"), SLICE("?>"), err);
        } else if (slice_starts_with(left, SLICE("<!--"))) {
            result = pass_over(reader, SLICE("<!--"), SLICE("-->"), err);
        } else if (reader->depth == 0 && eat_blanks(&left)) {
            move_to(reader, left);
        } else {
            return 0;
        }
        if (result != 0) {
            return -1;
        }
    }
}

static enum xml_token next_text(struct xml_reader *reader, struct slice left, struct error *err)
{
    size_t size = slice_find(left, '<');
    struct slice raw = slice_take(left, size);
    struct slice fault = xml_find_bad_reference(raw);
    if (reader->depth == 0) {
        return bad(reader, left, ERROR_INVALID, "text outside of the root element", err);
    }
    if (fault.size > 0) {
        return bad(reader, slice_skip(left, raw.size - fault.size), ERROR_INVALID,
                   "'&' starts no character reference", err);
    }
    reader->raw = raw;
    reader->is_cdata = false;
    move_to(reader, slice_skip(left, raw.size));
    return XML_TEXT;
}

static enum xml_token next_cdata(struct xml_reader *reader, struct slice left, struct error *err)
{
    struct slice inside = slice_skip(left, sizeof("<![CDATA[") - 1);
    size_t size = slice_search(inside, SLICE("]]>"));
    if (reader->depth == 0) {
        return bad(reader, left, ERROR_INVALID, "text outside of the root element", err);
    }
    if (size == SLICE_NONE) {
        return bad(reader, left, ERROR_INVALID, "a CDATA section without end", err);
    }
    reader->raw = slice_take(inside, size);
    reader->is_cdata = true;
    move_to(reader, slice_skip(inside, size + 3));
    return XML_TEXT;
}

/* The end of the innermost element, written or implied. */
static enum xml_token close_element(struct xml_reader *reader)
{
    reader->depth--;
    reader->name = without_prefix(reader->open[reader->depth]);
    reader->end_pending = false;
    return XML_END;
}

static enum xml_token next_end(struct xml_reader *reader, struct slice left, struct error *err)
{
    struct slice after = slice_skip(left, 2);
    struct slice name;
    if (reader->depth == 0) {
        return bad(reader, left, ERROR_INVALID, "an end tag without a start tag", err);
    }
    if (!eat_name(&after, &name) || !slice_equal(name, reader->open[reader->depth - 1])) {
        return bad(reader, left, ERROR_INVALID, "an end tag that does not match its start tag",
                   err);
    }
    (void)eat_blanks(&after);
    if (!eat(&after, '>')) {
        return bad(reader, after, ERROR_INVALID, "'>' is expected", err);
    }
    move_to(reader, after);
    return close_element(reader);
}

static enum xml_token next_start(struct xml_reader *reader, struct slice left, struct error *err)
{
    struct slice after = slice_skip(left, 1);
    struct slice name;
    if (reader->depth == 0 && reader->seen_root) {
        return bad(reader, left, ERROR_INVALID, "a second root element", err);
    }
    if (!eat_name(&after, &name)) {
        return bad(reader, left, ERROR_INVALID, "'<' starts no tag", err);
    }
    if (name.size > XML_NAME_LIMIT) {
        return bad(reader, left, ERROR_LIMIT, "the name of an element is too long", err);
    }
    if (reader->depth == XML_DEPTH_LIMIT) {
        return bad(reader, left, ERROR_LIMIT, "elements nest too deeply", err);
    }
    if (!eat_attributes(&after)) {
        return bad(reader, after, ERROR_INVALID, "a malformed attribute", err);
    }
    bool is_empty = eat(&after, '/');
    if (!eat(&after, '>')) {
        return bad(reader, after, ERROR_INVALID, "'>' is expected", err);
    }
    reader->open[reader->depth] = name;
    reader->depth++;
    reader->name = without_prefix(name);
    reader->end_pending = is_empty;
    reader->seen_root = true;
    move_to(reader, after);
    return XML_START;
}

static enum xml_token next_done(const struct xml_reader *reader, struct slice left,
                                struct error *err)
{
    if (reader->depth > 0) {
        return bad(reader, left, ERROR_INVALID, "the document ends inside an element", err);
    }
    if (!reader->seen_root) {
        return bad(reader, left, ERROR_INVALID, "the document has no element", err);
    }
    return XML_DONE;
}

void xml_init(struct xml_reader *reader, struct slice text)
{
    *reader = (struct xml_reader){.text = text};
    if (slice_starts_with(text, SLICE("\xEF\xBB\xBF"))) { /* a byte order mark */
        reader->position = 3;
    }
}

enum xml_token xml_next(struct xml_reader *reader, struct error *err)
{
    size_t nul = reader->seen_root ? SLICE_NONE : slice_find(reader->text, '\0');
    if (nul != SLICE_NONE) { /* looked for once: the first token but this is the root's */
        return bad(reader, slice_skip(reader->text, nul), ERROR_INVALID, "a NUL byte", err);
    }
    if (reader->end_pending) {
        return close_element(reader);
    }
    if (pass_over_silent(reader, err) != 0) {
        return XML_BAD;
    }
    struct slice left = rest(reader);
    if (left.size == 0) {
        return next_done(reader, left, err);
    }
    if (left.data[0] != '<') {
        return next_text(reader, left, err);
    }
    if (slice_starts_with(left, SLICE("<![CDATA["))) {
        return next_cdata(reader, left, err);
    }
    if (slice_starts_with(left, SLICE("<!"))) {
        return bad(reader, left, ERROR_INVALID, "a document type or unknown declaration", err);
    }
    return slice_starts_with(left, SLICE("</")) ? next_end(reader, left, err)
                                                : next_start(reader, left, err);
}

/* --- elements --- */

/* Reads to the end of the element that was started last; its own text goes to `text`, if given. */
static int finish_element(struct xml_reader *reader, struct strbuf *text, struct error *err)
{
    size_t depth = reader->depth;
    assert(depth > 0);
    while (reader->depth >= depth) {
        enum xml_token token = xml_next(reader, err);
        if (token == XML_BAD) {
            return -1;
        }
        if (token == XML_TEXT && text != NULL && reader->depth == depth) {
            if (reader->is_cdata) {
                strbuf_append(text, reader->raw);
            } else {
                xml_append_decoded(text, reader->raw);
            }
        }
    }
    return 0;
}

int xml_read_text(struct xml_reader *reader, struct arena *arena, struct slice *text,
                  struct error *err)
{
    struct strbuf collected = STRBUF_INIT;
    int result = finish_element(reader, &collected, err);
    if (result == 0) {
        *text = arena_copy(arena, strbuf_slice(&collected));
    }
    strbuf_wipe(&collected); /* STS replies hold credentials */
    return result;
}

int xml_skip(struct xml_reader *reader, struct error *err)
{
    return finish_element(reader, NULL, err);
}

/* Are the open elements those of the path? */
static bool is_at(const struct xml_reader *reader, const char *path)
{
    struct slice names = slice_from(path);
    size_t depth = 0;
    bool more = true;
    while (more) {
        struct slice name;
        more = slice_cut(names, '/', &name, &names);
        if (depth == reader->depth || !slice_equal(without_prefix(reader->open[depth]), name)) {
            return false;
        }
        depth++;
    }
    return depth == reader->depth;
}

bool xml_find_text(struct arena *arena, struct slice document, const char *path, struct slice *text)
{
    struct xml_reader reader;
    struct slice first = {NULL, 0};
    enum xml_token token = XML_BAD;
    bool found = false;
    xml_init(&reader, document);
    do {
        token = xml_next(&reader, NULL);
        if (token == XML_START && !found && is_at(&reader, path)) {
            found = xml_read_text(&reader, arena, &first, NULL) == 0;
        }
    } while (token != XML_DONE && token != XML_BAD);
    if (token == XML_DONE && found) {
        *text = first;
        return true;
    }
    return false;
}

bool xml_root_name(struct slice document, struct slice *name)
{
    struct xml_reader reader;
    xml_init(&reader, document);
    if (xml_next(&reader, NULL) != XML_START) {
        return false;
    }
    *name = reader.name;
    return true;
}
