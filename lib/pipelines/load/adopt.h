/*
 * Takes over a load that the Python framework submitted: its file gets a row of its own, as
 * SUBMITTED, and from then on goes the way of every other. For the days of changing over; the
 * EventBridge rule for such statements ships disabled, because with the Python logger still
 * attached both would archive.
 */
#ifndef PIPELINES_LOAD_ADOPT_H
#define PIPELINES_LOAD_ADOPT_H

#include "redshift/statement_name.h"
#include "services/services.h"

/* *file_id is empty when there is nothing to take over: the object is gone (archived by the Python
 * logger) or newer than the statement, the file is known already, or no configuration matches it.
 */
int adopt_statement(struct services *services, const struct legacy_statement_name *name,
                    struct slice statement_id, struct arena *arena, struct slice *file_id,
                    struct error *err);

#endif
