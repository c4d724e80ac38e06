/* The driver: objects, files, due files and status events, each to where it gets now. */
#include "wire/job_fixture.h"

#include "advance/advance.h"
#include "advance/outcome.h"

#define LOAD_NAME FILE_ID "|load|1|527|s.t|external_file_framework"
#define TO_REDSHIFT                                                                                \
    {"CopyObject", NULL, COPIED}, {"PutObject", NULL, WRITTEN}, {"GetSecretValue", NULL, SECRET},  \
    {                                                                                              \
        "BatchExecuteStatement", NULL, TAKEN("s1")                                                 \
    }
/* Copied, looked at, and its source deleted. */
#define ARCHIVE                                                                                    \
    {"CopyObject", "archive/", COPIED}, {"HeadObject", "archive/", OBJECT},                        \
        {"HeadObject", FILE_KEY, OBJECT},                                                          \
    {                                                                                              \
        "DeleteObject", FILE_KEY, DELETED                                                          \
    }
/* Of a file that more than one claim worked on. */
#define CLEAN_ALL                                                                                  \
    {"ListObjectVersions", NULL, REPLY(200, "<ListVersionsResult></ListVersionsResult>")},         \
    {                                                                                              \
        "ListMultipartUploads", NULL,                                                              \
            REPLY(200, "<ListMultipartUploadsResult></ListMultipartUploadsResult>")                \
    }
#define CLEAN                                                                                      \
    {"DeleteObject", "data-1", DELETED},                                                           \
    {                                                                                              \
        "DeleteObject", "manifest-1", DELETED                                                      \
    }
#define DUTIES {"Publish", NULL, PUBLISHED}, ARCHIVE, CLEAN

static int advance(struct fixture *f, bool is_order, struct advance_result *result)
{
    struct s3_object_event object = an_event();
    object.origin = is_order ? S3_OBJECT_OF_ORDER : S3_OBJECT_OF_EVENT;
    int status = advance_object(&local.services, &object, &f->arena, result, &f->err);
    assert_played();
    return status;
}

static void given(struct fixture *f, const char *state)
{
    given_config(f);
    given_file(f, state);
    set_file(f, "claim_no = 0");
}

static void assert_result(const struct advance_result *result, const char *outcome,
                          const char *message)
{
    assert_string_equal(advance_outcome_name(result->outcome), outcome);
    assert_says(result->message.data, message);
    assert_text(result->bucket, "landing");
    assert_text(result->key, FILE_KEY);
}

/* --- objects --- */

static void test_an_object_gets_to_redshift(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given_config(f);
    PLAY({"HeadObject", NULL, OBJECT}, TO_REDSHIFT);
    must(f, advance(f, false, &result));
    assert_result(&result, "advanced", "");
    assert_int_equal(result.state, FILE_SUBMITTED);
    assert_int_equal(result.file_id.size, 36);
    assert_file(f, "state, lease_owner, claim_no", "SUBMITTED|1");
}

/* From the row on, the schedule goes on with the file: the message need not come again. */
static void test_a_message_of_a_queue_needs_a_row_only(void **state)
{
    struct fixture *f = *state;
    struct s3_object_event object = an_event();
    struct advance_result result;
    given_config(f);
    PLAY({"HeadObject", NULL, REPLY(403, "")});
    must_fail(f, advance_message(&local.services, &object, &f->arena, &result, &f->err), "403");
    assert_played();
    assert_tells(f, "select count(*)::text as t from rdscnfg.ext_file", "0");
    PLAY({"HeadObject", NULL, OBJECT}, {"CopyObject", NULL, SLOW_DOWN});
    must(f, advance_message(&local.services, &object, &f->arena, &result, &f->err));
    assert_played();
    assert_result(&result, "waiting", "SlowDown");
    assert_file(f, "state, lease_owner, waiting_since", "RECEIVED|2026-11-20 20:27:53+00");
}

