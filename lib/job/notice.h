/* Tells the SNS topic what became of a file: once, when its end is reached. */
#ifndef JOB_NOTICE_H
#define JOB_NOTICE_H

#include "job/job.h"

/* The notice of the end state, unless it was sent already. */
int notice_outcome(struct job *job, struct error *err);

/* The notice that the load was submitted, if the configuration asks for it. The load is handed over
 * by then, so a notice that fails stops nothing: it is logged. */
void notice_submission(struct job *job);

#endif
