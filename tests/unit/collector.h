/* A sink that collects what reaches the end of a chain of stages. */
#ifndef UNIT_COLLECTOR_H
#define UNIT_COLLECTOR_H

#include "base/sink.h"
#include "base/strbuf.h"

struct collector {
    struct sink sink;
    struct strbuf bytes;
    size_t refuse_after; /* bytes; 0: never */
    bool closed;
    bool aborted;
};

static inline int collector_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct collector *collector = (struct collector *)(void *)sink;
    strbuf_append(&collector->bytes, bytes);
    if (collector->refuse_after > 0 && collector->bytes.size > collector->refuse_after) {
        return error_set(err, ERROR_LIMIT, "the collector is full");
    }
    return 0;
}

static inline int collector_close(struct sink *sink, struct error *err)
{
    (void)err;
    ((struct collector *)(void *)sink)->closed = true;
    return 0;
}

static inline void collector_abort(struct sink *sink)
{
    ((struct collector *)(void *)sink)->aborted = true;
}

static const struct sink_operations collector_operations = {collector_write, collector_close,
                                                            collector_abort};

static inline void collector_init(struct collector *collector)
{
    *collector = (struct collector){.sink.operations = &collector_operations, .bytes = STRBUF_INIT};
}

#endif