static void test_objects_that_are_none_of_ours(void **state)
{
    struct fixture *f = *state;
    const struct error problem = {.kind = ERROR_INVALID, .message = "no key"};
    struct s3_object_event object = an_event();
    struct advance_result result;
    object.is_creation = false;
    must(f, advance_object(&local.services, &object, &f->arena, &result, &f->err));
    assert_result(&result, "ignored", "the object is left alone");
    object.problem = &problem;
    must_fail(f, advance_object(&local.services, &object, &f->arena, &result, &f->err), "no key");
}

static void test_an_object_that_is_held(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "RECEIVED");
    take_file_over(f);
    PLAY({"HeadObject", NULL, OBJECT});
    must(f, advance(f, false, &result));
    assert_result(&result, "busy", "another invocation works on the file");
    assert_int_equal(result.until_ms, NOW_MS + 127000);
}

static void test_objects_with_nothing_due(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *file_is;
        struct step head;
        const char *message;
    } rows[] = {
        {NULL, {"HeadObject", NULL, NO_OBJECT}, "the object is not there any more"},
        {"SUBMITTED", {"HeadObject", NULL, OBJECT}, "still runs in Redshift"},
        {"LOADED", {"HeadObject", NULL, OBJECT}, "the file is under way"},
        {"DONE", {"HeadObject", NULL, OBJECT}, "the file is settled"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct advance_result result;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        if (rows[i].file_is != NULL) {
            given_file(f, rows[i].file_is);
        }
        play_steps(&rows[i].head, 1);
        must(f, advance(f, false, &result));
        assert_result(&result, "nothing due", rows[i].message);
    }
}

static void test_an_object_that_cannot_be_received(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "PREPARED");
    local.services.config_tables.detail = SLICE("rdscnfg.nowhere");
    PLAY({"HeadObject", NULL, NO_OBJECT}); /* the claim is won before the configuration fails */
    must_fail(f, advance(f, false, &result), "nowhere");
    assert_file(f, "state, lease_owner, waiting_since", "PREPARED|2026-11-20 20:27:53+00");
}

/* --- orders: what Redshift says of the statement comes first --- */

static void test_an_order_follows_a_statement_to_its_end(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "SUBMITTED");
    PLAY({"HeadObject", NULL, OBJECT}, {"DescribeStatement", NULL, LOAD_FINISHED}, DUTIES);
    must(f, advance(f, true, &result));
    assert_result(&result, "advanced", "");
    assert_file(f, "state, archived_key, noticed_at is not null, cleaned_at is not null",
                "DONE|" ARCHIVED "|t|t");
    PLAY({"HeadObject", NULL, OBJECT});
    must(f, advance(f, true, &result));
}

static void test_an_order_waits_with_the_file(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "SUBMITTED");
    PLAY({"HeadObject", NULL, OBJECT},
         {"DescribeStatement", NULL, LOCK_FAILED("ERROR: the database system is shutting down")});
    must(f, advance(f, true, &result));
    assert_result(&result, "waiting", "it is submitted again after 2026-11-20T20:28:2");
    assert_in_range(result.until_ms, NOW_MS + 30000, NOW_MS + 37500);
    assert_int_equal(result.state, FILE_PREPARED);
}

/* --- files --- */

static int advance_the_file(struct fixture *f, struct advance_result *result)
{
    int status = advance_file(&local.services, SLICE(FILE_ID), &f->arena, result, &f->err);
    assert_played();
    return status;
}

static void test_an_unknown_file(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    must_fail(f, advance_the_file(f, &result), "has no file " FILE_ID);
}

static void test_a_file_whose_statement_runs(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "SUBMITTED");
    PLAY({"DescribeStatement", NULL, STILL_RUNS("s1")});
    must(f, advance_the_file(f, &result));
    assert_result(&result, "nothing due", "still runs in Redshift");
    assert_file(f, "waiting_since, lease_owner", "");
}

static void test_a_file_that_is_held(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "PREPARED");
    take_file_over(f);
    must(f, advance_the_file(f, &result));
    assert_result(&result, "busy", "another invocation works on the file");
}

/* While the transformation runs, the archive is made. */
static void test_a_loaded_file_is_transformed_and_archived(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "LOADED");
    set_config(f, "query = 'call c()'");
    PLAY({"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", "call c()", TAKEN("t1")},
         ARCHIVE);
    must(f, advance_the_file(f, &result));
    assert_result(&result, "advanced", "");
    assert_file(f, "state, lease_owner, archived_at is not null, noticed_at", "TRANSFORMING|t");
}

