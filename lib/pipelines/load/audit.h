/* The audit table of the Python framework: one row for each end of a load, or of a file that never
 * reached Redshift. */
#ifndef PIPELINES_LOAD_AUDIT_H
#define PIPELINES_LOAD_AUDIT_H

#include "statement/kind.h"

/* The row of a load that ended, in the arena. */
const struct audit_row *audit_of_load(const struct job *job, const struct statement_ended *ended);

/* Writes the row of a file that never reached Redshift. One without an interface has none: the
 * table's foreign key wants one, and ext_file keeps the file. */
int audit_without_load(struct job *job, struct error *err);

#endif
