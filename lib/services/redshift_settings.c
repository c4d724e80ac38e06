#include "services/redshift_settings.h"

#include "services/setting.h"

#include "base/banned.h"

#define CLUSTER_LIMIT 63   /* bytes */
#define DATABASE_LIMIT 127 /* bytes of a name in Redshift */

static int read_cluster(struct slice *cluster, struct error *err)
{
    *cluster = setting_get("redshift_cluster", "");
    if (cluster->size > CLUSTER_LIMIT || !setting_is_made_of(*cluster, SLICE("-"))) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable redshift_cluster is \"%.*s\": it must be the "
                         "identifier of a cluster, of letters, digits and hyphens, not its "
                         "endpoint or ARN",
                         SLICE_ARG(slice_take(*cluster, 100)));
    }
    return 0;
}

int redshift_settings_read(struct redshift_settings *settings, struct error *err)
{
    settings->workgroup = setting_get("redshift_workgroup", "");
    if (setting_require("secret_redshift", &settings->secret, err) != 0 ||
        read_cluster(&settings->cluster, err) != 0 ||
        setting_get_name("redshift_database", DATABASE_LIMIT, &settings->database, err) != 0) {
        return -1;
    }
    if (settings->workgroup.size > 0 && settings->cluster.size > 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "redshift_cluster and redshift_workgroup are both set: unset one");
    }
    return 0;
}
