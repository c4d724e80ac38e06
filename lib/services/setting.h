/*
 * How the settings of each concern are read from the environment. Values are trimmed; an empty one
 * counts as unset. Every error is ERROR_CONFIGURATION and names the variable. Slices borrow from
 * the environment, which does not change while the program runs.
 */
#ifndef SERVICES_SETTING_H
#define SERVICES_SETTING_H

#include "base/error.h"
#include "base/slice.h"

/* The value of a variable that must be set. */
int setting_require(const char *name, struct slice *value, struct error *err);

/* The value, or `fallback`. */
struct slice setting_get(const char *name, const char *fallback);

/* The optional name of something, of at most `limit` bytes; empty when it is not set. */
int setting_get_name(const char *name, size_t limit, struct slice *value, struct error *err);

/* A required ARN, of whatever partition. */
int setting_require_arn(const char *name, struct slice *value, struct error *err);

/* Is every byte an ASCII letter, a digit or one of `others`? */
bool setting_is_made_of(struct slice text, struct slice others);

#endif
