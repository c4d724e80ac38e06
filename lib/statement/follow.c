#include "statement/follow.h"

#include "base/log.h"
#include "job/lease.h"
#include "redshift/batch_run.h"
#include "statement/conclude.h"
#include "statement/ledger.h"
#include "statement/verdict.h"

#include "base/banned.h"

/* --- judging --- */

/* One look at a statement. */
struct look {
    struct verdict_question question;
    struct redshift_statement said;
    struct slice told; /* what an event says; empty: there was none */
    bool is_void;      /* the number was closed, or there is no ledger */
};

/* Did the file end without effect? Then only a success changes anything. */
static bool is_late(const struct job *job)
{
    return file_state_is_end(job->record.state);
}

static int fill_question(struct job *job, const struct statement_kind *kind,
                         struct verdict_question *question, struct error *err)
{
    const struct file_record *record = &job->record;
    struct slice *parts = NULL;
    *question = (struct verdict_question){
        .rules = kind->rules,
        .number = record->statement.number,
        .schema = job->config.schema,
        .table = job->config.table,
        .promised_records = record->promised_records,
        .blank_records = record->file_records - record->loadable_records,
        .loadable_records = record->loadable_records,
        .load_errors = SLICE(""),
    };
    if (record->statement.sql.size > 0 &&
        batch_unpack(job->arena, record->statement.sql, &parts, &question->part_count, err) != 0) {
        return -1;
    }
    question->parts = parts;
    return 0;
}

/* What the table of load errors says is welcome, but nothing waits for it. */
static void add_load_errors(struct job *job, const struct statement_kind *kind,
                            struct verdict_question *question)
{
    struct error silence;
    if (kind->read_load_errors == NULL || !verdict_wants_load_errors(question)) {
        return;
    }
    if (kind->read_load_errors(job, &question->load_errors, &silence) != 0) {
        log_warn("Redshift does not tell which rows could not be loaded", LOG_CAUSE(&silence));
        question->load_errors = SLICE("");
    }
}

static struct conclusion conclusion_of(const struct look *look, int64_t ledger_rows)
{
    const struct redshift_statement *said = &look->said;
    size_t insert = look->question.rules->insert;
    struct conclusion conclusion = {
        .statement_id = SLICE(""),
        .status = look->told.size > 0 ? look->told : SLICE("FAILED"),
        .started_ms = FILE_TIME_UNKNOWN,
        .ended_ms = FILE_TIME_UNKNOWN,
        .rows = ledger_rows,
        .is_void = look->is_void,
    };
    if (look->question.source != VERDICT_DESCRIBED) {
        return conclusion;
    }
    conclusion.statement_id = said->id;
    conclusion.status = slice_from(redshift_status_name(said->status));
    conclusion.started_ms = said->created_ms;
    conclusion.ended_ms = said->updated_ms;
    if (said->status == REDSHIFT_FINISHED && insert < said->part_count) {
        conclusion.rows = said->parts[insert].rows;
    } else if (look->question.part_count == 0 && said->rows > 0) {
        conclusion.rows = said->rows; /* of a COPY it is 0, which says nothing */
    }
    return conclusion;
}

/* The statement is in, though not as Redshift says: when it committed is known if it was this one.
 */
static int conclude_found(struct job *job, const struct statement_kind *kind,
                          const struct look *look, int64_t rows, struct error *err)
{
    struct conclusion conclusion = conclusion_of(look, rows);
    bool is_guard_s = look->question.source == VERDICT_DESCRIBED &&
                      look->said.status == REDSHIFT_FAILED && look->question.part_count > 0 &&
                      look->said.part_count > look->question.rules->guard &&
                      look->said.parts[look->question.rules->guard].status == REDSHIFT_FAILED;
    log_info("the ledger has the file: the statement had succeeded");
    conclusion.rows = rows;
    conclusion.status = SLICE("FINISHED");
    if (is_guard_s) { /* it was stopped, because an earlier one is in */
        conclusion.started_ms = FILE_TIME_UNKNOWN;
        conclusion.ended_ms = FILE_TIME_UNKNOWN;
    }
    return conclude_in(job, kind, &conclusion, err);
}

