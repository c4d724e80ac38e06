#include "services/table_settings.h"

#include "base/array.h"
#include "base/sql_quote.h"
#include "services/setting.h"

#include "base/banned.h"

/* Postgres cuts longer names silently; of a table's, "_dtl" must still fit. */
#define POSTGRES_NAME_LIMIT 63
#define TABLE_NAME_LIMIT (POSTGRES_NAME_LIMIT - 4)
#define TIMEZONE_LIMIT 64

struct table_name {
    struct slice schema;
    struct slice table;
};

static int read_table_name(const char *variable, struct table_name *name, struct error *err)
{
    struct slice value;
    if (setting_require(variable, &value, err) != 0) {
        return -1;
    }
    if (!slice_cut(value, '.', &name->schema, &name->table) || name->schema.size == 0 ||
        name->table.size == 0 || slice_find(name->table, '.') != SLICE_NONE) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s must be schema.table, not \"%.*s\"", variable,
                         SLICE_ARG(slice_take(value, 100)));
    }
    if (name->schema.size > POSTGRES_NAME_LIMIT || name->table.size > TABLE_NAME_LIMIT) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s: a schema's name may have %d bytes, a table's %d",
                         variable, POSTGRES_NAME_LIMIT, TABLE_NAME_LIMIT);
    }
    return 0;
}

static int read_tables(struct arena *arena, struct table_settings *settings, struct error *err)
{
    struct table_name config;
    struct table_name audit;
    if (read_table_name("postgres_config_table", &config, err) != 0 ||
        read_table_name("postgres_config_audit_table", &audit, err) != 0) {
        return -1;
    }
    const struct {
        struct slice schema;
        struct slice table;
        const char *suffix;
        struct slice *quoted;
    } tables[] = {
        {config.schema, config.table, "", &settings->config},
        {config.schema, config.table, "_dtl", &settings->detail},
        {config.schema, SLICE("ext_interface"), "", &settings->interface},
        {config.schema, SLICE("ext_file"), "", &settings->file},
        {config.schema, SLICE("ext_file_history"), "", &settings->history},
        {config.schema, SLICE("ext_statement"), "", &settings->statement},
        {config.schema, SLICE("ext_due"), "", &settings->due},
        {config.schema, SLICE("ext_landing"), "", &settings->landing},
        {audit.schema, audit.table, "", &settings->audit},
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct slice name = arena_format(arena, "%.*s.%.*s%s", SLICE_ARG(tables[i].schema),
                                         SLICE_ARG(tables[i].table), tables[i].suffix);
        if (sql_quote_copy(arena, sql_quote_dotted, name, tables[i].quoted, err) != 0) {
            return error_prefix(err, "postgres_config_table or postgres_config_audit_table");
        }
    }
    return 0;
}

/* Whether the zone exists, Postgres knows; that it looks like one shows here already. */
static int read_timezone(struct slice *timezone, struct error *err)
{
    *timezone = setting_get("timezone", "UTC");
    if (timezone->size == 0 || timezone->size > TIMEZONE_LIMIT ||
        !setting_is_made_of(*timezone, SLICE("/_+-"))) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable timezone is \"%.*s\", which is no zone's name, such "
                         "as Europe/Berlin",
                         SLICE_ARG(slice_take(*timezone, 100)));
    }
    return 0;
}

int table_settings_read(struct arena *arena, struct table_settings *settings, struct error *err)
{
    return read_tables(arena, settings, err) != 0 ? -1 : read_timezone(&settings->timezone, err);
}
