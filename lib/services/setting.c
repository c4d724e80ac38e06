#include "services/setting.h"

#include "base/env.h"

#include "base/banned.h"

int setting_require(const char *name, struct slice *value, struct error *err)
{
    const char *text;
    if (env_require(name, &text, err) != 0) {
        return -1;
    }
    *value = slice_trim(slice_from(text));
    if (value->size == 0) {
        return error_set(err, ERROR_CONFIGURATION, "environment variable %s is blank", name);
    }
    return 0;
}

struct slice setting_get(const char *name, const char *fallback)
{
    return slice_trim(slice_from(env_get(name, fallback)));
}

int setting_get_name(const char *name, size_t limit, struct slice *value, struct error *err)
{
    *value = setting_get(name, "");
    if (value->size > limit) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s has %zu bytes; this name may have %zu", name,
                         value->size, limit);
    }
    for (size_t i = 0; i < value->size; i++) {
        if ((unsigned char)value->data[i] < ' ' || value->data[i] == 0x7F) {
            return error_set(err, ERROR_CONFIGURATION,
                             "environment variable %s holds a control character", name);
        }
    }
    return 0;
}

int setting_require_arn(const char *name, struct slice *value, struct error *err)
{
    if (setting_require(name, value, err) != 0) {
        return -1;
    }
    if (!slice_starts_with(*value, SLICE("arn:"))) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s must be an ARN (arn:aws:...)", name);
    }
    return 0;
}

bool setting_is_made_of(struct slice text, struct slice others)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9');
        if (!is_plain && slice_find(others, byte) == SLICE_NONE) {
            return false;
        }
    }
    return true;
}
