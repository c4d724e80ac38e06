#include "services/postgres_settings.h"

#include "services/setting.h"

#include "base/banned.h"

int postgres_settings_read(struct postgres_settings *settings, struct error *err)
{
    return setting_require("secret_postgres", &settings->secret, err);
}
