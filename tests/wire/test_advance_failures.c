/* Failures of a walk, and what becomes of the file: it waits, ends, or is another invocation's. */
#include "wire/job_fixture.h"

#include "advance/advance.h"
#include "advance/walk.h"

#define LONG_AGO "waiting_since = '2026-11-10 00:00:00Z'"
#define CLEAN                                                                                      \
    {"DeleteObject", "data-1", DELETED},                                                           \
    {                                                                                              \
        "DeleteObject", "manifest-1", DELETED                                                      \
    }
#define NO_UPLOADS                                                                                 \
    {                                                                                              \
        "ListMultipartUploads", NULL,                                                              \
            REPLY(200, "<ListMultipartUploadsResult></ListMultipartUploadsResult>")                \
    }
/* Of a file that ends without a load: nothing is left, so nothing is archived. */
#define END_DUTIES                                                                                 \
    {"Publish", NULL, PUBLISHED}, {"CopyObject", "archive/error/", COPIED},                        \
        {"HeadObject", "archive/error/", OBJECT}, {"HeadObject", FILE_KEY, OBJECT},                \
    {                                                                                              \
        "DeleteObject", FILE_KEY, DELETED                                                          \
    }

static void given(struct fixture *f, const char *state, const char *values, struct job *job)
{
    given_config(f);
    given_file(f, state);
    set_file(f, "claim_no = 0");
    if (values != NULL) {
        set_file(f, values);
    }
    *job = open_job(f);
}

static int walk_until(struct fixture *f, struct job *job, bool must_be_busy)
{
    bool is_busy;
    int result = walk(job, &is_busy, &f->err);
    assert_played();
    assert_int_equal(is_busy, must_be_busy);
    assert_null(local.services.requests.keep_alive.renew); /* nothing renews a lease any more */
    return result;
}

static int walk_on(struct fixture *f, struct job *job)
{
    return walk_until(f, job, false);
}

/* --- before the load --- */

static void test_a_failure_that_may_pass_waits(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", NULL, &job);
    PLAY({"CopyObject", NULL, SLOW_DOWN});
    must_fail(f, walk_on(f, &job), "SlowDown");
    assert_file(f, "state, lease_owner, waiting_since, attempts",
                "RECEIVED|2026-11-20 20:27:53+00|0");
}

static void test_a_file_at_fault_is_rejected(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", "size_bytes = 49", &job);
    PLAY({"Publish", "REJECTED", PUBLISHED}, {"CopyObject", NULL, NO_KEY},
         {"HeadObject", NULL, NO_OBJECT}, {"HeadObject", NULL, NO_OBJECT});
    must(f, walk_on(f, &job));
    assert_file(f, "state, reason, archived_key, noticed_at is not null, cleaned_at is not null",
                "REJECTED|the file has 49 bytes, fewer than threshold_file_size_bytes (50)|t|t");
    assert_tells(f,
                 "select concat_ws('|', file_process_status, error_msg) as t from "
                 "rdscnfg.ext_file_audit",
                 "FAILED|the file has 49 bytes, fewer than threshold_file_size_bytes (50)");
}

static void test_a_failure_of_ours_ends_the_file(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *values;
        struct step step;
        const char *reason;
    } rows[] = {
        {"claim_no = 0", {"CopyObject", NULL, DENIED}, "AccessDenied"},
        {LONG_AGO, {"CopyObject", NULL, SLOW_DOWN}, "tried for 24 hours (retry_hours): "},
        {"attempts = 10", NO_STEP, "10 attempts came to no end"},
    };
    local.services.settings.retry.hours = 24;
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, "RECEIVED");
        set_file(f, "claim_no = 0");
        set_file(f, rows[i].values);
        struct job job = open_job(f);
        bool is_begun = rows[i].step.operation != NULL;
        play_steps(&rows[i].step, is_begun ? 1 : 0);
        PLAY_MORE(END_DUTIES);
        if (is_begun) { /* by this claim */
            PLAY_MORE(CLEAN, NO_UPLOADS);
        }
        must(f, walk_on(f, &job));
        assert_int_equal(job.record.state, FILE_FAILED);
        assert_says(job.record.reason.data, rows[i].reason);
        assert_true(job.record.is_cleaned);
    }
}

