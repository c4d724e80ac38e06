/*
 * The ledger of a target table, <table>_ledger: which units of work are in it. Every batch locks it
 * before anything takes a snapshot, asks it whether the unit is in, and records it in the same
 * transaction, so that a unit enters a table once, whatever is repeated (sql/redshift has the
 * table). Pure.
 *
 * A number that is void was closed without effect: a batch that carries it can no longer do
 * anything. So an end that says "nothing happened" stays true.
 */
#ifndef REDSHIFT_LEDGER_SQL_H
#define REDSHIFT_LEDGER_SQL_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

#define LEDGER_FILE_NAME_LIMIT 300 /* bytes of the file name that rows carry */

/* One numbered statement of a unit of work. */
struct ledger_entry {
    struct slice work_id;
    struct slice file_name;
    struct slice schema; /* the target, whose ledger it is */
    struct slice table;
    struct slice kind; /* "load", "transform" … */
    uint64_t number;
};

/* All text is made in the arena; ERROR_CONFIGURATION names what cannot be quoted. */
int ledger_sql_target(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                      struct error *err); /* "schema"."table" */
int ledger_sql_lock(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                    struct error *err);
/* Fails with a division by zero when the unit is in, or this number is void. */
int ledger_sql_guard(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                     struct error *err);
/* The row of what the batch did; `counted` is a quoted table whose rows are counted, or empty. */
int ledger_sql_record(struct arena *arena, const struct ledger_entry *entry, struct slice counted,
                      struct slice *sql, struct error *err);
/* One row: how often the unit is in, and the rows that it brought. */
int ledger_sql_question(struct arena *arena, const struct ledger_entry *entry, struct slice *sql,
                        struct error *err);

enum ledger_close {
    LEDGER_CLOSE_LOCK,
    LEDGER_CLOSE_VOID, /* makes the number void, unless the unit is in */
    LEDGER_CLOSE_QUESTION,
    LEDGER_CLOSE_STATEMENTS,
};

int ledger_sql_close(struct arena *arena, const struct ledger_entry *entry,
                     struct slice sql[LEDGER_CLOSE_STATEMENTS], struct error *err);

#endif
