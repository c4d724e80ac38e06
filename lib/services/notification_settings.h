/* Whom to notify, and what to add. */
#ifndef SERVICES_NOTIFICATION_SETTINGS_H
#define SERVICES_NOTIFICATION_SETTINGS_H

#include "base/error.h"
#include "base/slice.h"

struct notification_settings {
    struct slice topic_arn;
    struct slice custom_error_msg; /* of failures; may be empty */
};

int notification_settings_read(struct notification_settings *settings, struct error *err);

#endif
