/* The record of a file, as sql/record.sql selects it. */
#ifndef STATE_RECORD_H
#define STATE_RECORD_H

#include "state/file.h"
#include "state/values.h"

struct record_answer {
    struct pg_result result; /* its first row also has the columns of the statement itself */
    bool is_found;           /* a row came back: the record is set */
    struct file_record record;
};

/*
 * Runs a statement that selects the record of one file at most. Where another writer was at work on
 * the row at the same time, the record is read again, in a second round trip: the first one does
 * not see all that the other writer left.
 */
int record_run(const struct state_store *store, const struct state_sql *sql,
               const struct values *values, struct arena *arena, struct record_answer *answer,
               struct error *err);

#endif
