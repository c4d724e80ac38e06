#include "aws/s3/s3_xml.h"

#include "aws/s3/s3_request.h"
#include "base/clock.h"
#include "base/encode.h"

#include "base/banned.h"

bool s3_xml_next(struct xml_reader *reader, bool *failed, struct error *err)
{
    for (;;) {
        switch (xml_next(reader, err)) {
        case XML_START:
            return true;
        case XML_END:
        case XML_DONE:
            return false;
        case XML_TEXT: /* white space between elements */
            break;
        case XML_BAD:
            *failed = true;
            return false;
        }
    }
}

int s3_xml_enter(struct xml_reader *reader, struct slice body, const char *root, struct error *err)
{
    xml_init(reader, body);
    if (xml_next(reader, err) != XML_START) { /* text before the root and no root are both bad */
        return -1;
    }
    if (!slice_equal(reader->name, slice_from(root))) {
        return error_set(err, ERROR_INVALID, "the reply is <%.*s>, not <%s>",
                         SLICE_ARG(slice_take(reader->name, 64)), root);
    }
    return 0;
}

int s3_xml_text(struct xml_reader *reader, struct arena *arena, struct slice *text,
                struct error *err)
{
    return xml_read_text(reader, arena, text, err);
}

static int bad_value(struct slice name, const char *what, struct error *err)
{
    return error_set(err, ERROR_INVALID, "the reply's <%.*s> is no %s",
                     SLICE_ARG(slice_take(name, 64)), what);
}

int s3_xml_key(struct xml_reader *reader, struct arena *arena, struct slice *key, struct error *err)
{
    struct slice name = reader->name;
    struct slice text;
    struct strbuf decoded = STRBUF_INIT;
    if (xml_read_text(reader, arena, &text, err) != 0) {
        return -1;
    }
    bool good = decode_form(&decoded, text, NULL) == 0 && decoded.size <= S3_KEY_LIMIT;
    *key = arena_copy(arena, strbuf_slice(&decoded));
    strbuf_release(&decoded);
    return good ? 0 : bad_value(name, "key", err);
}

int s3_xml_number(struct xml_reader *reader, struct arena *arena, uint64_t *number,
                  struct error *err)
{
    struct slice name = reader->name;
    struct slice text;
    if (xml_read_text(reader, arena, &text, err) != 0) {
        return -1;
    }
    return slice_to_u64(slice_trim(text), number) ? 0 : bad_value(name, "number", err);
}

int s3_xml_time(struct xml_reader *reader, struct arena *arena, int64_t *time_ms, struct error *err)
{
    struct slice name = reader->name;
    struct slice text;
    if (xml_read_text(reader, arena, &text, err) != 0) {
        return -1;
    }
    return clock_parse_iso8601(slice_trim(text), time_ms) ? 0 : bad_value(name, "time", err);
}

int s3_xml_truth(struct xml_reader *reader, struct arena *arena, bool *truth, struct error *err)
{
    struct slice name = reader->name;
    struct slice text;
    if (xml_read_text(reader, arena, &text, err) != 0) {
        return -1;
    }
    *truth = slice_equal(slice_trim(text), SLICE("true"));
    return *truth || slice_equal(slice_trim(text), SLICE("false")) ? 0
                                                                   : bad_value(name, "truth", err);
}

bool s3_xml_has_root(struct slice body, const char *root)
{
    struct slice name;
    return xml_root_name(body, &name) && slice_equal(name, slice_from(root));
}

void s3_xml_append(struct strbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '&':
            strbuf_append_text(out, "&amp;");
            break;
        case '<':
            strbuf_append_text(out, "&lt;");
            break;
        case '>':
            strbuf_append_text(out, "&gt;");
            break;
        case '"':
            strbuf_append_text(out, "&quot;");
            break;
        default:
            strbuf_append_char(out, text.data[i]);
        }
    }
}
