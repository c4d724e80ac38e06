/*
 * Loads and transformations handed to Redshift, and questions asked there and then.
 */
#ifndef REDSHIFT_REDSHIFT_LOAD_H
#define REDSHIFT_REDSHIFT_LOAD_H

#include "aws/redshift_data.h"
#include "redshift/manifest.h"
#include "redshift/statement_name.h"

struct redshift_batch {
    const struct redshift_target *target;
    const struct slice *statements;
    size_t count;
    struct statement_name name;
};

/*
 * Hands a batch over; its end sends an event. The client token follows from the statement's name
 * alone, so that the same batch handed over again is the same statement.
 */
int redshift_load_submit(struct aws_client *client, const struct redshift_batch *batch,
                         struct arena *arena, struct slice *statement_id, struct error *err);

/* The newest statement that was handed over as this file's, of this kind and number; *id is empty
 * when Redshift has none of the last 24 hours. */
int redshift_load_find(struct aws_client *client, const struct statement_name *name,
                       struct arena *arena, struct slice *id, struct error *err);

/* The statements of a batch as one JSON array, and back. */
void redshift_load_pack(struct strbuf *out, const struct slice *statements, size_t count);
int redshift_load_unpack(struct arena *arena, struct slice packed, struct slice **statements,
                         size_t *count, struct error *err);

/* Puts the manifest that names the one object. */
int redshift_load_put_manifest(struct aws_client *client, struct slice bucket, struct slice key,
                               struct slice manifest_key, struct arena *arena, struct error *err);

/* err->code: Redshift took the question and failed to answer it. The message holds its own words,
 * for failure_read; retryable if that failure passes by itself. */
#define REDSHIFT_NO_ANSWER SLICE("NoAnswer")

/*
 * Runs one question and waits for its answer: its first page. ERROR_TIMEOUT (retryable) when
 * there is none within `patience_ms` or before the client's deadline.
 */
int redshift_load_ask(struct aws_client *client, const struct redshift_target *target,
                      struct slice sql, int64_t patience_ms, struct arena *arena,
                      struct redshift_page *page, struct error *err);

#endif
