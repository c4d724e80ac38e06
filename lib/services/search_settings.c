#include "services/search_settings.h"

#include "base/env.h"

#include "base/banned.h"

#define GRACE_DEFAULT 30
#define GRACE_LIMIT 10080 /* a week */

int search_settings_read(struct search_settings *settings, struct error *err)
{
    return env_number("landing_grace_minutes", 1, GRACE_LIMIT, GRACE_DEFAULT,
                      &settings->grace_minutes, err);
}
