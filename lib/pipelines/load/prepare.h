/*
 * Checks a file and makes the private objects that COPY will read, so that what was checked is what
 * is loaded. A file with a trailer is read as a stream, its records are counted, and the private
 * object is what comes before the trailer; any other file is copied inside S3, unread. The manifest
 * names that object. Both keys carry the claim.
 */
#ifndef PIPELINES_LOAD_PREPARE_H
#define PIPELINES_LOAD_PREPARE_H

#include "pipelines/load/plan.h"
#include "pipelines/pipeline.h"

/* What the first load is built from. */
struct load_made {
    struct plan plan;
    struct slice manifest_key;
    int64_t loadable_records; /* or FILE_COUNT_UNKNOWN */
};

/* Fills in *made and *preparation, whose text lives in the job's arena. */
enum pipeline_step prepare_file(struct job *job, struct load_made *made,
                                struct file_preparation *preparation, struct error *err);

#endif
