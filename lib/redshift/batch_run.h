/*
 * Batches of SQL as the Redshift Data API runs them: submitted and found again, or run to their end
 * as a question whose answer is waited for.
 */
#ifndef REDSHIFT_BATCH_RUN_H
#define REDSHIFT_BATCH_RUN_H

#include "aws/redshift_data.h"
#include "aws/redshift_result.h"
#include "redshift/statement_name.h"

struct batch {
    const struct redshift_target *target;
    const struct slice *statements;
    size_t count;
};

/*
 * Submits the batch; its end sends an event. `token` is the client token: the same one, within
 * eight hours, is the same statement.
 */
int batch_submit(struct aws_client *client, const struct batch *batch, struct slice name,
                 struct slice token, struct arena *arena, struct slice *statement_id,
                 struct error *err);

/* The newest statement of the last 24 hours whose name begins so; *statement_id is empty when there
 * is none. */
int batch_find(struct aws_client *client, struct slice name_prefix, struct arena *arena,
               struct slice *statement_id, struct error *err);

/* The statements of a batch as one JSON array, and back. */
struct slice batch_pack(struct arena *arena, const struct slice *statements, size_t count);
int batch_unpack(struct arena *arena, struct slice packed, struct slice **statements, size_t *count,
                 struct error *err);

/* Where a batch runs, as JSON, and back. */
struct slice batch_pack_target(struct arena *arena, const struct redshift_target *target);
int batch_unpack_target(struct arena *arena, struct slice packed, struct redshift_target *target,
                        struct error *err);

/* err->code: Redshift took the question and failed to answer it. The message holds its own words,
 * for failure_read; retryable if that failure passes by itself. */
#define REDSHIFT_NO_ANSWER SLICE("NoAnswer")

/*
 * Runs a batch as one transaction, without an event, and waits for the first page of its last
 * statement's result. ERROR_TIMEOUT (retryable) when there is none within `patience_ms` or before
 * the client's deadline. `token` is a client token, or empty: the same one finds a batch that was
 * asked before, so that questions do not pile up behind a lock. One that failed then is asked anew.
 */
int batch_ask(struct aws_client *client, const struct batch *batch, struct slice token,
              int64_t patience_ms, struct arena *arena, struct redshift_page *page,
              struct error *err);

#endif
