#include "services/notification_settings.h"

#include "services/setting.h"

#include "base/banned.h"

int notification_settings_read(struct notification_settings *settings, struct error *err)
{
    settings->custom_error_msg = setting_get("custom_error_msg", "");
    return setting_require_arn("sns_topic_arn", &settings->topic_arn, err);
}
