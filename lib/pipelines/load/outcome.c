#include "pipelines/load/outcome.h"

#include "base/log.h"
#include "redshift/failure.h"
#include "redshift/load_batch.h"
#include "redshift/redshift_load.h"
#include "statement/ledger.h"
#include "pipelines/load/load_errors.h"
#include "pipelines/load/submit.h"
#include "pipelines/load/transform.h"

#include "base/banned.h"

#define LOADS_LIMIT 10 /* after so many conflicts with other transactions the file fails */

/* The ended statement, seen from the file. */
struct ended {
    const struct redshift_statement *statement;
    size_t failed; /* number of the part that failed; part_count when none did */
    bool is_late;  /* the file had been given up */
    bool is_guess; /* Redshift does not know the statement */
    bool is_other; /* not this statement brought the rows in, or nobody knows when it did */
};

static size_t failed_part(const struct redshift_statement *statement)
{
    size_t i = 0;
    while (i < statement->part_count && statement->parts[i].status != REDSHIFT_FAILED) {
        i++;
    }
    return i;
}

static struct slice error_text(const struct ended *ended)
{
    const struct redshift_statement *statement = ended->statement;
    bool part_knows =
        ended->failed < statement->part_count && statement->parts[ended->failed].error.size > 0;
    return part_knows ? statement->parts[ended->failed].error : statement->error;
}

/* A load of the Python framework has other statements, and is not ours to repeat. */
static bool is_our_batch(const struct ended *ended)
{
    return ended->statement->part_count == LOAD_STATEMENTS;
}

/* ---- a load ---------------------------------------------------------------------------------- */

/* What counts is whether the rows are in: a statement that the guard stopped has failed, and yet
 * the file is loaded. */
static struct slice audit_status(const struct redshift_statement *statement, enum file_state to)
{
    if (to == FILE_REJECTED || to == FILE_FAILED) {
        return slice_from(redshift_status_name(statement->status));
    }
    return slice_from(redshift_status_name(REDSHIFT_FINISHED));
}

static struct audit_row audit_of(const struct job *job, const struct redshift_statement *statement,
                                 enum file_state to, struct slice error, struct slice update_query)
{
    return (struct audit_row){
        .interface_id = job->config.interface_id,
        .schema = job->config.schema,
        .table = job->config.table,
        .status = audit_status(statement, to),
        .merge_query = job->config.query,
        .update_query = update_query,
        .error_msg = error,
        .escape_char = job->config.escape_char,
        .start_ms = statement->created_ms,
        .end_ms = statement->updated_ms,
    };
}

/* The INSERT … SELECT of the load, which the audit table keeps. */
static struct slice insert_of(const struct job *job)
{
    struct slice *statements;
    size_t count;
    struct error err;
    if (redshift_load_unpack(job->arena, job->record.load_sql, &statements, &count, &err) != 0 ||
        count != LOAD_STATEMENTS) {
        return SLICE("");
    }
    return statements[LOAD_INSERT];
}

/*
 * The transformation's :from. Without it the file counts as given up: an outcome that does come is
 * heard. Of rows that came in at an unknown time it is known that the object was there before.
 */
static struct file_value start_of(const struct job *job, const struct ended *ended,
                                  enum file_state to)
{
    if (to == FILE_FAILED && ended->is_guess) {
        return FILE_NULL("load_started_at");
    }
    return FILE_TIME("load_started_at",
                     ended->is_other ? job->record.last_modified_ms : ended->statement->created_ms);
}

