/* Copies inside the bucket, pinned to the very object version that is handled. */
#ifndef STEPS_COPY_VERSION_H
#define STEPS_COPY_VERSION_H

#include "steps/job.h"

/* ERROR_NOT_FOUND, ERROR_CONFLICT: the version was removed or replaced. */
int copy_version(struct job *job, struct slice to_key, struct error *err);

#endif
