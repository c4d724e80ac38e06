#include "event/order.h"

#include "base/array.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include "base/banned.h"

#define UUID_SIZE 36

static const struct slice names[] = {
    [ORDER_ADVANCE] = SLICE_INIT("advance"),
};
#define ORDER_COUNT (COUNT_OF(names))

bool order_is(const json *document)
{
    return json_get(document, "order") != NULL || json_get(document, "bucket") != NULL;
}

static int fail_unknown(struct slice name, struct error *err)
{
    struct strbuf known = STRBUF_INIT;
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        strbuf_append_text(&known, i > 0 ? ", " : "");
        strbuf_append(&known, names[i]);
    }
    int result = error_set(err, ERROR_INVALID, "\"%.*s\" is not an order; known orders: %s",
                           SLICE_ARG(utf8_take(name, 40)), known.data);
    strbuf_release(&known);
    return result;
}

static int read_kind(const json *document, enum order_kind *kind, struct error *err)
{
    struct slice name;
    if (json_get(document, "order") == NULL) {
        *kind = ORDER_ADVANCE; /* the Python framework's manual event */
        return 0;
    }
    if (json_require_string(document, "order", &name, err) != 0) {
        return error_prefix(err, "manual order");
    }
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        if (slice_equal(name, names[i])) {
            *kind = (enum order_kind)i;
            return 0;
        }
    }
    return fail_unknown(name, err);
}

/* The UUID in lower case; empty when the text is not one. */
static struct slice lower_uuid(struct arena *arena, struct slice text)
{
    if (text.size != UUID_SIZE) {
        return SLICE("");
    }
    char *bytes = arena_text(arena, text);
    for (size_t i = 0; i < UUID_SIZE; i++) {
        if (bytes[i] >= 'A' && bytes[i] <= 'F') {
            bytes[i] = (char)(bytes[i] - 'A' + 'a');
        }
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_hex = (bytes[i] >= '0' && bytes[i] <= '9') || (bytes[i] >= 'a' && bytes[i] <= 'f');
        if (is_dash ? bytes[i] != '-' : !is_hex) {
            return SLICE("");
        }
    }
    return slice_of(bytes, UUID_SIZE);
}

static int read_file_id(struct arena *arena, const json *document, struct slice *file_id,
                        struct error *err)
{
    struct slice text;
    if (json_require_string(document, "file_id", &text, err) != 0) {
        return -1;
    }
    *file_id = lower_uuid(arena, text);
    if (file_id->size == 0) {
        return error_set(err, ERROR_INVALID,
                         "member \"file_id\" must be a UUID such as "
                         "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11, not \"%.*s\"",
                         SLICE_ARG(utf8_take(text, 40)));
    }
    return 0;
}

static int read_file(struct arena *arena, const json *document, struct order *order,
                     struct error *err)
{
    bool has_id = json_get(document, "file_id") != NULL;
    bool has_object = json_get(document, "bucket") != NULL || json_get(document, "key") != NULL ||
                      json_get(document, "version_id") != NULL;
    if (has_id == has_object) {
        return error_set(err, ERROR_INVALID,
                         "name the file either by \"file_id\" or by \"bucket\" and \"key\"%s",
                         has_id ? ", not by both" : "");
    }
    return has_id ? read_file_id(arena, document, &order->file_id, err)
                  : s3_object_read(document, &order->object, err);
}

static int read_by(const json *document, struct slice *by, struct error *err)
{
    if (json_get(document, "by") == NULL) {
        return 0;
    }
    if (json_require_string(document, "by", by, err) != 0) {
        return -1;
    }
    size_t count = utf8_count(*by);
    if (count > ORDER_BY_LIMIT) {
        return error_set(err, ERROR_INVALID,
                         "member \"by\" must have at most %d characters; it has %zu",
                         ORDER_BY_LIMIT, count);
    }
    return 0;
}

int order_parse(struct arena *arena, const json *document, struct order *order, struct error *err)
{
    *order = (struct order){.kind = ORDER_ADVANCE};
    if (read_kind(document, &order->kind, err) != 0) {
        return -1;
    }
    if (read_file(arena, document, order, err) != 0 || read_by(document, &order->by, err) != 0) {
        return json_get(document, "order") == NULL
                   ? error_prefix(err, "manual event")
                   : error_prefix(err, "order %.*s", SLICE_ARG(names[order->kind]));
    }
    return 0;
}
