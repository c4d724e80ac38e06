/* What a secret and the settings make of a login: the setting first, then the secret's member. */
#include "unit/unit.h"

#include "base/array.h"
#include "services/login.h"

#include "unit/arena_fixture.h" /* its arena shadows parameters of the headers above */

#define NAMES "\"username\":\"ann\",\"password\":\"s3cret-word\""
#define MANAGED "{" NAMES "}" /* by RDS or Redshift */
#define WHOLE                                                                                      \
    "{\"engine\":\"postgres\",\"host\":\"db.old\",\"port\":5433,\"dbname\":\"old\"," NAMES "}"

static const json *secret_of(const char *text)
{
    struct error err;
    const json *secret = json_parse(&arena, slice_from(text), 4096, &err);
    if (secret == NULL) {
        fail_msg("%s: %s", text, err.message);
    }
    return secret;
}

static struct slice or_empty(const char *text)
{
    return slice_from(text != NULL ? text : "");
}

static const struct {
    const char *secret;
    const char *host;
    uint16_t port;
    const char *database;
    const char *expected; /* host port database user */
    const char *error;
} postgres[] = {
    {WHOLE, NULL, 0, NULL, "db.old 5433 old ann", NULL},
    {WHOLE, "db.new", 0, NULL, "db.new 5433 old ann", NULL},
    {WHOLE, NULL, 6000, NULL, "db.old 6000 old ann", NULL},
    {WHOLE, NULL, 0, "new", "db.old 5433 new ann", NULL},
    {WHOLE, "db.new", 6000, "new", "db.new 6000 new ann", NULL},
    {MANAGED, "db.new", 6000, "new", "db.new 6000 new ann", NULL},
    {MANAGED, "db.new", 0, NULL, "db.new 0 ann ann", NULL}, /* 0: the usual port */
    {"{\"host\":\"h\",\"port\":\"5433\",\"database\":\"d\"," NAMES "}", NULL, 0, NULL,
     "h 5433 d ann", NULL},
    {"{\"host\":\"h\",\"dbname\":\"\",\"database\":\"d\"," NAMES "}", NULL, 0, NULL, "h 0 d ann",
     NULL},
    {"{\"host\":\"h\",\"port\":\"wrong\"," NAMES "}", NULL, 6000, NULL, "h 6000 ann ann", NULL},

    {MANAGED, NULL, 0, NULL, NULL, "secret pg/main has no host: set postgres_host"},
    {"{\"host\":\"\"," NAMES "}", NULL, 6000, "new", NULL, "no host: set postgres_host"},
    {"{\"host\":\"h\",\"password\":\"p\"}", NULL, 0, NULL, NULL, "pg/main has no username"},
    {"{\"host\":\"h\",\"username\":\"u\"}", NULL, 0, NULL, NULL, "pg/main has no password"},
    {"{\"host\":\"h\",\"username\":\"u\",\"password\":1234567}", NULL, 0, NULL, NULL,
     "no password"},
    {"{}", NULL, 0, NULL, NULL, "no username"},
    {"{\"host\":\"h\",\"port\":\"s3cret-word\"," NAMES "}", NULL, 0, NULL, NULL,
     "secret pg/main has a port that is no number from 1 to 65535: correct it, or set "
     "postgres_port"},
    {"{\"host\":\"h\",\"port\":0," NAMES "}", NULL, 0, NULL, NULL, "port"},
    {"{\"host\":\"h\",\"port\":65536," NAMES "}", NULL, 0, NULL, NULL, "port"},
    {"{\"host\":\"h\",\"port\":5432.5," NAMES "}", NULL, 0, NULL, NULL, "port"},
    {"{\"host\":\"h\",\"port\":\"\"," NAMES "}", NULL, 0, NULL, NULL, "port"},
    {"{\"host\":\"h\",\"port\":null," NAMES "}", NULL, 0, NULL, NULL, "port"},
};

