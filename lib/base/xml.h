/*
 * The little XML that AWS replies need: elements, text, the five named and the numeric character
 * references, CDATA; comments, the declaration and attributes are passed over, and so is white
 * space before the declaration, with which S3 keeps a slow reply alive. A document type and a NUL
 * are refused. Text is not checked to be UTF-8, and its line ends are left as they are. The reader
 * is total: any bytes give tokens and then an end or an error, in one pass, with depth bounded.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#define XML_DEPTH_LIMIT 32 /* elements inside each other */
#define XML_NAME_LIMIT 128 /* bytes of the name of an element, prefix included */

enum xml_token { XML_START, XML_END, XML_TEXT, XML_DONE, XML_BAD };

struct xml_reader {
    struct slice text;
    size_t position;
    size_t depth;                       /* open elements */
    struct slice open[XML_DEPTH_LIMIT]; /* their names as written */
    struct slice name;                  /* of XML_START and XML_END, without a namespace prefix */
    struct slice raw;                   /* of XML_TEXT, references not yet decoded */
    bool is_cdata;                      /* raw is to be taken as it stands */
    bool end_pending;                   /* an empty element owes its end */
    bool seen_root;
};

void xml_init(struct xml_reader *reader, struct slice text);
/* The next token; XML_DONE and XML_BAD stay. XML_BAD comes with *err, which names the offset:
 * ERROR_INVALID, or ERROR_LIMIT for the two limits above. */
enum xml_token xml_next(struct xml_reader *reader, struct error *err);

/* After XML_START: the text of the element up to its end, decoded, in the arena; child elements
 * are passed over. */
int xml_read_text(struct xml_reader *reader, struct arena *arena, struct slice *text,
                  struct error *err);
/* After XML_START: passes over everything up to its end. */
int xml_skip(struct xml_reader *reader, struct error *err);

/* The text of the first element at a path from the root, as "Error/Code"; false when there is none
 * or the document is bad, were it only behind that element. For short replies. */
bool xml_find_text(struct arena *arena, struct slice document, const char *path,
                   struct slice *text);
/* The name of the root element, borrowed from the document, of which nothing behind it is read;
 * false when there is none. */
bool xml_root_name(struct slice document, struct slice *name);

#endif
