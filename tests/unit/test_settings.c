#include "unit/arena_fixture.h"
#include "unit/variables.h"

#include "base/strbuf.h"
#include "services/settings.h"

static const char *const optional[] = {
    "region",           "timezone",           "threshold_file_size_bytes",
    "custom_error_msg", "redshift_workgroup", "redshift_database",
    "AWS_REGION",       "AWS_ENDPOINT_URL",   "AWS_ENDPOINT_URL_SNS",
    "retry_hours",
};

static int setup(void **state)
{
    (void)open_arena(state);
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        (void)unsetenv(optional[i]);
    }
    set_complete();
    return 0;
}

static void test_all_is_read_trimmed_and_folded(void **state)
{
    struct settings settings;
    struct error err;
    (void)state;
    assert_int_equal(settings_read(&arena, &settings, &err), 0);
    assert_text(settings.secret_postgres, "postgres/config");
    assert_text(settings.secret_redshift, "arn:aws:secretsmanager:eu-west-1:1:secret:dw");
    assert_text(settings.sns_topic_arn, "arn:aws:sns:eu-west-1:1:files");
    assert_text(settings.iam_role, "arn:aws:iam::1:role/copy");
    assert_text(settings.archive_folder, "archive");
    assert_text(settings.processing_folder, "work/processing");
    assert_text(settings.region, "eu-west-1");
    assert_text(settings.timezone, "Asia/Calcutta");
    assert_text(settings.custom_error_msg, "Call 555-0100.");
    assert_int_equal(settings.threshold_file_size_bytes, 50);
    assert_int_equal(settings.redshift_workgroup.size, 0);
    assert_int_equal(settings.redshift_database.size, 0);
    assert_text(settings.config_table, "\"rdscnfg\".\"ext_file_config\"");
    assert_text(settings.detail_table, "\"rdscnfg\".\"ext_file_config_dtl\"");
    assert_text(settings.interface_table, "\"rdscnfg\".\"ext_interface\"");
    assert_text(settings.audit_table, "\"rdscnfg\".\"ext_file_audit\"");
    assert_text(settings.file_table, "\"rdscnfg\".\"ext_file\"");
    assert_text(settings.history_table, "\"rdscnfg\".\"ext_file_history\"");
    assert_text(settings.statement_table, "\"rdscnfg\".\"ext_statement\"");
    assert_text(settings.due_view, "\"rdscnfg\".\"ext_due\"");
}

static void test_what_may_be_left_out_has_defaults(void **state)
{
    struct settings settings;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        (void)unsetenv(optional[i]);
    }
    (void)setenv("AWS_REGION", "us-gov-west-1", 1);
    (void)setenv("redshift_workgroup", "dw-serverless", 1);
    (void)setenv("redshift_database", "dev", 1);
    assert_int_equal(settings_read(&arena, &settings, &err), 0);
    assert_text(settings.region, "us-gov-west-1");
    assert_text(settings.timezone, "UTC");
    assert_text(settings.custom_error_msg, "");
    assert_int_equal(settings.threshold_file_size_bytes, 0);
    assert_int_equal(settings.retry_hours, 6);
    assert_text(settings.redshift_workgroup, "dw-serverless");
    assert_text(settings.redshift_database, "dev");
}

