/* The search for objects without a row. */
#ifndef SERVICES_SEARCH_SETTINGS_H
#define SERVICES_SEARCH_SETTINGS_H

#include "base/error.h"

#include <stdint.h>

struct search_settings {
    int64_t grace_minutes; /* younger objects are left to their events */
};

int search_settings_read(struct search_settings *settings, struct error *err);

#endif
