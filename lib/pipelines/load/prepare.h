/*
 * Checks a file and makes the private object that COPY will read: what was checked is what is
 * loaded. A file with a trailer is read as a stream, its records are counted, and the private
 * object is what stands before the trailer; any other file is copied inside S3, unread.
 */
#ifndef PIPELINES_LOAD_PREPARE_H
#define PIPELINES_LOAD_PREPARE_H

#include "job/job.h"

/* Fills in the job's record: private_key and the counts. The state changes with the submission,
 * which writes them down. A failure with job->at_fault: the file is to be rejected. */
int prepare_file(struct job *job, struct error *err);

#endif
