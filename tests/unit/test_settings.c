/* The settings of each concern by itself, and of a program that uses some of them. */
#include "unit/arena_fixture.h"
#include "unit/variables.h"

#include "base/array.h"
#include "base/strbuf.h"
#include "services/settings.h"

#define ALL                                                                                        \
    (SETTINGS_AWS | SETTINGS_POSTGRES | SETTINGS_TABLES | SETTINGS_FOLDERS | SETTINGS_RETRY |      \
     SETTINGS_NOTIFICATION | SETTINGS_REDSHIFT | SETTINGS_LOAD | SETTINGS_SEARCH)

/* 63 bytes */
#define LONG "a12345678901234567890b12345678901234567890c12345678901234567890"

/* Every variable that may be set, by its concern. */
static const struct {
    unsigned concern;
    const char *name;
    bool is_required;
} variables[] = {
    {SETTINGS_AWS, "region", true}, /* or AWS_REGION */
    {SETTINGS_AWS, "AWS_REGION", false},
    {SETTINGS_AWS, "AWS_ENDPOINT_URL", false},
    {SETTINGS_AWS, "AWS_ENDPOINT_URL_SNS", false},
    {SETTINGS_POSTGRES, "secret_postgres", true},
    {SETTINGS_POSTGRES, "postgres_host", false},
    {SETTINGS_POSTGRES, "postgres_port", false},
    {SETTINGS_POSTGRES, "postgres_database", false},
    {SETTINGS_TABLES, "postgres_config_table", true},
    {SETTINGS_TABLES, "postgres_config_audit_table", true},
    {SETTINGS_TABLES, "timezone", false},
    {SETTINGS_FOLDERS, "archive_folder", true},
    {SETTINGS_FOLDERS, "processing_folder", true},
    {SETTINGS_RETRY, "retry_hours", false},
    {SETTINGS_NOTIFICATION, "sns_topic_arn", true},
    {SETTINGS_NOTIFICATION, "custom_error_msg", false},
    {SETTINGS_REDSHIFT, "secret_redshift", true},
    {SETTINGS_REDSHIFT, "redshift_workgroup", false},
    {SETTINGS_REDSHIFT, "redshift_cluster", false},
    {SETTINGS_REDSHIFT, "redshift_database", false},
    {SETTINGS_LOAD, "iam_role", true},
    {SETTINGS_LOAD, "threshold_file_size_bytes", false},
    {SETTINGS_SEARCH, "landing_grace_minutes", false},
};

static void unset_all(void)
{
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        (void)unsetenv(variables[i].name);
    }
}

static void set_again(void)
{
    unset_all();
    set_complete();
}

static int setup(void **state)
{
    set_again();
    return open_arena(state);
}

static struct settings must_read(unsigned concerns)
{
    struct settings settings;
    struct error err;
    if (settings_read(concerns, &arena, &settings, &err) != 0) {
        fail_msg("%s", err.message);
    }
    return settings;
}

