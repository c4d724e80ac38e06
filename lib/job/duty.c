#include "job/duty.h"

#include "base/log.h"

#include "base/banned.h"

bool duties_are_due(const struct duties *duties, const struct job *job)
{
    for (size_t i = 0; i < duties->count; i++) {
        if (duties->items[i].is_due(job)) {
            return true;
        }
    }
    return false;
}

int duties_fulfil(const struct duties *duties, struct job *job, struct error *err)
{
    int result = 0;
    for (size_t i = 0; i < duties->count; i++) {
        const struct duty *duty = &duties->items[i];
        struct error failure;
        if (!duty->is_due(job) || duty->fulfil(job, &failure) == 0) {
            continue;
        }
        log_warn("a duty was not fulfilled", LOG_TEXT("duty", slice_from(duty->name)),
                 LOG_CAUSE(&failure));
        if (result == 0) {
            *err = failure;
            result = -1;
        }
        if (error_is(&failure, JOB_TAKEN_OVER)) {
            break;
        }
    }
    return result;
}
