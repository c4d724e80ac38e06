#include "event/envelope.h"

#include "base/json.h"
#include "base/utf8.h"
#include "event/s3_event.h"

#include "base/banned.h"

#define EVENT_BYTES_LIMIT ((size_t)8 * 1024 * 1024) /* Lambda's own limit is 6 MiB */

#define SQS_SOURCE SLICE("aws:sqs")

/* How deep an envelope lies in others. */
enum layer { LAYER_INVOCATION, LAYER_QUEUE, LAYER_TOPIC };

/* What is said of a document that is not understood there. */
static const char *const misfits[] = {
    [LAYER_INVOCATION] =
        "the event is not one of these: an S3 event message (Records), an EventBridge event of S3, "
        "one of them in SNS or SQS, a schedule event, an order ({\"order\": ...})",
    [LAYER_QUEUE] = "it is not one of these: an S3 event message (Records), an EventBridge event "
                    "of S3, one of them in SNS",
    [LAYER_TOPIC] = "it is neither an S3 event message (Records) nor an EventBridge event of S3",
};

/* What is gathered from one event. */
struct reader {
    struct arena *arena;
    struct envelope *envelope;
    size_t capacity;
    struct slice message_id; /* of the message that is being read */
};

static int read_document(struct reader *reader, const json *document, enum layer layer,
                         struct error *err);

/* --- items --- */

static struct s3_object_event *add_item(struct reader *reader, struct error *err)
{
    struct envelope *envelope = reader->envelope;
    if (envelope->count == ENVELOPE_ITEMS_LIMIT) {
        (void)error_set(err, ERROR_LIMIT, "the event has more than %d records",
                        ENVELOPE_ITEMS_LIMIT);
        return NULL;
    }
    if (envelope->count == reader->capacity) {
        size_t capacity = reader->capacity == 0 ? 8 : 2 * reader->capacity;
        struct envelope_item *items = arena_zalloc(reader->arena, capacity, sizeof(*items));
        for (size_t i = 0; i < envelope->count; i++) {
            items[i] = envelope->items[i];
        }
        envelope->items = items;
        reader->capacity = capacity;
    }
    struct envelope_item *item = &envelope->items[envelope->count++];
    item->message_id = reader->message_id;
    return &item->object;
}

static void mark(struct reader *reader, struct s3_object_event *object, const struct error *problem)
{
    struct error *kept = arena_alloc(reader->arena, sizeof(*kept));
    *kept = *problem;
    object->problem = kept;
}

/* Adds an item for something that is not understood. */
static int add_problem(struct reader *reader, const struct error *problem, struct error *err)
{
    struct s3_object_event *object = add_item(reader, err);
    if (object == NULL) {
        return -1;
    }
    mark(reader, object, problem);
    return 0;
}

static int add_object(struct reader *reader, const json *document,
                      int (*read)(struct arena *, const json *, struct s3_object_event *,
                                  struct error *),
                      struct error *err)
{
    struct s3_object_event *object = add_item(reader, err);
    struct error problem;
    if (object == NULL) {
        return -1;
    }
    if (read(reader->arena, document, object, &problem) != 0) {
        mark(reader, object, &problem);
    }
    return 0;
}

/* --- layers --- */

static bool has_text(const json *document, const char *name, struct slice expected)
{
    struct slice text;
    return json_string(json_get(document, name), &text) && slice_equal(text, expected);
}

/* What lies as text inside another document. What is wrong with it concerns one item only. */
static int read_inner(struct reader *reader, const json *text, enum layer layer, struct error *err)
{
    struct slice content;
    struct error problem;
    if (!json_string(text, &content)) {
        (void)error_set(&problem, ERROR_INVALID, "it has no text");
    } else {
        const json *document = json_parse(reader->arena, content, EVENT_BYTES_LIMIT, &problem);
        if (document != NULL && read_document(reader, document, layer, &problem) == 0) {
            return 0;
        }
    }
    (void)error_prefix(&problem, layer == LAYER_QUEUE ? "message of the queue" : "message of SNS");
    return add_problem(reader, &problem, err);
}

/* A message without an id could not be reported as failed. */
static int read_queue_message(struct reader *reader, const json *record, struct error *err)
{
    if (!has_text(record, "eventSource", SQS_SOURCE) ||
        !json_string(json_get(record, "messageId"), &reader->message_id) ||
        reader->message_id.size == 0) {
        return error_set(err, ERROR_INVALID,
                         "a record of the queue's batch is no message with an "
                         "eventSource aws:sqs and a messageId");
    }
    reader->envelope->messages++;
    return read_inner(reader, json_get(record, "body"), LAYER_QUEUE, err);
}

static int read_record(struct reader *reader, const json *record, enum layer layer,
                       struct error *err)
{
    if (reader->envelope->kind == ENVELOPE_BATCH && layer == LAYER_INVOCATION) {
        return read_queue_message(reader, record, err);
    }
    if (layer == LAYER_INVOCATION && has_text(record, "EventSource", SLICE("aws:sns"))) {
        return read_inner(reader, json_at(record, "Sns.Message"), LAYER_TOPIC, err);
    }
    return add_object(reader, record, s3_event_read_record, err);
}

/* The first record shows whether this is the batch of a queue. */
static int read_records(struct reader *reader, const json *records, enum layer layer,
                        struct error *err)
{
    const json *record = json_first(records);
    if (layer == LAYER_INVOCATION && has_text(record, "eventSource", SQS_SOURCE)) {
        reader->envelope->kind = ENVELOPE_BATCH;
    }
    for (; record != NULL; record = json_next(record)) {
        if (read_record(reader, record, layer, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What may come in every layer. */
static int read_document(struct reader *reader, const json *document, enum layer layer,
                         struct error *err)
{
    if (json_type(json_get(document, "Records")) == JSON_ARRAY) {
        return read_records(reader, json_get(document, "Records"), layer, err);
    }
    if (has_text(document, "Event", SLICE("s3:TestEvent"))) {
        return 0;
    }
    if (s3_event_is_bridge(document)) {
        return add_object(reader, document, s3_event_read_bridge, err);
    }
    if (layer == LAYER_QUEUE && has_text(document, "Type", SLICE("Notification"))) {
        return read_inner(reader, json_get(document, "Message"), LAYER_TOPIC, err);
    }
    return error_set(err, ERROR_INVALID, "%s", misfits[layer]);
}

/* --- the event --- */

static int read_order(struct reader *reader, const json *document, struct error *err)
{
    struct envelope *envelope = reader->envelope;
    envelope->kind = ENVELOPE_ORDER;
    envelope->order = arena_zalloc(reader->arena, 1, sizeof(*envelope->order));
    return order_parse(reader->arena, document, envelope->order, err);
}

int envelope_parse(struct arena *arena, struct slice text, struct envelope *envelope,
                   struct error *err)
{
    struct reader reader = {.arena = arena, .envelope = envelope, .message_id = SLICE("")};
    const json *document = json_parse(arena, text, EVENT_BYTES_LIMIT, err);
    *envelope = (struct envelope){.kind = ENVELOPE_OBJECTS};
    if (document == NULL) {
        return error_prefix(err, "event");
    }
    if (order_is(document)) {
        return read_order(&reader, document, err);
    }
    if (has_text(document, "detail-type", SLICE("Scheduled Event"))) {
        envelope->kind = ENVELOPE_SCHEDULE;
        return 0;
    }
    return read_document(&reader, document, LAYER_INVOCATION, err);
}
