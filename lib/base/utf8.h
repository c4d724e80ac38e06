/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"
#include "base/strbuf.h"

#define UTF8_INVALID UINT32_MAX

/* The code point at the start of `s` and its length in bytes (1 to 4); for bytes that are not
 * UTF-8, UTF8_INVALID and the length to skip. `s` must not be empty. */
uint32_t utf8_next(struct slice s, size_t *length);

/* Offset of the first byte that is not UTF-8, or SLICE_NONE. */
size_t utf8_find_invalid(struct slice s);

/* How many characters there are; a byte that is not UTF-8 counts as one. */
size_t utf8_count(struct slice s);

/* Writes 1 to 4 bytes and returns their number; `code_point` must be valid. */
size_t utf8_encode(uint32_t code_point, char bytes[4]);

/* The longest prefix of at most `size` bytes that does not end inside a character. */
struct slice utf8_take(struct slice s, size_t size);

/* Appends the bytes with U+FFFD in the place of whatever is not UTF-8. */
void utf8_append(struct strbuf *out, struct slice s);

#endif
