/* The login of Postgres as a function makes it: settings, Secrets Manager, a real server. */
#include "wire/real_postgres.h"

#include "services/services.h"
#include "wire/scripted_server.h"

/* The reply of Secrets Manager to the one question there is, for a secret of these members. */
static struct scripted_server *given_secret(struct fixture *f, const char *members)
{
    struct slice body = arena_format(&f->arena, "{\"SecretString\":\"{%s}\"}", members);
    struct slice reply = arena_format(&f->arena, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                                      body.size, body.data);
    struct scripted_server *server =
        scripted_server_start(SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("POST / HTTP/1.1\r\n"),
                                     SCRIPT_CONTAINS("{\"SecretId\":\"rds!db-1\"}"),
                                     SCRIPT_REPLY_BYTES(reply.data, reply.size)));
    struct slice url = arena_format(&f->arena, "http://%s", scripted_server_address(server));
    (void)setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.data, 1);
    return server;
}

/* What the server says of a session of such a program, or NULL with *err. */
static const char *ask(struct fixture *f, const char *sql)
{
    struct services services = {.name = "test", .concerns = SETTINGS_AWS | SETTINGS_POSTGRES};
    const struct pg_statement statement = {.name = "ask", .sql = sql};
    struct pg_result result;
    struct slice text = SLICE("");
    assert_int_equal(services_init(&services, &f->err), 0);
    services_begin(&services, clock_now_ms(&clock_system) + 60000);
    int status = pg_query(&services.pg, &statement, PG_NO_VALUES, &f->arena, &result, &f->err);
    if (status == 0) {
        assert_int_equal(pg_read_text(&result, 0, "t", &text, NULL), 0);
    }
    services_release(&services);
    return status == 0 ? text.data : NULL;
}

static const char *names_of(struct fixture *f)
{
    return arena_format(&f->arena, "\\\"username\\\":\\\"%s\\\",\\\"password\\\":\\\"%s\\\"",
                        env_get("PGUSER", ""), env_get("PGPASSWORD", ""))
        .data;
}

static int set_up_login(void **state)
{
    (void)set_up(state);
    (void)setenv("region", "eu-west-1", 1);
    (void)setenv("secret_postgres", "rds!db-1", 1);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "the secret key", 1);
    (void)unsetenv("postgres_host");
    (void)unsetenv("postgres_port");
    (void)unsetenv("postgres_database");
    return 0;
}

static void test_a_managed_secret_and_the_settings(void **state)
{
    struct fixture *f = *state;
    struct scripted_server *server = given_secret(f, names_of(f));
    (void)setenv("postgres_host", env_get("PGHOST", ""), 1);
    (void)setenv("postgres_port", env_get("PGPORT", ""), 1);
    (void)setenv("postgres_database", env_get("PGDATABASE", ""), 1);
    const char *session = ask(f, "select concat_ws(' ', current_user, current_database()) as t");
    scripted_server_end(server);
    if (session == NULL) {
        fail_msg("%s", f->err.message);
    }
    assert_string_equal(
        session,
        arena_format(&f->arena, "%s %s", env_get("PGUSER", ""), env_get("PGDATABASE", "")).data);
}

/* A setting wins over a member that leads nowhere. */
static void test_the_settings_come_first(void **state)
{
    struct fixture *f = *state;
    struct slice members = arena_format(
        &f->arena, "\\\"host\\\":\\\"127.0.0.9\\\",\\\"port\\\":1,\\\"dbname\\\":\\\"none\\\",%s",
        names_of(f));
    struct scripted_server *server = given_secret(f, members.data);
    (void)setenv("postgres_host", env_get("PGHOST", ""), 1);
    (void)setenv("postgres_port", env_get("PGPORT", ""), 1);
    (void)setenv("postgres_database", env_get("PGDATABASE", ""), 1);
    const char *database = ask(f, "select current_database() as t");
    scripted_server_end(server);
    if (database == NULL) {
        fail_msg("%s", f->err.message);
    }
    assert_string_equal(database, env_get("PGDATABASE", ""));
}

static void test_what_is_missing_is_named(void **state)
{
    struct fixture *f = *state;
    struct scripted_server *server = given_secret(f, names_of(f));
    assert_null(ask(f, "select 1"));
    scripted_server_end(server);
    assert_int_equal(f->err.kind, ERROR_CONFIGURATION);
    assert_string_equal(f->err.message,
                        "secret_postgres: secret rds!db-1 has no host: set postgres_host");
}

#define CASE_LOGIN(test) cmocka_unit_test_setup_teardown(test, set_up_login, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_LOGIN(test_a_managed_secret_and_the_settings),
        CASE_LOGIN(test_the_settings_come_first),
        CASE_LOGIN(test_what_is_missing_is_named),
    };
    return RUN_ON_SERVER("services_login", tests);
}
