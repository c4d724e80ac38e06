/*
 * Which objects an event names. Understood today: S3's own event message (every record of it),
 * s3:TestEvent, EventBridge's schedule event, the manual {"bucket": …, "key": …}, and orders
 * (order.h).
 */
#ifndef EVENT_S3_EVENT_H
#define EVENT_S3_EVENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "event/order.h"
#include "event/s3_object.h"

#define EVENT_RECORDS_LIMIT 10000 /* S3 sends one, queues gather some more */

enum s3_event_kind { S3_EVENT_OBJECTS, S3_EVENT_TEST, S3_EVENT_SCHEDULE, S3_EVENT_ORDER };

struct s3_event {
    enum s3_event_kind kind;
    struct s3_object_event *objects; /* in the arena, in the order of the event */
    size_t count;
    struct order *order; /* of S3_EVENT_ORDER, in the arena; otherwise NULL */
};

/* ERROR_INVALID when the event is none of these or its order is wrong, ERROR_LIMIT when it has too
 * many records; a single bad record only marks itself. */
int s3_event_parse(struct arena *arena, struct slice text, struct s3_event *event,
                   struct error *err);

#endif
