#include "advance/walk.h"

#include "advance/recovery.h"
#include "base/log.h"
#include "job/clean.h"
#include "job/lease.h"
#include "job/notification.h"
#include "pipelines/load/load.h"
#include "statement/conclude.h"
#include "statement/submit.h"

#include "base/banned.h"

#define ATTEMPTS_LIMIT 10 /* invocations that were killed with the file */

const struct pipeline *walk_pipeline(const struct job *job)
{
    (void)job;
    return &pipeline_load;
}

static const struct statement_kind *due_kind(const struct job *job)
{
    const struct statement_kind *kind = pipeline_kind_at(walk_pipeline(job), job->record.state);
    return kind != NULL && job->record.state == kind->rules->numbered ? kind : NULL;
}

bool walk_is_due(const struct job *job)
{
    return job->record.state == FILE_RECEIVED || due_kind(job) != NULL ||
           duties_are_due(&walk_pipeline(job)->duties, job);
}

/* --- one step --- */

static enum pipeline_step begin(struct job *job, struct error *err)
{
    if (job->record.attempts >= ATTEMPTS_LIMIT) {
        (void)error_set(err, ERROR_LIMIT,
                        "%lld attempts came to no end: the function was killed, or ran out of "
                        "memory or time",
                        (long long)job->record.attempts);
        return PIPELINE_FAILED;
    }
    return walk_pipeline(job)->begin(job, err);
}

static enum pipeline_step step(struct job *job, struct error *err)
{
    const struct statement_kind *kind = due_kind(job);
    int result;
    if (job->record.state == FILE_RECEIVED) {
        return begin(job, err);
    }
    if (services_check_zone(job->services, job->arena, err) != 0) {
        return PIPELINE_FAILED;
    }
    result = kind != NULL ? statement_submit(job, kind, NULL, err)
                          : duties_fulfil(&walk_pipeline(job)->duties, job, err);
    return result == 0 ? PIPELINE_WENT_ON : PIPELINE_FAILED;
}

/* --- failures --- */

/* Nobody is notified: somebody removed or replaced the object on purpose, and a new one has an
 * event of its own. */
static int end_vanished(struct job *job, enum file_state to, struct slice reason, struct error *err)
{
    return job_end(job, to, reason, true, err) == 0 ? clean_file(job, err) : -1;
}

static void notify_unknown(struct job *job, const struct error *reason)
{
    struct error failure;
    if (notification_of_unknown(job, slice_from(reason->message), &failure) != 0) {
        log_warn("nobody could be notified that the outcome is unknown", LOG_CAUSE(&failure));
    }
}

/* The kind of the statement that the file is due, or waits for. */
static const struct statement_kind *current_kind(const struct job *job)
{
    return pipeline_kind_at(walk_pipeline(job), job->record.state);
}

/* Rows that are in stay in: the sender must not send the file again, whatever became of the
 * transformation. */
static bool are_rows_in(const struct job *job)
{
    return job->record.state == FILE_LOADED || job->record.state == FILE_TRANSFORMING;
}

/* While the number of a load cannot be closed, it is unknown what Redshift did. */
static int give_up(struct job *job, const struct error *reason, struct error *err)
{
    struct slice tried = lease_tried_text(job, slice_from(reason->message));
    if (conclude_refusal(job, current_kind(job), tried, err) == 0) {
        return 0;
    }
    if (are_rows_in(job)) {
        struct slice text =
            arena_format(job->arena, "it is unknown whether the transformation happened: %.*s",
                         SLICE_ARG(tried));
        return job_end(job, FILE_TRANSFORM_FAILED, text, false, err);
    }
    notify_unknown(job, err);
    return -1;
}

