/* EventBridge's "Redshift Data Statement Status Change". */
#ifndef EVENT_STATEMENT_EVENT_H
#define EVENT_STATEMENT_EVENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct statement_event {
    struct slice statement_id;
    struct slice statement_name;
    struct slice state; /* FINISHED, FAILED, ABORTED … */
};

/* ERROR_INVALID names the member that is missing or of the wrong type. */
int statement_event_parse(struct arena *arena, struct slice text, struct statement_event *event,
                          struct error *err);

#endif
