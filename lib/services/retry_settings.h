/* How long to try. */
#ifndef SERVICES_RETRY_SETTINGS_H
#define SERVICES_RETRY_SETTINGS_H

#include "base/error.h"

#include <stdint.h>

struct retry_settings {
    int64_t hours; /* temporary failures are retried for so long before the file fails */
};

int retry_settings_read(struct retry_settings *settings, struct error *err);

#endif
