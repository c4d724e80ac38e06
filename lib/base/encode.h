/*
 * Encodings of the wire: percent, form, base64. All append to the buffer; one that fails appends
 * nothing. Messages name an offset and quote nothing, as the text may be secret.
 * The text must not be part of the buffer.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/error.h"
#include "base/slice.h"
#include "base/strbuf.h"

/* Percent-encodes all but A-Z a-z 0-9 - . _ ~ (RFC 3986), upper-case hex; a blank is %20. */
void encode_uri(struct strbuf *out, struct slice bytes);
/* The same, but '/' stands as it is: for object keys in paths. */
void encode_uri_path(struct strbuf *out, struct slice bytes);

/* Decodes %XX, and '+' to a blank, as keys have it in S3 event messages. A bad escape is
 * ERROR_INVALID that names its offset. */
int decode_form(struct strbuf *out, struct slice text, struct error *err);

/* RFC 4648, with padding; decoding is strict (padding and zero bits are checked). */
void encode_base64(struct strbuf *out, struct slice bytes);
int decode_base64(struct strbuf *out, struct slice text, struct error *err);

#endif
