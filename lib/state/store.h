/*
 * The tables of units of work in Postgres (sql/postgres/003_file_state.sql), and how their SQL is
 * run: each statement is a file of sql/, with values by name (:'file_id') and tables by name
 * (:"file"), as psql has them, so that a DBA can read and run it.
 */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include "pg/pg.h"

/* Quoted for SQL; borrowed. */
struct state_tables {
    struct slice file;
    struct slice history;
    struct slice statement;
    struct slice due; /* a view */
    struct slice landing;
    struct slice audit;
    struct slice interface;
    struct slice timezone; /* of audit rows and of names in the archive */
};

struct state_store {
    struct pg *pg; /* borrowed */
    struct state_tables tables;
};

/* One value by its name in the .sql file. */
struct state_value {
    const char *name;
    struct pg_value value;
};

/* An embedded .sql file; `purpose` names it in errors: "claim the file". */
struct state_sql {
    const char *purpose;
    const char *text;
};

/*
 * Runs the statement. Each name in the text must have a value, and is bound once; values that the
 * text does not name are not sent. `result` may be NULL.
 */
int state_run(const struct state_store *store, const struct state_sql *sql,
              const struct state_value *values, size_t count, struct arena *arena,
              struct pg_result *result, struct error *err);

#endif
