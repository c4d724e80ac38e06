/* Packs what streams by into one gzip member, without name and time, so equal input gives equal
 * output. */
#ifndef STAGE_GZIP_H
#define STAGE_GZIP_H

#include "base/sink.h"

struct gzip_stage;

#define GZIP_FASTEST 1

/* `next` is borrowed, and closed or aborted with this stage. NULL with *err on failure. `level` is
 * 1 to 9. */
struct gzip_stage *gzip_stage_new(struct sink *next, int level, struct error *err);
struct sink *gzip_stage_sink(struct gzip_stage *stage);
void gzip_stage_free(struct gzip_stage *stage);

#endif