static void test_logins_to_postgres(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(postgres); i++) {
        const struct postgres_settings settings = {
            .secret = SLICE("pg/main"),
            .host = or_empty(postgres[i].host),
            .port = postgres[i].port,
            .database = or_empty(postgres[i].database),
        };
        struct pg_login login;
        struct error err = {.message = ""};
        int result = login_to_postgres(secret_of(postgres[i].secret), &settings, &login, &err);
        assert_null(strstr(err.message, "s3cret-word"));
        if (postgres[i].error != NULL) {
            assert_int_equal(result, -1);
            assert_int_equal(err.kind, ERROR_CONFIGURATION);
            assert_says(err.message, postgres[i].error);
            continue;
        }
        assert_string_equal(err.message, "");
        assert_text(arena_format(&arena, "%.*s %d %.*s %.*s", SLICE_ARG(login.host), login.port,
                                 SLICE_ARG(login.database), SLICE_ARG(login.user)),
                    postgres[i].expected);
        assert_text(login.password, "s3cret-word");
    }
}

#define CLUSTER "{\"dbClusterIdentifier\":\"dw\",\"database\":\"dev\"," NAMES "}"

static const struct {
    const char *secret;
    const char *workgroup;
    const char *cluster;
    const char *database;
    const char *expected; /* cluster workgroup database secret user */
    const char *error;
} redshift[] = {
    {CLUSTER, NULL, NULL, NULL, "dw||dev||ann", NULL},
    {CLUSTER, NULL, "other", NULL, "other||dev||ann", NULL},
    {CLUSTER, NULL, NULL, "prod", "dw||prod||ann", NULL},
    {CLUSTER, "wg", NULL, NULL, "|wg|dev|rs/main|", NULL},
    {MANAGED, NULL, "dw", "dev", "dw||dev||ann", NULL},
    {MANAGED, "wg", NULL, "dev", "|wg|dev|rs/main|", NULL},

    {MANAGED, NULL, "dw", NULL, NULL, "secret rs/main has no database: set redshift_database"},
    {MANAGED, NULL, NULL, "dev", NULL,
     "secret rs/main has no dbClusterIdentifier: set redshift_cluster, or redshift_workgroup "
     "for Redshift Serverless"},
    {MANAGED, "wg", NULL, NULL, NULL, "set redshift_database"},
    {"{\"password\":\"p\"}", NULL, "dw", "dev", NULL, "secret rs/main has no username"},
    {"{\"dbClusterIdentifier\":7,\"dbname\":\"dev\"," NAMES "}", NULL, NULL, NULL, NULL,
     "no dbClusterIdentifier"},
};

static void test_logins_to_redshift(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(redshift); i++) {
        const struct redshift_settings settings = {
            .secret = SLICE("rs/main"),
            .workgroup = or_empty(redshift[i].workgroup),
            .cluster = or_empty(redshift[i].cluster),
            .database = or_empty(redshift[i].database),
        };
        struct redshift_target target;
        struct error err = {.message = ""};
        int result =
            login_to_redshift(secret_of(redshift[i].secret), &settings, &arena, &target, &err);
        if (redshift[i].error != NULL) {
            assert_int_equal(result, -1);
            assert_int_equal(err.kind, ERROR_CONFIGURATION);
            assert_says(err.message, redshift[i].error);
            continue;
        }
        assert_string_equal(err.message, "");
        assert_text(arena_format(&arena, "%.*s|%.*s|%.*s|%.*s|%.*s", SLICE_ARG(target.cluster),
                                 SLICE_ARG(target.workgroup), SLICE_ARG(target.database),
                                 SLICE_ARG(target.secret_arn), SLICE_ARG(target.db_user)),
                    redshift[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_logins_to_postgres, open_arena, release_arena),
        cmocka_unit_test_setup_teardown(test_logins_to_redshift, open_arena, release_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
