/*
 * Where bytes go. One contract joins the source, the stages and the sinks of the data path: a stage
 * is a sink that writes what it made of the bytes to the next one.
 *
 * After a failed write or close only sink_abort may be called. close commits; abort undoes, so that
 * no half object is ever visible. Exactly one of them ends a sink; both reach the sinks behind it.
 */
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include "base/error.h"
#include "base/slice.h"

struct sink;

struct sink_operations {
    int (*write)(struct sink *sink, struct slice bytes, struct error *err);
    int (*close)(struct sink *sink, struct error *err);
    void (*abort)(struct sink *sink);
};

/* The first member of every concrete sink. */
struct sink {
    const struct sink_operations *operations;
};

/* Takes all the bytes, or fails. The bytes are borrowed for the call only. */
static inline int sink_write(struct sink *sink, struct slice bytes, struct error *err)
{
    return sink->operations->write(sink, bytes, err);
}

static inline int sink_close(struct sink *sink, struct error *err)
{
    return sink->operations->close(sink, err);
}

static inline void sink_abort(struct sink *sink)
{
    sink->operations->abort(sink);
}

#endif
