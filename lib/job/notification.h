/* Notifies the SNS topic of what became of a file. */
#ifndef JOB_NOTIFICATION_H
#define JOB_NOTIFICATION_H

#include "job/job.h"

/* Of the end that the file is in; marked, so that it is sent once. It waits for no archive: it says
 * where the file lies or will lie. */
int notification_of_end(struct job *job, struct error *err);

/* That the load was submitted. Not marked. */
int notification_of_submission(struct job *job, struct error *err);

/* That Redshift cannot be asked whether the rows are in, so that the sender must not send the file
 * again. Marked until the file comes to its end; nothing is sent while the mark is there. */
int notification_of_unknown(struct job *job, struct slice reason, struct error *err);

#endif
