/*
 * The pipeline `load`: a file is checked, prepared as a private object, loaded into Redshift by
 * COPY, audited, archived, notified and transformed.
 */
#ifndef PIPELINES_LOAD_LOAD_H
#define PIPELINES_LOAD_LOAD_H

#include "pipelines/pipeline.h"
#include "services/settings.h"

extern const struct pipeline pipeline_load;

/* The concerns of a program that runs it: any step may come next, whatever started the program. */
#define PIPELINE_LOAD_SETTINGS                                                                     \
    (SETTINGS_AWS | SETTINGS_POSTGRES | SETTINGS_TABLES | SETTINGS_FOLDERS | SETTINGS_RETRY |      \
     SETTINGS_NOTIFICATION | SETTINGS_REDSHIFT | SETTINGS_LOAD)

#endif
