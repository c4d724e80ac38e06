/*
 * What a status event means for the file: the statement is described, and the state follows from
 * how it ended. An event that comes twice, too late or out of order changes nothing.
 */
#ifndef PIPELINES_LOAD_OUTCOME_H
#define PIPELINES_LOAD_OUTCOME_H

#include "redshift/statement_name.h"
#include "job/job.h"

/* err->code: the statement still runs. */
#define OUTCOME_NOT_ENDED SLICE("NotEnded")

/* `name`, `statement_id` and `told`, the status (empty: none came), are the event's. Afterwards
 * job->record.state is where the file stands, and settle_file does what is due. */
int outcome_record(struct job *job, const struct statement_name *name, struct slice statement_id,
                   struct slice told, struct error *err);

/*
 * Of a load that cannot be handed over: was it before? Redshift is asked for it, and where it has
 * forgotten, the ledger. *found tells, and the file is SUBMITTED, LOADED or DONE then. Where there
 * is no ledger, there was no load; an error says that nobody knows.
 */
int outcome_find_load(struct job *job, bool *found, struct error *err);

#endif