/* One write: state, times, rows, audit row. */
static int end_load(struct job *job, const struct ended *ended, enum file_state to, int64_t rows,
                    struct slice reason, struct error *err)
{
    const struct redshift_statement *statement = ended->statement;
    reason = job_text(job, reason);
    const struct audit_row audit = audit_of(job, statement, to, reason, insert_of(job));
    const struct file_value values[] = {
        FILE_TEXT("load_statement_id", statement->id),
        start_of(job, ended, to),
        FILE_TIME("load_ended_at", statement->updated_ms),
        rows < 0 ? FILE_NULL("rows_loaded") : FILE_NUMBER("rows_loaded", rows),
        reason.size > 0 ? FILE_TEXT("reason", reason) : FILE_NULL("reason"),
        FILE_NULL("noticed_at"), /* an end that was told was not this one */
        FILE_NULL("cleaned_at"),
    };
    struct file_change change = {
        .from = ended->is_late ? FILE_FROM(job->record.state) : FILE_FROM_LOADING,
        .to = to,
        .values = values,
        .value_count = sizeof(values) / sizeof(values[0]),
        .note = reason.size > 0 ? reason : statement->id,
        .audit = &audit,
        .release = job->without_claim, /* whoever submitted it has nothing left to do */
    };
    bool done;
    if (job_try_change(job, &change, &done, err) != 0) {
        return -1;
    }
    /* Whether this invocation or another wrote it, what is due follows from what stands there. */
    return job_reread(job, err);
}

static int64_t rows_of(const struct redshift_statement *statement)
{
    return statement->part_count == LOAD_STATEMENTS ? statement->parts[LOAD_INSERT].rows
                                                    : statement->rows;
}

/* The rows are in staging, and the file goes on with what the configuration wants done with them.
 */
static int end_good_load(struct job *job, const struct ended *ended, int64_t rows,
                         struct error *err)
{
    struct error deleted;
    if (job_need_config(job, &deleted) != 0) {
        return end_load(job, ended, FILE_TRANSFORM_FAILED, rows,
                        arena_format(job->arena,
                                     "the file was loaded, but %s: nobody knows how "
                                     "its rows are to be transformed",
                                     deleted.message),
                        err);
    }
    return end_load(job, ended, job->config.query.size > 0 ? FILE_LOADED : FILE_DONE, rows,
                    SLICE(""), err);
}

static enum failure_kind kind_of(const struct ended *ended)
{
    return failure_read(error_text(ended)).kind;
}

static bool says_no(const struct ended *ended)
{
    return kind_of(ended) == FAILURE_ASSERTION;
}

static struct slice failure_reason(const struct job *job, const struct ended *ended)
{
    if (ended->statement->status == REDSHIFT_ABORTED) {
        return SLICE("the load was aborted in Redshift (cancelled, or the cluster restarted)");
    }
    if ((ended->failed == LOAD_LOCK || ended->failed == LOAD_GUARD) && is_our_batch(ended)) {
        return arena_format(job->arena,
                            "the ledger %.*s.%.*s_ledger cannot be used (create it as "
                            "sql/redshift/05_ledgers.sql does): %.*s",
                            SLICE_ARG(job->config.schema), SLICE_ARG(job->config.table),
                            SLICE_ARG(error_text(ended)));
    }
    return arena_format(job->arena, "Redshift refused the load into %.*s.%.*s: %.*s",
                        SLICE_ARG(job->config.schema), SLICE_ARG(job->config.table),
                        SLICE_ARG(error_text(ended)));
}

/* The ledger does not know the file. */
static struct slice not_loaded_reason(const struct job *job, const struct ended *ended)
{
    if (ledger_alone_knows(ended->statement)) {
        return failure_reason(job, ended);
    }
    return arena_format(job->arena, "the load did not happen, as its ledger tells: %.*s",
                        SLICE_ARG(error_text(ended)));
}

/* A ledger that can be locked and not read: nothing was written, then. */
static bool broke_at_guard(const struct ended *ended)
{
    return ended->failed == LOAD_GUARD && is_our_batch(ended) && !says_no(ended);
}

/* The guard stopped the load because the ledger knows the file: so it is loaded, by an earlier
 * statement whose outcome was lost. Or this one was committed, and its own outcome was lost. The
 * ledger tells how many rows, unless it cannot be asked. */
