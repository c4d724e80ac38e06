/*
 * The logins that a secret and the settings make together; pure. A variable that is set wins over
 * the secret's member: the secrets that RDS and Redshift manage hold a username and a password
 * only. What is missing is ERROR_CONFIGURATION that names the secret and the variable to set.
 */
#ifndef SERVICES_LOGIN_H
#define SERVICES_LOGIN_H

#include "aws/redshift_data.h"
#include "base/json.h"
#include "pg/pg.h"
#include "services/postgres_settings.h"
#include "services/redshift_settings.h"

/* The login borrows from the secret and the settings. */
int login_to_postgres(const json *secret, const struct postgres_settings *settings,
                      struct pg_login *login, struct error *err);

/* The workgroup of the settings, with the secret as its login; else a cluster, with the secret's
 * user. The target keeps nothing of the secret but copies in the arena, and no password. */
int login_to_redshift(const json *secret, const struct redshift_settings *settings,
                      struct arena *arena, struct redshift_target *target, struct error *err);

#endif
