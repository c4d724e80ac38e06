#include "advance/recovery.h"

#include "aws/s3/s3_error.h"
#include "job/job.h"

#include "base/banned.h"

/* Before a load was numbered nothing of the file can be in Redshift. */
static enum recovery judge_received(const struct recovery_question *question)
{
    const struct error *reason = question->reason;
    if (reason->retryable) {
        return question->waited_ms >= question->limit_ms ? RECOVERY_ENDS : RECOVERY_WAITS;
    }
    if (question->cause == RECOVERY_OF_REFUSAL) {
        return RECOVERY_REJECTS;
    }
    if (s3_error_is_missing_object(reason)) {
        return RECOVERY_VANISHED;
    }
    return s3_error_is_replaced_object(reason) ? RECOVERY_REPLACED : RECOVERY_ENDS;
}

enum recovery recovery_decide(const struct recovery_question *question)
{
    bool is_late = question->waited_ms >= question->limit_ms;
    if (error_is(question->reason, JOB_TAKEN_OVER)) {
        return RECOVERY_TAKEN_OVER;
    }
    switch (question->state) {
    case FILE_RECEIVED:
        return judge_received(question);
    case FILE_PREPARED:
    case FILE_LOADED:
        return is_late ? RECOVERY_GIVES_UP : RECOVERY_WAITS;
    case FILE_SUBMITTED:
    case FILE_TRANSFORMING:
        return is_late && question->cause == RECOVERY_OF_FOLLOWING ? RECOVERY_GIVES_UP
                                                                   : RECOVERY_WAITS;
    default: /* only duties are left, and they are never given up */
        return RECOVERY_WAITS;
    }
}
