#include "services/settings.h"

#include "aws/aws_endpoint.h"
#include "base/array.h"
#include "base/env.h"
#include "base/sql_quote.h"

#include "base/banned.h"

#define FILE_SIZE_HIGHEST ((int64_t)50 * 1000 * 1000 * 1000 * 1000) /* S3's largest object */
/* Postgres cuts longer names silently; of a table's, "_dtl" must still fit. */
#define POSTGRES_NAME_LIMIT 63
#define TABLE_NAME_LIMIT (POSTGRES_NAME_LIMIT - 4)
#define FOLDER_LIMIT 500 /* bytes: half a key stays for names, times and ids */
/* Redshift cuts names of objects at 256 bytes in its load errors, and the file id must be in them:
 * s3://<bucket, up to 63>/<folder>/<id, 36>/data- */
#define PROCESSING_FOLDER_LIMIT (256 - 5 - 63 - 1 - 1 - 36 - 6)
#define RETRY_HOURS_DEFAULT 6
#define RETRY_HOURS_LIMIT 168 /* a week */

static int read_required(const char *name, struct slice *value, struct error *err)
{
    const char *text;
    if (env_require(name, &text, err) != 0) {
        return -1;
    }
    *value = slice_trim(slice_from(text));
    if (value->size == 0) {
        return error_set(err, ERROR_CONFIGURATION, "environment variable %s is blank", name);
    }
    return 0;
}

static void read_optional(const char *name, const char *fallback, struct slice *value)
{
    *value = slice_trim(slice_from(env_get(name, fallback)));
}

static int read_arn(const char *name, struct slice *value, struct error *err)
{
    if (read_required(name, value, err) != 0) {
        return -1;
    }
    if (!slice_starts_with(*value, SLICE("arn:"))) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s must be an ARN (arn:aws:...)", name);
    }
    return 0;
}

static int read_folder(const char *name, size_t limit, struct slice *value, struct error *err)
{
    if (read_required(name, value, err) != 0) {
        return -1;
    }
    while (slice_starts_with(*value, SLICE("/"))) {
        *value = slice_skip(*value, 1);
    }
    while (slice_ends_with(*value, SLICE("/"))) {
        value->size--;
    }
    if (value->size == 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s must name a folder of the bucket", name);
    }
    if (value->size > limit) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s has %zu bytes; this folder's name may have %zu",
                         name, value->size, limit);
    }
    return 0;
}

/* Appends "schema"."table", with `suffix` after the table's name. */
static int quote_table(struct arena *arena, struct slice schema, struct slice table,
                       const char *suffix, struct slice *quoted, struct error *err)
{
    struct slice name =
        arena_format(arena, "%.*s.%.*s%s", SLICE_ARG(schema), SLICE_ARG(table), suffix);
    return sql_quote_copy(arena, sql_quote_dotted, name, quoted, err);
}

static int read_table_name(const char *name, struct slice *schema, struct slice *table,
                           struct error *err)
{
    struct slice value;
    if (read_required(name, &value, err) != 0) {
        return -1;
    }
    if (!slice_cut(value, '.', schema, table) || schema->size == 0 || table->size == 0 ||
        slice_find(*table, '.') != SLICE_NONE) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s must be schema.table, not \"%.*s\"", name,
                         SLICE_ARG(slice_take(value, 100)));
    }
    if (schema->size > POSTGRES_NAME_LIMIT || table->size > TABLE_NAME_LIMIT) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s: a schema's name may have %d bytes, a table's %d",
                         name, POSTGRES_NAME_LIMIT, TABLE_NAME_LIMIT);
    }
    return 0;
}

