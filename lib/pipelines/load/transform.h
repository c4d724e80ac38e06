/*
 * The transformation of a loaded file: the configured query, as a batch that the ledger lets
 * through once, with a status event of its own.
 */
#ifndef PIPELINES_LOAD_TRANSFORM_H
#define PIPELINES_LOAD_TRANSFORM_H

#include "aws/redshift_data.h"
#include "job/job.h"

/* Of a LOADED file; of one that is TRANSFORMING nothing is to be submitted. A query that can never
 * be submitted makes the file TRANSFORM_FAILED. */
int transform_submit(struct job *job, struct error *err);

/* Redshift knows nothing of the statement that ended: the ledger is asked. */
int transform_record_forgotten(struct job *job, const struct redshift_statement *statement,
                               struct error *err);

/* How the transformation ended: DONE, TRANSFORM_FAILED, or the next one after a conflict. `failed`
 * is the number of the statement that failed. */
int transform_record(struct job *job, const struct redshift_statement *statement,
                     struct slice error, size_t failed, struct error *err);

#endif