static void assert_refused(unsigned concerns, const char *part)
{
    struct settings settings;
    struct error err;
    assert_int_equal(settings_read(concerns, &arena, &settings, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_false(err.retryable);
    assert_says(err.message, part);
}

static void test_all_is_read_trimmed_and_folded(void **state)
{
    (void)state;
    struct settings settings = must_read(ALL);
    assert_text(settings.aws.region, "eu-west-1");
    assert_text(settings.postgres.secret, "postgres/config");
    assert_text(settings.tables.config, "\"rdscnfg\".\"ext_file_config\"");
    assert_text(settings.tables.detail, "\"rdscnfg\".\"ext_file_config_dtl\"");
    assert_text(settings.tables.interface, "\"rdscnfg\".\"ext_interface\"");
    assert_text(settings.tables.audit, "\"rdscnfg\".\"ext_file_audit\"");
    assert_text(settings.tables.file, "\"rdscnfg\".\"ext_file\"");
    assert_text(settings.tables.history, "\"rdscnfg\".\"ext_file_history\"");
    assert_text(settings.tables.statement, "\"rdscnfg\".\"ext_statement\"");
    assert_text(settings.tables.due, "\"rdscnfg\".\"ext_due\"");
    assert_text(settings.tables.landing, "\"rdscnfg\".\"ext_landing\"");
    assert_text(settings.tables.timezone, "Asia/Calcutta");
    assert_text(settings.folders.archive, "archive");
    assert_text(settings.folders.processing, "work/processing");
    assert_text(settings.notification.topic_arn, "arn:aws:sns:eu-west-1:1:files");
    assert_text(settings.notification.custom_error_msg, "Call 555-0100.");
    assert_text(settings.redshift.secret, "arn:aws:secretsmanager:eu-west-1:1:secret:dw");
    assert_text(settings.load.iam_role, "arn:aws:iam::1:role/copy");
    assert_int_equal(settings.load.threshold_file_size_bytes, 50);
}

static void test_what_may_be_left_out_has_defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        if (!variables[i].is_required) {
            (void)unsetenv(variables[i].name);
        }
    }
    (void)unsetenv("region");
    (void)setenv("AWS_REGION", "us-gov-west-1", 1);
    struct settings settings = must_read(ALL);
    assert_text(settings.aws.region, "us-gov-west-1");
    assert_text(settings.tables.timezone, "UTC");
    assert_text(settings.notification.custom_error_msg, "");
    assert_text(settings.postgres.host, "");
    assert_int_equal(settings.postgres.port, 0);
    assert_text(settings.postgres.database, "");
    assert_text(settings.redshift.workgroup, "");
    assert_text(settings.redshift.cluster, "");
    assert_text(settings.redshift.database, "");
    assert_int_equal(settings.load.threshold_file_size_bytes, 0);
    assert_int_equal(settings.retry.hours, 6);
    assert_int_equal(settings.search.grace_minutes, 30);
}

static void test_optional_ones_are_taken(void **state)
{
    (void)state;
    (void)setenv("redshift_workgroup", "dw-serverless", 1);
    (void)setenv("redshift_database", "dev", 1);
    (void)setenv("retry_hours", "168", 1);
    (void)setenv("landing_grace_minutes", "10080", 1);
    (void)setenv("postgres_host", " db-1.abc.eu-west-1.rds.amazonaws.com ", 1);
    (void)setenv("postgres_port", "65535", 1);
    (void)setenv("postgres_database", "Configuration \xC3\xA9", 1);
    struct settings settings = must_read(SETTINGS_REDSHIFT | SETTINGS_RETRY | SETTINGS_POSTGRES);
    assert_text(settings.postgres.host, "db-1.abc.eu-west-1.rds.amazonaws.com");
    assert_int_equal(settings.postgres.port, 65535);
    assert_text(settings.postgres.database, "Configuration \xC3\xA9");
    (void)setenv("postgres_host", "2001:db8::1", 1);
    assert_text(must_read(SETTINGS_POSTGRES).postgres.host, "2001:db8::1");
    assert_text(settings.redshift.workgroup, "dw-serverless");
    assert_text(settings.redshift.database, "dev");
    assert_int_equal(settings.retry.hours, 168);
    assert_int_equal(must_read(SETTINGS_SEARCH).search.grace_minutes, 10080);
    (void)unsetenv("redshift_workgroup");
    (void)setenv("redshift_cluster", "dw-1", 1);
    assert_text(must_read(SETTINGS_REDSHIFT).redshift.cluster, "dw-1");
    (void)setenv("retry_hours", "", 1);
    assert_int_equal(must_read(SETTINGS_RETRY).retry.hours, 6);
}