/* A failure that may pass counts the hours of the file. */
static void test_a_statement_that_cannot_be_described(void **state)
{
    struct fixture *f = *state;
    struct advance_result result;
    given(f, "SUBMITTED");
    PLAY({"DescribeStatement", NULL, THROTTLED});
    must_fail(f, advance_the_file(f, &result), "DescribeStatement");
    assert_file(f, "state, waiting_since, lease_owner", "SUBMITTED|2026-11-20 20:27:53+00");
}

/* --- due files --- */

static void test_due_files_are_looked_after(void **state)
{
    struct fixture *f = *state;
    struct advance_sweep sweep;
    given(f, "RECEIVED");
    PLAY(TO_REDSHIFT);
    must(f, advance_due(&local.services, &sweep, &f->err));
    assert_int_equal(sweep.due, 1);
    assert_int_equal(sweep.failed, 0);
    must(f, advance_due(&local.services, &sweep, &f->err));
    assert_int_equal(sweep.due, 0);
    move_clock(HOUR_MS); /* the event of its end never came */
    PLAY({"DescribeStatement", NULL, HIDDEN}, {"ExecuteStatement", NULL, THROTTLED});
    must(f, advance_due(&local.services, &sweep, &f->err));
    assert_int_equal(sweep.due, 1);
    assert_int_equal(sweep.failed, 1);
    assert_logged("a due file was not finished");
}

static void test_a_sweep_stops_before_its_deadline(void **state)
{
    struct fixture *f = *state;
    struct advance_sweep sweep;
    given(f, "RECEIVED");
    local.services.requests.deadline_ms = NOW_MS - 1;
    must(f, advance_due(&local.services, &sweep, &f->err));
    assert_int_equal(sweep.due, 1);
    assert_int_equal(sweep.left, 1);
    break_tables(f);
    local.services.state.tables.due = SLICE("rdscnfg.nowhere");
    int result = advance_due(&local.services, &sweep, &f->err);
    mend_tables(f);
    must_fail(f, result, "list what is due");
}

/* --- status events --- */

static int hear(struct fixture *f, const char *name, const char *id, const char *told)
{
    const struct statement_event event = {.statement_id = slice_from(id),
                                          .statement_name = slice_from(name),
                                          .state = slice_from(told)};
    int status = advance_outcome(&local.services, &event, &f->arena, &f->err);
    assert_played();
    return status;
}

static void test_an_event_ends_a_load(void **state)
{
    struct fixture *f = *state;
    given(f, "SUBMITTED");
    PLAY({"DescribeStatement", NULL, LOAD_FINISHED}, DUTIES);
    must(f, hear(f, LOAD_NAME, "s1", "FINISHED"));
    assert_file(f, "state, lease_owner", "DONE");
    must(f, hear(f, LOAD_NAME, "s1", "FINISHED")); /* once more */
}

static void test_events_that_are_not_ours(void **state)
{
    struct fixture *f = *state;
    must(f, hear(f, "somebody's", "x", "FINISHED"));
    assert_logged("the statement is not one of ours");
    must(f, hear(f, LOAD_NAME, "s1", "FINISHED"));
    assert_logged("the statement is of another deployment");
    given(f, "SUBMITTED");
    must(f, hear(f, FILE_ID "|merge|1|527|s.t|external_file_framework", "m1", "FINISHED"));
    assert_logged("has no statements of this kind");
}

static void test_an_event_that_cannot_be_followed_comes_again(void **state)
{
    struct fixture *f = *state;
    given(f, "SUBMITTED");
    PLAY({"DescribeStatement", NULL, STILL_RUNS("s1")});
    must_fail(f, hear(f, LOAD_NAME, "s1", "FINISHED"), "has not ended yet");
    assert_file(f, "waiting_since", ""); /* nothing is wrong with the file */
    PLAY({"DescribeStatement", NULL, THROTTLED});
    must_fail(f, hear(f, LOAD_NAME, "s1", "FINISHED"), "DescribeStatement");
    assert_file(f, "waiting_since", "2026-11-20 20:27:53+00");
    break_tables(f);
    int result = hear(f, LOAD_NAME, "s1", "FINISHED");
    mend_tables(f);
    must_fail(f, result, "read the file's state");
}

