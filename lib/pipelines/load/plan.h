/*
 * What is to be done with a file, from its configuration, name and size. Pure, so that every rule
 * of the configuration can be tested without a server.
 */
#ifndef PIPELINES_LOAD_PLAN_H
#define PIPELINES_LOAD_PLAN_H

#include "base/error.h"
#include "base/slice.h"
#include "config/file_config.h"
#include "redshift/copy_sql.h"
#include "stage/records.h"

struct plan {
    enum copy_layout layout;
    enum copy_compression compression;
    enum record_layout records;
    char delimiter; /* behind which a field begins, for counting CSV records */
    char quote;
    /* The file is read and what is loaded is made from it; otherwise its bytes are loaded as they
     * are, from a private copy. */
    bool takes_trailer_off;
    uint64_t trailer_start; /* 1-based, end exclusive */
    uint64_t trailer_end;
};

/* Checks the file's size and suffix and the rules of its configuration. ERROR_INVALID: the file is
 * wrong; ERROR_CONFIGURATION: the configuration is. Both name what and why. */
int plan_make(const struct file_config *config, struct slice key, uint64_t size_bytes,
              uint64_t threshold_bytes, struct plan *plan, struct error *err);

#endif
