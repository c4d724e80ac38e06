/*
 * Envelopes: whatever the bytes, every object is either marked as a problem or has a bucket and a
 * key that can be worked with, and so has an order, unless it names a file id; and any possible key
 * comes out of an event as it went in.
 */
#include "event/envelope.h"
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
    assert(object->sequencer.size <= S3_EVENT_SEQUENCER_LIMIT + strlen(S3_EVENT_BRIDGE_MARK));
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

static void check_item(const struct envelope *envelope, const struct envelope_item *item)
{
    assert((envelope->kind == ENVELOPE_BATCH) == (item->message_id.size > 0));
    if (item->object.problem != NULL) {
        assert(item->object.problem->kind == ERROR_INVALID ||
               item->object.problem->kind == ERROR_LIMIT);
        return;
    }
    if (item->object.is_creation) {
        check_object(&item->object);
    }
    assert(item->object.origin == S3_OBJECT_OF_EVENT);
}

static void check_any_text(struct arena *arena, struct slice text)
{
    struct envelope envelope;
    struct error err = {.kind = ERROR_CANCELLED};
    if (envelope_parse(arena, text, &envelope, &err) != 0) {
        assert(err.kind == ERROR_INVALID || err.kind == ERROR_LIMIT);
        assert(!err.retryable && err.message[0] != '\0');
        return;
    }
    assert(err.kind == ERROR_CANCELLED);
    assert(envelope.count <= ENVELOPE_ITEMS_LIMIT);
    assert(envelope.kind <= ENVELOPE_BATCH || envelope.count == 0);
    assert((envelope.kind == ENVELOPE_BATCH) == (envelope.messages > 0));
    assert((envelope.kind == ENVELOPE_ORDER) == (envelope.order != NULL));
    if (envelope.order != NULL) {
        check_order(envelope.order);
    }
    for (size_t i = 0; i < envelope.count; i++) {
        check_item(&envelope, &envelope.items[i]);
    }
}

/* The event of an object with this key, as S3 and EventBridge write it. */
static void append_record(struct strbuf *out, struct slice key)
{
    struct strbuf encoded = STRBUF_INIT;
    encode_uri(&encoded, key);
    strbuf_append_text(out,
                       "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:"
                       "Put\",\"s3\":{\"bucket\":{\"name\":\"bbb\"},\"object\":{\"key\":");
    json_append_quoted(out, strbuf_slice(&encoded));
    strbuf_append_text(out, "}}}]}");
    strbuf_release(&encoded);
}

static void append_in_queue(struct strbuf *out, struct slice message)
{
    strbuf_append_text(out,
                       "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"messageId\":\"m1\",\"body\":");
    json_append_quoted(out, message);
    strbuf_append_text(out, "}]}");
}

static void check_parsed(struct arena *arena, struct slice text, struct slice key)
{
    struct envelope envelope;
    struct error err;
    assert(envelope_parse(arena, text, &envelope, &err) == 0);
    assert(envelope.count == 1);
    const struct s3_object_event *object = &envelope.items[0].object;
    assert((object->problem == NULL) == is_possible_key(key));
    assert(object->problem != NULL || (object->is_creation && slice_equal(object->key, key)));
}

static void check_key(struct arena *arena, struct slice key)
{
    struct strbuf event = STRBUF_INIT;
    struct strbuf queue = STRBUF_INIT;
    append_record(&event, key);
    check_parsed(arena, strbuf_slice(&event), key);
    append_in_queue(&queue, strbuf_slice(&event));
    check_parsed(arena, strbuf_slice(&queue), key);
    strbuf_release(&event);
    strbuf_release(&queue);
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
