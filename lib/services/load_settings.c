#include "services/load_settings.h"

#include "base/env.h"
#include "services/setting.h"

#include "base/banned.h"

#define FILE_SIZE_HIGHEST ((int64_t)50 * 1000 * 1000 * 1000 * 1000) /* S3's largest object */

int load_settings_read(struct load_settings *settings, struct error *err)
{
    int64_t threshold;
    if (setting_require_arn("iam_role", &settings->iam_role, err) != 0 ||
        env_number("threshold_file_size_bytes", 0, FILE_SIZE_HIGHEST, 0, &threshold, err) != 0) {
        return -1;
    }
    settings->threshold_file_size_bytes = (uint64_t)threshold;
    return 0;
}
