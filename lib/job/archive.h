/*
 * Moves the object out of the landing folder: copied, verified, then deleted, pinned to the very
 * version that was handled, so that a newer upload under the same key survives.
 *
 *     <archive_folder>/<interface id>/<file name>_<time>   loaded
 *     <archive_folder>/error/<file name>_<time>            rejected or failed
 *
 * <time> is YYYY-MM-DD-HH-MM-SS in the configured zone. Names never collide: where two files would
 * have the same, the second gets "-" and the beginning of its file id after it. The name is stored
 * before the copy is made, so all of this may be repeated.
 */
#ifndef JOB_ARCHIVE_H
#define JOB_ARCHIVE_H

#include "job/job.h"

/* Reserves the archive key, so that a notification can name it before the copy exists. */
int archive_reserve(struct job *job, struct error *err);

int archive_file(struct job *job, struct error *err);

#endif
