/* Removes the private objects of a file that needs them no more, with all their versions, and the
 * uploads by parts that were left open, and gives the lease up: the last duty. */
#ifndef JOB_CLEAN_H
#define JOB_CLEAN_H

#include "job/job.h"

int clean_file(struct job *job, struct error *err);

#endif