static int confirm_in_ledger(struct job *job, const struct ended *ended, struct error *err)
{
    struct ended confirmed = *ended;
    int64_t rows = FILE_COUNT_UNKNOWN;
    bool known = true;
    struct error silence;
    if (ledger_knows(job, STATEMENT_LOAD, says_no(ended) ? LEDGER_BRIEFLY : LEDGER_UNTIL_DEADLINE,
                     &known, &rows, &silence) != 0) {
        if (broke_at_guard(ended) && ledger_is_silent(&silence)) {
            return end_load(job, ended, FILE_FAILED, FILE_COUNT_UNKNOWN, failure_reason(job, ended),
                            err);
        }
        if (!says_no(ended)) {
            *err = silence;
            return -1;
        }
        log_warn("the ledger stopped the load and does not tell its rows", LOG_CAUSE(&silence));
    }
    if (!known) {
        return end_load(job, ended, FILE_FAILED, FILE_COUNT_UNKNOWN, not_loaded_reason(job, ended),
                        err);
    }
    log_info("the ledger knows the file: it was loaded before");
    confirmed.is_other = !ledger_alone_knows(ended->statement);
    return end_good_load(job, &confirmed, rows, err);
}

/* How many rows COPY loaded is unknown: Redshift reports 0 for every COPY. */
static struct slice unbalanced_reason(const struct job *job)
{
    if (job->record.loadable_records < 0) {
        return SLICE("there is no record to load: the file holds none, or blank lines and a header "
                     "only");
    }
    return arena_format(job->arena,
                        "Redshift did not load the %lld rows that were promised, but another "
                        "number (the trailer promises %lld records, %lld of them blank lines); "
                        "nothing was kept",
                        (long long)job->record.loadable_records,
                        (long long)job->record.promised_records,
                        (long long)(job->record.file_records - job->record.loadable_records));
}

/* COPY sends people to the table of load errors when rows are at fault; else it is ours to find out
 * why. What that table says is welcome, but nothing waits for it. */
static int end_failed_copy(struct job *job, const struct ended *ended, struct error *err)
{
    struct slice lines = SLICE("");
    struct error silence;
    if (load_errors_read(job, &lines, &silence) != 0) {
        log_warn("Redshift does not tell which rows could not be loaded", LOG_CAUSE(&silence));
    }
    if (lines.size == 0 && kind_of(ended) == FAILURE_BAD_ROWS) {
        lines = error_text(ended);
    }
    if (lines.size > 0) {
        return end_load(
            job, ended, FILE_REJECTED, FILE_COUNT_UNKNOWN,
            arena_format(job->arena, "Redshift could not load the file: %.*s", SLICE_ARG(lines)),
            err);
    }
    if (kind_of(ended) == FAILURE_BAD_ARCHIVE) { /* without a trailer, Redshift unpacks it first */
        return end_load(job, ended, FILE_REJECTED, FILE_COUNT_UNKNOWN,
                        arena_format(job->arena, "Redshift could not unpack the file: %.*s",
                                     SLICE_ARG(error_text(ended))),
                        err);
    }
    return end_load(job, ended, FILE_FAILED, FILE_COUNT_UNKNOWN,
                    arena_format(job->arena, "COPY failed: %.*s", SLICE_ARG(error_text(ended))),
                    err);
}

/* Another transaction was in the way. What cannot be submitted again ends here. */
static int load_again(struct job *job, const struct ended *ended, struct error *err)
{
    struct error refusal;
    log_warn("another transaction was in the way of the load: it is submitted again",
             LOG_TEXT("error", error_text(ended)));
    if (submit_next_load(job, &refusal) == 0) {
        return 0;
    }
    if (refusal.retryable) {
        *err = refusal;
        return -1;
    }
    return end_load(job, ended, FILE_FAILED, FILE_COUNT_UNKNOWN,
                    arena_format(job->arena,
                                 "another transaction was in the way of the load, which cannot be "
                                 "submitted again: %s",
                                 refusal.message),
                    err);
}

static int end_failed_load(struct job *job, const struct ended *ended, struct error *err)
{
    if (!is_our_batch(ended)) {
        return end_load(job, ended, FILE_FAILED, FILE_COUNT_UNKNOWN, failure_reason(job, ended),
                        err);
    }
    if (ended->statement->status == REDSHIFT_FAILED && kind_of(ended) == FAILURE_CONFLICT &&
        job->record.load_no < LOADS_LIMIT) {
        return load_again(job, ended, err);
    }
    if (ended->failed == LOAD_GUARD || ledger_alone_knows(ended->statement)) {
        return confirm_in_ledger(job, ended, err);
    }
    if (ended->failed == LOAD_COPY) {
        return end_failed_copy(job, ended, err);
    }
    if (ended->failed == LOAD_BALANCE && says_no(ended)) {
        return end_load(job, ended, FILE_REJECTED, FILE_COUNT_UNKNOWN, unbalanced_reason(job), err);
    }
    return end_load(job, ended, FILE_FAILED, FILE_COUNT_UNKNOWN, failure_reason(job, ended), err);
}

