#include "event/s3_object.h"

#include "base/utf8.h"

#include "base/banned.h"

int s3_object_check(const struct s3_object_event *object, struct error *err)
{
    if (object->bucket.size < 3 || object->bucket.size > 255 ||
        slice_find(object->bucket, '/') != SLICE_NONE ||
        slice_find(object->bucket, '\0') != SLICE_NONE) {
        return error_set(err, ERROR_INVALID,
                         "\"%.*s\" cannot be the name of a bucket: it must have 3 to 255 bytes and "
                         "no slash",
                         SLICE_ARG(utf8_take(object->bucket, 63)));
    }
    if (object->key.size == 0 || object->key.size > EVENT_KEY_LIMIT) {
        return error_set(err, ERROR_INVALID, "the object key has %zu bytes; it must have 1 to %d",
                         object->key.size, EVENT_KEY_LIMIT);
    }
    if (slice_find(object->key, '\0') != SLICE_NONE ||
        utf8_find_invalid(object->key) != SLICE_NONE) {
        return error_set(err, ERROR_INVALID,
                         "the object key contains a NUL byte or is not UTF-8, so it cannot be "
                         "loaded");
    }
    return 0;
}

int s3_object_read(const json *document, struct s3_object_event *object, struct error *err)
{
    *object = (struct s3_object_event){.origin = S3_OBJECT_OF_ORDER, .is_creation = true};
    if (json_require_string(document, "bucket", &object->bucket, err) != 0 ||
        json_require_string(document, "key", &object->key, err) != 0) {
        return -1;
    }
    if (json_get(document, "version_id") != NULL &&
        json_require_string(document, "version_id", &object->version_id, err) != 0) {
        return -1;
    }
    return s3_object_check(object, err);
}
