#include "pipelines/load/transform.h"

#include "base/log.h"
#include "redshift/failure.h"
#include "redshift/load_batch.h"
#include "redshift/redshift_load.h"
#include "redshift/sql_split.h"
#include "statement/hand_over.h"
#include "statement/ledger.h"

#include "base/banned.h"

#define TRANSFORMS_LIMIT 10

/* Our literals bring their own quotes. */
static void warn_of_quoted_parameters(struct slice statement)
{
    static const struct slice names[] = {SLICE_INIT("file_name"), SLICE_INIT("load_id"),
                                         SLICE_INIT("from"), SLICE_INIT("to")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (sql_split_has_quoted(statement, names[i])) {
            log_warn("the query has a parameter inside quotes, where it stays as it is: write it "
                     "without them",
                     LOG_TEXT("parameter", names[i]),
                     LOG_TEXT("statement", slice_take(statement, 100)));
        }
    }
}

static void warn_of_query(struct slice query)
{
    struct slice statement;
    while (sql_split_next(&query, &statement)) {
        warn_of_quoted_parameters(statement);
        if (sql_split_ends_transaction(statement)) {
            log_warn("the query ends its own transaction, so it may happen twice: use DELETE for "
                     "TRUNCATE, and leave COMMIT out",
                     LOG_TEXT("statement", slice_take(statement, 100)));
        }
    }
}

/* :from. A table may keep the time of its rows in whole seconds only. */
static struct slice from_of(const struct job *job)
{
    return slice_take(job->record.load_started_at, SLICE("2026-11-20 20:27:53").size);
}

static int build(struct job *job, int64_t number, struct slice **statements, size_t *count,
                 struct error *err)
{
    const struct transform_batch batch = {
        .file = {.file_id = job->record.file_id,
                 .file_name = job->file_name,
                 .schema = job->config.schema,
                 .table = job->config.table,
                 .number = (uint64_t)number},
        .query = job->config.query,
        .from = from_of(job),
        .to = job->record.load_ended_at,
    };
    warn_of_query(batch.query);
    return transform_batch_build(job->arena, &batch, statements, count, err);
}

/* Numbers a new transformation and stores its SQL, before it is handed over. */
static int number_transform(struct job *job, struct error *err)
{
    int64_t number = job->record.transform_no + 1;
    struct strbuf packed = STRBUF_INIT;
    struct slice *statements;
    size_t count;
    if (job_need_config(job, err) != 0 || build(job, number, &statements, &count, err) != 0) {
        return -1;
    }
    redshift_load_pack(&packed, statements, count);
    job->record.transform_sql = arena_copy(job->arena, strbuf_slice(&packed));
    strbuf_release(&packed);
    const struct file_value values[] = {
        FILE_NUMBER("transform_no", number),
        FILE_TEXT("transform_sql", job->record.transform_sql),
        FILE_NULL("transform_statement_id"),
    };
    struct file_change change = {
        .from = number > 1 ? FILE_FROM_TRANSFORMING : FILE_FROM(FILE_LOADED),
        .to = FILE_LOADED,
        .values = values,
        .value_count = sizeof(values) / sizeof(values[0]),
    };
    if (job_change(job, &change, err) != 0) {
        return -1;
    }
    job->record.transform_no = number;
    job->transform_is_new = true;
    return 0;
}

static int note_submission(struct job *job, struct slice statement_id, struct error *err)
{
    const struct file_value values[] = {FILE_TEXT("transform_statement_id", statement_id)};
    struct file_change change = {
        .to = FILE_TRANSFORMING,
        .values = values,
        .value_count = 1,
        .note = statement_id,
        .release = true,
    };
    bool done;
    log_info("transformation submitted", LOG_TEXT("statement", statement_id));
    return job_try_change(job, &change, &done, err);
}

/* The ended statement, seen from the file. */
struct ended {
    const struct redshift_statement *statement;
    struct slice error;
    bool is_guess;       /* Redshift does not know the statement */
    bool broke_at_guard; /* nothing was written, then */
};

