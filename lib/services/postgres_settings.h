/* How to log in to the configuration database. */
#ifndef SERVICES_POSTGRES_SETTINGS_H
#define SERVICES_POSTGRES_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

/* What is empty, or 0, is taken from the secret (login.h). */
struct postgres_settings {
    struct slice secret; /* name or ARN */
    struct slice host;
    uint16_t port;
    struct slice database;
};

int postgres_settings_read(struct postgres_settings *settings, struct error *err);

#endif
