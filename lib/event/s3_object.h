/* An object of S3 as an event or a person names it. */
#ifndef EVENT_S3_OBJECT_H
#define EVENT_S3_OBJECT_H

#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"

#define EVENT_KEY_LIMIT 1024 /* bytes */

enum s3_object_origin {
    S3_OBJECT_OF_ORDER, /* a person named it: there is no etag, sequencer or time */
    S3_OBJECT_OF_EVENT,
    S3_OBJECT_OF_SEARCH, /* a listing shows it: there is no version, sequencer or time */
};

struct s3_object_event {
    enum s3_object_origin origin;
    struct slice bucket;
    struct slice key;        /* decoded; valid UTF-8 without NUL */
    struct slice version_id; /* empty: an unversioned bucket, or the newest version */
    struct slice etag;       /* without quotes; may be empty */
    uint64_t size_bytes;     /* 0: an empty object, or the size is not known */
    struct slice sequencer;  /* upper case; orders events of one key and source; may be empty */
    int64_t event_ms;        /* when it happened, since 1970; 0: the event has no (valid) time */
    bool is_creation;        /* false: the event reports something else, such as a removal */
    /* Why the event cannot be worked on; NULL: it can. Then bucket and key may be empty. */
    const struct error *problem;
};

/* ERROR_INVALID when bucket and key cannot be those of an object. */
int s3_object_check(const struct s3_object_event *object, struct error *err);

/* Reads and checks the members that name an object: bucket, key and, if it is there, version_id.
 * ERROR_INVALID names the member that is wrong. The slices belong to the document. */
int s3_object_read(const json *document, struct s3_object_event *object, struct error *err);

#endif
