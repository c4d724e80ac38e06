/*
 * S3 events: whatever the bytes, every object is either marked as a problem or has a bucket and a
 * key that can be worked with, and so has an order, unless it names a file id; and any possible key
 * comes out of an event as it went in.
 */
#include "event/s3_event.h"

#include "base/encode.h"
#include "base/json_writer.h"
#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_possible_key(struct slice key)
{
    return key.size >= 1 && key.size <= EVENT_KEY_LIMIT && slice_find(key, '\0') == SLICE_NONE &&
           utf8_find_invalid(key) == SLICE_NONE;
}

static void check_object(const struct s3_object_event *object)
{
    assert(is_possible_key(object->key));
    assert(object->bucket.size >= 3 && slice_find(object->bucket, '/') == SLICE_NONE);
    assert(object->sequencer.size <= 64);
}

static void check_order(const struct order *order)
{
    assert(order->kind == ORDER_ADVANCE);
    assert(utf8_find_invalid(order->by) == SLICE_NONE &&
           order->by.size <= (size_t)4 * ORDER_BY_LIMIT);
    if (order->file_id.size == 0) {
        check_object(&order->object);
    } else {
        assert(order->file_id.size == 36 && order->object.bucket.size == 0);
    }
}

static void check_any_text(struct arena *arena, struct slice text)
{
    struct s3_event event;
    struct error err = {.kind = ERROR_CANCELLED};
    if (s3_event_parse(arena, text, &event, &err) != 0) {
        assert(err.kind == ERROR_INVALID || err.kind == ERROR_LIMIT);
        assert(!err.retryable && err.message[0] != '\0');
        return;
    }
    assert(err.kind == ERROR_CANCELLED);
    assert(event.kind == S3_EVENT_OBJECTS || event.count == 0);
    assert((event.kind == S3_EVENT_ORDER) == (event.order != NULL));
    if (event.order != NULL) {
        check_order(event.order);
    }
    for (size_t i = 0; i < event.count; i++) {
        const struct s3_object_event *object = &event.objects[i];
        if (object->problem != NULL) {
            assert(object->problem->kind == ERROR_INVALID);
            continue;
        }
        check_object(object);
    }
}

static void append_event(struct strbuf *out, struct slice key)
{
    struct json_writer writer = json_writer_to(out);
    struct strbuf encoded = STRBUF_INIT;
    encode_uri(&encoded, key);
    json_write_object(&writer);
    json_write_name(&writer, SLICE("Records"));
    json_write_array(&writer);
    json_write_object(&writer);
    json_write_member_string(&writer, "eventSource", SLICE("aws:s3"));
    json_write_member_string(&writer, "eventName", SLICE("ObjectCreated:Put"));
    json_write_name(&writer, SLICE("s3"));
    json_write_raw(&writer, SLICE("{\"bucket\":{\"name\":\"bbb\"},\"object\":{\"key\":"));
    json_append_quoted(out, strbuf_slice(&encoded));
    strbuf_append_text(out, "}}");
    json_write_object_end(&writer);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    strbuf_release(&encoded);
}

static void check_key(struct arena *arena, struct slice key)
{
    struct strbuf text = STRBUF_INIT;
    struct s3_event event;
    struct error err;
    append_event(&text, key);
    assert(s3_event_parse(arena, strbuf_slice(&text), &event, &err) == 0);
    assert(event.count == 1 && event.objects[0].is_creation);
    assert((event.objects[0].problem == NULL) == is_possible_key(key));
    assert(event.objects[0].problem != NULL || slice_equal(event.objects[0].key, key));
    strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 4096);
    check_any_text(&arena, slice_of(data, size));
    check_key(&arena, slice_of(data, size));
    arena_release(&arena);
    return 0;
}
