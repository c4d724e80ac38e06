/*
 * What Redshift's own ledger knows of the file. It is asked when a guard stopped a batch (that is
 * how a repeated batch ends, but a guard can fail for other reasons, too), when a batch broke at
 * its commit, and when Redshift does not know the statement any more.
 */
#ifndef STATEMENT_LEDGER_H
#define STATEMENT_LEDGER_H

#include "aws/redshift_data.h"
#include "redshift/statement_name.h"
#include "job/job.h"

/* Did every part of the batch finish, and yet it failed? Then it ended at the commit, and nobody
 * but the ledger knows how. */
bool ledger_alone_knows(const struct redshift_statement *statement);

/* Loads of the same table hold it one after the other: what hangs on the answer waits for it as
 * long as the invocation lasts, what is only told does not. */
enum ledger_patience { LEDGER_UNTIL_DEADLINE, LEDGER_BRIEFLY };

/* Was the file loaded, or transformed? *rows is what the load brought, or FILE_COUNT_UNKNOWN.
 * err->code is REDSHIFT_NO_ANSWER where the ledger does not exist or cannot be read. */
int ledger_knows(struct job *job, enum statement_kind kind, enum ledger_patience patience,
                 bool *known, int64_t *rows, struct error *err);

/* The ledger cannot be asked: that is Redshift's own answer, of ledger_knows. */
bool ledger_is_silent(const struct error *err);

/* As ledger_knows until the deadline, of what may never have begun: a ledger that does not exist,
 * or lacks the columns for it, knows nothing. Who is not permitted to ask, or is interrupted, does
 * not know: an error. */
int ledger_find(struct job *job, enum statement_kind kind, bool *known, int64_t *rows,
                struct error *err);

#endif
