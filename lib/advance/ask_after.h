/*
 * Asks after the statement that a file waits for, as if its event had come: for events that never
 * do.
 */
#ifndef ADVANCE_ASK_AFTER_H
#define ADVANCE_ASK_AFTER_H

#include "job/job.h"

/* Of a file that is SUBMITTED or TRANSFORMING; of any other there is nothing to ask. A statement
 * that still runs is no error. */
int ask_after_statement(struct job *job, struct error *err);

#endif
