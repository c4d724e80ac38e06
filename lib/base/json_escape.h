/* Escapes in the strings of JSON: RFC 8259, section 7. For json_scan.c and json_names.c. */
#ifndef BASE_JSON_ESCAPE_H
#define BASE_JSON_ESCAPE_H

#include "base/slice.h"

/* The character of the escape at the start of `s`, and the bytes it takes: UTF8_INVALID when it is
 * none, a surrogate when its other half is missing. */
uint32_t json_escape_decode(struct slice s, size_t *length);
bool json_escape_is_surrogate(uint32_t character);

#endif
