#include "job/lease.h"

#include "base/log.h"
#include "job/pause.h"

#include "base/banned.h"

#define LEASE_SHORTEST_MS ((int64_t)60 * 1000)
#define LEASE_BYTES_PER_MS ((int64_t)20 * 1000) /* 20 MB/s */
#define HOUR_MS ((int64_t)60 * 60 * 1000)
#define RENEW_PAUSE_MS ((int64_t)5 * 1000)

static struct slice new_nonce(struct services *services, struct arena *arena)
{
    return arena_format(arena, "%016llx%016llx", (unsigned long long)random_next(services->random),
                        (unsigned long long)random_next(services->random));
}

static int64_t lease_length_ms(int64_t size_bytes)
{
    return LEASE_SHORTEST_MS + (size_bytes > 0 ? size_bytes / LEASE_BYTES_PER_MS : 0);
}

struct lease_terms lease_terms(struct services *services, int64_t size_bytes, struct arena *arena)
{
    int64_t now = clock_now_ms(services->clock);
    return (struct lease_terms){
        .owner = new_nonce(services, arena),
        .now_ms = now,
        .until_ms = now + lease_length_ms(size_bytes),
    };
}

bool lease_is_ours(const struct job *job)
{
    return job->lease.is_held && job->record.is_leased &&
           job->record.claim_no == job->lease.claim_no;
}

/* While the lease lasts, a Postgres that does not answer stops no work. */
static int tolerate(struct job *job, int64_t now, const struct error *failure, struct error *err)
{
    if (now >= job->lease.until_ms) {
        (void)error_pass(err, failure);
        return error_prefix(err, "renewing the lease");
    }
    log_warn("the lease could not be renewed yet", LOG_CAUSE(failure));
    job->lease.renew_ms = now + RENEW_PAUSE_MS;
    return 0;
}

static int renew(void *self, struct error *err)
{
    struct job *job = self;
    int64_t now = clock_now_ms(job->services->clock);
    int64_t until_ms = now + lease_length_ms(job->record.size_bytes);
    struct error failure;
    bool held;
    if (!lease_is_ours(job) || now < job->lease.renew_ms) {
        return 0;
    }
    if (lease_renew_file(&job->services->state, job->record.file_id, job->lease.owner, until_ms,
                         job->arena, &held, &failure) != 0) {
        return tolerate(job, now, &failure, err);
    }
    job->lease.is_held = held;
    job->lease.until_ms = until_ms;
    job->lease.renew_ms = now + (until_ms - now) / 2;
    return job_check_written(job, held, err);
}

void lease_begin(struct job *job, const struct lease_terms *terms)
{
    job->lease = (struct job_lease){
        .is_held = true,
        .owner = terms->owner,
        .claim_no = job->record.claim_no,
        .until_ms = terms->until_ms,
        .renew_ms = terms->now_ms + (terms->until_ms - terms->now_ms) / 2,
    };
    services_keep_alive(job->services, (struct keep_alive){.renew = renew, .self = job});
}

int lease_take(struct job *job, bool *taken, struct error *err)
{
    struct lease_terms terms = lease_terms(job->services, job->record.size_bytes, job->arena);
    if (lease_take_file(&job->services->state, job->record.file_id, &terms, job->arena, taken,
                        &job->record, err) != 0) {
        return -1;
    }
    if (*taken) {
        lease_begin(job, &terms);
    }
    return 0;
}

int64_t lease_waited_ms(const struct job *job)
{
    int64_t since = job->record.waiting_since_ms;
    return since < 0 ? 0 : clock_now_ms(job->services->clock) - since;
}

int64_t lease_retry_limit_ms(const struct job *job)
{
    return job->services->settings.retry.hours * HOUR_MS;
}

struct slice lease_tried_text(const struct job *job, struct slice cause)
{
    return arena_format(job->arena, "tried for %lld hours (retry_hours): %.*s",
                        (long long)job->services->settings.retry.hours, SLICE_ARG(cause));
}

int64_t lease_next_attempt_ms(const struct job *job)
{
    return clock_now_ms(job->services->clock) +
           pause_after_ms(lease_waited_ms(job), random_next(job->services->random));
}

/* `reason` is why the file waits until next_attempt_ms; NULL and 0: it does not. */
static void release(struct job *job, int64_t next_attempt_ms, const struct error *reason)
{
    const struct lease_release release = {
        .file_id = job->record.file_id,
        .claim_no = job->lease.claim_no,
        .next_attempt_ms = next_attempt_ms,
        .waiting_reason = reason == NULL ? SLICE("") : job_text(job, slice_from(reason->message)),
        .now_ms = clock_now_ms(job->services->clock),
    };
    struct error err;
    services_keep_alive(job->services, (struct keep_alive){0});
    job->lease.is_held = false;
    if (lease_release_file(&job->services->state, &release, job->arena, &err) != 0) {
        log_warn("the lease could not be released", LOG_CAUSE(&err));
    }
}

void lease_end(struct job *job)
{
    if (lease_is_ours(job)) {
        release(job, 0, NULL);
    }
    services_keep_alive(job->services, (struct keep_alive){0});
}

void lease_end_waiting(struct job *job, const struct error *reason)
{
    if (job->lease.is_held) {
        release(job, lease_next_attempt_ms(job), reason);
    }
    services_keep_alive(job->services, (struct keep_alive){0});
}
