/* Removes the private objects of a file that needs them no more, with all their versions, and the
 * uploads by parts that were left open, and gives the lease up: the last duty. */
#ifndef STEPS_CLEAN_H
#define STEPS_CLEAN_H

#include "steps/job.h"

int clean_file(struct job *job, struct error *err);

#endif
