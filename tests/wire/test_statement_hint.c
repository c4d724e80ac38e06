/* Events of statements: hints that come early, late, twice, or of another statement. */
#include "wire/job_fixture.h"

#include "pipelines/load/kinds.h"
#include "statement/follow.h"

#define STEPS_MOST 8

static const struct statement_hint success = {SLICE_INIT("load"), 1, SLICE_INIT("s1"),
                                              SLICE_INIT("FINISHED")};
static const struct statement_hint failure = {SLICE_INIT("load"), 1, SLICE_INIT("s1"),
                                              SLICE_INIT("FAILED")};
/* A success of a number that is not current. */
static const struct statement_hint other = {SLICE_INIT("load"), 9, SLICE_INIT("s9"),
                                            SLICE_INIT("FINISHED")};

struct row {
    const char *name;
    const char *file_is; /* its state */
    const struct statement_hint *hint;
    struct step steps[STEPS_MOST];
    int result;
    const char *becomes;
    const char *statements;
};

static void play_row(struct fixture *f, const struct row *row, const char *change)
{
    size_t count = 0;
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
    given_file(f, row->file_is);
    must_run(f, change);
    while (count < STEPS_MOST && row->steps[count].operation != NULL) {
        count++;
    }
    struct job job = open_job(f);
    play_steps(row->steps, count);
    int result = follow_hint(&job, &load_kind, row->hint, &f->err);
    assert_played();
    if (result != row->result) {
        fail_msg("%s: %d, %s", row->name, result, result != 0 ? f->err.message : "no error");
    }
    const char *reached = ask_text(f, &f->pg, "select state as t from rdscnfg.ext_file");
    if (strcmp(reached, row->becomes) != 0 ||
        !slice_equal(slice_from(reached), slice_from(file_state_name(job.record.state)))) {
        fail_msg("%s: %s, must be %s", row->name, reached, row->becomes);
    }
    assert_statements(f, row->statements);
}

#define NO_CHANGE "select"

static const struct row hints[] = {
    {"the end that the file waits for",
     "SUBMITTED",
     &success,
     {{"DescribeStatement", "s1", LOAD_FINISHED}},
     0,
     "DONE",
     "load 1 IN"},
    {"an end that is none yet",
     "SUBMITTED",
     &success,
     {{"DescribeStatement", "s1", STILL_RUNS("s1")}},
     -1,
     "SUBMITTED",
     "load 1"},
    {"before the submission was noted",
     "PREPARED",
     &success,
     {{"DescribeStatement", "s1", LOAD_FINISHED}},
     0,
     "DONE",
     "load 1 IN"},
    {"once more", "DONE", &success, {NO_STEP}, 0, "DONE", "load 1 IN"},
    {"another statement that is in", "SUBMITTED", &other, {LEDGER_HAS}, 0, "DONE", "load 1 IN"},
    {"another statement that is not in",
     "SUBMITTED",
     &other,
     {LEDGER_LACKS},
     0,
     "SUBMITTED",
     "load 1"},
    {"another statement, and no ledger now",
     "SUBMITTED",
     &other,
     {{"ExecuteStatement", NULL, THROTTLED}},
     -1,
     "SUBMITTED",
     "load 1"},
    {"a success that comes late",
     "FAILED",
     &success,
     {{"DescribeStatement", "s1", LOAD_FINISHED}},
     0,
     "DONE",
     "load 1 IN"},
    {"a late one that the ledger has",
     "REJECTED",
     &success,
     {{"DescribeStatement", "s1", FORGOTTEN}, LEDGER_HAS},
     0,
     "DONE",
     "load 1 IN"},
    {"a late one that the ledger has not",
     "FAILED",
     &success,
     {{"DescribeStatement", "s1", FORGOTTEN}, LEDGER_LACKS},
     0,
     "FAILED",
     "load 1 NOTHING"},
    {"a late one, and the ledger may not be read",
     "FAILED",
     &success,
     {{"DescribeStatement", "s1", FORGOTTEN},
      LEDGER_FAILS("ERROR: permission denied for relation l")},
     0,
     "FAILED",
     "load 1 NOTHING"},
    {"a failure that is known",
     "FAILED",
     &failure,
     {{"DescribeStatement", "s1", LOCK_FAILED(CONFLICT)}},
     0,
     "FAILED",
     "load 1 NOTHING"},
    {"hidden, and in",
     "SUBMITTED",
     &success,
     {{"DescribeStatement", "s1", HIDDEN}, CLOSE_FINDS_IT},
     0,
     "DONE",
     "load 1 IN"},
    {"hidden, and not in",
     "SUBMITTED",
     &failure,
     {{"DescribeStatement", "s1", HIDDEN}, NUMBER_CLOSED},
     0,
     "FAILED",
     "load 1 NOTHING"},
};

static void test_hints(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(hints); i++) {
        play_row(f, &hints[i], NO_CHANGE);
    }
}