static int read_tables(struct arena *arena, struct settings *settings, struct error *err)
{
    struct slice schema;
    struct slice table;
    struct slice audit_schema;
    struct slice audit_table;
    if (read_table_name("postgres_config_table", &schema, &table, err) != 0 ||
        read_table_name("postgres_config_audit_table", &audit_schema, &audit_table, err) != 0) {
        return -1;
    }
    const struct {
        struct slice schema;
        struct slice table;
        const char *suffix;
        struct slice *quoted;
    } tables[] = {
        {schema, table, "", &settings->config_table},
        {schema, table, "_dtl", &settings->detail_table},
        {schema, SLICE("ext_interface"), "", &settings->interface_table},
        {schema, SLICE("ext_file"), "", &settings->file_table},
        {schema, SLICE("ext_file_history"), "", &settings->history_table},
        {schema, SLICE("ext_statement"), "", &settings->statement_table},
        {schema, SLICE("ext_due"), "", &settings->due_view},
        {audit_schema, audit_table, "", &settings->audit_table},
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        if (quote_table(arena, tables[i].schema, tables[i].table, tables[i].suffix,
                        tables[i].quoted, err) != 0) {
            return error_prefix(err, "postgres_config_table or postgres_config_audit_table");
        }
    }
    return 0;
}

/* Is every byte a letter, a digit or one of `others`? */
static bool is_made_of(struct slice text, struct slice others)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9');
        if (!is_plain && slice_find(others, byte) == SLICE_NONE) {
            return false;
        }
    }
    return true;
}

/* The region becomes part of host names. */
static int read_region(struct settings *settings, struct error *err)
{
    read_optional("region", env_get("AWS_REGION", ""), &settings->region);
    if (settings->region.size == 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable region is not set, and AWS_REGION neither");
    }
    if (!aws_endpoint_is_region(settings->region)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable region is \"%.*s\", which is no region's name",
                         SLICE_ARG(slice_take(settings->region, 100)));
    }
    return 0;
}

/* Whether the zone exists, Postgres knows; that it looks like one shows here already. */
static int read_timezone(struct settings *settings, struct error *err)
{
    read_optional("timezone", "UTC", &settings->timezone);
    if (settings->timezone.size == 0 || settings->timezone.size > 64 ||
        !is_made_of(settings->timezone, SLICE("/_+-"))) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable timezone is \"%.*s\", which is no zone's name, such "
                         "as Europe/Berlin",
                         SLICE_ARG(slice_take(settings->timezone, 100)));
    }
    return 0;
}

int settings_read(struct arena *arena, struct settings *settings, struct error *err)
{
    int64_t threshold;
    *settings = (struct settings){0};
    if (read_required("secret_postgres", &settings->secret_postgres, err) != 0 ||
        read_required("secret_redshift", &settings->secret_redshift, err) != 0 ||
        read_arn("sns_topic_arn", &settings->sns_topic_arn, err) != 0 ||
        read_arn("iam_role", &settings->iam_role, err) != 0 ||
        read_folder("archive_folder", FOLDER_LIMIT, &settings->archive_folder, err) != 0 ||
        read_folder("processing_folder", PROCESSING_FOLDER_LIMIT, &settings->processing_folder,
                    err) != 0 ||
        read_tables(arena, settings, err) != 0 || read_region(settings, err) != 0 ||
        read_timezone(settings, err) != 0 || aws_endpoint_check_environment(err) != 0 ||
        env_number("threshold_file_size_bytes", 0, FILE_SIZE_HIGHEST, 0, &threshold, err) != 0 ||
        env_number("retry_hours", 1, RETRY_HOURS_LIMIT, RETRY_HOURS_DEFAULT, &settings->retry_hours,
                   err) != 0) {
        return -1;
    }
    if (slice_equal(settings->archive_folder, settings->processing_folder)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "archive_folder and processing_folder must be different folders");
    }
    settings->threshold_file_size_bytes = (uint64_t)threshold;
    read_optional("custom_error_msg", "", &settings->custom_error_msg);
    read_optional("redshift_workgroup", "", &settings->redshift_workgroup);
    read_optional("redshift_database", "", &settings->redshift_database);
    return 0;
}
