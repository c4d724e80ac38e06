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
#include "services/settings.h"
#include "state/store.h"

static struct state_store store;
static struct config_tables config_tables;

/* The tables that the environment names now. */
static inline void name_tables(struct fixture *f)
{
    struct settings settings;
    assert_int_equal(settings_read(&f->arena, &settings, &f->err), 0);
    store = (struct state_store){.pg = &f->pg,
                                 .tables = {.file = settings.file_table,
                                            .history = settings.history_table,
                                            .statement = settings.statement_table,
                                            .due = settings.due_view,
                                            .audit = settings.audit_table,
                                            .interface = settings.interface_table,
                                            .timezone = settings.timezone}};
    config_tables = (struct config_tables){
        .config = settings.config_table,
        .detail = settings.detail_table,
        .interface = settings.interface_table,
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
                "rdscnfg.ext_file_config_dtl "
                "restart identity");
    return 0;
}

#define CASE_TABLES(test) cmocka_unit_test_setup_teardown(test, set_up_tables, tear_down)

#endif