/* Whoever removed or replaced the object knows. */
static void test_an_object_that_vanished_ends_in_silence(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct step step;
        const char *file;
    } rows[] = {
        {{"CopyObject", NULL, NO_KEY}, "GONE|the object was removed while it was handled"},
        {{"CopyObject", NULL, REPLACED},
         "SUPERSEDED|another upload replaced the object while it was handled"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, "RECEIVED");
        set_file(f, "claim_no = 0");
        struct job job = open_job(f);
        play_steps(&rows[i].step, 1);
        PLAY_MORE(CLEAN, NO_UPLOADS);
        must(f, walk_on(f, &job));
        assert_file(f, "state, reason", rows[i].file);
        assert_true(job.record.is_noticed && job.record.is_cleaned);
    }
}

static void test_a_file_that_was_taken_over_is_not_judged(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", NULL, &job);
    PLAY({"CopyObject", NULL, COPIED}, {"PutObject", NULL, WRITTEN},
         {"GetSecretValue", NULL, SECRET, .meanwhile = take_file_over});
    must(f, walk_until(f, &job, true));
    assert_logged("another invocation took the file over");
    assert_file(f, "state, lease_owner, reason, waiting_since", "RECEIVED|another");
}

/* --- numbered, and given up --- */

static void test_a_load_that_cannot_be_submitted_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", LONG_AGO, &job);
    PLAY({"BatchExecuteStatement", NULL, THROTTLED}, NUMBER_CLOSED, END_DUTIES, CLEAN);
    must(f, walk_on(f, &job));
    assert_int_equal(job.record.state, FILE_FAILED);
    assert_says(job.record.reason.data, "tried for ");
    assert_statements(f, "load 1 NOTHING");
}

/* While its number cannot be closed, it is unknown what Redshift did. */
static void test_a_load_that_cannot_be_closed_is_reported(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", LONG_AGO, &job);
    PLAY({"BatchExecuteStatement", NULL, THROTTLED}, {"BatchExecuteStatement", NULL, THROTTLED},
         {"Publish", "UNKNOWN", PUBLISHED});
    must_fail(f, walk_on(f, &job), "asking the ledger");
    assert_file(f, "state, lease_owner, noticed_at", "PREPARED|2026-11-20 20:27:53+00");
}

/* --- in Redshift --- */

static void test_an_outcome_that_stays_unknown_is_reported(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    struct job job;
    given(f, "SUBMITTED", LONG_AGO, &job);
    PLAY({"DescribeStatement", NULL, THROTTLED}, {"BatchExecuteStatement", NULL, THROTTLED},
         {"Publish", "UNKNOWN", THROTTLED});
    must_fail(f, advance_file(&local.services, SLICE(FILE_ID), &f->arena, &result, &f->err),
              "DescribeStatement");
    assert_logged("nobody could be notified that the outcome is unknown");
    assert_file(f, "state, noticed_at, lease_owner", "SUBMITTED");
    PLAY({"DescribeStatement", NULL, THROTTLED}, {"BatchExecuteStatement", NULL, THROTTLED},
         {"Publish", "UNKNOWN", PUBLISHED});
    must_fail(f, advance_file(&local.services, SLICE(FILE_ID), &f->arena, &result, &f->err),
              "DescribeStatement");
    assert_file(f, "state, noticed_at", "SUBMITTED|2026-11-20 20:27:53+00");
}

/* A failure outside of a walk needs the lease to be noted. */
static void test_a_failure_is_noted_if_it_can_be(void **state)
{
    struct fixture *f = *state;
    const struct error reason = {.kind = ERROR_BUSY, .retryable = true, .message = "why"};
    struct job job;
    given(f, "SUBMITTED", NULL, &job);
    break_tables(f);
    walk_fail(&job, &reason);
    mend_tables(f);
    assert_logged("the failure could not be noted");
    take_file_over(f);
    walk_fail(&job, &reason);
    assert_file(f, "lease_owner, waiting_since", "another");
    set_file(f, "lease_owner = null, lease_until = null");
    walk_fail(&job, &reason);
    assert_file(f, "lease_owner, waiting_since", "2026-11-20 20:27:53+00");
}

