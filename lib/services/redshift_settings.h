/* Where statements run in Redshift, and as whom. */
#ifndef SERVICES_REDSHIFT_SETTINGS_H
#define SERVICES_REDSHIFT_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

/* What is empty is taken from the secret (login.h). Not both a workgroup and a cluster are set. */
struct redshift_settings {
    struct slice secret;    /* name or ARN */
    struct slice workgroup; /* of Redshift Serverless; empty: a cluster */
    struct slice cluster;
    struct slice database;
};

int redshift_settings_read(struct redshift_settings *settings, struct error *err);

#endif
