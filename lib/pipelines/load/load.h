/*
 * The pipeline `load`: a file is checked, prepared as a private object, loaded into Redshift by
 * COPY, audited, archived, notified and transformed.
 */
#ifndef PIPELINES_LOAD_LOAD_H
#define PIPELINES_LOAD_LOAD_H

#include "pipelines/pipeline.h"

extern const struct pipeline pipeline_load;

#endif
