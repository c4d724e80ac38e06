#include "event/s3_event.h"

#include "base/clock.h"
#include "base/encode.h"

#include "base/banned.h"

/* --- what both forms have --- */

static struct slice upper_hex(struct arena *arena, const char *mark, struct slice text)
{
    char *bytes =
        arena_text(arena, arena_format(arena, "%s%.*s", mark,
                                       SLICE_ARG(slice_take(text, S3_EVENT_SEQUENCER_LIMIT))));
    size_t size = strlen(bytes);
    for (size_t i = strlen(mark); i < size; i++) {
        if (bytes[i] >= 'a' && bytes[i] <= 'f') {
            bytes[i] = (char)(bytes[i] - 'a' + 'A');
        }
    }
    return slice_of(bytes, size);
}

static void read_sequencer(struct arena *arena, const char *mark, const json *described,
                           struct s3_object_event *object)
{
    struct slice text;
    if (json_string(json_get(described, "sequencer"), &text) && text.size > 0) {
        object->sequencer = upper_hex(arena, mark, text);
    }
}

/* A bucket that keeps versions no more calls the version "null". */
static void read_version(const json *version, struct s3_object_event *object)
{
    struct slice text;
    if (json_string(version, &text) && !slice_equal(text, SLICE("null"))) {
        object->version_id = text;
    }
}

static void read_time(const json *time, struct s3_object_event *object)
{
    struct slice text;
    if (json_string(time, &text)) {
        (void)clock_parse_iso8601(text, &object->event_ms);
    }
}

/* --- S3's own message --- */

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

static int check_record(const json *record, struct slice *name, struct error *err)
{
    struct slice source = {0};
    if (!json_string(json_get(record, "eventSource"), &source) ||
        !slice_equal(source, SLICE("aws:s3"))) {
        return error_set(err, ERROR_INVALID, "a record is not from S3 (eventSource \"%.*s\")",
                         SLICE_ARG(slice_take(source, 40)));
    }
    if (!is_known_version(record)) {
        return error_set(err, ERROR_INVALID, "a record's eventVersion is not 2.x");
    }
    if (!json_string(json_get(record, "eventName"), name)) {
        return error_set(err, ERROR_INVALID, "a record has no eventName");
    }
    return 0;
}

int s3_event_read_record(struct arena *arena, const json *record, struct s3_object_event *object,
                         struct error *err)
{
    const json *described = json_at(record, "s3.object");
    struct slice name = SLICE("");
    struct slice key;
    *object = (struct s3_object_event){.origin = S3_OBJECT_OF_EVENT};
    if (check_record(record, &name, err) != 0) {
        return -1;
    }
    object->is_creation = slice_starts_with(name, SLICE("ObjectCreated:"));
    read_time(json_get(record, "eventTime"), object);
    if (!json_string(json_at(record, "s3.bucket.name"), &object->bucket) ||
        !json_string(json_get(described, "key"), &key)) {
        return error_set(err, ERROR_INVALID, "a record has no s3.bucket.name or s3.object.key");
    }
    read_version(json_get(described, "versionId"), object);
    object->etag = json_text(described, "eTag");
    (void)json_u64(json_get(described, "size"), &object->size_bytes);
    read_sequencer(arena, "", described, object);
    if (decode_key(arena, key, &object->key, err) != 0) {
        return -1;
    }
    return s3_object_check(object, err);
}

/* --- EventBridge's event --- */

bool s3_event_is_bridge(const json *document)
{
    struct slice source;
    return json_string(json_get(document, "source"), &source) &&
           slice_equal(source, SLICE("aws.s3"));
}

int s3_event_read_bridge(struct arena *arena, const json *document, struct s3_object_event *object,
                         struct error *err)
{
    const json *described = json_at(document, "detail.object");
    struct slice type;
    *object = (struct s3_object_event){.origin = S3_OBJECT_OF_EVENT};
    if (!json_string(json_get(document, "detail-type"), &type)) {
        return error_set(err, ERROR_INVALID, "the EventBridge event has no detail-type");
    }
    object->is_creation = slice_equal(type, SLICE("Object Created"));
    read_time(json_get(document, "time"), object);
    if (!json_string(json_at(document, "detail.bucket.name"), &object->bucket) ||
        !json_string(json_get(described, "key"), &object->key)) {
        return object->is_creation ? error_set(err, ERROR_INVALID,
                                               "the EventBridge event has no "
                                               "detail.bucket.name or detail.object.key")
                                   : 0;
    }
    read_version(json_get(described, "version-id"), object);
    object->etag = json_text(described, "etag");
    (void)json_u64(json_get(described, "size"), &object->size_bytes);
    read_sequencer(arena, S3_EVENT_BRIDGE_MARK, described, object);
    return s3_object_check(object, err);
}
