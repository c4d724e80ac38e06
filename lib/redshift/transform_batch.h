/*
 * The batch of one transformation: LOCK the ledger, guard, the statements of the configured query,
 * ledger row; one transaction. Pure.
 */
#ifndef REDSHIFT_TRANSFORM_BATCH_H
#define REDSHIFT_TRANSFORM_BATCH_H

#include "redshift/ledger_sql.h"

/* Our own statements in the batch; the ledger row is the last. */
enum transform_statement {
    TRANSFORM_LOCK,
    TRANSFORM_GUARD,
    TRANSFORM_QUERY, /* its first; as many as it has */
};

struct transform_batch {
    struct ledger_entry entry;
    struct slice query; /* one or more statements; may use :file_name, :load_id, :from and :to */
    struct slice from;  /* text of the timestamps of the load */
    struct slice to;
};

/* *statements in the arena. */
int transform_batch_build(struct arena *arena, const struct transform_batch *batch,
                          struct slice **statements, size_t *count, struct error *err);

#endif
