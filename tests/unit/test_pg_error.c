#include "unit/unit.h"

#include "pg/pg_error.h"

static void test_sqlstates_decide(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate;
        enum error_kind kind;
        bool retryable;
        bool ends_session;
    } rules[] = {
        {"53300", ERROR_BUSY, true, false},           {"57P03", ERROR_BUSY, true, true},
        {"57P01", ERROR_NETWORK, true, true},         {"57P02", ERROR_NETWORK, true, true},
        {"57014", ERROR_TIMEOUT, true, false},        {"40001", ERROR_BUSY, true, false},
        {"40P01", ERROR_BUSY, true, false},           {"40003", ERROR_NETWORK, true, false},
        {"55P03", ERROR_BUSY, true, false},           {"55000", ERROR_REMOTE, false, false},
        {"08006", ERROR_NETWORK, true, true},         {"08P01", ERROR_NETWORK, true, true},
        {"28P01", ERROR_DENIED, false, false},        {"28000", ERROR_DENIED, false, false},
        {"42501", ERROR_DENIED, false, false},        {"42P01", ERROR_CONFIGURATION, false, false},
        {"3D000", ERROR_CONFIGURATION, false, false}, {"23505", ERROR_CONFLICT, false, false},
        {"22P02", ERROR_INVALID, false, false},       {"25006", ERROR_NETWORK, true, true},
        {"54000", ERROR_LIMIT, false, false},         {"P0001", ERROR_REMOTE, false, false},
        {"XX000", ERROR_REMOTE, true, false},         {"58030", ERROR_SYSTEM, true, false},
        {"XX001", ERROR_REMOTE, true, false},         {"53100", ERROR_BUSY, true, false},
        {"53200", ERROR_BUSY, true, false},           {"53400", ERROR_BUSY, true, false},
        {"72000", ERROR_BUSY, true, false},           {"22023", ERROR_INVALID, false, false},
        {"XY000", ERROR_REMOTE, false, false},        {"0A000", ERROR_REMOTE, false, false},
        {"25P03", ERROR_TIMEOUT, true, false},        {"25P04", ERROR_TIMEOUT, true, false},
    };
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct error err;
        struct slice sqlstate = slice_from(rules[i].sqlstate);
        assert_int_equal(
            pg_error_from_statement(&err, sqlstate, SLICE("said so"), "do it", PG_NO_VALUES), -1);
        assert_int_equal(err.kind, rules[i].kind);
        assert_int_equal(err.retryable, rules[i].retryable);
        assert_string_equal(err.code, rules[i].sqlstate);
        assert_says(err.message, "statement \"do it\": said so (");
        assert_says(err.message, rules[i].sqlstate);
        assert_int_equal(pg_error_ends_session(sqlstate), rules[i].ends_session);
    }
    assert_int_equal(pg_error_from_statement(NULL, SLICE("42P01"), SLICE("x"), "y", PG_NO_VALUES),
                     -1);
}

static void test_only_refused_logins_are_worth_a_fresh_secret(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_DENIED, "x");
    assert_false(pg_error_is_login(&err));
    error_set_code(&err, SLICE("42501"));
    assert_false(pg_error_is_login(&err));
    error_set_code(&err, SLICE("28P01"));
    assert_true(pg_error_is_login(&err));
    error_set_code(&err, SLICE("28000"));
    assert_true(pg_error_is_login(&err));
}

