#include "event/s3_event.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"

#include "base/banned.h"

#define EVENT_BYTES_LIMIT ((size_t)8 * 1024 * 1024) /* Lambda's own limit is 6 MiB */

static int decode_key(struct arena *arena, struct slice encoded, struct slice *key,
                      struct error *err)
{
    struct strbuf decoded = STRBUF_INIT;
    int result = decode_form(&decoded, encoded, err);
    if (result == 0) {
        *key = arena_copy(arena, strbuf_slice(&decoded));
    } else {
        (void)error_prefix(err, "object key");
    }
    strbuf_release(&decoded);
    return result;
}

static struct slice upper_hex(struct arena *arena, struct slice text)
{
    size_t size = slice_take(text, 64).size;
    char *bytes = arena_text(arena, slice_take(text, size));
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] >= 'a' && bytes[i] <= 'f') {
            bytes[i] = (char)(bytes[i] - 'a' + 'A');
        }
    }
    return slice_of(bytes, size);
}

/* Versions 2.x only add members to what is read here. */
static bool is_known_version(const json *record)
{
    const json *version = json_get(record, "eventVersion");
    struct slice text;
    if (version == NULL) {
        return true;
    }
    return json_string(version, &text) && slice_starts_with(text, SLICE("2."));
}

static int read_record(struct arena *arena, const json *record, struct s3_object_event *object,
                       struct error *err)
{
    const json *described = json_at(record, "s3.object");
    struct slice source = {0};
    struct slice key = {0};
    struct slice text;
    if (!json_string(json_get(record, "eventSource"), &source) ||
        !slice_equal(source, SLICE("aws:s3"))) {
        return error_set(err, ERROR_INVALID, "a record is not from S3 (eventSource \"%.*s\")",
                         SLICE_ARG(slice_take(source, 40)));
    }
    if (!is_known_version(record)) {
        return error_set(err, ERROR_INVALID, "a record's eventVersion is not 2.x");
    }
    if (!json_string(json_get(record, "eventName"), &object->name)) {
        return error_set(err, ERROR_INVALID, "a record has no eventName");
    }
    object->is_creation = slice_starts_with(object->name, SLICE("ObjectCreated:"));
    if (json_string(json_get(record, "eventTime"), &text)) {
        (void)clock_parse_iso8601(text, &object->event_ms);
    }
    if (!json_string(json_at(record, "s3.bucket.name"), &object->bucket) ||
        !json_string(json_get(described, "key"), &key)) {
        return error_set(err, ERROR_INVALID, "a record has no s3.bucket.name or s3.object.key");
    }
    if (json_string(json_get(described, "versionId"), &text) && !slice_equal(text, SLICE("null"))) {
        object->version_id = text;
    }
    object->etag = json_text(described, "eTag");
    if (json_string(json_get(described, "sequencer"), &text)) {
        object->sequencer = upper_hex(arena, text);
    }
    if (decode_key(arena, key, &object->key, err) != 0) {
        return -1;
    }
    return s3_object_check(object, err);
}

static int read_records(struct arena *arena, const json *records, struct s3_event *event,
                        struct error *err)
{
    size_t i = 0;
    event->count = json_count(records);
    if (event->count > EVENT_RECORDS_LIMIT) {
        return error_set(err, ERROR_LIMIT, "the event has %zu records; %d are taken", event->count,
                         EVENT_RECORDS_LIMIT);
    }
    event->objects = arena_zalloc(arena, event->count + 1, sizeof(*event->objects));
    for (const json *record = json_first(records); record != NULL; record = json_next(record)) {
        struct s3_object_event *object = &event->objects[i++];
        struct error problem;
        if (read_record(arena, record, object, &problem) != 0) {
            struct error *kept = arena_alloc(arena, sizeof(*kept));
            *kept = problem;
            object->problem = kept;
        }
    }
    return 0;
}

static int read_manual(struct arena *arena, const json *document, struct s3_event *event,
                       struct error *err)
{
    event->objects = arena_zalloc(arena, 1, sizeof(*event->objects));
    event->count = 1;
    return s3_object_read(document, event->objects, err) == 0 ? 0
                                                              : error_prefix(err, "manual event");
}

static int read_order(struct arena *arena, const json *document, struct s3_event *event,
                      struct error *err)
{
    event->kind = S3_EVENT_ORDER;
    event->order = arena_zalloc(arena, 1, sizeof(*event->order));
    return order_parse(arena, document, event->order, err);
}

static bool has_text(const json *document, const char *name, struct slice expected)
{
    struct slice text;
    return json_string(json_get(document, name), &text) && slice_equal(text, expected);
}

int s3_event_parse(struct arena *arena, struct slice text, struct s3_event *event,
                   struct error *err)
{
    const json *document = json_parse(arena, text, EVENT_BYTES_LIMIT, err);
    if (document == NULL) {
        return error_prefix(err, "event");
    }
    *event = (struct s3_event){.kind = S3_EVENT_OBJECTS};
    if (order_is(document)) {
        return read_order(arena, document, event, err);
    }
    if (json_type(json_get(document, "Records")) == JSON_ARRAY) {
        return read_records(arena, json_get(document, "Records"), event, err);
    }
    if (has_text(document, "Event", SLICE("s3:TestEvent"))) {
        event->kind = S3_EVENT_TEST;
        return 0;
    }
    if (has_text(document, "detail-type", SLICE("Scheduled Event"))) {
        event->kind = S3_EVENT_SCHEDULE;
        return 0;
    }
    if (json_get(document, "bucket") != NULL) {
        return read_manual(arena, document, event, err);
    }
    return error_set(err, ERROR_INVALID,
                     "the event is neither an S3 message (Records), s3:TestEvent, a schedule, an "
                     "order ({\"order\": ...}) nor {\"bucket\": ..., \"key\": ...}");
}
