/* The environment variables of the functions, complete and right. Include it after unit/unit.h. */
#ifndef UNIT_VARIABLES_H
#define UNIT_VARIABLES_H

static const struct variable {
    const char *name;
    const char *value;
} complete[] = {
    {"secret_postgres", "postgres/config"},
    {"secret_redshift", " arn:aws:secretsmanager:eu-west-1:1:secret:dw "},
    {"sns_topic_arn", "arn:aws:sns:eu-west-1:1:files"},
    {"postgres_config_table", "RDSCNFG.EXT_FILE_CONFIG"},
    {"postgres_config_audit_table", "RDSCNFG.EXT_FILE_AUDIT"},
    {"iam_role", "arn:aws:iam::1:role/copy"},
    {"archive_folder", "/archive/"},
    {"processing_folder", "work/processing"},
    {"region", "eu-west-1"},
    {"timezone", "Asia/Calcutta"},
    {"threshold_file_size_bytes", "50"},
    {"custom_error_msg", "Call 555-0100."},
};

static inline void set_complete(void)
{
    for (size_t i = 0; i < COUNT_OF(complete); i++) {
        (void)setenv(complete[i].name, complete[i].value, 1);
    }
}

#endif
