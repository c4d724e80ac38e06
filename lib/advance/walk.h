/* Walks a file along its pipeline as far as it gets now. */
#ifndef ADVANCE_WALK_H
#define ADVANCE_WALK_H

#include "pipelines/pipeline.h"

const struct pipeline *walk_pipeline(const struct job *job);

/* Is there work that needs the lease? A statement that runs in Redshift does not. */
bool walk_is_due(const struct job *job);

/* Takes the lease if it is not held, and goes on until nothing is due; *is_busy is set when another
 * holder's lease is live. A failure is judged and put into effect: 0 means that the file is in a
 * good state, even if it failed. */
int walk(struct job *job, bool *is_busy, struct error *err);

/* A failure that may pass, outside of a walk: the file waits, so that its hours count; at the
 * limit a notification says that its outcome is unknown. */
void walk_fail(struct job *job, const struct error *reason);

#endif
