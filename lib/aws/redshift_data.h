/*
 * The Redshift Data API: statements are handed over, run by themselves, and asked after. That a
 * statement was taken says nothing about its outcome. Statements and results are kept for 24 hours.
 *
 * Source: Amazon Redshift Data API reference, 2019-12-20.
 */
#ifndef AWS_REDSHIFT_DATA_H
#define AWS_REDSHIFT_DATA_H

#include "aws/aws_call.h"

#define REDSHIFT_SQL_LIMIT 100000 /* bytes of a statement */
#define REDSHIFT_BATCH_LIMIT 40   /* statements of a batch */
#define REDSHIFT_NAME_LIMIT 500   /* bytes of a statement's name */
#define REDSHIFT_TOKEN_LIMIT 64   /* bytes of a client token */
#define REDSHIFT_ROWS_UNKNOWN (-1)

/* Where statements run, and as whom. Either a cluster or a workgroup; a login by secret, by
 * database user (cluster only), or by neither: the caller's IAM identity. */
struct redshift_target {
    struct slice cluster;
    struct slice workgroup;
    struct slice database;
    struct slice secret_arn;
    struct slice db_user;
};

/* --- ExecuteStatement, BatchExecuteStatement --- */

struct redshift_execute_options {
    const struct redshift_target *target;
    const struct slice *statements; /* one; or, for a batch, the statements of one transaction */
    size_t count;
    struct slice name;         /* StatementName; empty: none */
    struct slice client_token; /* the same token gives the same statement for 8 hours */
    bool with_event;           /* EventBridge is told of its end */
};

/* ExecuteStatement for one statement, BatchExecuteStatement in one transaction for more.
 * ERROR_CONFIGURATION: the target does not fit together; ERROR_LIMIT: a statement, their number,
 * name or token is over its limit. */
int redshift_execute_request(const struct redshift_execute_options *options, struct arena *arena,
                             struct aws_request *request, struct error *err);
/* The Id of the statement. */
int redshift_execute_parse(struct slice body, struct arena *arena, struct slice *id,
                           struct error *err);
/* err->code: no cluster or workgroup answers at the target, and so no try was taken. */
#define REDSHIFT_NO_ENDPOINT SLICE("NoEndpoint")

/* Is repeated after an unknown outcome only if there is a client token. The error is retryable as
 * long as the statement may have been taken, whatever the last try met, and if it passes by itself.
 * So does a cluster without an endpoint (REDSHIFT_NO_ENDPOINT): it is paused, being restored or
 * resumed, or does not exist, which cannot be told apart. */
int redshift_execute(struct aws_client *client, const struct redshift_execute_options *options,
                     struct arena *arena, struct slice *id, struct error *err);

/* --- DescribeStatement --- */

enum redshift_status {
    REDSHIFT_SUBMITTED,
    REDSHIFT_PICKED,
    REDSHIFT_STARTED,
    REDSHIFT_UNKNOWN, /* the service has lost sight of it: not an end, ask again */
    REDSHIFT_FINISHED,
    REDSHIFT_FAILED,
    REDSHIFT_ABORTED,
};

const char *redshift_status_name(enum redshift_status status);
/* FINISHED, FAILED or ABORTED? */
bool redshift_status_is_end(enum redshift_status status);

struct redshift_part {
    struct slice id; /* "<id of the batch>:1" …, for redshift_result */
    enum redshift_status status;
    struct slice error;
    int64_t rows;     /* or REDSHIFT_ROWS_UNKNOWN */
    int64_t query_id; /* of the system tables; -1: not known */
    bool has_result;
};

struct redshift_statement {
    struct slice id;
    enum redshift_status status;
    struct slice error; /* of a failed one */
    int64_t created_ms;
    int64_t updated_ms;
    int64_t rows; /* or REDSHIFT_ROWS_UNKNOWN */
    bool has_result;
    int64_t query_id;                  /* -1: not known */
    const struct redshift_part *parts; /* of a batch, in order */
    size_t part_count;
};

int redshift_describe_request(struct slice id, struct arena *arena, struct aws_request *request,
                              struct error *err);
int redshift_describe_parse(struct slice body, struct arena *arena,
                            struct redshift_statement *statement, struct error *err);
/* ERROR_NOT_FOUND: 24 hours old, unknown, or of another role. */
int redshift_describe(struct aws_client *client, struct slice id, struct arena *arena,
                      struct redshift_statement *statement, struct error *err);

/* --- ListStatements, CancelStatement --- */

struct redshift_list_entry {
    struct slice id;
    struct slice name;
    enum redshift_status status;
    int64_t created_ms;
};

struct redshift_list {
    struct redshift_list_entry *entries; /* the newest first */
    size_t count;
    struct slice next_token;
};

/* Statements whose name begins with `prefix`, of any status, of the caller's own role. */
int redshift_list_request(struct slice prefix, struct slice next_token, struct arena *arena,
                          struct aws_request *request, struct error *err);
int redshift_list_parse(struct slice body, struct arena *arena, struct redshift_list *list,
                        struct error *err);
int redshift_list(struct aws_client *client, struct slice prefix, struct slice next_token,
                  struct arena *arena, struct redshift_list *list, struct error *err);

#endif
