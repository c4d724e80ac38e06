/*
 * Unpacks gzip while it streams by: any number of members one after the other, each with its check
 * sum and length verified. Zero bytes behind the last member are padding; anything else is an
 * error.
 */
#ifndef STAGE_GUNZIP_H
#define STAGE_GUNZIP_H

#include "base/sink.h"

struct gunzip_stage;

/* `next` is borrowed, and closed or aborted with this stage. NULL with *err on failure. */
struct gunzip_stage *gunzip_stage_new(struct sink *next, struct error *err);
struct sink *gunzip_stage_sink(struct gunzip_stage *stage);
void gunzip_stage_free(struct gunzip_stage *stage);

#endif
