/*
 * Which objects an event speaks of. Understood today: S3's own event message (every record of it),
 * s3:TestEvent, the manual {"bucket": …, "key": …}, and EventBridge's schedule event.
 */
#ifndef EVENT_S3_EVENT_H
#define EVENT_S3_EVENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#define EVENT_KEY_LIMIT 1024      /* bytes */
#define EVENT_RECORDS_LIMIT 10000 /* S3 sends one, queues gather some more */

struct s3_object_event {
    struct slice bucket;
    struct slice key;        /* decoded; valid UTF-8 without NUL */
    struct slice version_id; /* empty: an unversioned bucket, or a manual event */
    struct slice etag;       /* without quotes; empty: a manual event */
    struct slice sequencer;  /* upper case; orders events of one key; may be empty */
    struct slice name;       /* "ObjectCreated:Put" …; empty for a manual event */
    bool is_creation;        /* false: the record tells of something else, such as a removal */
    /* Why the record cannot be worked on; NULL: it can. Then bucket and key may be empty. */
    const struct error *problem;
};

enum s3_event_kind { S3_EVENT_OBJECTS, S3_EVENT_TEST, S3_EVENT_SCHEDULE };

struct s3_event {
    enum s3_event_kind kind;
    struct s3_object_event *objects; /* in the arena, in the order of the event */
    size_t count;
};

/* ERROR_INVALID when the event is none of these, ERROR_LIMIT when it has too many records; a single
 * bad record only marks itself. */
int s3_event_parse(struct arena *arena, struct slice text, struct s3_event *event,
                   struct error *err);

#endif
