/*
 * What the schedule does: first the files that are due, then, with what is left of the time, a
 * search below the landing prefixes (ext_landing) for objects that have no row.
 */
#ifndef OPERATE_SWEEP_H
#define OPERATE_SWEEP_H

#include "services/services.h"

struct sweep {
    size_t due;      /* files that were due */
    size_t failed;   /* files and objects that were not finished; their causes are in the log */
    size_t left;     /* due files, for the next run */
    size_t searched; /* objects below the landing prefixes that were looked at */
    size_t found;    /* of them, those without a row */
};

/* -1: what is due could not be listed. A search that is refused is only logged. */
int sweep_run(struct services *services, struct sweep *sweep, struct error *err);

#endif
