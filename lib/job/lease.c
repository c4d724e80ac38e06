#include "job/lease.h"

#include "base/log.h"

#include "base/banned.h"

#define LEASE_WITHOUT_DEADLINE_MS ((int64_t)15 * 60 * 1000) /* Lambda's longest invocation */
#define PAUSE_FIRST_MS ((int64_t)30 * 1000)
#define PAUSE_LONGEST_MS ((int64_t)15 * 60 * 1000)

static struct slice new_nonce(struct services *services, struct arena *arena)
{
    return arena_format(arena, "%016llx%016llx", (unsigned long long)random_next(services->random),
                        (unsigned long long)random_next(services->random));
}

struct file_hold lease_terms(struct services *services, const struct lease_request *request,
                             struct arena *arena)
{
    int64_t now = clock_now_ms(services->clock);

    return (struct file_hold){
        .owner = new_nonce(services, arena),
        .request_id = request->request_id,
        .now_ms = now,
        .until_ms =
            request->deadline_ms > 0 ? request->deadline_ms : now + LEASE_WITHOUT_DEADLINE_MS,
    };
}

int lease_take(struct job *job, const struct lease_request *request, bool *taken, struct error *err)
{
    struct services *services = job->services;
    struct file_hold terms = lease_terms(services, request, job->arena);

    if (file_resume_hold(&services->pg, &services->file_tables, job->record.file_id, &terms,
                         job->arena, taken, &job->record, err) != 0) {
        return -1;
    }
    job->without_claim = !*taken;
    job->has_lease = *taken;
    return 0;
}

static int64_t pause_after(int64_t attempts)
{
    int64_t pause = PAUSE_FIRST_MS;

    for (int64_t i = 0; i < attempts && pause < PAUSE_LONGEST_MS; i++) {
        pause *= 2;
    }
    return pause < PAUSE_LONGEST_MS ? pause : PAUSE_LONGEST_MS;
}

/* next_attempt_ms is 0 when there was no failure. */
static void give_up(struct job *job, int64_t next_attempt_ms)
{
    struct services *services = job->services;
    struct error err;

    if (file_state_release(&services->pg, &services->file_tables, job->record.file_id,
                           job->record.claim_no, next_attempt_ms, job->arena, &err) != 0) {
        log_warn("the lease could not be given up", LOG_CAUSE(&err));
    }
    job->has_lease = false;
}

void lease_end(struct job *job)
{
    if (job->has_lease) {
        give_up(job, 0);
    }
}

void lease_give_back(struct job *job)
{
    give_up(job, clock_now_ms(job->services->clock) + pause_after(job->record.attempts));
}
