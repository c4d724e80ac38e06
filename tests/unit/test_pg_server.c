#include "unit/unit.h"

#include "pg/pg_server.h"

#include <unistd.h>

#define PRESENT "/etc/passwd" /* any readable file will do: its contents are libpq's business */
#define ABSENT "/nonexistent/roots.pem"

static int clear_environment(void **state)
{
    (void)state;
    unsetenv("PGSSLROOTCERT");
    unsetenv("SSL_CERT_FILE");
    return 0;
}

static void test_which_servers_are_this_machine(void **state)
{
    (void)state;
    static const char *const local[] = {"/run/postgresql", "localhost",       "LocalHost",
                                        "127.0.0.1",       "127.255.255.254", "::1",
                                        "0:0:0:0:0:0:0:1"};
    static const char *const remote[] = {
        "",    "10.0.0.1", "128.0.0.1", "127.0.0.1.example.com", "localhost.example.com",
        "::2", "fe80::1",  "0.0.0.0",   "db.example.com"};
    for (size_t i = 0; i < COUNT_OF(local); i++) {
        assert_true(pg_server_is_local(slice_from(local[i])));
    }
    for (size_t i = 0; i < COUNT_OF(remote); i++) {
        assert_false(pg_server_is_local(slice_from(remote[i])));
    }
    assert_false(pg_server_is_local(SLICE("127.0.0.1\0.example.com")));
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        enum pg_server_kind kind;
    } hosts[] = {
        {"db.abc123.eu-west-1.rds.amazonaws.com", PG_SERVER_RDS},
        {"DB.ABC123.EU-WEST-1.RDS.AMAZONAWS.COM", PG_SERVER_RDS},
        {"c.cluster-abc123.eu-west-1.rds.amazonaws.com", PG_SERVER_RDS},
        {"db.abc123.cn-north-1.rds.amazonaws.com.cn", PG_SERVER_RDS},
        {"db.abc123.eusc-de-east-1.rds.amazonaws.eu", PG_SERVER_RDS},
        {"c.cluster-abc123.EUSC-de-east-1.rds.amazonaws.EU", PG_SERVER_RDS},
        {"proxy-1.abc123.eu-west-1.rds.amazonaws.com", PG_SERVER_RDS},
        {"p.proxy-abc123.eu-west-1.rds.amazonaws.com", PG_SERVER_RDS_PROXY},
        {"p.proxy-abc123.eusc-de-east-1.rds.amazonaws.eu", PG_SERVER_RDS_PROXY},
        {"e.endpoint.proxy-abc123.eu-west-1.rds.amazonaws.com", PG_SERVER_RDS_PROXY},
        {"db.example.com", PG_SERVER_OTHER},
        {"evil-rds.amazonaws.com", PG_SERVER_OTHER},
        {"x.rds.amazonaws.com.evil.com", PG_SERVER_OTHER},
        {"evil-rds.amazonaws.eu", PG_SERVER_OTHER},
        {"x.rds.amazonaws.eu.evil.com", PG_SERVER_OTHER},
        {"", PG_SERVER_OTHER},
    };
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        assert_int_equal(pg_server_kind(slice_from(hosts[i].host)), hosts[i].kind);
    }
}

static void test_a_named_file_is_taken_first(void **state)
{
    (void)state;
    const char *path = NULL;
    struct error err;
    struct slice rds = SLICE("db.abc123.eu-west-1.rds.amazonaws.com");
    setenv("PGSSLROOTCERT", PRESENT, 1);
    assert_int_equal(pg_server_roots(rds, NULL, &path, &err), 0);
    assert_string_equal(path, PRESENT);
    assert_int_equal(pg_server_roots(rds, "/etc/group", &path, &err), 0);
    assert_string_equal(path, "/etc/group");
    assert_int_equal(pg_server_roots(rds, ABSENT, &path, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_says(err.message, ABSENT);
    setenv("PGSSLROOTCERT", ABSENT, 1);
    assert_int_equal(pg_server_roots(rds, NULL, &path, &err), -1);
    assert_says(err.message, "PGSSLROOTCERT");
    assert_says(err.message, ABSENT);
}

static void test_rds_needs_its_own_bundle(void **state)
{
    (void)state;
    const char *path = NULL;
    struct error err;
    setenv("SSL_CERT_FILE", PRESENT, 1); /* public roots do not vouch for RDS */
    int outcome = pg_server_roots(SLICE("db.abc.eu-west-1.rds.amazonaws.com"), NULL, &path, &err);
    if (access(PG_SERVER_RDS_ROOTS, R_OK) == 0) {
        assert_int_equal(outcome, 0);
        assert_string_equal(path, PG_SERVER_RDS_ROOTS);
    } else {
        assert_int_equal(outcome, -1);
        assert_int_equal(err.kind, ERROR_CONFIGURATION);
        assert_says(err.message, PG_SERVER_RDS_ROOTS);
        assert_says(err.message, "db.abc.eu-west-1.rds.amazonaws.com");
        assert_says(err.message, "certs layer");
    }
}

static void test_others_have_public_roots(void **state)
{
    (void)state;
    static const struct slice hosts[] = {SLICE_INIT("p.proxy-abc.eu-west-1.rds.amazonaws.com"),
                                         SLICE_INIT("db.example.com")};
    for (size_t i = 0; i < 2; i++) {
        const char *path = NULL;
        struct error err;
        setenv("SSL_CERT_FILE", PRESENT, 1);
        assert_int_equal(pg_server_roots(hosts[i], NULL, &path, &err), 0);
        assert_string_equal(path, PRESENT);
        setenv("SSL_CERT_FILE", ABSENT, 1);
        assert_int_equal(pg_server_roots(hosts[i], NULL, &path, &err), -1);
        assert_says(err.message, "SSL_CERT_FILE");
        unsetenv("SSL_CERT_FILE");
        assert_int_equal(pg_server_roots(hosts[i], NULL, &path, &err), 0);
        assert_int_equal(access(path, R_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_servers_are_this_machine),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test_setup_teardown(test_a_named_file_is_taken_first, clear_environment,
                                        clear_environment),
        cmocka_unit_test_setup_teardown(test_rds_needs_its_own_bundle, clear_environment,
                                        clear_environment),
        cmocka_unit_test_setup_teardown(test_others_have_public_roots, clear_environment,
                                        clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
