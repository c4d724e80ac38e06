/*
 * XML: any bytes give a bounded number of tokens that nest, lie inside of the document, and end
 * with DONE or BAD; the ways to read an element agree; text that is escaped comes back unchanged.
 */
#include "base/strbuf.h"
#include "base/xml.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice part, struct slice whole)
{
    assert(part.data >= whole.data && part.size <= whole.size);
    assert(part.data + part.size <= whole.data + whole.size);
}

/* XML_BAD must say why and stay. */
static void check_bad(const struct xml_reader *reader, const struct error *err)
{
    struct xml_reader again = *reader;
    struct error second = {.kind = ERROR_CANCELLED};
    assert(err->kind == ERROR_INVALID || err->kind == ERROR_LIMIT);
    assert(slice_starts_with(slice_from(err->message), SLICE("XML, offset ")));
    assert(xml_next(&again, &second) == XML_BAD);
    assert(strcmp(second.message, err->message) == 0 && second.kind == err->kind);
    assert(again.position == reader->position && again.depth == reader->depth);
}

static void check_token(enum xml_token token, size_t depth_before, const struct xml_reader *reader)
{
    switch (token) {
    case XML_START:
        assert(reader->depth == depth_before + 1);
        check_inside(reader->name, reader->text);
        assert(reader->name.size > 0 && slice_find(reader->name, ':') == SLICE_NONE);
        break;
    case XML_END:
        assert(reader->depth + 1 == depth_before);
        check_inside(reader->name, reader->text);
        break;
    case XML_TEXT:
        assert(reader->depth == depth_before && depth_before > 0);
        check_inside(reader->raw, reader->text);
        break;
    default:
        assert(reader->depth == depth_before);
    }
}

/* Reads token by token to the end, which is returned. */
static enum xml_token walk(struct slice document)
{
    struct xml_reader reader;
    struct error err = {.kind = ERROR_CANCELLED};
    enum xml_token token = XML_BAD;
    size_t tokens = 0;
    xml_init(&reader, document);
    do {
        size_t depth = reader.depth;
        size_t position = reader.position;
        token = xml_next(&reader, &err);
        tokens++;
        assert(tokens <= document.size + 1);
        assert(reader.depth <= XML_DEPTH_LIMIT);
        assert(reader.position >= position && reader.position <= document.size);
        check_token(token, depth, &reader);
    } while (token != XML_DONE && token != XML_BAD);
    if (token == XML_BAD) {
        check_bad(&reader, &err);
    } else {
        assert(reader.depth == 0 && reader.position == document.size);
    }
    return token;
}

/* Passing over the root ends where walking through it does. */
static void check_elements(struct slice document, enum xml_token end)
{
    struct xml_reader reader;
    struct error err;
    struct arena arena;
    struct slice text;
    arena_init(&arena, 4096);
    xml_init(&reader, document);
    if (xml_next(&reader, &err) == XML_START) {
        struct xml_reader second = reader;
        int skipped = xml_skip(&reader, &err);
        int read = xml_read_text(&second, &arena, &text, &err);
        assert(skipped == read && reader.position == second.position);
        assert(skipped == 0 || end == XML_BAD);
        assert(skipped != 0 || (reader.depth == 0 && text.size <= document.size));
        assert(skipped != 0 || xml_next(&reader, &err) == end);
    }
    arena_release(&arena);
}

/* What is found by name is what is read at the first token. */
static void check_find(struct slice document, enum xml_token end)
{
    struct arena arena;
    struct slice root;
    struct slice found;
    arena_init(&arena, 4096);
    if (xml_root_name(document, &root)) {
        const char *path = arena_text(&arena, root);
        assert(xml_find_text(&arena, document, path, &found) == (end == XML_DONE));
    } else {
        assert(end == XML_BAD);
    }
    arena_release(&arena);
}

static void append_escaped(struct strbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '<') {
            strbuf_append_text(out, "&lt;");
        } else if (byte == '&') {
            strbuf_append_text(out, "&amp;");
        } else if (byte > 0 && byte < ' ') {
            strbuf_append_format(out, "&#x%X;", byte);
        } else if (byte >= '0' && byte <= '9') {
            strbuf_append_format(out, "&#%d;", byte);
        } else {
            strbuf_append(out, slice_of(text.data + i, 1));
        }
    }
}

static void check_escaped_text(struct slice text)
{
    struct strbuf document = STRBUF_INIT;
    struct arena arena;
    struct slice found;
    bool has_nul = slice_find(text, '\0') != SLICE_NONE;
    arena_init(&arena, 4096);
    strbuf_append_text(&document, " <?xml version=\"1.0\"?>\n<n:a b='c'><d e=\"f\">");
    append_escaped(&document, text);
    strbuf_append_text(&document, "</d><d>x</d></n:a>");
    bool is_found = xml_find_text(&arena, strbuf_slice(&document), "a/d", &found);
    assert(is_found == !has_nul && (has_nul || slice_equal(found, text)));
    arena_release(&arena);
    strbuf_release(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice document = slice_of(data, size);
    enum xml_token end = walk(document);
    check_elements(document, end);
    check_find(document, end);
    check_escaped_text(document);
    return 0;
}
