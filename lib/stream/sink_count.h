/* A sink that counts bytes and keeps none. */
#ifndef SINK_SINK_COUNT_H
#define SINK_SINK_COUNT_H

#include "base/sink.h"

#include <stdint.h>

struct sink_count {
    struct sink sink;
    uint64_t bytes;
};

void sink_count_init(struct sink_count *count);

#endif
