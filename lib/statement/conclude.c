#include "statement/conclude.h"

#include "base/log.h"
#include "statement/ledger.h"

#include "base/banned.h"

/* The states in which the end of its current statement is still news. A file that ended without
 * effect hears of a late success. */
static uint32_t open_states(const struct job *job, const struct statement_kind *kind)
{
    uint32_t now = FILE_IN(job->record.state);
    uint32_t waiting = statement_waiting_states(kind->rules);
    return (waiting & now) != 0 ? waiting : now;
}

static int64_t now_ms(const struct job *job)
{
    return clock_now_ms(job->services->clock);
}

static int64_t known_or(int64_t time_ms, int64_t fallback)
{
    return time_ms == FILE_TIME_UNKNOWN ? fallback : time_ms;
}

static struct file_statement_end end_of(const struct job *job, const struct statement_kind *kind,
                                        const struct conclusion *conclusion)
{
    return (struct file_statement_end){
        .fence = job_fence(job, open_states(job, kind)),
        .statement_id = conclusion->statement_id,
        .started_ms = conclusion->started_ms,
        .ended_ms = conclusion->ended_ms,
        .rows = conclusion->rows,
        .now_ms = now_ms(job),
    };
}

/* Whether this invocation or another one wrote it, what is due follows from the row. */
static int write(struct job *job, const struct file_statement_end *end, struct error *err)
{
    bool done;
    if (end->audit != NULL && services_check_zone(job->services, job->arena, err) != 0) {
        return -1;
    }
    if (file_end_statement(&job->services->state, end, job->arena, &done, &job->record, err) != 0) {
        return -1;
    }
    return done ? 0
                : file_read(&job->services->state, job->record.file_id, job->arena, &job->record,
                            err);
}

static const struct audit_row *audit_of(const struct job *job, const struct statement_kind *kind,
                                        const struct conclusion *conclusion, bool is_in,
                                        struct slice reason)
{
    const struct statement_ended ended = {
        .is_in = is_in,
        .status = conclusion->status,
        .reason = reason,
        .started_ms = known_or(conclusion->started_ms, now_ms(job)),
        .ended_ms = known_or(conclusion->ended_ms, now_ms(job)),
    };
    return kind->audit != NULL ? kind->audit(job, &ended) : NULL;
}

/* Rows that came in at an unknown time came after the object did. */
int conclude_in(struct job *job, const struct statement_kind *kind,
                const struct conclusion *conclusion, struct error *err)
{
    struct file_statement_end end = end_of(job, kind, conclusion);
    struct slice reason = SLICE("");
    end.to = kind->state_when_in(job, &reason);
    end.outcome = STATEMENT_IN;
    end.started_ms = known_or(end.started_ms, job->record.last_modified_ms);
    end.ended_ms = known_or(end.ended_ms, now_ms(job));
    end.reason = job_text(job, reason);
    end.audit = audit_of(job, kind, conclusion, true, end.reason);
    return write(job, &end, err);
}

static int end_without_effect(struct job *job, const struct statement_kind *kind,
                              const struct conclusion *conclusion, enum file_state to,
                              struct slice reason, struct error *err)
{
    struct file_statement_end end = end_of(job, kind, conclusion);
    end.to = to;
    end.outcome = STATEMENT_NOTHING;
    if (job->record.statement.statement_id.size > 0) { /* it ran, even if nobody says when */
        end.started_ms = known_or(end.started_ms, end.now_ms);
        end.ended_ms = known_or(end.ended_ms, end.now_ms);
    }
    end.rows = FILE_COUNT_UNKNOWN;
    end.reason = job_text(job, reason);
    end.audit = audit_of(job, kind, conclusion, false, end.reason);
    return write(job, &end, err);
}

/* A load of the Python framework is in no ledger. */
static bool is_in_ledgers(const struct job *job)
{
    return job->record.statement.sql.size > 0;
}

static int end_as_found(struct job *job, const struct statement_kind *kind, int64_t rows,
                        struct error *err)
{
    const struct conclusion found = {
        .statement_id = SLICE(""),
        .status = SLICE("FINISHED"),
        .started_ms = FILE_TIME_UNKNOWN,
        .ended_ms = FILE_TIME_UNKNOWN,
        .rows = rows,
    };
    log_info("the ledger has the file: an earlier statement had succeeded");
    return conclude_in(job, kind, &found, err);
}

int conclude_nothing(struct job *job, const struct statement_kind *kind,
                     const struct conclusion *conclusion, enum file_state to, struct slice reason,
                     struct error *err)
{
    enum ledger_answer answer = LEDGER_HAS_NOT;
    int64_t rows = FILE_COUNT_UNKNOWN;
    if (is_in_ledgers(job) && !conclusion->is_void &&
        ledger_close_number(job, &answer, &rows, err) != 0) {
        return -1;
    }
    return answer == LEDGER_HAS_IT ? end_as_found(job, kind, rows, err)
                                   : end_without_effect(job, kind, conclusion, to, reason, err);
}

int conclude_again(struct job *job, const struct statement_kind *kind,
                   const struct conclusion *conclusion, struct slice reason,
                   int64_t next_attempt_ms, struct error *err)
{
    struct file_statement_end end = end_of(job, kind, conclusion);
    end.to = kind->rules->numbered;
    end.outcome = STATEMENT_NOTHING;
    end.rows = FILE_COUNT_UNKNOWN;
    end.note = job_text(job, reason);
    end.next_attempt_ms = next_attempt_ms;
    return write(job, &end, err);
}

static const struct conclusion never_ran = {
    .statement_id = SLICE_INIT(""),
    .status = SLICE_INIT("FAILED"),
    .started_ms = FILE_TIME_UNKNOWN,
    .ended_ms = FILE_TIME_UNKNOWN,
    .rows = FILE_COUNT_UNKNOWN,
};

int conclude_postponed(struct job *job, const struct statement_kind *kind, struct slice reason,
                       int64_t next_attempt_ms, struct error *err)
{
    return conclude_again(job, kind, &never_ran, reason, next_attempt_ms, err);
}

int conclude_unsubmitted(struct job *job, const struct statement_kind *kind, struct slice reason,
                         struct error *err)
{
    return end_without_effect(job, kind, &never_ran, kind->rules->failed, reason, err);
}

/* Nothing is proved of this number: the rights on the ledger may have been others when it ran. */
static int close_and_end(struct job *job, const struct statement_kind *kind, struct slice reason,
                         struct error *err)
{
    enum ledger_answer answer = LEDGER_DENIED;
    int64_t rows;
    if (is_in_ledgers(job) && ledger_close_number(job, &answer, &rows, err) != 0) {
        return -1;
    }
    if (answer == LEDGER_HAS_IT) {
        return end_as_found(job, kind, rows, err);
    }
    if (answer == LEDGER_DENIED) {
        (void)error_set(err, ERROR_DENIED,
                        "no ledger can be asked, so it is unknown whether %s is in: %.*s",
                        kind->rules->noun, SLICE_ARG(reason));
        err->retryable = true;
        return -1;
    }
    return end_without_effect(job, kind, &never_ran, kind->rules->failed, reason, err);
}

int conclude_refusal(struct job *job, const struct statement_kind *kind, struct slice reason,
                     struct error *err)
{
    const struct statement_record *statement = &job->record.statement;
    if (!slice_equal(statement->kind, kind->rules->kind)) {
        return job_end(job, kind->rules->failed, reason, false, err);
    }
    if (statement->outcome == STATEMENT_NOTHING) {
        return end_without_effect(job, kind, &never_ran, kind->rules->failed, reason, err);
    }
    return close_and_end(job, kind, reason, err);
}