static int say_waiting(const struct job *job, struct slice reason, struct error *err)
{
    char time[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(job->record.next_attempt_ms, time);
    (void)error_set(err, ERROR_BUSY, "%.*s; it is submitted again after %s", SLICE_ARG(reason),
                    time);
    error_set_code(err, FOLLOW_WAITING);
    return -1;
}

/* Nothing happened, for a reason that passes: a further number is due, at once or after a pause,
 * unless that was tried for too long. */
static int follow_again(struct job *job, const struct statement_kind *kind, const struct look *look,
                        const struct verdict *verdict, struct error *err)
{
    const struct conclusion conclusion = conclusion_of(look, FILE_COUNT_UNKNOWN);
    int64_t next_ms = verdict->answer == VERDICT_AGAIN_LATER ? lease_next_attempt_ms(job) : 0;
    if (lease_waited_ms(job) >= lease_retry_limit_ms(job)) {
        return conclude_nothing(job, kind, &conclusion, kind->rules->failed,
                                lease_tried_text(job, verdict->reason), err);
    }
    log_warn("the statement did nothing, and is submitted again",
             LOG_TEXT("reason", verdict->reason));
    if (conclude_again(job, kind, &conclusion, verdict->reason, next_ms, err) != 0) {
        return -1;
    }
    if (job->record.state != kind->rules->numbered ||
        job->record.statement.outcome != STATEMENT_NOTHING) {
        return 0; /* another invocation was faster */
    }
    return next_ms == 0 ? 0 : say_waiting(job, verdict->reason, err);
}

static int follow_verdict(struct job *job, const struct statement_kind *kind, struct look *look,
                          const struct verdict *verdict, struct error *err);

/* Nothing is proved of the number, so it is closed: what the ledger does not have by then will
 * never happen. */
static int follow_ledger(struct job *job, const struct statement_kind *kind, struct look *look,
                         struct error *err)
{
    enum ledger_answer answer;
    int64_t rows;
    int asked = is_late(job) ? ledger_ask(job, &answer, &rows, err)
                             : ledger_close_number(job, &answer, &rows, err);
    if (asked != 0) {
        return -1;
    }
    if (answer == LEDGER_HAS_IT) {
        return conclude_found(job, kind, look, rows, err);
    }
    if (is_late(job)) {
        return 0;
    }
    if (answer == LEDGER_DENIED) {
        (void)error_set(err, ERROR_DENIED,
                        "the ledger may not be read, so it is unknown whether "
                        "%s is in",
                        kind->rules->noun);
        err->retryable = true;
        return -1;
    }
    const struct verdict verdict = verdict_not_in_ledger(job->arena, &look->question);
    look->is_void = true;
    return follow_verdict(job, kind, look, &verdict, err);
}

static int follow_verdict(struct job *job, const struct statement_kind *kind, struct look *look,
                          const struct verdict *verdict, struct error *err)
{
    const struct conclusion conclusion = conclusion_of(look, FILE_COUNT_UNKNOWN);
    if (is_late(job) && verdict->answer != VERDICT_IN && verdict->answer != VERDICT_ASK_LEDGER) {
        return 0;
    }
    switch (verdict->answer) {
    case VERDICT_NOT_ENDED:
        (void)error_set(err, ERROR_BUSY, "statement %.*s has not ended yet",
                        SLICE_ARG(look->said.id));
        error_set_code(err, FOLLOW_NOT_ENDED);
        return -1;
    case VERDICT_IN:
        return conclude_in(job, kind, &conclusion, err);
    case VERDICT_ASK_LEDGER:
        return follow_ledger(job, kind, look, err);
    case VERDICT_AGAIN_AT_ONCE:
    case VERDICT_AGAIN_LATER:
        return follow_again(job, kind, look, verdict, err);
    case VERDICT_REFUSED:
        return conclude_nothing(job, kind, &conclusion, FILE_REJECTED, verdict->reason, err);
    case VERDICT_FAILED:
        return conclude_nothing(job, kind, &conclusion, kind->rules->failed, verdict->reason, err);
    }
    return 0;
}

/* --- looking --- */

/* Redshift does not show it to this role or session. Without an event it may still run. */
static int follow_hidden(struct job *job, const struct statement_kind *kind, struct look *look,
                         struct error *err)
{
    if (look->told.size == 0) {
        enum ledger_answer answer;
        int64_t rows;
        if (ledger_ask(job, &answer, &rows, err) != 0) {
            return -1;
        }
        if (answer == LEDGER_HAS_IT) {
            return conclude_found(job, kind, look, rows, err);
        }
        return error_set(err, ERROR_BUSY,
                         "Redshift does not show statement %.*s to this role, and its ledger "
                         "does not have the file yet",
                         SLICE_ARG(look->said.id));
    }
    log_warn("Redshift does not show the statement: its event and the ledger count",
             LOG_TEXT("statement", look->said.id));
    return follow_ledger(job, kind, look, err);
}

/* A load of the Python framework is in no ledger: what its event says counts. */
static int follow_unseen_framework(struct job *job, const struct statement_kind *kind,
                                   struct look *look, struct error *err)
{
    struct conclusion conclusion = conclusion_of(look, FILE_COUNT_UNKNOWN);
    struct verdict verdict;
    if (look->told.size == 0) {
        (void)error_set(err, ERROR_NOT_FOUND,
                        "Redshift does not tell how statement %.*s of the Python framework ended",
                        SLICE_ARG(look->said.id));
        err->retryable = true; /* its event may come */
        return -1;
    }
    log_warn("Redshift does not show the statement: what its event says counts",
             LOG_TEXT("statement", look->said.id), LOG_TEXT("status", look->told));
    if (slice_equal(look->told, SLICE("FINISHED"))) {
        return conclude_in(job, kind, &conclusion, err);
    }
    verdict = verdict_of(job->arena, &look->question);
    return follow_verdict(job, kind, look, &verdict, err);
}

static int follow_unseen(struct job *job, const struct statement_kind *kind, struct look *look,
                         const struct error *failure, struct error *err)
{
    bool is_hidden = failure->kind == ERROR_DENIED;
    look->question.source = is_hidden ? VERDICT_HIDDEN : VERDICT_FORGOTTEN;
    if (look->question.part_count == 0) {
        return follow_unseen_framework(job, kind, look, err);
    }
    if (is_hidden) {
        return follow_hidden(job, kind, look, err);
    }
    log_warn("Redshift does not know the statement: the ledger is asked",
             LOG_TEXT("statement", look->said.id));
    return follow_ledger(job, kind, look, err);
}

static int look_at(struct job *job, const struct statement_kind *kind, struct slice statement_id,
                   struct slice told, struct error *err)
{
    struct look look = {.told = told};
    struct error failure;
    struct verdict verdict;
    if (fill_question(job, kind, &look.question, err) != 0) {
        return -1;
    }
    look.question.said = &look.said;
    if (redshift_describe(&job->services->requests, statement_id, job->arena, &look.said,
                          &failure) != 0) {
        if (failure.kind == ERROR_NOT_FOUND || failure.kind == ERROR_DENIED) {
            look.said = (struct redshift_statement){.id = statement_id};
            return follow_unseen(job, kind, &look, &failure, err);
        }
        return error_pass(err, &failure);
    }
    add_load_errors(job, kind, &look.question);
    verdict = verdict_of(job->arena, &look.question);
    return follow_verdict(job, kind, &look, &verdict, err);
}

/* --- entries --- */

static int store_id(struct job *job, const struct statement_kind *kind, struct slice statement_id,
                    struct error *err)
{
    const struct statement_rules *rules = kind->rules;
    const struct file_submission submission = {
        .fence = job_fence(job, statement_waiting_states(rules)),
        .to = rules->submitted,
        .statement_id = statement_id,
        .now_ms = clock_now_ms(job->services->clock),
    };
    bool done;
    if (is_late(job)) {
        return 0;
    }
    return file_note_submission(&job->services->state, &submission, job->arena, &done, &job->record,
                                err);
}

/* A success of another statement of the file. */
static int follow_other(struct job *job, const struct statement_kind *kind,
                        const struct statement_hint *hint, struct error *err)
{
    struct look look = {.told = hint->told};
    enum ledger_answer answer;
    int64_t rows;
    if (fill_question(job, kind, &look.question, err) != 0) {
        return -1;
    }
    look.question.source = VERDICT_HIDDEN;
    look.question.said = &look.said;
    if (look.question.part_count == 0) {
        return 0;
    }
    log_info("another statement of the file succeeded: the ledger is asked",
             LOG_TEXT("statement", hint->statement_id));
    if (ledger_ask(job, &answer, &rows, err) != 0) {
        return -1;
    }
    return answer == LEDGER_HAS_IT ? conclude_found(job, kind, &look, rows, err) : 0;
}

/* The submitter announces the load before it notes it; an end must come after that. */
static bool is_being_announced(const struct job *job, const struct statement_kind *kind)
{
    const struct file_record *record = &job->record;
    return record->state == kind->rules->numbered && record->is_leased &&
           record->lease_until_ms > clock_now_ms(job->services->clock) &&
           job->lease.claim_no == 0 && kind->is_announced != NULL && kind->is_announced(job);
}

int follow_hint(struct job *job, const struct statement_kind *kind,
                const struct statement_hint *hint, struct error *err)
{
    enum hint_meaning meaning = follow_read_hint(&job->record, kind->rules, hint);
    if (meaning == HINT_NOTHING) {
        log_info("the file does not wait for this statement",
                 LOG_TEXT("state", slice_from(file_state_name(job->record.state))));
        return 0;
    }
    if (is_being_announced(job, kind)) {
        return error_set(err, ERROR_BUSY, "the submission is being announced: its end must wait");
    }
    if (meaning == HINT_OTHER) {
        return follow_other(job, kind, hint, err);
    }
    if (meaning == HINT_FIRST_SEEN && store_id(job, kind, hint->statement_id, err) != 0) {
        return -1;
    }
    return look_at(job, kind, hint->statement_id, hint->told, err);
}

int follow_current(struct job *job, const struct statement_kind *kind, struct error *err)
{
    return look_at(job, kind, job->record.statement.statement_id, SLICE(""), err);
}

int follow_if_ended(struct job *job, const struct statement_kind *kind, struct error *err)
{
    struct error failure;
    if (follow_current(job, kind, &failure) == 0) {
        return 0;
    }
    if (error_is(&failure, FOLLOW_NOT_ENDED)) {
        log_info("the statement still runs",
                 LOG_TEXT("statement", job->record.statement.statement_id));
        return 0;
    }
    return error_pass(err, &failure);
}