static void assert_refused(const char *part)
{
    struct settings settings;
    struct error err;
    assert_int_equal(settings_read(&arena, &settings, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_false(err.retryable);
    assert_says(err.message, part);
}

static void test_a_missing_variable_is_named(void **state)
{
    static const char *const required[] = {
        "secret_postgres",       "secret_redshift",   "sns_topic_arn",
        "postgres_config_table", "iam_role",          "postgres_config_audit_table",
        "archive_folder",        "processing_folder",
    };
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        (void)unsetenv(required[i]);
        assert_refused(required[i]);
        (void)setenv(required[i], "  ", 1);
        assert_refused(required[i]);
        (void)release_arena(state);
        (void)setup(state);
    }
    (void)unsetenv("region");
    assert_refused("AWS_REGION");
}

static void test_a_malformed_variable_is_named(void **state)
{
    static const struct variable bad[] = {
        {"sns_topic_arn", "files"},
        {"iam_role", "role/copy"},
        {"archive_folder", "///"},
        {"processing_folder", "/"},
        {"postgres_config_table", "EXT_FILE_CONFIG"},
        {"postgres_config_table", ".EXT_FILE_CONFIG"},
        {"postgres_config_table", "RDSCNFG."},
        {"postgres_config_audit_table", "db.rdscnfg.ext_file_audit"},
        {"postgres_config_audit_table", "rdscnfg.\xFF"},
        {"postgres_config_table", "s.a123456789b123456789c123456789d123456789e123456789f123456789"},
        {"region", "eu-west-1.example.com/"},
        {"region", "EU-WEST-1"},
        {"AWS_ENDPOINT_URL", "localhost:4566"},
        {"AWS_ENDPOINT_URL_SNS", "https://user@host"},
        {"timezone", "Europe/Berlin'; drop table x"},
        {"timezone", " "},
        {"threshold_file_size_bytes", "50 MB"},
        {"threshold_file_size_bytes", "-1"},
        {"retry_hours", "0"},
        {"retry_hours", "169"},
        {"retry_hours", "1.5"},
        {"retry_hours", "6h"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)setenv(bad[i].name, bad[i].value, 1);
        assert_refused(bad[i].name);
        (void)release_arena(state);
        (void)setup(state);
    }
    (void)setenv("processing_folder", "archive", 1);
    assert_refused("different folders");
}

static void test_hours_of_retrying(void **state)
{
    static const struct {
        const char *text;
        int64_t hours;
    } cases[] = {{"1", 1}, {"24", 24}, {"168", 168}, {"", 6}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct settings settings;
        struct error err;
        (void)setenv("retry_hours", cases[i].text, 1);
        assert_int_equal(settings_read(&arena, &settings, &err), 0);
        assert_int_equal(settings.retry_hours, cases[i].hours);
    }
}

static void test_folders_leave_room_for_the_rest_of_a_key(void **state)
{
    char folder[502];
    (void)state;
    memset(folder, 'f', sizeof(folder));
    folder[501] = '\0';
    (void)setenv("archive_folder", folder, 1);
    assert_refused("archive_folder has 501 bytes");
}

static void test_the_file_id_stands_where_redshift_still_shows_it(void **state)
{
    struct settings settings;
    struct strbuf url = STRBUF_INIT;
    struct error err;
    char folder[256] = "";
    (void)state;
    for (size_t size = 1; size < sizeof(folder); size++) {
        memset(folder, 'f', size);
        (void)setenv("processing_folder", folder, 1);
        strbuf_clear(&url);
        strbuf_append_format(&url, "s3://%063d/%s/%036d/data-", 0, folder, 0);
        assert_int_equal(settings_read(&arena, &settings, &err), url.size <= 256 ? 0 : -1);
    }
    assert_refused("environment variable processing_folder has 255 bytes; this folder's name may "
                   "have 144");
    strbuf_release(&url);
}

static void test_hostile_table_names_stay_names(void **state)
{
    struct settings settings;
    struct error err;
    (void)state;
    (void)setenv("postgres_config_table", "r\"; drop.t\"x", 1);
    assert_int_equal(settings_read(&arena, &settings, &err), 0);
    assert_text(settings.config_table, "\"r\"\"; drop\".\"t\"\"x\"");
    assert_text(settings.detail_table, "\"r\"\"; drop\".\"t\"\"x_dtl\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_is_read_trimmed_and_folded, setup, release_arena),
        cmocka_unit_test_setup_teardown(test_what_may_be_left_out_has_defaults, setup,
                                        release_arena),
        cmocka_unit_test_setup_teardown(test_a_missing_variable_is_named, setup, release_arena),
        cmocka_unit_test_setup_teardown(test_a_malformed_variable_is_named, setup, release_arena),
        cmocka_unit_test_setup_teardown(test_hours_of_retrying, setup, release_arena),
        cmocka_unit_test_setup_teardown(test_folders_leave_room_for_the_rest_of_a_key, setup,
                                        release_arena),
        cmocka_unit_test_setup_teardown(test_the_file_id_stands_where_redshift_still_shows_it,
                                        setup, release_arena),
        cmocka_unit_test_setup_teardown(test_hostile_table_names_stay_names, setup, release_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
