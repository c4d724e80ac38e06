/* The folders of the bucket that are ours. */
#ifndef SERVICES_FOLDER_SETTINGS_H
#define SERVICES_FOLDER_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

/* Without slashes at their ends, and different. */
struct folder_settings {
    struct slice archive;    /* for files that are done */
    struct slice processing; /* for private objects */
};

int folder_settings_read(struct folder_settings *settings, struct error *err);

#endif
