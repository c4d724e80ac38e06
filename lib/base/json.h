/*
 * JSON from outside: read strictly, kept exactly.
 *
 * The text is validated before cJSON sees it: RFC 8259 grammar, UTF-8, one value and nothing after
 * it, depth and size bounded, no duplicate names in an object (after escapes are decoded), no lone
 * surrogates, no U+0000 (a C string would hide what follows), no byte order mark, no number that
 * overflows a double or has more than 63 characters. json_scan.h is that half.
 * Numbers keep their text, so 9007199254740993 stays what it is.
 *
 * A document lives in the arena it was parsed into, and needs nothing of the text any more. It
 * takes up to 40 times the memory of the text ("[1,1,1"), which the size limit has to allow for.
 * Parsing is not for several threads at once. Every getter takes NULL and answers "absent".
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct cJSON;
typedef struct cJSON json;

enum json_type {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* The document, or NULL with *err set: ERROR_INVALID or ERROR_LIMIT, with line and column. */
const json *json_parse(struct arena *arena, struct slice text, size_t size_limit,
                       struct error *err);

enum json_type json_type(const json *value);
const char *json_type_name(enum json_type type); /* "a string", "null" …: for messages */

/* Member of an object by its exact name; NULL when absent or when `value` is no object. Searches
 * from the first member on. */
const json *json_get(const json *value, const char *name);
/* The same along a path of names: json_at(event, "detail.object.key"). */
const json *json_at(const json *value, const char *path);

/* First element of an array (member of an object), next sibling, and how many there are. */
const json *json_first(const json *value);
const json *json_next(const json *element);
size_t json_count(const json *value);
struct slice json_name(const json *member); /* its name in its object; empty otherwise */

/*
 * True and set when the value has the type (a string; a number that is a whole one in range …).
 * Whole is what has neither exponent nor fraction, or a fraction of zeros only: 12, 12.0 and -0,
 * but not 12.5 and not 1e2.
 */
bool json_string(const json *value, struct slice *text);
bool json_i64(const json *value, int64_t *number);
bool json_u64(const json *value, uint64_t *number);
bool json_double(const json *value, double *number);
bool json_bool(const json *value, bool *truth);
/* The digits of a number exactly as they were written. */
bool json_number_text(const json *value, struct slice *text);

/* The string `name` of an object; empty when it is absent, or no string. */
struct slice json_text(const json *object, const char *name);

/* As json_string, but a wrong or missing member is ERROR_INVALID naming `name`: "member \"Id\" must
 * be a string, not a number", "member \"Id\" is missing". */
int json_require_string(const json *object, const char *name, struct slice *text,
                        struct error *err);

#endif
