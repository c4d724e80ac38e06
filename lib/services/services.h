/*
 * What all work needs, put together once for a process: settings, connections, clients. One
 * invocation at a time uses it.
 */
#ifndef SERVICES_SERVICES_H
#define SERVICES_SERVICES_H

#include "aws/aws_call.h"
#include "aws/redshift_data.h"
#include "aws/secrets_manager.h"
#include "base/clock.h"
#include "base/random.h"
#include "config/file_config.h"
#include "pg/pg.h"
#include "services/settings.h"
#include "state/store.h"

struct services {
    /* Set before services_init: */
    const char *name;  /* of the function */
    unsigned concerns; /* whose settings it needs; see settings.h */

    struct settings settings;
    struct state_store state;
    struct config_tables config_tables;
    const struct clock *clock;
    const struct random_source *random;

    struct pg pg;
    struct aws_client requests; /* everything but … */
    struct aws_client stream;   /* … reading an object, during which requests are made */
    struct secrets_manager secrets;

    /* Inner state. */
    bool zone_is_checked;
    struct arena arena; /* of the process: settings */
    struct pg_login_source login_source;
    struct credentials_provider credentials;
    struct http_roots *roots; /* of both transports */
    struct http *requests_http;
    struct http *stream_http;
};

/* Reads the environment and makes the clients; nothing is connected yet. */
int services_init(struct services *services, struct error *err);
void services_release(struct services *services);

/* To be called at the start of each invocation: nothing takes longer than until `deadline_ms` (0:
 * no limit), less what it takes to give a lease back. */
void services_begin(struct services *services, int64_t deadline_ms);

/*
 * Asks Postgres, once, whether it knows the configured zone. If not, UTC it is, and the log tells:
 * no file waits for a setting to be mended. To be called before times are written.
 */
int services_check_zone(struct services *services, struct arena *arena, struct error *err);

/* Where statements run (login.h), by the settings and the secret of Redshift. Text in the arena. */
int services_redshift_target(struct services *services, struct arena *arena,
                             struct redshift_target *target, struct error *err);

/* Called before each try of long work, to renew the lease; the one before is replaced. */
void services_keep_alive(struct services *services, struct keep_alive keep_alive);

/* What the target was made from may be wrong: the next one is made from the secret read anew. */
void services_forget_redshift(struct services *services);

#endif
