/* What Redshift noted of the rows that a COPY could not load. */
#ifndef PIPELINES_LOAD_LOAD_ERRORS_H
#define PIPELINES_LOAD_LOAD_ERRORS_H

#include "job/job.h"

/* "line 2, column pa_eff_dt: Invalid digit …; line 7, …" of the first bad lines; empty when
 * Redshift noted none. In the arena. */
int load_errors_read(struct job *job, struct slice *text, struct error *err);

#endif