/* 0: the file came to an end, or is another invocation's; -1: it waits. */
static int recover(struct job *job, enum recovery answer, const struct error *reason,
                   struct error *err)
{
    *err = *reason;
    switch (answer) {
    case RECOVERY_TAKEN_OVER:
        log_info("another invocation took the file over", LOG_CAUSE(reason));
        job->lease.is_held = false;
        return file_read(&job->services->state, job->record.file_id, job->arena, &job->record, err);
    case RECOVERY_REJECTS:
        return job_end(job, FILE_REJECTED, slice_from(reason->message), false, err);
    case RECOVERY_ENDS:
        return job_end(job, FILE_FAILED,
                       reason->retryable ? lease_tried_text(job, slice_from(reason->message))
                                         : slice_from(reason->message),
                       false, err);
    case RECOVERY_VANISHED:
        return end_vanished(job, FILE_GONE, SLICE("the object was removed while it was handled"),
                            err);
    case RECOVERY_REPLACED:
        return end_vanished(job, FILE_SUPERSEDED,
                            SLICE("another upload replaced the object while it was handled"), err);
    case RECOVERY_GIVES_UP:
        return give_up(job, reason, err);
    case RECOVERY_WAITS:
        break;
    }
    return -1;
}

static struct recovery_question question_about(const struct job *job, const struct error *reason)
{
    return (struct recovery_question){
        .state = job->record.state,
        .reason = reason,
        .waited_ms = lease_waited_ms(job),
        .limit_ms = lease_retry_limit_ms(job),
    };
}

static int judge(struct job *job, const struct recovery_question *question, struct error *err)
{
    log_warn("a step failed", LOG_TEXT("state", slice_from(file_state_name(job->record.state))),
             LOG_CAUSE(question->reason));
    return recover(job, recovery_decide(question), question->reason, err);
}

/* --- the walk --- */

/* Where a file is, to see whether a step moved it. */
struct place {
    enum file_state state;
    int64_t number;
    enum statement_outcome outcome;
    bool duties;
};

static struct place place_of(const struct job *job)
{
    return (struct place){
        .state = job->record.state,
        .number = job->record.statement.number,
        .outcome = job->record.statement.outcome,
        .duties = duties_are_due(&walk_pipeline(job)->duties, job),
    };
}

static bool is_same_place(struct place a, struct place b)
{
    return a.state == b.state && a.number == b.number && a.outcome == b.outcome &&
           a.duties == b.duties;
}

static int hold(struct job *job, bool *is_busy, struct error *err)
{
    bool taken = true;
    if (!lease_is_ours(job) && lease_take(job, &taken, err) != 0) {
        return -1;
    }
    *is_busy = !taken;
    return 0;
}

void walk_fail(struct job *job, const struct error *reason)
{
    struct recovery_question question;
    struct error err;
    bool is_busy = false;
    int held = hold(job, &is_busy, &err);
    question = question_about(job, reason);
    question.cause = RECOVERY_OF_FOLLOWING;
    if (held != 0) {
        log_warn("the failure could not be noted", LOG_CAUSE(&err));
    }
    if (held != 0 || is_busy || judge(job, &question, &err) == 0) {
        lease_end(job);
    } else {
        lease_end_waiting(job, &err);
    }
}

/* One step, and what follows where it failed. *is_busy: another invocation has the file. */
static int walk_step(struct job *job, bool *is_busy, struct error *err)
{
    struct error failure;
    if (hold(job, is_busy, err) != 0) {
        return -1;
    }
    if (*is_busy) {
        log_info("another invocation does what is due for the file");
        return 0;
    }
    enum pipeline_step reached = step(job, &failure);
    if (reached == PIPELINE_WENT_ON) {
        return 0;
    }
    struct recovery_question question = question_about(job, &failure);
    question.cause = reached == PIPELINE_REFUSED ? RECOVERY_OF_REFUSAL : RECOVERY_OF_STEP;
    if (judge(job, &question, err) != 0) {
        return -1;
    }
    *is_busy = error_is(&failure, JOB_TAKEN_OVER);
    return 0;
}

/* Step by step, until nothing is due, or a step leaves the file where it was. */
static int walk_on(struct job *job, bool *is_busy, struct error *err)
{
    bool is_moving = true;
    while (is_moving && !*is_busy && walk_is_due(job)) {
        struct place before = place_of(job);
        if (walk_step(job, is_busy, err) != 0) {
            return -1;
        }
        is_moving = !is_same_place(before, place_of(job));
    }
    return 0;
}

int walk(struct job *job, bool *is_busy, struct error *err)
{
    *is_busy = false;
    if (walk_on(job, is_busy, err) != 0) {
        lease_end_waiting(job, err);
        return -1;
    }
    lease_end(job);
    return 0;
}
