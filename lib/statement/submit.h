/*
 * Submits the statement that a file is due: gives it a number, stores all that determines the
 * request, sends it, and records its id. Whoever repeats it sends the very same request and gets
 * the same statement.
 */
#ifndef STATEMENT_SUBMIT_H
#define STATEMENT_SUBMIT_H

#include "statement/kind.h"

/* What the first number is made from; later ones are made from what is stored. */
struct statement_source {
    const void *made;                           /* given to the kind's `build` */
    const struct file_preparation *preparation; /* stored with it; may be NULL */
};

/*
 * 0: Redshift has it, or it can never be submitted and the file came to its end; job->record tells.
 * -1: the failure may pass, or it is unknown whether Redshift has it.
 */
int statement_submit(struct job *job, const struct statement_kind *kind,
                     const struct statement_source *source, struct error *err);

#endif
