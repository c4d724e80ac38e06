/* Environment variables. An empty one counts as unset, as in the AWS SDKs. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include "base/error.h"
#include "base/slice.h"

/* The value, or `fallback` (which may be NULL). Borrowed from the environment. */
const char *env_get(const char *name, const char *fallback);

/* An unset variable is ERROR_CONFIGURATION with a message that names it. */
int env_require(const char *name, const char **value, struct error *err);

/* A decimal number in [lowest, highest]; unset: `fallback`. Errors name variable, value and range.
 */
int env_number(const char *name, int64_t lowest, int64_t highest, int64_t fallback, int64_t *number,
               struct error *err);

#endif