static void test_messages_do_not_repeat_values(void **state)
{
    (void)state;
    struct pg_values values = PG_VALUES(PG_TEXT(SLICE("a\"b secret")), PG_TEXT(SLICE("{1,xyz}")),
                                        PG_TEXT(SLICE("7q")), PG_NUMBER(5), PG_NULL);
    static const struct {
        const char *message;
        const char *masked;
    } messages[] = {
        {"invalid input syntax for type integer: \"a\"b secret\"",
         "invalid input syntax for type integer: \"[value]\""},
        {"invalid input syntax for type integer: \"xyz\"",
         "invalid input syntax for type integer: \"[value]\""},
        {"value \"7q\" is bad, 7q", "value \"[value]\" is bad, 7q"},
        {"malformed array literal: \"{1,xyz}\"", "malformed array literal: \"[value]\""},
        {"raised for a\"b secret and {1,xyz}.", "raised for [value] and [value]."},
        {"relation \"rdscnfg.ext_file\" does not exist",
         "relation \"rdscnfg.ext_file\" does not exist"},
        {"an open \" quote and \"\" none", "an open \" quote and \"\" none"},
        {"ends with \"", "ends with \""},
    };
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct error err;
        char expected[200] = "statement \"s\": ";
        memcpy(expected + strlen(expected), messages[i].masked, strlen(messages[i].masked) + 1);
        memcpy(expected + strlen(expected), " (22P02)", sizeof(" (22P02)"));
        pg_error_from_statement(&err, SLICE("22P02"), slice_from(messages[i].message), "s", values);
        assert_string_equal(err.message, expected);
    }
}

static void test_connect_errors_of_the_server(void **state)
{
    (void)state;
    struct error err;
    struct slice text = SLICE(
        "connection to server at \"db\" (::1), port 5432 failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
        "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28P01: password "
        "authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:338\n");
    assert_int_equal(pg_error_from_connect(&err, text, SLICE("db")), -1);
    assert_int_equal(err.kind, ERROR_DENIED);
    assert_string_equal(err.code, "28P01");
    assert_string_equal(err.message,
                        "Postgres at db: password authentication failed for user \"u\" (28P01)");
    pg_error_from_connect(&err, SLICE("FATAL:  53300: sorry, too many clients already"),
                          SLICE("db"));
    assert_int_equal(err.kind, ERROR_BUSY);
    assert_true(err.retryable);
    assert_string_equal(err.code, "53300");
}

static void test_connect_errors_of_libpq(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum error_kind kind;
        const char *part;
    } errors[] = {
        {"connection to server at \"db\", port 1 failed: Connection refused\n\tIs the server "
         "running?\n",
         ERROR_NETWORK, "Connection refused; Is the server running?"},
        {"x failed: SSL error: certificate verify failed\n", ERROR_CONFIGURATION, "verify failed"},
        {"x failed: server certificate for \"a\" does not match host name \"b\"\n",
         ERROR_CONFIGURATION, "host name \"b\""},
        {"x failed: server does not support SSL, but SSL was required\n", ERROR_CONFIGURATION,
         "does not support SSL"},
        {"x failed: SSL SYSCALL error: EOF detected\n", ERROR_NETWORK, "EOF"},
        {"x failed: SSL SYSCALL error: Connection reset by peer\n", ERROR_NETWORK, "reset"},
        {"x failed: SSL error: unexpected eof while reading\n", ERROR_NETWORK, "eof"},
        {"x failed: SSL error: ssl/tls alert internal error\n", ERROR_NETWORK, "alert"},
        {"x failed: FATAL:  abc: no code\n", ERROR_NETWORK, "no code"},
        {"x:  28p01: lower case:  12345 no colon\n", ERROR_NETWORK, "lower case"},
        {"", ERROR_NETWORK, ""},
    };
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        struct error err;
        assert_int_equal(pg_error_from_connect(&err, slice_from(errors[i].text), SLICE("db")), -1);
        assert_int_equal(err.kind, errors[i].kind);
        assert_int_equal(err.retryable, errors[i].kind == ERROR_NETWORK);
        assert_string_equal(err.code, "");
        assert_says(err.message, errors[i].part);
        assert_null(strchr(err.message, '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlstates_decide),
        cmocka_unit_test(test_only_refused_logins_are_worth_a_fresh_secret),
        cmocka_unit_test(test_messages_do_not_repeat_values),
        cmocka_unit_test(test_connect_errors_of_the_server),
        cmocka_unit_test(test_connect_errors_of_libpq),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
