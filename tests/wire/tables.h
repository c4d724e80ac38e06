/*
 * The tables of sql/postgres on a real server, named as the functions have them named: by their
 * environment. CASE_TABLES gives each test empty ones.
 */
#ifndef WIRE_TABLES_H
#define WIRE_TABLES_H

#include "unit/unit.h"
#include "unit/variables.h"
#include "wire/real_postgres.h"

#include "config/file_config.h"
#include "services/table_settings.h"
#include "state/store.h"

static struct state_store store;
static struct config_tables config_tables;

/* The tables that the environment names now. */
static inline void name_tables(struct fixture *f)
{
    struct table_settings tables;
    assert_int_equal(table_settings_read(&f->arena, &tables, &f->err), 0);
    store = (struct state_store){.pg = &f->pg,
                                 .tables = {.file = tables.file,
                                            .history = tables.history,
                                            .statement = tables.statement,
                                            .due = tables.due,
                                            .landing = tables.landing,
                                            .audit = tables.audit,
                                            .interface = tables.interface,
                                            .timezone = tables.timezone}};
    config_tables = (struct config_tables){
        .config = tables.config,
        .detail = tables.detail,
        .interface = tables.interface,
        .landing = tables.landing,
    };
}

static inline void must_run(struct fixture *f, const char *sql)
{
    if (run(f, &f->pg, sql) != 0) {
        fail_msg("%s: %s", sql, f->err.message);
    }
}

static inline void assert_tells(struct fixture *f, const char *sql, const char *expected)
{
    assert_string_equal(ask_text(f, &f->pg, sql), expected);
}

static inline int set_up_tables(void **state)
{
    (void)set_up(state);
    struct fixture *f = *state;
    set_complete();
    name_tables(f);
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement, "
                "rdscnfg.ext_file_audit, rdscnfg.ext_interface, rdscnfg.ext_file_config, "
                "rdscnfg.ext_file_config_dtl, rdscnfg.ext_landing "
                "restart identity");
    return 0;
}

#define CASE_TABLES(test) cmocka_unit_test_setup_teardown(test, set_up_tables, tear_down)

#endif
