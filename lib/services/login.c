#include "services/login.h"

#include "base/banned.h"

#define PORT_HIGHEST 65535

/* "dbname" or "database", whichever the secret has. */
static struct slice database_of(const json *secret)
{
    struct slice database = json_text(secret, "dbname");
    return database.size > 0 ? database : json_text(secret, "database");
}

static struct slice first_of(struct slice setting, struct slice member)
{
    return setting.size > 0 ? setting : member;
}

/* `remedy` names the variable that stands in for the member; NULL: none does. */
static int need(struct slice value, const char *what, struct slice secret, const char *remedy,
                struct error *err)
{
    if (value.size > 0) {
        return 0;
    }
    return error_set(err, ERROR_CONFIGURATION, "secret %.*s has no %s%s%s", SLICE_ARG(secret), what,
                     remedy != NULL ? ": set " : "", remedy != NULL ? remedy : "");
}

/* A port is a number, or a text of digits. */
static int take_port(const json *secret, const struct postgres_settings *settings, uint16_t *port,
                     struct error *err)
{
    const json *member = json_get(secret, "port");
    uint64_t number = 0;
    struct slice text;
    if (settings->port != 0 || member == NULL) {
        *port = settings->port;
        return 0;
    }
    if ((!json_u64(member, &number) &&
         !(json_string(member, &text) && slice_to_u64(text, &number))) ||
        number == 0 || number > PORT_HIGHEST) {
        return error_set(err, ERROR_CONFIGURATION,
                         "secret %.*s has a port that is no number from 1 to %d: correct it, or "
                         "set postgres_port",
                         SLICE_ARG(settings->secret), PORT_HIGHEST);
    }
    *port = (uint16_t)number;
    return 0;
}

int login_to_postgres(const json *secret, const struct postgres_settings *settings,
                      struct pg_login *login, struct error *err)
{
    *login = (struct pg_login){
        .host = first_of(settings->host, json_text(secret, "host")),
        .user = json_text(secret, "username"),
        .password = json_text(secret, "password"),
        .database = first_of(settings->database, database_of(secret)),
    };
    if (need(login->user, "username", settings->secret, NULL, err) != 0 ||
        need(login->password, "password", settings->secret, NULL, err) != 0 ||
        need(login->host, "host", settings->secret, "postgres_host", err) != 0) {
        return -1;
    }
    login->database = first_of(login->database, login->user);
    return take_port(secret, settings, &login->port, err);
}

int login_to_redshift(const json *secret, const struct redshift_settings *settings,
                      struct arena *arena, struct redshift_target *target, struct error *err)
{
    struct slice database = first_of(settings->database, database_of(secret));
    *target = (struct redshift_target){.database = arena_copy(arena, database)};
    if (need(database, "database", settings->secret, "redshift_database", err) != 0) {
        return -1;
    }
    if (settings->workgroup.size > 0) {
        target->workgroup = settings->workgroup;
        target->secret_arn = settings->secret;
        return 0;
    }
    struct slice cluster = first_of(settings->cluster, json_text(secret, "dbClusterIdentifier"));
    struct slice user = json_text(secret, "username");
    target->cluster = arena_copy(arena, cluster);
    target->db_user = arena_copy(arena, user);
    if (need(user, "username", settings->secret, NULL, err) != 0) {
        return -1;
    }
    return need(cluster, "dbClusterIdentifier", settings->secret,
                "redshift_cluster, or redshift_workgroup for Redshift Serverless", err);
}