/* When another statement committed is unknown: after the object came, and by now. */
static void test_another_statement_has_no_times(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    struct job job = open_job(f);
    PLAY(LEDGER_HAS);
    must(f, follow_hint(&job, &load_kind, &other, &f->err));
    assert_text(job.record.load_started_at, "2026-11-20 20:27:48.000");
    assert_text(job.record.load_ended_at, "2026-11-20 20:27:53.000");
    assert_int_equal(job.record.rows_loaded, 3);
}

/* A load of the Python framework is in no ledger: what Redshift or its event says counts. */
static void test_hints_of_the_python_framework(void **state)
{
    struct fixture *f = *state;
    static const struct row rows[] = {
        {"it is in",
         "SUBMITTED",
         &success,
         {{"DescribeStatement", "s1", DESCRIBED("s1", "FINISHED", ",\"ResultRows\":5")}},
         0,
         "DONE",
         "load 1 IN"},
        {"it failed",
         "SUBMITTED",
         &failure,
         {{"DescribeStatement", "s1", DESCRIBED("s1", "FAILED", ",\"Error\":\"why\"")}},
         0,
         "FAILED",
         "load 1 NOTHING"},
        {"forgotten, and its event reports success",
         "SUBMITTED",
         &success,
         {{"DescribeStatement", "s1", FORGOTTEN}},
         0,
         "DONE",
         "load 1 IN"},
        {"hidden, and its event reports failure",
         "SUBMITTED",
         &failure,
         {{"DescribeStatement", "s1", HIDDEN}},
         0,
         "FAILED",
         "load 1 NOTHING"},
        {"another statement tells nothing",
         "SUBMITTED",
         &other,
         {NO_STEP},
         0,
         "SUBMITTED",
         "load 1"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        play_row(f, &rows[i], "update rdscnfg.ext_statement set sql = ''");
    }
}

static void test_a_framework_statement_without_an_event_is_unknown(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    must_run(f, "update rdscnfg.ext_statement set sql = ''");
    struct job job = open_job(f);
    PLAY({"DescribeStatement", "s1", FORGOTTEN});
    must_fail(f, follow_if_ended(&job, &load_kind, &f->err), "of the Python framework ended");
    assert_true(f->err.retryable); /* its event may come */
    PLAY({"DescribeStatement", "s1", STILL_RUNS("s1")});
    must(f, follow_if_ended(&job, &load_kind, &f->err));
    assert_logged("the statement still runs");
}

/* The submitter announces a load before it notes it: its end must come after that. */
static void test_an_end_waits_for_the_announcement(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    set_config(f, "notify_submission = 'Y'");
    given_file(f, "PREPARED");
    take_file_over(f);
    job = open_job(f);
    must_fail(f, follow_hint(&job, &load_kind, &success, &f->err), "is being announced");
    assert_true(f->err.retryable);
    move_clock(HOUR_MS); /* the submitter is dead */
    PLAY({"DescribeStatement", "s1", LOAD_FINISHED});
    must(f, follow_hint(&job, &load_kind, &success, &f->err));
    assert_int_equal(job.record.state, FILE_DONE);
}

static void test_an_id_that_cannot_be_stored(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    given_file(f, "PREPARED");
    job = open_job(f);
    break_tables(f);
    int result = follow_hint(&job, &load_kind, &success, &f->err);
    mend_tables(f);
    must_fail(f, result, "note the submission");
}

/* The rows are in, and nobody knows what is to become of them. */
static void test_a_load_without_its_configuration(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_file(f, "SUBMITTED");
    job = open_job(f);
    PLAY({"DescribeStatement", "s1", LOAD_FINISHED});
    must(f, follow_hint(&job, &load_kind, &success, &f->err));
    assert_int_equal(job.record.state, FILE_TRANSFORM_FAILED);
    assert_says(job.record.reason.data, "the file was loaded, but configuration 7 was deleted");
}

static void test_a_load_with_a_query_is_to_be_transformed(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    set_config(f, "query = 'call c()'");
    given_file(f, "SUBMITTED");
    job = open_job(f);
    PLAY({"DescribeStatement", "s1", LOAD_FINISHED});
    must(f, follow_hint(&job, &load_kind, &success, &f->err));
    assert_int_equal(job.record.state, FILE_LOADED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_hints),
        CASE_JOB(test_another_statement_has_no_times),
        CASE_JOB(test_hints_of_the_python_framework),
        CASE_JOB(test_a_framework_statement_without_an_event_is_unknown),
        CASE_JOB(test_an_end_waits_for_the_announcement),
        CASE_JOB(test_an_id_that_cannot_be_stored),
        CASE_JOB(test_a_load_without_its_configuration),
        CASE_JOB(test_a_load_with_a_query_is_to_be_transformed),
    };
    return RUN_ON_SERVER("statement_hint", tests);
}
