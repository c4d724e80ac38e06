/*
 * The statements of one load and of one transformation. Each batch is one transaction that first
 * locks the ledger of the target table, so that a file enters a table once, whatever is repeated:
 *
 *     1 LOCK the ledger      before anything takes a snapshot
 *     2 guard                raises when the ledger knows the file
 *     3 CREATE TEMP TABLE    with the target's columns that the file has
 *     4 COPY into it
 *     5 balance              raises unless the rows are as many as were promised
 *     6 INSERT into target   with the file's name and the load id
 *     7 INSERT into ledger
 *
 * The ledger of schema.table is schema.table_ledger (sql/redshift says what is in it).
 */
#ifndef REDSHIFT_LOAD_BATCH_H
#define REDSHIFT_LOAD_BATCH_H

#include "redshift/copy_sql.h"
#include "redshift/statement_name.h"

#include "base/arena.h"

#define BATCH_STATEMENTS_LIMIT 40    /* Redshift Data API */
#define BATCH_STATEMENT_BYTES 100000 /* of one statement; Redshift Data API */
#define BATCH_FILE_NAME_LIMIT 300    /* bytes of the file name that rows carry */

enum load_statement {
    LOAD_LOCK,
    LOAD_GUARD,
    LOAD_TEMPORARY,
    LOAD_COPY,
    LOAD_BALANCE,
    LOAD_INSERT,
    LOAD_RECORD,
    LOAD_STATEMENTS,
};

struct batch_file {
    struct slice file_id; /* also the load id */
    struct slice file_name;
    struct slice schema;
    struct slice table;
    uint64_t number; /* load_no or transform_no */
};

#define LOAD_ROWS_UNKNOWN (-1) /* nobody promised a count: at least one row must come */

struct load_batch {
    struct batch_file file;
    /* Empty: "file_name". A file that has a column of that name keeps its own, and its rows get the
     * file's name where it is null, as the Python framework did it. */
    struct slice file_name_column;
    struct slice load_id_column; /* empty: none */
    int64_t expected_rows;       /* or LOAD_ROWS_UNKNOWN */
    struct copy_sql copy;        /* its `table` is set here */
};

/* Fills `statements` with text in the arena. */
int load_batch_build(struct arena *arena, const struct load_batch *batch,
                     struct slice statements[LOAD_STATEMENTS], struct error *err);

/* Makes the batch of an earlier load that of `file->number`: what it does stays as it was built,
 * whatever became of the configuration. */
int load_batch_renumber(struct arena *arena, const struct batch_file *file,
                        struct slice statements[LOAD_STATEMENTS], struct error *err);

/* Where our own statements stand in the batch of a transformation; the ledger row is the last. */
enum transform_statement {
    TRANSFORM_LOCK,
    TRANSFORM_GUARD,
    TRANSFORM_QUERY, /* its first; as many as it has */
};

struct transform_batch {
    struct batch_file file;
    struct slice query; /* one or more statements; may use :file_name, :load_id, :from and :to */
    struct slice from;  /* text of the timestamps of the load */
    struct slice to;
};

/* LOCK, guard, the statements of the query, ledger row; *statements in the arena. */
int transform_batch_build(struct arena *arena, const struct transform_batch *batch,
                          struct slice **statements, size_t *count, struct error *err);

/* Asks the ledger whether the file was loaded, or transformed: one row with how often, and the rows
 * that the load brought. */
int ledger_question(struct arena *arena, const struct batch_file *file, enum statement_kind kind,
                    struct slice *sql, struct error *err);

#endif