static int record_load(struct job *job, const struct ended *ended, struct error *err)
{
    if (ended->statement->status == REDSHIFT_FINISHED) {
        return end_good_load(job, ended, rows_of(ended->statement), err);
    }
    return end_failed_load(job, ended, err);
}

/* ---- any statement --------------------------------------------------------------------------- */

/* Does the file still wait for this very statement? */
static bool is_awaited(const struct job *job, const struct statement_name *name)
{
    const struct file_record *record = &job->record;
    if (name->kind == STATEMENT_LOAD) {
        return (record->state == FILE_PREPARED || record->state == FILE_SUBMITTED) &&
               record->load_no == (int64_t)name->number;
    }
    return (record->state == FILE_LOADED || record->state == FILE_TRANSFORMING) &&
           record->transform_no == (int64_t)name->number;
}

/*
 * Was the file given up without knowing how this very statement ends? Nobody should have handed it
 * over then, but a claimant that was frozen for long might: rows that are in must be told of.
 */
static bool is_given_up(const struct job *job, const struct statement_name *name)
{
    const struct file_record *record = &job->record;
    if (name->kind == STATEMENT_LOAD) {
        return (record->state == FILE_FAILED || record->state == FILE_REJECTED) &&
               record->load_no == (int64_t)name->number && record->load_started_at.size == 0;
    }
    return record->state == FILE_TRANSFORM_FAILED &&
           record->transform_no == (int64_t)name->number && !record->is_transform_ended;
}

/* A later load of the file was numbered, and nobody knows whether it was handed over. */
static bool has_unsubmitted_load(const struct job *job, const struct statement_name *name)
{
    return name->kind == STATEMENT_LOAD && job->record.state == FILE_PREPARED &&
           job->record.load_no > (int64_t)name->number;
}

/* What stands for a statement that Redshift does not show: its times are not known. */
static struct redshift_statement not_shown(const struct job *job, struct slice id,
                                           enum redshift_status status, struct slice error)
{
    int64_t now = clock_now_ms(job->services->clock);
    return (struct redshift_statement){
        .id = id,
        .status = status,
        .error = error,
        .created_ms = now,
        .updated_ms = now,
        .rows = REDSHIFT_ROWS_UNKNOWN,
    };
}

/*
 * A load of the Python framework stands in no ledger, and Redshift shows it to the role that ran it
 * only: what counts is what the event says.
 */
static int record_unseen(struct job *job, struct slice statement_id, struct slice told,
                         struct error *err)
{
    enum redshift_status status = slice_equal(told, SLICE("FINISHED"))  ? REDSHIFT_FINISHED
                                  : slice_equal(told, SLICE("ABORTED")) ? REDSHIFT_ABORTED
                                                                        : REDSHIFT_FAILED;
    const struct redshift_statement statement =
        not_shown(job, statement_id, status,
                  SLICE("Redshift tells why only to the role that ran the statement"));
    const struct ended ended = {.statement = &statement, .is_other = true};
    if (told.size == 0) {
        return error_set(err, ERROR_NOT_FOUND,
                         "Redshift does not tell how statement %.*s of the Python framework ended",
                         SLICE_ARG(statement_id));
    }
    log_warn("Redshift does not show the statement: what its event says counts",
             LOG_TEXT("statement", statement_id), LOG_TEXT("status", told));
    return record_load(job, &ended, err);
}

/* After 24 hours Redshift knows a statement no more: what counts is what stands in the ledger. The
 * event tells that nothing is to come. */
