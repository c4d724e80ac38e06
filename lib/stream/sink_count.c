#include "stream/sink_count.h"

#include "base/banned.h"

static int count_write(struct sink *sink, struct slice bytes, struct error *err)
{
    (void)err;
    ((struct sink_count *)(void *)sink)->bytes += bytes.size;
    return 0;
}

static int count_close(struct sink *sink, struct error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void count_abort(struct sink *sink)
{
    (void)sink;
}

static const struct sink_operations operations = {
    .write = count_write,
    .close = count_close,
    .abort = count_abort,
};

void sink_count_init(struct sink_count *count)
{
    *count = (struct sink_count){.sink.operations = &operations};
}
