/* Where statements run in Redshift, and as whom. */
#ifndef SERVICES_REDSHIFT_SETTINGS_H
#define SERVICES_REDSHIFT_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

struct redshift_settings {
    struct slice secret;    /* name or ARN */
    struct slice workgroup; /* empty: the cluster that the secret names */
    struct slice database;  /* empty: the database that the secret names */
};

int redshift_settings_read(struct redshift_settings *settings, struct error *err);

#endif
