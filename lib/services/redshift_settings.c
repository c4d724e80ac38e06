#include "services/redshift_settings.h"

#include "services/setting.h"

#include "base/banned.h"

int redshift_settings_read(struct redshift_settings *settings, struct error *err)
{
    settings->workgroup = setting_get("redshift_workgroup", "");
    settings->database = setting_get("redshift_database", "");
    return setting_require("secret_redshift", &settings->secret, err);
}
