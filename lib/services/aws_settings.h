/* Where AWS is: the region, and endpoints of one's own. */
#ifndef SERVICES_AWS_SETTINGS_H
#define SERVICES_AWS_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

struct aws_settings {
    struct slice region; /* of the bucket and the cluster */
};

/* Also checks AWS_ENDPOINT_URL and its like, so that not a file has to find out. */
int aws_settings_read(struct aws_settings *settings, struct error *err);

#endif