/* A concern needs its own variables, and none of another's. */
static void test_a_program_needs_the_variables_of_its_concerns_only(void **state)
{
    (void)state;
    unset_all();
    struct settings none = must_read(0);
    assert_int_equal(none.folders.archive.size, 0);
    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        set_again();
        (void)unsetenv(variables[i].name);
        (void)must_read(ALL & ~variables[i].concern);
        if (variables[i].is_required) {
            assert_refused(variables[i].concern, variables[i].name);
            assert_refused(ALL, variables[i].name);
            (void)setenv(variables[i].name, "  ", 1);
            (void)must_read(ALL & ~variables[i].concern);
            assert_refused(variables[i].concern, variables[i].name);
        }
    }
    unset_all();
    (void)setenv("archive_folder", "done", 1);
    (void)setenv("processing_folder", "private", 1);
    assert_text(must_read(SETTINGS_FOLDERS).folders.archive, "done");
    assert_refused(SETTINGS_FOLDERS | SETTINGS_AWS, "AWS_REGION");
}

static const struct {
    unsigned concern;
    const char *name;
    const char *value;
} malformed[] = {
    {SETTINGS_AWS, "region", "eu-west-1.example.com/"},
    {SETTINGS_AWS, "region", "EU-WEST-1"},
    {SETTINGS_AWS, "AWS_ENDPOINT_URL", "localhost:4566"},
    {SETTINGS_AWS, "AWS_ENDPOINT_URL_SNS", "https://user@host"},
    {SETTINGS_POSTGRES, "postgres_host", "a host"},
    {SETTINGS_POSTGRES, "postgres_host",
     "host\n"
     "port=1"},
    {SETTINGS_POSTGRES, "postgres_host", "one,two"},
    {SETTINGS_POSTGRES, "postgres_host", "/run/postgresql"},
    {SETTINGS_POSTGRES, "postgres_host", "postgres://host"},
    {SETTINGS_POSTGRES, "postgres_host", "host:5432"},
    {SETTINGS_POSTGRES, "postgres_host", LONG "." LONG "." LONG "." LONG},
    {SETTINGS_POSTGRES, "postgres_port", "0"},
    {SETTINGS_POSTGRES, "postgres_port", "65536"},
    {SETTINGS_POSTGRES, "postgres_port", "-1"},
    {SETTINGS_POSTGRES, "postgres_port", "54 32"},
    {SETTINGS_POSTGRES, "postgres_port", "postgres"},
    {SETTINGS_POSTGRES, "postgres_database", LONG "d"},
    {SETTINGS_POSTGRES, "postgres_database", "a\tb"},
    {SETTINGS_POSTGRES, "postgres_database", "a\x7F"},
    {SETTINGS_REDSHIFT, "redshift_cluster", "dw.abc.eu-west-1.redshift.amazonaws.com"},
    {SETTINGS_REDSHIFT, "redshift_cluster", "arn:aws:redshift:eu-west-1:1:cluster:dw"},
    {SETTINGS_REDSHIFT, "redshift_cluster", LONG "d"},
    {SETTINGS_REDSHIFT, "redshift_database", LONG LONG "dd"},
    {SETTINGS_REDSHIFT, "redshift_database", "dev\nx"},
    {SETTINGS_TABLES, "postgres_config_table", "EXT_FILE_CONFIG"},
    {SETTINGS_TABLES, "postgres_config_table", ".EXT_FILE_CONFIG"},
    {SETTINGS_TABLES, "postgres_config_table", "RDSCNFG."},
    {SETTINGS_TABLES, "postgres_config_audit_table", "db.rdscnfg.ext_file_audit"},
    {SETTINGS_TABLES, "postgres_config_audit_table", "rdscnfg.\xFF"},
    {SETTINGS_TABLES, "postgres_config_table",
     "s.a123456789b123456789c123456789d123456789e123456789f123456789"},
    {SETTINGS_TABLES, "timezone", "Europe/Berlin'; drop table x"},
    {SETTINGS_TABLES, "timezone", " "},
    {SETTINGS_FOLDERS, "archive_folder", "///"},
    {SETTINGS_FOLDERS, "processing_folder", "/"},
    {SETTINGS_RETRY, "retry_hours", "0"},
    {SETTINGS_RETRY, "retry_hours", "169"},
    {SETTINGS_RETRY, "retry_hours", "1.5"},
    {SETTINGS_RETRY, "retry_hours", "6h"},
    {SETTINGS_SEARCH, "landing_grace_minutes", "0"},
    {SETTINGS_SEARCH, "landing_grace_minutes", "10081"},
    {SETTINGS_SEARCH, "landing_grace_minutes", "half an hour"},
    {SETTINGS_NOTIFICATION, "sns_topic_arn", "files"},
    {SETTINGS_LOAD, "iam_role", "role/copy"},
    {SETTINGS_LOAD, "threshold_file_size_bytes", "50 MB"},
    {SETTINGS_LOAD, "threshold_file_size_bytes", "-1"},
};

