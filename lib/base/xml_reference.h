/*
 * References in the text of XML: "&amp;" and its four like, "&#65;" and "&#x41;". Others would be
 * entities of a document type, which xml.h does not take. For xml.c.
 */
#ifndef BASE_XML_REFERENCE_H
#define BASE_XML_REFERENCE_H

#include "base/slice.h"
#include "base/strbuf.h"

/* What is left of `raw` at its first bad reference; empty when all are good. */
struct slice xml_find_bad_reference(struct slice raw);
/* Appends `raw`, which has no bad reference, with its references decoded. */
void xml_append_decoded(struct strbuf *out, struct slice raw);

#endif
