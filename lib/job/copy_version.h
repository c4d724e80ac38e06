/* Copies inside the bucket, pinned to the very object version that is handled. */
#ifndef JOB_COPY_VERSION_H
#define JOB_COPY_VERSION_H

#include "job/job.h"

/* ERROR_NOT_FOUND, ERROR_CONFLICT: the version was removed or replaced. */
int copy_version(struct job *job, struct slice to_key, struct error *err);

#endif