/* What fails for long is tried less and less often, however often its event comes. */
static void test_an_event_waits_for_the_pause_of_its_file(void **state)
{
    struct fixture *f = *state;
    given(f, "PREPARED");
    must_run(f, "update rdscnfg.ext_statement set outcome = 'NOTHING'");
    set_file(f, "waiting_since = '2026-11-20 20:00Z', next_attempt_at = '2026-11-20 20:30Z'");
    must_fail(f, hear(f, LOAD_NAME, "s1", "FAILED"), "the file waits until 2026-11-20T20:30");
    assert_file(f, "state, lease_owner, claim_no", "PREPARED|0");
}

static void test_a_running_statement_makes_room_in_the_sweep(void **state)
{
    struct fixture *f = *state;
    struct advance_sweep sweep;
    given(f, "SUBMITTED");
    set_file(f, "state_at = '2026-11-20 20:00Z'");
    PLAY({"DescribeStatement", NULL, STILL_RUNS("s1")});
    must(f, advance_due(&local.services, &sweep, &f->err));
    assert_played();
    assert_int_equal(sweep.due, 1);
    assert_file(f, "waiting_since, next_attempt_at", "2026-11-20 20:37:53+00");
    must(f, advance_due(&local.services, &sweep, &f->err));
    assert_int_equal(sweep.due, 0);
}

#define LEGACY "527|s2|t2|s3://landing/" FILE_KEY "|527|call m()||external_file_frameowrk"

static void test_a_statement_of_the_python_framework_goes_on_here(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    PLAY({"DescribeStatement", "p1", FORGOTTEN}, {"HeadObject", NULL, OBJECT},
         {"DescribeStatement", "p1", FORGOTTEN}, {"Publish", "SUCCESS", PUBLISHED}, ARCHIVE,
         CLEAN_ALL);
    must(f, hear(f, LEGACY, "p1", "FINISHED"));
    assert_file(f, "state, target_table", "DONE|t2");
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
    PLAY({"DescribeStatement", "p1", FORGOTTEN}, {"HeadObject", NULL, NO_OBJECT});
    must(f, hear(f, LEGACY, "p1", "FINISHED"));
    PLAY({"DescribeStatement", "p1", THROTTLED});
    must_fail(f, hear(f, LEGACY, "p1", "FINISHED"), "DescribeStatement");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_an_object_gets_to_redshift),
        CASE_JOB(test_a_message_of_a_queue_needs_a_row_only),
        CASE_JOB(test_objects_that_are_none_of_ours),
        CASE_JOB(test_an_object_that_is_held),
        CASE_JOB(test_objects_with_nothing_due),
        CASE_JOB(test_an_object_that_cannot_be_received),
        CASE_JOB(test_an_order_follows_a_statement_to_its_end),
        CASE_JOB(test_an_order_waits_with_the_file),
        CASE_JOB(test_an_unknown_file),
        CASE_JOB(test_a_file_whose_statement_runs),
        CASE_JOB(test_a_file_that_is_held),
        CASE_JOB(test_a_loaded_file_is_transformed_and_archived),
        CASE_JOB(test_a_statement_that_cannot_be_described),
        CASE_JOB(test_due_files_are_looked_after),
        CASE_JOB(test_a_sweep_stops_before_its_deadline),
        CASE_JOB(test_an_event_ends_a_load),
        CASE_JOB(test_events_that_are_not_ours),
        CASE_JOB(test_an_event_that_cannot_be_followed_comes_again),
        CASE_JOB(test_an_event_waits_for_the_pause_of_its_file),
        CASE_JOB(test_a_running_statement_makes_room_in_the_sweep),
        CASE_JOB(test_a_statement_of_the_python_framework_goes_on_here),
    };
    return RUN_ON_SERVER("advance", tests);
}
