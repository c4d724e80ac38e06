/* How to log in to the configuration database. */
#ifndef SERVICES_POSTGRES_SETTINGS_H
#define SERVICES_POSTGRES_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

struct postgres_settings {
    struct slice secret; /* name or ARN */
};

int postgres_settings_read(struct postgres_settings *settings, struct error *err);

#endif
