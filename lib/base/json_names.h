/*
 * Are the names in an object all different? Two are the same when they have the same characters,
 * whichever way each is written. Sorted rather than hashed: no choice of names makes it slow. For
 * json_scan.c.
 */
#ifndef BASE_JSON_NAMES_H
#define BASE_JSON_NAMES_H

#include "base/slice.h"

/* The first name in the text that another before it equals, or NULL. The names are slices of one
 * text without their quotes, and valid; they are sorted. */
const char *json_names_repeated(struct slice *names, size_t count);

#endif
