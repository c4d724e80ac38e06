/* Where a benchmark's bytes end: a sink that takes all and keeps none. */
#ifndef BENCH_SINK_NOWHERE_H
#define BENCH_SINK_NOWHERE_H

#include "base/sink.h"

static inline int nowhere_write(struct sink *sink, struct slice bytes, struct error *err)
{
    (void)sink;
    (void)bytes;
    (void)err;
    return 0;
}

static inline int nowhere_close(struct sink *sink, struct error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static inline void nowhere_abort(struct sink *sink)
{
    (void)sink;
}

static const struct sink_operations nowhere_operations = {
    .write = nowhere_write,
    .close = nowhere_close,
    .abort = nowhere_abort,
};

#define SINK_NOWHERE ((struct sink){.operations = &nowhere_operations})

#endif