static int end_transform(struct job *job, const struct ended *ended, enum file_state to,
                         struct slice reason, struct error *err)
{
    const struct redshift_statement *statement = ended->statement;
    reason = job_text(job, reason);
    const struct file_value values[] = {
        FILE_TEXT("transform_statement_id", statement->id),
        FILE_TIME("transform_started_at", statement->created_ms),
        /* Without it the file counts as given up: an outcome that does come is heard. */
        ended->is_guess && to == FILE_TRANSFORM_FAILED
            ? FILE_NULL("transform_ended_at")
            : FILE_TIME("transform_ended_at", statement->updated_ms),
        reason.size > 0 ? FILE_TEXT("reason", reason) : FILE_NULL("reason"),
        FILE_NULL("noticed_at"), /* an end that was told was not this one */
        FILE_NULL("cleaned_at"),
    };
    bool was_given_up = job->record.state == FILE_TRANSFORM_FAILED;
    struct file_change change = {
        .from = was_given_up ? FILE_FROM(FILE_TRANSFORM_FAILED) : FILE_FROM_TRANSFORMING,
        .to = to,
        .values = values,
        .value_count = sizeof(values) / sizeof(values[0]),
        .release = job->without_claim, /* whoever submitted it has nothing left to do */
        .note = reason.size > 0 ? reason : statement->id,
    };
    bool done;
    if (job_try_change(job, &change, &done, err) != 0) {
        return -1;
    }
    return job_reread(job, err);
}

/* A query that cannot be submitted ends the file: its rows are in staging. */
static int end_unsubmitted(struct job *job, const struct error *reason, struct error *err)
{
    struct slice text =
        job_text(job, arena_format(job->arena, "the transformation cannot be submitted: %s",
                                   reason->message));
    const struct file_value values[] = {FILE_TEXT("reason", text)};
    struct file_change change = {
        .to = FILE_TRANSFORM_FAILED,
        .values = values,
        .value_count = 1,
        .note = text,
        .release = job->without_claim, /* whoever submitted it before has nothing left to do */
    };
    if (job_change(job, &change, err) != 0) {
        return -1;
    }
    job->record.reason = text;
    return 0;
}

/* It happened, and Redshift has forgotten the statement: its times are not known. */
static int end_happened(struct job *job, struct error *err)
{
    int64_t now = clock_now_ms(job->services->clock);
    const struct redshift_statement unknown = {.created_ms = now, .updated_ms = now};
    const struct ended ended = {.statement = &unknown, .is_guess = true};
    log_info("the ledger knows the transformation: it has happened before");
    return end_transform(job, &ended, FILE_DONE, SLICE(""), err);
}

/* Redshift refuses it; but an attempt before may have handed it over. */
static int end_unless_taken(struct job *job, const struct error *reason, struct error *err)
{
    struct slice statement_id;
    int64_t rows;
    bool known;
    if (job->record.transform_no == 0 || job->transform_is_new) {
        return end_unsubmitted(job, reason, err);
    }
    if (hand_over_find(job, STATEMENT_TRANSFORM, job->record.transform_no, &statement_id, err) !=
        0) {
        return -1;
    }
    if (statement_id.size > 0) {
        return note_submission(job, statement_id, err);
    }
    if (ledger_find(job, STATEMENT_TRANSFORM, &known, &rows, err) != 0) {
        return -1;
    }
    return known ? end_happened(job, err) : end_unsubmitted(job, reason, err);
}

static int submit(struct job *job, struct error *err)
{
    struct slice statement_id;
    if (job->record.transform_no == 0 && number_transform(job, err) != 0) {
        return -1;
    }
    if (hand_over_batch(job, STATEMENT_TRANSFORM, job->record.transform_no,
                        job->record.transform_sql, &statement_id, err) != 0) {
        return error_prefix(err, "submitting the transformation");
    }
    job->transform_is_new = false;
    return note_submission(job, statement_id, err);
}

