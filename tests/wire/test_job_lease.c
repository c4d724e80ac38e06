/* The lease of a job: taken, renewed while work goes on, lost, and released. */
#include "wire/job_fixture.h"

#include "aws/s3/s3.h"
#include "job/pause.h"

#define MINUTE_MS ((int64_t)60 * 1000)

/* Work that asks S3 for something, as every step does. */
static int work(struct fixture *f)
{
    const struct s3_head_options options = {.bucket = SLICE("landing"), .key = SLICE(FILE_KEY)};
    struct s3_object head;
    return s3_head(&local.services.requests, &options, &f->arena, &head, &f->err);
}

static void test_a_lease_lasts_as_long_as_reading_may_take(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t size_bytes;
        int64_t lasts_ms;
    } rows[] = {{-1, MINUTE_MS}, {0, MINUTE_MS}, {20000, MINUTE_MS + 1}, {20000000000, 1060000}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct lease_terms terms = lease_terms(&local.services, rows[i].size_bytes, &f->arena);
        assert_int_equal(terms.until_ms - terms.now_ms, rows[i].lasts_ms);
        assert_int_equal(terms.now_ms, NOW_MS);
        assert_int_equal(terms.owner.size, 32);
    }
}

static void test_a_lease_is_taken_once(void **state)
{
    struct fixture *f = *state;
    struct job first;
    struct job second;
    bool taken = true;
    given_file(f, "RECEIVED");
    hold_job(f, &first);
    assert_true(lease_is_ours(&first));
    assert_int_equal(first.lease.claim_no, 2);
    second = open_job(f);
    assert_false(lease_is_ours(&second));
    must(f, lease_take(&second, &taken, &f->err));
    assert_false(taken);
    assert_false(lease_is_ours(&second));
    move_clock(MINUTE_MS); /* the holder may be dead */
    must(f, lease_take(&second, &taken, &f->err));
    assert_true(taken);
    assert_int_equal(second.record.attempts, 1);
    break_tables(f);
    int failed = lease_take(&second, &taken, &f->err);
    mend_tables(f);
    must_fail(f, failed, "take the file's lease");
    lease_end(&second);
}

/* Half of it must have passed. */
static void test_work_renews_its_lease(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_file(f, "RECEIVED");
    hold_job(f, &job);
    PLAY({"HeadObject", NULL, OBJECT}, {"HeadObject", NULL, OBJECT});
    move_clock(MINUTE_MS / 2 - 1);
    must(f, work(f));
    assert_file(f, "lease_until", "2026-11-20 20:28:53+00");
    move_clock(1);
    must(f, work(f));
    assert_file(f, "lease_until", "2026-11-20 20:29:23+00");
    assert_int_equal(job.lease.renew_ms, NOW_MS + MINUTE_MS);
    lease_end(&job);
    assert_file(f, "lease_owner, lease_until, waiting_since", "");
}

/* The holder learns it before its next request, and stops. */
static void test_work_stops_when_its_lease_is_lost(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_file(f, "RECEIVED");
    hold_job(f, &job);
    take_file_over(f);
    move_clock(MINUTE_MS);
    must_fail(f, work(f), "was taken over");
    assert_true(error_is(&f->err, JOB_TAKEN_OVER));
    assert_int_equal(f->err.kind, ERROR_CANCELLED);
    assert_false(lease_is_ours(&job));
    lease_end(&job);
    lease_end_waiting(&job, &f->err);
    assert_file(f, "lease_owner, claim_no, waiting_reason", "another|3");
}

/* While the lease lasts, a Postgres that cannot answer stops nothing. */
static void test_work_outlives_a_postgres_that_fails(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_file(f, "RECEIVED");
    hold_job(f, &job);
    break_tables(f);
    PLAY({"HeadObject", NULL, OBJECT}, {"HeadObject", NULL, OBJECT});
    move_clock(MINUTE_MS / 2);
    must(f, work(f));
    assert_logged("the lease could not be renewed yet");
    assert_int_equal(job.lease.renew_ms, NOW_MS + MINUTE_MS / 2 + 5000);
    must(f, work(f));
    move_clock(MINUTE_MS / 2);
    int failed = work(f);
    mend_tables(f);
    must_fail(f, failed, "renewing the lease");
    assert_true(job.lease.is_held);
    lease_end(&job);
}

static void test_a_lease_that_cannot_be_released_ends_by_itself(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_file(f, "RECEIVED");
    hold_job(f, &job);
    break_tables(f);
    lease_end(&job);
    mend_tables(f);
    assert_logged("the lease could not be released");
    assert_null(local.services.requests.keep_alive.renew);
    assert_file(f, "lease_until", "2026-11-20 20:28:53+00");
}

/* The pauses grow with the time since the first failure. */
static void test_a_failure_that_may_pass_waits_longer_each_time(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t failing_ms; /* until now */
        int64_t pause_ms;   /* at least, and a quarter more at most */
    } rows[] = {{0, 30000}, {30000, 30000}, {90000, 120000}, {1800000, 900000}};
    struct job job;
    given_file(f, "RECEIVED");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        move_clock(rows[i].failing_ms);
        hold_job(f, &job);
        (void)error_set(&f->err, ERROR_NETWORK, "failure %zu of Redshift", i);
        lease_end_waiting(&job, &f->err);
        assert_file(f, "waiting_reason", f->err.message);
        job = open_job(f);
        int64_t pause_ms = job.record.next_attempt_ms - local.aws.now_ms;
        assert_in_range(pause_ms, rows[i].pause_ms, rows[i].pause_ms * 5 / 4);
        assert_int_equal(job.record.waiting_since_ms, NOW_MS);
        assert_false(job.record.is_leased);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_a_lease_lasts_as_long_as_reading_may_take),
        CASE_JOB(test_a_lease_is_taken_once),
        CASE_JOB(test_work_renews_its_lease),
        CASE_JOB(test_work_stops_when_its_lease_is_lost),
        CASE_JOB(test_work_outlives_a_postgres_that_fails),
        CASE_JOB(test_a_lease_that_cannot_be_released_ends_by_itself),
        CASE_JOB(test_a_failure_that_may_pass_waits_longer_each_time),
    };
    return RUN_ON_SERVER("job_lease", tests);
}
