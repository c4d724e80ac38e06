#include "services/postgres_settings.h"

#include "base/env.h"
#include "services/setting.h"

#include "base/banned.h"

#define HOST_LIMIT 253    /* bytes of a name in DNS */
#define DATABASE_LIMIT 63 /* bytes of a name in Postgres */
#define PORT_HIGHEST 65535

/* A name or an address; one colon alone belongs to a port, which has a variable of its own. */
static int read_host(struct slice *host, struct error *err)
{
    *host = setting_get("postgres_host", "");
    size_t colon = slice_find(*host, ':');
    bool has_port = colon != SLICE_NONE && colon == slice_find_last(*host, ':');
    if (host->size > HOST_LIMIT || has_port || !setting_is_made_of(*host, SLICE("-._:"))) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable postgres_host is \"%.*s\": it must be one name or "
                         "address without scheme and port (set postgres_port)",
                         SLICE_ARG(slice_take(*host, 100)));
    }
    return 0;
}

int postgres_settings_read(struct postgres_settings *settings, struct error *err)
{
    int64_t port;
    if (setting_require("secret_postgres", &settings->secret, err) != 0 ||
        read_host(&settings->host, err) != 0 ||
        env_number("postgres_port", 1, PORT_HIGHEST, 0, &port, err) != 0 ||
        setting_get_name("postgres_database", DATABASE_LIMIT, &settings->database, err) != 0) {
        return -1;
    }
    settings->port = (uint16_t)port;
    return 0;
}
