#include "services/services.h"

#include "base/json.h"
#include "base/log.h"
#include "http/http_curl.h"
#include "http/http_roots.h"
#include "services/login.h"
#include "state/file.h"

#include "base/banned.h"

#define SECRET_LIMIT ((size_t)SECRETS_MANAGER_VALUE_LIMIT)
#define RESERVE_LONGEST_MS 2000 /* kept for undoing, for giving a lease back and for the answer */
#define RESERVE_SHARE 5         /* but no more than this part of what is left */

static const json *read_secret(struct services *services, struct slice id, struct arena *arena,
                               struct error *err)
{
    struct slice value;
    const json *secret;
    if (secrets_manager_get(&services->secrets, id, arena, &value, err) != 0) {
        return NULL;
    }
    secret = json_parse(arena, value, SECRET_LIMIT, err);
    if (secret == NULL || json_type(secret) != JSON_OBJECT) {
        secrets_manager_drop(&services->secrets, id); /* whoever repairs it need not wait */
        (void)error_set(err, ERROR_CONFIGURATION, "secret %.*s is not a JSON object",
                        SLICE_ARG(id));
        return NULL;
    }
    return secret;
}

/* --- Postgres --- */

/* A lease cannot be renewed while Postgres waits for its login. */
static int read_login(void *self, bool fresh, struct pg_login *login, struct arena *arena,
                      struct error *err)
{
    struct services *services = self;
    struct slice id = services->settings.postgres.secret;
    struct keep_alive keep_alive = services->requests.keep_alive;
    if (fresh) {
        secrets_manager_drop(&services->secrets, id);
    }
    services->requests.keep_alive = (struct keep_alive){0};
    const json *secret = read_secret(services, id, arena, err);
    services->requests.keep_alive = keep_alive;
    if (secret == NULL) {
        return -1;
    }
    if (login_to_postgres(secret, &services->settings.postgres, login, err) != 0) {
        secrets_manager_drop(&services->secrets, id);
        return error_prefix(err, "secret_postgres");
    }
    return 0;
}

/* --- Redshift --- */

int services_redshift_target(struct services *services, struct arena *arena,
                             struct redshift_target *target, struct error *err)
{
    struct arena secret_arena;
    int result = -1;
    arena_init(&secret_arena, 0);
    const json *secret =
        read_secret(services, services->settings.redshift.secret, &secret_arena, err);
    if (secret != NULL) {
        result = login_to_redshift(secret, &services->settings.redshift, arena, target, err);
    }
    arena_wipe(&secret_arena);
    arena_release(&secret_arena);
    if (result != 0) {
        services_forget_redshift(services);
        return error_prefix(err, "secret_redshift");
    }
    return 0;
}

void services_forget_redshift(struct services *services)
{
    secrets_manager_drop(&services->secrets, services->settings.redshift.secret);
}

void services_keep_alive(struct services *services, struct keep_alive keep_alive)
{
    services->requests.keep_alive = keep_alive;
    services->stream.keep_alive = keep_alive;
}

/* --- zone --- */

int services_check_zone(struct services *services, struct arena *arena, struct error *err)
{
    struct error failure;
    struct slice now;
    if (services->zone_is_checked) {
        return 0;
    }
    if (file_local_time(&services->state, clock_now_ms(services->clock), arena, &now, &failure) !=
        0) {
        if (!error_is(&failure, PG_INVALID_PARAMETER)) {
            return error_pass(err, &failure);
        }
        log_error("environment variable timezone names no zone that Postgres knows: it is UTC now",
                  LOG_CAUSE(&failure));
        services->state.tables.timezone = SLICE("UTC");
    }
    services->zone_is_checked = true;
    return 0;
}

/* --- life --- */

static void fill_tables(struct services *services)
{
    const struct table_settings *tables = &services->settings.tables;
    services->state = (struct state_store){
        .pg = &services->pg,
        .tables =
            {
                .file = tables->file,
                .history = tables->history,
                .statement = tables->statement,
                .due = tables->due,
                .landing = tables->landing,
                .audit = tables->audit,
                .interface = tables->interface,
                .timezone = tables->timezone,
            },
    };
    services->config_tables = (struct config_tables){
        .config = tables->config,
        .detail = tables->detail,
        .interface = tables->interface,
        .landing = tables->landing,
    };
}

static void init_clients(struct services *services)
{
    struct aws_client_options options = {
        .http = services->requests_http,
        .credentials = &services->credentials,
        .clock = services->clock,
        .random = services->random,
        .region = services->settings.aws.region,
    };
    /* Of the transports, `requests_http` is never busy when a request has to be signed. */
    credentials_init(&services->credentials, services->requests_http, services->clock,
                     services->random);
    aws_client_init(&services->requests, &options);
    options.http = services->stream_http;
    aws_client_init(&services->stream, &options);
    secrets_manager_init(&services->secrets, &services->requests);
    services->login_source = (struct pg_login_source){.read = read_login, .self = services};
    pg_init(&services->pg, &(struct pg_options){
                               .source = &services->login_source,
                               .clock = services->clock,
                               .application_name = services->name,
                           });
}

int services_init(struct services *services, struct error *err)
{
    struct http_curl_options http_options = {.user_agent = "external-file-process"};
    services->clock = &clock_system;
    services->random = &random_system;
    arena_init(&services->arena, 4096);
    if (settings_read(services->concerns, &services->arena, &services->settings, err) != 0) {
        return -1;
    }
    services->roots = http_roots_new();
    http_options.roots = services->roots;
    services->requests_http = http_curl_new(&http_options, err);
    services->stream_http =
        services->requests_http == NULL ? NULL : http_curl_new(&http_options, err);
    if (services->stream_http == NULL) {
        return -1;
    }
    fill_tables(services);
    init_clients(services);
    return 0;
}

void services_release(struct services *services)
{
    pg_release(&services->pg);
    secrets_manager_release(&services->secrets);
    aws_client_release(&services->stream);
    aws_client_release(&services->requests);
    credentials_release(&services->credentials);
    http_curl_free(services->stream_http);
    http_curl_free(services->requests_http);
    http_roots_free(services->roots);
    arena_release(&services->arena);
}

void services_begin(struct services *services, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - clock_now_ms(services->clock);
    int64_t reserve_ms = left_ms / RESERVE_SHARE;
    int64_t end_ms = 0;
    if (deadline_ms > 0) {
        end_ms = deadline_ms - (reserve_ms < RESERVE_LONGEST_MS ? reserve_ms : RESERVE_LONGEST_MS);
    }
    services_keep_alive(services, (struct keep_alive){0});
    services->requests.deadline_ms = end_ms;
    services->stream.deadline_ms = end_ms;
    /* Of the reserve, the first quarter is for undoing what was begun, and Postgres may use half:
     * the lease is given back after the others gave up. */
    services->requests.grace_ms = (deadline_ms - end_ms) / 4;
    services->stream.grace_ms = services->requests.grace_ms;
    pg_set_deadline(&services->pg, deadline_ms > 0 ? end_ms + (deadline_ms - end_ms) / 2 : 0);
}
