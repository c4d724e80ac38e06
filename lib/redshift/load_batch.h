/*
 * The batch of one load: one transaction that enters a file into its target once. Pure.
 *
 *     1 LOCK the ledger      before anything takes a snapshot
 *     2 guard                fails when the file is in, or this number is void
 *     3 CREATE TEMP TABLE    the listed columns of the target, without its constraints
 *     4 COPY into it
 *     5 balance              fails unless the rows are as many as were promised
 *     6 INSERT into target   with the file's name and the load id
 *     7 INSERT into ledger
 */
#ifndef REDSHIFT_LOAD_BATCH_H
#define REDSHIFT_LOAD_BATCH_H

#include "redshift/copy_sql.h"
#include "redshift/ledger_sql.h"

enum load_statement {
    LOAD_LOCK,
    LOAD_GUARD,
    LOAD_TEMPORARY,
    LOAD_COPY,
    LOAD_BALANCE,
    LOAD_INSERT,
    LOAD_RECORD,
    LOAD_STATEMENTS,
};

#define LOAD_ROWS_UNKNOWN (-1) /* no count was promised: at least one row must come */

struct load_batch {
    struct ledger_entry entry; /* its work id is the load id, too */
    /* Empty: "file_name". A file that has a column of that name keeps its own, and its rows get the
     * file's name where it is null, as the Python framework did it. */
    struct slice file_name_column;
    struct slice load_id_column; /* empty: none */
    int64_t expected_rows;       /* or LOAD_ROWS_UNKNOWN */
    struct copy_sql copy;        /* its `table` is set here */
};

/* Fills `statements` with text in the arena. */
int load_batch_build(struct arena *arena, const struct load_batch *batch,
                     struct slice statements[LOAD_STATEMENTS], struct error *err);

/* Makes the batch of an earlier load that of `entry->number`: what it does stays as it was built,
 * whatever became of the configuration. */
int load_batch_renumber(struct arena *arena, const struct ledger_entry *entry,
                        struct slice statements[LOAD_STATEMENTS], struct error *err);

#endif
