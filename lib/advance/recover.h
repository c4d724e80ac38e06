/*
 * What becomes of a file when a step failed. A transient failure gives the lease back and is
 * reported, so that Lambda tries again; a permanent one, or one too many, ends the file, and the
 * end is settled. An object that was removed or replaced meanwhile ends as GONE or SUPERSEDED.
 */
#ifndef ADVANCE_RECOVER_H
#define ADVANCE_RECOVER_H

#include "job/job.h"

/* Has the file an attempt left? One that kills the function each time has none in the end: then it
 * is an error, permanent. */
int recover_check_attempts(const struct job *job, struct error *err);

/* *err is the step's failure. 0: the file came to its end, and that is settled; -1: *err goes back
 * to Lambda. */
int recover_file(struct job *job, struct error *err);

#endif
