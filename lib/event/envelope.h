/*
 * What an invocation brings, whatever it is wrapped in:
 *
 *     S3's own event message, s3:TestEvent   to Lambda, SNS or SQS
 *     EventBridge "Object Created" …         to Lambda, SNS or SQS
 *     SNS                                    to Lambda, or to SQS with raw delivery or without
 *     SQS                                    a batch of messages, each with one of the above
 *     EventBridge's schedule event           to Lambda
 *     orders (order.h)                       to Lambda
 *
 * The content decides, not where it says it comes from; every layer is unwrapped once.
 */
#ifndef EVENT_ENVELOPE_H
#define EVENT_ENVELOPE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "event/order.h"
#include "event/s3_object.h"

#define ENVELOPE_ITEMS_LIMIT 10000 /* S3 sends one object in a message, queues gather some more */

enum envelope_kind {
    ENVELOPE_OBJECTS, /* of one event: all succeed, or the event comes again */
    ENVELOPE_BATCH,   /* of a queue: the messages that failed come again */
    ENVELOPE_SCHEDULE,
    ENVELOPE_ORDER,
};

/* One object; the objects of one message follow each other. A test event has none. */
struct envelope_item {
    struct slice message_id;       /* of ENVELOPE_BATCH; otherwise empty */
    struct s3_object_event object; /* its problem may be that of the whole message */
};

struct envelope {
    enum envelope_kind kind;
    struct envelope_item *items; /* in the arena, in the order of the event */
    size_t count;
    size_t messages;     /* of ENVELOPE_BATCH, those without an object included */
    struct order *order; /* of ENVELOPE_ORDER, in the arena; otherwise NULL */
};

/*
 * ERROR_INVALID when the event is none of these, its order is wrong, or a message of a batch has no
 * id; ERROR_LIMIT when it has too many objects. A record or message that is not understood only
 * marks its own item.
 */
int envelope_parse(struct arena *arena, struct slice text, struct envelope *envelope,
                   struct error *err);

#endif
