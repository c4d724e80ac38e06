/*
 * What Redshift's own ledger knows of a numbered statement, asked there and then. Loads of the same
 * table hold the ledger one after the other, so an answer may take longer than anybody waits: then
 * the next attempt finds the same question, perhaps answered by now.
 */
#ifndef STATEMENT_LEDGER_H
#define STATEMENT_LEDGER_H

#include "job/job.h"
#include "redshift/ledger_sql.h"

enum ledger_answer {
    LEDGER_HAS_IT,
    LEDGER_HAS_NOT,
    LEDGER_MISSING, /* there is no ledger, so nothing has gone through it */
    LEDGER_DENIED,  /* this login may not use it, now */
};

/* The entry of the file's statement of this kind and number. */
struct ledger_entry ledger_entry_of(const struct job *job, struct slice kind, int64_t number);

/* Is the unit in? *rows is what it brought, or FILE_COUNT_UNKNOWN. An error: that is unknown. */
int ledger_ask(struct job *job, enum ledger_answer *answer, int64_t *rows, struct error *err);

/* The same, and unless the unit is in, its current number becomes void: whatever was submitted
 * under it can do nothing from now on. */
int ledger_close_number(struct job *job, enum ledger_answer *answer, int64_t *rows,
                        struct error *err);

#endif
