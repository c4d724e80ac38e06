#include "services/retry_settings.h"

#include "base/env.h"

#include "base/banned.h"

#define HOURS_DEFAULT 6
#define HOURS_LIMIT 168 /* a week */

int retry_settings_read(struct retry_settings *settings, struct error *err)
{
    return env_number("retry_hours", 1, HOURS_LIMIT, HOURS_DEFAULT, &settings->hours, err);
}
