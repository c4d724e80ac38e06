/* Hands a stored batch of statements over to Redshift. */
#ifndef STATEMENT_HAND_OVER_H
#define STATEMENT_HAND_OVER_H

#include "redshift/statement_name.h"
#include "job/job.h"

/* The statements as they were stored (redshift_load_pack), named after the file: the same kind and
 * number give the same statement. */
int hand_over_batch(struct job *job, enum statement_kind kind, int64_t number, struct slice packed,
                    struct slice *statement_id, struct error *err);

/* Has Redshift taken it, whoever handed it over? *statement_id is empty when not. */
int hand_over_find(struct job *job, enum statement_kind kind, int64_t number,
                   struct slice *statement_id, struct error *err);

#endif
