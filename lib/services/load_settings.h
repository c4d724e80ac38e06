/* What the load pipeline asks of a file, and gives to COPY. */
#ifndef SERVICES_LOAD_SETTINGS_H
#define SERVICES_LOAD_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

struct load_settings {
    struct slice iam_role; /* that COPY assumes */
    uint64_t threshold_file_size_bytes;
};

int load_settings_read(struct load_settings *settings, struct error *err);

#endif
