/*
 * What both functions are told by their environment: the Python framework's variables, by the same
 * lower-case names, and three new ones. README.md has the reference.
 */
#ifndef SERVICES_SETTINGS_H
#define SERVICES_SETTINGS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct settings {
    struct slice secret_postgres; /* name or ARN */
    struct slice secret_redshift;
    struct slice sns_topic_arn;
    struct slice iam_role;          /* that COPY assumes */
    struct slice archive_folder;    /* without slashes at its ends */
    struct slice processing_folder; /* likewise */
    struct slice region;
    struct slice custom_error_msg; /* may be empty */
    struct slice timezone;         /* of audit rows and archive names; default UTC */
    uint64_t threshold_file_size_bytes;
    int64_t retry_hours; /* how long temporary failures are retried before the file fails */
    struct slice redshift_workgroup; /* empty: the cluster that the secret names */
    struct slice redshift_database;  /* empty: the database that the secret names */

    /* Tables in Postgres, quoted for SQL. */
    struct slice config_table;
    struct slice detail_table;
    struct slice interface_table;
    struct slice audit_table;
    struct slice file_table;
    struct slice history_table;
    struct slice statement_table;
    struct slice due_view;
};

/* Reads and checks all; slices are valid for as long as the arena. ERROR_CONFIGURATION names the
 * variable that is missing or wrong. */
int settings_read(struct arena *arena, struct settings *settings, struct error *err);

#endif
