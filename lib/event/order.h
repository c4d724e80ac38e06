/*
 * What an operator orders by invoking file-process with an event of their own:
 *
 *     {"order": "advance", "file_id": "<uuid>"}
 *     {"order": "advance", "bucket": "…", "key": "…", "version_id": "…"}
 *
 * version_id is optional. So is "by", a note of at most 200 characters on who ordered it and why.
 * The Python framework's manual event, {"bucket": "…", "key": "…"}, is the second one.
 */
#ifndef EVENT_ORDER_H
#define EVENT_ORDER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"
#include "event/s3_object.h"

#define ORDER_BY_LIMIT 200 /* characters */

enum order_kind {
    ORDER_ADVANCE, /* continue this file now */
};

struct order {
    enum order_kind kind;
    struct slice file_id;          /* a UUID in lower case; empty: the object is named */
    struct s3_object_event object; /* when file_id is empty */
    struct slice by;               /* may be empty */
};

/* Is this document an order (it has a member "order" or "bucket"), right or wrong? */
bool order_is(const json *document);

/* ERROR_INVALID names the member that is wrong and what is expected; for an unknown order it lists
 * the known ones. */
int order_parse(struct arena *arena, const json *document, struct order *order, struct error *err);

#endif
