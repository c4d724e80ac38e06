/*
 * Does what is still due for a file, whatever state it is in and whoever asks: audit row, archive,
 * transformation, notice, removal of private objects. Every duty has its own mark, so that this may
 * be called again at any time.
 */
#ifndef ADVANCE_SETTLE_H
#define ADVANCE_SETTLE_H

#include "job/job.h"

int settle_file(struct job *job, struct error *err);

/* Is anything due now? */
bool settle_is_due(const struct job *job);

#endif