static void test_a_malformed_variable_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        set_again();
        (void)setenv(malformed[i].name, malformed[i].value, 1);
        assert_refused(malformed[i].concern, malformed[i].name);
        (void)must_read(ALL & ~malformed[i].concern);
    }
    set_again();
    (void)setenv("processing_folder", "archive", 1);
    assert_refused(SETTINGS_FOLDERS, "different folders");
    (void)setenv("redshift_cluster", "dw", 1);
    (void)setenv("redshift_workgroup", "wg", 1);
    assert_refused(SETTINGS_REDSHIFT, "redshift_cluster and redshift_workgroup are both set");
}

static void test_arns_of_every_partition(void **state)
{
    static const char *const partitions[] = {"aws", "aws-cn", "aws-us-gov", "aws-eusc"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(partitions); i++) {
        struct slice topic = arena_format(&arena, "arn:%s:sns:x:1:files", partitions[i]);
        struct slice role = arena_format(&arena, "arn:%s:iam::1:role/copy", partitions[i]);
        (void)setenv("sns_topic_arn", topic.data, 1);
        (void)setenv("iam_role", role.data, 1);
        struct settings settings = must_read(SETTINGS_NOTIFICATION | SETTINGS_LOAD);
        assert_text(settings.notification.topic_arn, topic.data);
        assert_text(settings.load.iam_role, role.data);
    }
}

static void test_folders_leave_room_for_the_rest_of_a_key(void **state)
{
    char folder[502];
    (void)state;
    memset(folder, 'f', sizeof(folder));
    folder[501] = '\0';
    (void)setenv("archive_folder", folder, 1);
    assert_refused(SETTINGS_FOLDERS, "archive_folder has 501 bytes");
}

static void test_the_file_id_stands_where_redshift_still_shows_it(void **state)
{
    struct folder_settings settings;
    struct strbuf url = STRBUF_INIT;
    struct error err;
    char folder[256] = "";
    (void)state;
    for (size_t size = 1; size < sizeof(folder); size++) {
        memset(folder, 'f', size);
        (void)setenv("processing_folder", folder, 1);
        strbuf_clear(&url);
        strbuf_append_format(&url, "s3://%063d/%s/%036d/data-", 0, folder, 0);
        assert_int_equal(folder_settings_read(&settings, &err), url.size <= 256 ? 0 : -1);
    }
    assert_refused(SETTINGS_FOLDERS, "environment variable processing_folder has 255 bytes; this "
                                     "folder's name may have 144");
    strbuf_release(&url);
}

static void test_hostile_table_names_stay_names(void **state)
{
    struct table_settings settings;
    struct error err;
    (void)state;
    (void)setenv("postgres_config_table", "r\"; drop.t\"x", 1);
    assert_int_equal(table_settings_read(&arena, &settings, &err), 0);
    assert_text(settings.config, "\"r\"\"; drop\".\"t\"\"x\"");
    assert_text(settings.detail, "\"r\"\"; drop\".\"t\"\"x_dtl\"");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, release_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_all_is_read_trimmed_and_folded),
        CASE(test_what_may_be_left_out_has_defaults),
        CASE(test_optional_ones_are_taken),
        CASE(test_a_program_needs_the_variables_of_its_concerns_only),
        CASE(test_a_malformed_variable_is_named),
        CASE(test_arns_of_every_partition),
        CASE(test_folders_leave_room_for_the_rest_of_a_key),
        CASE(test_the_file_id_stands_where_redshift_still_shows_it),
        CASE(test_hostile_table_names_stay_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