int transform_submit(struct job *job, struct error *err)
{
    struct error reason;
    if (job->record.state != FILE_LOADED) {
        return 0;
    }
    if (submit(job, &reason) == 0) {
        return 0;
    }
    if (!reason.retryable) {
        return end_unless_taken(job, &reason, err);
    }
    *err = reason;
    return -1;
}

/* ---- its outcome ----------------------------------------------------------------------------- */

/* Another transaction was in the way. What cannot be submitted again ends here, or is ended by
 * transform_submit. */
static int transform_again(struct job *job, const struct ended *ended, struct error *err)
{
    struct error refusal;
    log_warn("another transaction was in the way of the transformation: it is submitted again",
             LOG_TEXT("error", ended->error));
    if (number_transform(job, &refusal) == 0) {
        return transform_submit(job, err);
    }
    if (refusal.retryable) {
        *err = refusal;
        return -1;
    }
    return end_transform(job, ended, FILE_TRANSFORM_FAILED,
                         arena_format(job->arena,
                                      "another transaction was in the way of the transformation, "
                                      "which cannot be submitted again: %s",
                                      refusal.message),
                         err);
}

static int end_failed(struct job *job, const struct ended *ended, struct error *err)
{
    return end_transform(
        job, ended, FILE_TRANSFORM_FAILED,
        arena_format(job->arena, "the transformation failed: %.*s", SLICE_ARG(ended->error)), err);
}

/* The guard stopped it: because it has happened already, if the ledger says so, too. Or its own end
 * is known to the ledger only. */
static int confirm_in_ledger(struct job *job, const struct ended *ended, struct error *err)
{
    int64_t rows;
    bool known = true;
    struct error silence;
    bool says_no = failure_read(ended->error).kind == FAILURE_ASSERTION;
    if (ledger_knows(job, STATEMENT_TRANSFORM, says_no ? LEDGER_BRIEFLY : LEDGER_UNTIL_DEADLINE,
                     &known, &rows, &silence) != 0) {
        if (ended->broke_at_guard && !says_no && ledger_is_silent(&silence)) {
            return end_failed(job, ended, err);
        }
        if (!says_no) {
            *err = silence;
            return -1;
        }
        log_warn("the ledger stopped the transformation and cannot be asked", LOG_CAUSE(&silence));
    }
    if (known) {
        log_info("the ledger knows the transformation: it has happened before");
        return end_transform(job, ended, FILE_DONE, SLICE(""), err);
    }
    return end_transform(job, ended, FILE_TRANSFORM_FAILED,
                         arena_format(job->arena,
                                      "the transformation did not run, as its ledger tells: %.*s",
                                      SLICE_ARG(ended->error)),
                         err);
}

int transform_record_forgotten(struct job *job, const struct redshift_statement *statement,
                               struct error *err)
{
    const struct ended ended = {statement, statement->error, .is_guess = true};
    return confirm_in_ledger(job, &ended, err);
}

int transform_record(struct job *job, const struct redshift_statement *statement,
                     struct slice error, size_t failed, struct error *err)
{
    struct ended ended = {
        .statement = statement,
        .error = error,
        .broke_at_guard = statement->status == REDSHIFT_FAILED && failed == TRANSFORM_GUARD,
    };
    if (statement->status == REDSHIFT_FINISHED) {
        return end_transform(job, &ended, FILE_DONE, SLICE(""), err);
    }
    if (statement->status == REDSHIFT_FAILED && failure_read(error).kind == FAILURE_CONFLICT &&
        job->record.transform_no < TRANSFORMS_LIMIT) {
        return transform_again(job, &ended, err);
    }
    if (ended.broke_at_guard || ledger_alone_knows(statement)) {
        return confirm_in_ledger(job, &ended, err);
    }
    if (statement->status == REDSHIFT_ABORTED) {
        ended.error = SLICE("it was aborted in Redshift (cancelled, or the cluster restarted)");
    }
    return end_failed(job, &ended, err);
}
