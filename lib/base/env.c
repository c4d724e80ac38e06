#include "base/env.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/banned.h"

const char *env_get(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? fallback : value;
}

int env_require(const char *name, const char **value, struct error *err)
{
    const char *found = env_get(name, NULL);
    if (found == NULL) {
        return error_set(err, ERROR_CONFIGURATION, "environment variable %s is not set", name);
    }
    *value = found;
    return 0;
}

int env_number(const char *name, int64_t lowest, int64_t highest, int64_t fallback, int64_t *number,
               struct error *err)
{
    const char *text = env_get(name, NULL);
    int64_t value = fallback;
    if (text != NULL &&
        (!slice_to_i64(slice_from(text), &value) || value < lowest || value > highest)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s is \"%.100s\": it must be a whole number from "
                         "%" PRId64 " to %" PRId64,
                         name, text, lowest, highest);
    }
    *number = value;
    return 0;
}
