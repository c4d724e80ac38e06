/*
 * The strict half of json.h: reads a text to its end and says whether it keeps every rule named
 * there, before anything is made of it. Time grows with n log n of the size, whatever the text;
 * memory with the number of names in the objects that are open at a time.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/error.h"
#include "base/slice.h"

#define JSON_DEPTH_LIMIT 64 /* arrays and objects inside each other */

/* Characters of a number; longer ones are ERROR_LIMIT (RFC 8259, section 9, lets us; cJSON would
 * silently cut them in two). */
#define JSON_NUMBER_LIMIT 63

/* 0 when `text` is one JSON value under the rules of json.h, else ERROR_INVALID or ERROR_LIMIT
 * with line and column (both from 1, the column in characters). Messages quote one byte at most. */
int json_scan(struct slice text, struct error *err);

/*
 * In a text that json_scan accepted: the first number that starts at or after *position, which
 * moves behind it; an empty slice when there is none. *position must be outside of strings: start
 * with 0 and hand it back in. Numbers come in the order of the document.
 */
struct slice json_scan_number(struct slice text, size_t *position);

#endif