static int record_forgotten(struct job *job, const struct statement_name *name,
                            struct slice statement_id, struct error *err)
{
    const struct redshift_statement statement = not_shown(
        job, statement_id, REDSHIFT_FAILED, SLICE("Redshift does not know the statement any more"));
    const struct ended ended = {.statement = &statement, .is_guess = true};
    log_warn("Redshift does not know the statement: the ledger is asked",
             LOG_TEXT("statement", statement_id));
    return name->kind == STATEMENT_LOAD ? confirm_in_ledger(job, &ended, err)
                                        : transform_record_forgotten(job, &statement, err);
}

static int find_in_ledger(struct job *job, bool *known, struct error *err)
{
    const struct redshift_statement statement =
        not_shown(job, SLICE(""), REDSHIFT_FAILED, SLICE(""));
    const struct ended ended = {.statement = &statement, .is_guess = true, .is_other = true};
    int64_t rows;

    if (ledger_find(job, STATEMENT_LOAD, known, &rows, err) != 0) {
        return -1;
    }
    if (!*known) {
        return 0;
    }
    log_info("the ledger knows the file: it was loaded before");
    return end_good_load(job, &ended, rows, err);
}

int outcome_find_load(struct job *job, bool *found, struct error *err)
{
    if (submit_check(job, found, err) != 0) {
        return -1;
    }
    return *found ? 0 : find_in_ledger(job, found, err);
}

/* What is refused for good ends the file, unless it was taken before. */
static int submit_unsubmitted(struct job *job, struct error *err)
{
    struct error refusal;
    bool found;
    if (submit_load(job, &refusal) == 0) {
        return 0;
    }
    if (refusal.retryable) {
        *err = refusal;
        return -1;
    }
    if (outcome_find_load(job, &found, err) != 0) {
        return -1;
    }
    return found ? 0 : job_fail(job, &refusal, err);
}

static int describe(struct job *job, struct slice statement_id,
                    struct redshift_statement *statement, struct error *err)
{
    if (redshift_describe(&job->services->aws, statement_id, job->arena, statement, err) != 0) {
        return -1;
    }
    if (!redshift_status_is_end(statement->status)) { /* its event must come again */
        (void)error_set(err, ERROR_BUSY, "statement %.*s has not ended yet",
                        SLICE_ARG(statement_id));
        error_set_code(err, OUTCOME_NOT_ENDED);
        return -1;
    }
    return 0;
}

static int record_statement(struct job *job, const struct statement_name *name,
                            const struct redshift_statement *statement, struct error *err)
{
    const struct ended ended = {
        .statement = statement,
        .failed = failed_part(statement),
        .is_late = is_given_up(job, name),
    };
    if (ended.is_late && statement->status != REDSHIFT_FINISHED) {
        return 0;
    }
    if (ended.is_late) {
        log_warn("the file had been given up, and yet its statement succeeded");
    }
    if (name->kind == STATEMENT_LOAD) {
        return record_load(job, &ended, err);
    }
    return transform_record(job, statement, error_text(&ended), ended.failed, err);
}

/* Did the Python framework submit the load? */
static bool is_adopted(const struct job *job, const struct statement_name *name)
{
    return name->kind == STATEMENT_LOAD && job->record.load_sql.size == 0;
}

int outcome_record(struct job *job, const struct statement_name *name, struct slice statement_id,
                   struct slice told, struct error *err)
{
    struct redshift_statement statement;
    struct error failure;
    if (has_unsubmitted_load(job, name)) {
        return submit_unsubmitted(job, err);
    }
    if (!is_awaited(job, name) && !is_given_up(job, name)) {
        log_info("the file does not wait for this statement any more",
                 LOG_TEXT("state", slice_from(file_state_name(job->record.state))));
        return 0;
    }
    if (services_check_zone(job->services, job->arena, err) != 0) {
        return -1;
    }
    if (describe(job, statement_id, &statement, &failure) == 0) {
        return record_statement(job, name, &statement, err);
    }
    if (is_awaited(job, name) && is_adopted(job, name) &&
        (failure.kind == ERROR_NOT_FOUND || failure.kind == ERROR_DENIED)) {
        return record_unseen(job, statement_id, told, err);
    }
    if (is_awaited(job, name) && failure.kind == ERROR_NOT_FOUND) {
        return record_forgotten(job, name, statement_id, err);
    }
    *err = failure;
    return -1;
}
