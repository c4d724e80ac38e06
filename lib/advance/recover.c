#include "advance/recover.h"

#include "aws/s3_error.h"
#include "base/array.h"
#include "base/log.h"
#include "job/clean.h"
#include "job/lease.h"
#include "pipelines/load/outcome.h"
#include "advance/settle.h"

#include "base/banned.h"

#define ATTEMPTS_LIMIT 10

/* Before a load was numbered nothing of the file can be in Redshift, so its end is ours to say.
 * Afterwards it is only if Redshift refuses the load and has not taken it before. */
static bool may_end(const struct job *job, const struct error *reason, bool last_attempt)
{
    if (job->record.state == FILE_RECEIVED) {
        return !reason->retryable || last_attempt;
    }
    return job->record.state == FILE_PREPARED && !reason->retryable;
}

/* Of the states that may end, only PREPARED has a load. */
static int check_load(struct job *job, bool *taken, struct error *err)
{
    *taken = false;
    if (job->record.state != FILE_PREPARED || job->load_is_new) {
        return 0;
    }
    return outcome_find_load(job, taken, err);
}

/* The object was removed or replaced between the look at it and the copy of it. Other things may be
 * missing or in the way: the upload of the private copy, a secret, a row. */
static bool has_vanished(const struct job *job, const struct error *reason)
{
    return job->record.state == FILE_RECEIVED && !reason->retryable &&
           (s3_error_is_missing_object(reason) || s3_error_is_replaced_object(reason));
}

/* Nobody is told: whoever removed or replaced the object knows, and a new one has its own event. */
static int end_vanished(struct job *job, const struct error *reason, struct error *err)
{
    struct slice text = reason->kind == ERROR_NOT_FOUND
                            ? SLICE("the object was removed while it was handled")
                            : SLICE("another upload replaced the object while it was handled");
    const struct file_value values[] = {
        FILE_TEXT("reason", text),
        FILE_TIME("noticed_at", clock_now_ms(job->services->clock)),
    };
    struct file_change change = {
        .to = reason->kind == ERROR_NOT_FOUND ? FILE_GONE : FILE_SUPERSEDED,
        .values = values,
        .value_count = COUNT_OF(values),
        .note = text,
    };
    return job_change(job, &change, err) == 0 ? clean_file(job, err) : -1;
}

static int end_file(struct job *job, const struct error *reason, struct error *err)
{
    if (has_vanished(job, reason)) {
        return end_vanished(job, reason, err);
    }
    int result = job->at_fault && !reason->retryable ? job_reject(job, reason, err)
                                                     : job_fail(job, reason, err);

    return result == 0 ? settle_file(job, err) : -1;
}

static int end_unless_taken(struct job *job, const struct error *reason, struct error *err)
{
    bool taken;

    if (check_load(job, &taken, err) != 0) {
        return -1;
    }
    return taken ? settle_file(job, err) : end_file(job, reason, err);
}

int recover_check_attempts(const struct job *job, struct error *err)
{
    if (job->record.attempts < ATTEMPTS_LIMIT) {
        return 0;
    }
    return error_set(err, ERROR_LIMIT,
                     "%lld attempts came to no end: the function was killed, or ran out of memory "
                     "or time",
                     (long long)job->record.attempts);
}

int recover_file(struct job *job, struct error *err)
{
    struct error reason = *err;
    bool last_attempt = job->record.attempts + 1 >= ATTEMPTS_LIMIT;

    log_warn("a step failed", LOG_TEXT("state", slice_from(file_state_name(job->record.state))),
             LOG_NUMBER("attempt", job->record.attempts + 1), LOG_CAUSE(&reason));
    if (may_end(job, &reason, last_attempt) && end_unless_taken(job, &reason, err) == 0) {
        return 0;
    }
    lease_give_back(job);
    return -1;
}
