#include "services/aws_settings.h"

#include "aws/aws_endpoint.h"
#include "base/env.h"
#include "services/setting.h"

#include "base/banned.h"

/* The region becomes part of host names. */
static int read_region(struct slice *region, struct error *err)
{
    *region = setting_get("region", env_get("AWS_REGION", ""));
    if (region->size == 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable region is not set, and AWS_REGION neither");
    }
    if (!aws_endpoint_is_region(*region)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable region is \"%.*s\", which is no region's name",
                         SLICE_ARG(slice_take(*region, 100)));
    }
    return 0;
}

int aws_settings_read(struct aws_settings *settings, struct error *err)
{
    return read_region(&settings->region, err) != 0 ? -1 : aws_endpoint_check_environment(err);
}
