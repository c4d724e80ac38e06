/* A status event of a statement: its file hears of it, and does what is then due. */
#ifndef ADVANCE_OUTCOME_H
#define ADVANCE_OUTCOME_H

#include "event/statement_event.h"
#include "services/services.h"

/* Statements that are not ours are no error. -1: the event must come again. */
int advance_outcome(struct services *services, const struct statement_event *event,
                    struct arena *arena, struct error *err);

#endif
