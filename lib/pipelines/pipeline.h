/*
 * A pipeline: what happens to a file, from arrival to its known end. One const table each; advance
 * drives them all in the same way.
 */
#ifndef PIPELINES_PIPELINE_H
#define PIPELINES_PIPELINE_H

#include "job/duty.h"
#include "statement/kind.h"

/* What becomes of a file whose bytes or configuration are wrong is part of the step's answer. */
enum pipeline_step {
    PIPELINE_WENT_ON, /* job->record tells where the file is */
    PIPELINE_REFUSED, /* *err: the file or its configuration is at fault */
    PIPELINE_FAILED,  /* *err: anything else */
};

struct pipeline {
    const char *name;
    /* A RECEIVED file: up to where it is in Redshift's hands, or ends. */
    enum pipeline_step (*begin)(struct job *job, struct error *err);
    /* The kinds of statements, in the order in which a file has them. */
    const struct statement_kind *const *kinds;
    size_t kind_count;
    struct duties duties;
};

/* The kind that a file in this state is due (rules->numbered), or waits for (rules->submitted);
 * NULL: none. */
const struct statement_kind *pipeline_kind_at(const struct pipeline *pipeline,
                                              enum file_state state);
/* The kind of this name; NULL: the pipeline has none. */
const struct statement_kind *pipeline_kind_named(const struct pipeline *pipeline,
                                                 struct slice name);

#endif
