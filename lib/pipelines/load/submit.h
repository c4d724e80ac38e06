/*
 * Hands the load of a prepared file over to Redshift. The number of the load and its SQL are stored
 * before, so that whoever repeats it hands over the very same batch and gets the same statement.
 */
#ifndef PIPELINES_LOAD_SUBMIT_H
#define PIPELINES_LOAD_SUBMIT_H

#include "job/job.h"

/* PREPARED files, and RECEIVED ones that prepare_file has just prepared. */
int submit_load(struct job *job, struct error *err);

/*
 * After a submission that failed for good: did Redshift take the load, at an attempt in the last 24
 * hours? *taken tells, and the file is SUBMITTED then. An error says that nobody knows.
 */
int submit_check(struct job *job, bool *taken, struct error *err);

/* After a load that is known to have failed for no fault of the file: the next one. */
int submit_next_load(struct job *job, struct error *err);

#endif