static const struct error taken_over = {.kind = ERROR_CANCELLED,
                                        .retryable = true,
                                        .code = "TakenOver",
                                        .message = "it was taken over"};

/* Only what may pass counts the hours. */
/* What hides an outcome counts, even if it looks permanent: an operator may set it right. */
static void test_which_failures_count_hours(void **state)
{
    struct fixture *f = *state;
    const struct error permanent = {.kind = ERROR_INVALID, .message = "why"};
    struct job job;
    given(f, "SUBMITTED", NULL, &job);
    advance_note_failure(&job, &taken_over);
    assert_file(f, "waiting_since, claim_no", "0");
    advance_note_failure(&job, &permanent);
    assert_file(f, "waiting_since, claim_no", "2026-11-20 20:27:53+00|1");
}

/* --- duties --- */

static void test_duties_are_tried_again(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "DONE", "audited_at = state_at, " LONG_AGO, &job);
    PLAY({"Publish", NULL, THROTTLED}, {"CopyObject", NULL, SLOW_DOWN});
    must_fail(f, walk_on(f, &job), "notification: ");
    assert_file(f, "state, noticed_at, archived_at, lease_owner, next_attempt_at is not null",
                "DONE|t");
}

static void end_by_event(struct fixture *f)
{
    set_file(f, "state = 'SUBMITTED', lease_owner = null, lease_until = null");
    must_run(f, "update rdscnfg.ext_statement set statement_id = 's1'");
}

static void test_an_event_may_be_faster_than_the_walk(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", NULL, &job);
    PLAY({"BatchExecuteStatement", NULL, TAKEN("s1"), .meanwhile = end_by_event});
    must(f, walk_on(f, &job));
    assert_int_equal(job.record.state, FILE_SUBMITTED);
}

static void test_what_is_due_may_be_another_s(void **state)
{
    struct fixture *f = *state;
    struct job job;
    bool is_busy;
    given(f, "PREPARED", NULL, &job);
    take_file_over(f);
    must(f, walk(&job, &is_busy, &f->err));
    assert_true(is_busy);
    break_tables(f);
    int result = walk(&job, &is_busy, &f->err);
    mend_tables(f);
    must_fail(f, result, "take the file's lease");
}

/* Times are written in a zone: Postgres is asked for it before. */
static void test_a_zone_that_cannot_be_checked_waits(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", NULL, &job);
    hold_job(f, &job);
    pg_set_deadline(&local.services.pg, 1);
    assert_int_equal(walk(&job, &(bool){false}, &f->err), -1);
    pg_set_deadline(&local.services.pg, 0);
    assert_file(f, "state", "PREPARED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_a_failure_that_may_pass_waits),
        CASE_JOB(test_a_file_at_fault_is_rejected),
        CASE_JOB(test_a_failure_of_ours_ends_the_file),
        CASE_JOB(test_an_object_that_vanished_ends_in_silence),
        CASE_JOB(test_a_file_that_was_taken_over_is_not_judged),
        CASE_JOB(test_a_load_that_cannot_be_submitted_is_given_up),
        CASE_JOB(test_a_load_that_cannot_be_closed_is_reported),
        CASE_JOB(test_an_outcome_that_stays_unknown_is_reported),
        CASE_JOB(test_a_failure_is_noted_if_it_can_be),
        CASE_JOB(test_which_failures_count_hours),
        CASE_JOB(test_duties_are_tried_again),
        CASE_JOB(test_an_event_may_be_faster_than_the_walk),
        CASE_JOB(test_what_is_due_may_be_another_s),
        CASE_JOB(test_a_zone_that_cannot_be_checked_waits),
    };
    return RUN_ON_SERVER("advance_failures", tests);
}
