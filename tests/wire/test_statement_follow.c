/* Statements that came to their end: what Redshift says of them is put into effect. */
#include "wire/job_fixture.h"

#include "pipelines/load/kinds.h"
#include "statement/follow.h"

#define STEPS_MOST 9
#define BAD_ROWS "Check 'sys_load_error_detail' system table for details"
#define RESTART "ERROR: the database system is shutting down"
#define RESUBMITTED                                                                                \
    {"GetSecretValue", NULL, SECRET},                                                              \
    {                                                                                              \
        "BatchExecuteStatement", "-load-2\"", TAKEN("s2")                                          \
    }
#define LOAD_ERRORS(rows)                                                                          \
    {"GetSecretValue", NULL, SECRET}, {"ExecuteStatement", "sys_load_error_detail", TAKEN("q0")},  \
        {"DescribeStatement", "q0", DESCRIBED("q0", "FINISHED", "")},                              \
    {                                                                                              \
        "GetStatementResult", "q0", REPLY(200, "{\"Records\":[" rows "]}")                         \
    }
#define BAD_LINE                                                                                   \
    "[{\"longValue\":2},{\"stringValue\":\"a\"},{\"longValue\":1204},"                             \
    "{\"stringValue\":\"String length exceeds DDL length\"}],"                                     \
    "[{\"longValue\":3},{\"isNull\":true},{\"longValue\":1213},{\"stringValue\":\"why\"}]"

/* A statement that is followed, and where its file is then. */
struct row {
    const char *name;
    struct step steps[STEPS_MOST];
    const char *code; /* of the error; NULL: there is none */
    const char *file; /* a part of "state|reason" */
    const char *statements;
};

static size_t count_steps(const struct step *steps)
{
    size_t count = 0;
    while (count < STEPS_MOST && steps[count].operation != NULL) {
        count++;
    }
    return count;
}

static void check_row(struct fixture *f, const struct row *row, int result)
{
    assert_played();
    if ((result == 0) != (row->code == NULL)) {
        fail_msg("%s: %d, %s", row->name, result, result != 0 ? f->err.message : "no error");
    }
    if (result != 0) {
        assert_string_equal(f->err.code, row->code);
    }
    const char *file =
        ask_text(f, &f->pg, "select concat_ws('|', state, reason) as t from rdscnfg.ext_file");
    if (strstr(file, row->file) == NULL) {
        fail_msg("%s: %s, must be %s", row->name, file, row->file);
    }
    assert_statements(f, row->statements);
}

static void given_anew(struct fixture *f, const char *state)
{
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
    secrets_manager_drop(&local.services.secrets, local.services.settings.redshift.secret);
    given_file(f, state);
}

/* --- the current statement --- */

static const struct row loads[] = {
    {"it runs",
     {{"DescribeStatement", "\"Id\":\"s1\"", STILL_RUNS("s1")}},
     "NotEnded",
     "SUBMITTED",
     "load 1"},
    {"it is in", {{"DescribeStatement", NULL, LOAD_FINISHED}}, NULL, "DONE", "load 1 IN"},
    {"a conflict",
     {{"DescribeStatement", NULL, LOCK_FAILED(CONFLICT)}},
     NULL,
     "PREPARED",
     "load 1 NOTHING"}, /* the next number is due at once */
    {"a restart",
     {{"DescribeStatement", NULL, LOCK_FAILED(RESTART)}},
     "Waiting",
     "PREPARED",
     "load 1 NOTHING"},
    {"an earlier one is in",
     {{"DescribeStatement", NULL, GUARD_FAILED("ERROR: division by zero")}, CLOSE_FINDS_IT},
     NULL,
     "DONE",
     "load 1 IN"},
    {"the guard stopped it, and yet nothing is in",
     {{"DescribeStatement", NULL, GUARD_FAILED("ERROR: division by zero")}, NUMBER_CLOSED},
     NULL,
     "FAILED|the load did not happen, as its ledger shows",
     "load 1 NOTHING"},
    {"no ledger",
     {{"DescribeStatement", NULL, LOCK_FAILED("ERROR: relation \\\"l\\\" does not exist")},
      CLOSE_FAILS("ERROR: relation l does not exist")},
     NULL,
     "FAILED|the ledger s.t_ledger cannot be used",
     "load 1 NOTHING"},
    {"it was aborted",
     {{"DescribeStatement", NULL, DESCRIBED("s1", "ABORTED", "")}, NUMBER_CLOSED},
     "Waiting",
     "PREPARED",
     "load 1 NOTHING"},
    {"Redshift is throttled",
     {{"DescribeStatement", NULL, THROTTLED}},
     "ThrottlingException",
     "SUBMITTED",
     "load 1"},
};

static void test_a_load_is_followed(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(loads); i++) {
        given_anew(f, "SUBMITTED");
        struct job job = open_job(f);
        play_steps(loads[i].steps, count_steps(loads[i].steps));
        check_row(f, &loads[i], follow_current(&job, &load_kind, &f->err));
    }
}

static void test_bad_rows_are_named(void **state)
{
    struct fixture *f = *state;
    static const struct row rows[] = {
        {"Redshift names them",
         {{"DescribeStatement", NULL, COPY_FAILED(BAD_ROWS)}, LOAD_ERRORS(BAD_LINE), NUMBER_CLOSED},
         NULL,
         "REJECTED|Redshift could not load the file: line 2, column a: String length exceeds DDL "
         "length (1204); line 3: why (1213)",
         "load 1 NOTHING"},
        {"Redshift names none",
         {{"DescribeStatement", NULL, COPY_FAILED(BAD_ROWS)}, LOAD_ERRORS(""), NUMBER_CLOSED},
         NULL,
         "REJECTED|Redshift could not load the file: Check",
         "load 1 NOTHING"},
        {"they cannot be read",
         {{"DescribeStatement", NULL, COPY_FAILED(BAD_ROWS)},
          {"GetSecretValue", NULL, HIDDEN},
          NUMBER_CLOSED},
         NULL,
         "REJECTED|Redshift could not load the file: Check",
         "load 1 NOTHING"},
        {"an earlier number is in after all",
         {{"DescribeStatement", NULL, COPY_FAILED(BAD_ROWS)}, LOAD_ERRORS(""), CLOSE_FINDS_IT},
         NULL,
         "DONE",
         "load 1 IN"},
        {"the number cannot be closed now",
         {{"DescribeStatement", NULL, COPY_FAILED(BAD_ROWS)},
          LOAD_ERRORS(""),
          {"BatchExecuteStatement", NULL, THROTTLED}},
         "ThrottlingException",
         "SUBMITTED",
         "load 1"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        given_anew(f, "SUBMITTED");
        struct job job = open_job(f);
        play_steps(rows[i].steps, count_steps(rows[i].steps));
        check_row(f, &rows[i], follow_current(&job, &load_kind, &f->err));
    }
    assert_logged("Redshift does not tell which rows could not be loaded");
}

/* Of a statement that Redshift does not show, the ledger tells. */
static const struct row unseen[] = {
    {"forgotten, and in",
     {{"DescribeStatement", NULL, FORGOTTEN}, CLOSE_FINDS_IT},
     NULL,
     "DONE",
     "load 1 IN"},
    {"forgotten, and not in",
     {{"DescribeStatement", NULL, FORGOTTEN}, NUMBER_CLOSED},
     NULL,
     "FAILED|the load did not happen, as its ledger shows: Redshift does not know the "
     "statement any more",
     "load 1 NOTHING"},
    {"forgotten, and the ledger is closed to us",
     {{"DescribeStatement", NULL, FORGOTTEN},
      CLOSE_FAILS("ERROR: permission denied for relation l")},
     "",
     "SUBMITTED",
     "load 1"},
    {"forgotten, and there is no ledger",
     {{"DescribeStatement", NULL, FORGOTTEN}, CLOSE_FAILS("ERROR: relation l does not exist")},
     NULL,
     "FAILED|the load did not happen",
     "load 1 NOTHING"},
    {"forgotten, and the ledger does not answer",
     {{"DescribeStatement", NULL, FORGOTTEN}, CLOSE_FAILS("connection refused")},
     "NoAnswer",
     "SUBMITTED",
     "load 1"},
    {"forgotten, and the answer is none",
     {{"DescribeStatement", NULL, FORGOTTEN}, CLOSE_SAYS("{\"Records\":[],\"ColumnMetadata\":[]}")},
     "",
     "SUBMITTED",
     "load 1"},
    {"hidden, and in",
     {{"DescribeStatement", NULL, HIDDEN}, LEDGER_HAS},
     NULL,
     "DONE",
     "load 1 IN"},
    {"hidden, and not in yet",
     {{"DescribeStatement", NULL, HIDDEN}, LEDGER_LACKS},
     "",
     "SUBMITTED",
     "load 1"},
    {"hidden, and the ledger cannot be asked",
     {{"DescribeStatement", NULL, HIDDEN}, {"ExecuteStatement", NULL, THROTTLED}},
     "ThrottlingException",
     "SUBMITTED",
     "load 1"},
};

static void test_a_statement_that_is_not_shown(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(unseen); i++) {
        given_anew(f, "SUBMITTED");
        struct job job = open_job(f);
        play_steps(unseen[i].steps, count_steps(unseen[i].steps));
        check_row(f, &unseen[i], follow_current(&job, &load_kind, &f->err));
    }
}

/* What the rows keep of a load that is in. */
static void test_times_and_rows_are_kept(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct step steps[STEPS_MOST];
        const char *row;
    } rows[] = {
        {{{"DescribeStatement", NULL, LOAD_FINISHED}},
         "3|3|2026-11-20 20:27:43+00|2026-11-20 20:27:48+00"},
        /* Stopped by the guard: the times are those of another one, and unknown. */
        {{{"DescribeStatement", NULL, GUARD_FAILED("ERROR: division by zero")}, CLOSE_FINDS_IT},
         "3|3|2026-11-20 20:27:48+00|2026-11-20 20:27:53+00"},
        {{{"DescribeStatement", NULL, FORGOTTEN}, CLOSE_SAYS(ANSWER("1", "\"isNull\":true"))},
         "2026-11-20 20:27:48+00|2026-11-20 20:27:53+00"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        given_anew(f, "SUBMITTED");
        struct job job = open_job(f);
        play_steps(rows[i].steps, count_steps(rows[i].steps));
        must(f, follow_current(&job, &load_kind, &f->err));
        assert_tells(f,
                     "select concat_ws('|', rows_loaded, rows, started_at, ended_at) as t from "
                     "rdscnfg.ext_file join rdscnfg.ext_statement on work_id = file_id",
                     rows[i].row);
    }
    assert_tells(f,
                 "select string_agg(concat_ws('|', file_process_status, update_query), ',') as t "
                 "from rdscnfg.ext_file_audit",
                 "FINISHED|INSERT i,FINISHED|INSERT i,FINISHED|INSERT i");
}

/* --- limits, and others at work --- */

static void test_a_statement_is_repeated_for_hours_at_most(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    set_file(f, "waiting_since = '2026-11-18 20:27:53Z'");
    struct job job = open_job(f);
    local.services.settings.retry.hours = 48;
    PLAY({"DescribeStatement", NULL, LOCK_FAILED(RESTART)}, NUMBER_CLOSED);
    must(f, follow_current(&job, &load_kind, &f->err));
    assert_int_equal(job.record.state, FILE_FAILED);
    assert_says(job.record.reason.data, "tried for 48 hours (retry_hours): the load was");
}

static void renumber(struct fixture *f)
{
    set_file(f, "state = 'DONE'");
}

static void test_another_invocation_may_be_faster(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    struct job job = open_job(f);
    PLAY({"DescribeStatement", NULL, LOCK_FAILED(CONFLICT), .meanwhile = renumber});
    must(f, follow_current(&job, &load_kind, &f->err));
    assert_int_equal(job.record.state, FILE_DONE);
    assert_statements(f, "load 1");
}

static void test_an_end_that_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    static const struct step replies[] = {
        {"DescribeStatement", NULL, LOAD_FINISHED, .meanwhile = break_tables},
        {"DescribeStatement", NULL, LOCK_FAILED(CONFLICT), .meanwhile = break_tables}};
    given_config(f);
    given_file(f, "SUBMITTED");
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        struct job job = open_job(f);
        play_steps(&replies[i], 1);
        int result = follow_current(&job, &load_kind, &f->err);
        mend_tables(f);
        must_fail(f, result, "end the statement");
    }
    assert_file(f, "state", "SUBMITTED");
}

/* An audit row has local times: the zone is checked before. */
static void test_an_unknown_zone_is_utc(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    local.services.state.tables.timezone = SLICE("Nowhere/Zone");
    struct job job = open_job(f);
    PLAY({"DescribeStatement", NULL, LOAD_FINISHED});
    must(f, follow_current(&job, &load_kind, &f->err));
    assert_tells(f, "select start_time::text as t from rdscnfg.ext_file_audit",
                 "2026-11-20 20:27:43");
    assert_logged("names no zone that Postgres knows");
}

static void test_stored_parts_may_be_damaged(void **state)
{
    struct fixture *f = *state;
    const struct statement_hint other = {SLICE("load"), 9, SLICE("s9"), SLICE("FINISHED")};
    given_file(f, "SUBMITTED");
    must_run(f, "update rdscnfg.ext_statement set sql = '{'");
    struct job job = open_job(f);
    must_fail(f, follow_current(&job, &load_kind, &f->err), "the stored statements");
    must_fail(f, follow_hint(&job, &load_kind, &other, &f->err), "the stored statements");
}

/* What asks the ledger comes from the row, too. */
static void test_a_ledger_that_cannot_be_named(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *change;
        struct step described;
        const char *message;
    } rows[] = {
        {"update rdscnfg.ext_statement set target = '{'",
         {"DescribeStatement", NULL, FORGOTTEN},
         "asking the ledger: the stored target"},
        {"update rdscnfg.ext_file set target_table = repeat('t', 200)",
         {"DescribeStatement", NULL, FORGOTTEN},
         "tgt_table_name"},
        {"update rdscnfg.ext_file set target_table = repeat('t', 200)",
         {"DescribeStatement", NULL, LOCK_FAILED("ERROR: why")},
         "tgt_table_name"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        given_anew(f, "SUBMITTED");
        must_run(f, rows[i].change);
        struct job job = open_job(f);
        play_steps(&rows[i].described, 1);
        must_fail(f, follow_current(&job, &load_kind, &f->err), rows[i].message);
        assert_file(f, "state", "SUBMITTED");
    }
}

/* The audit table keeps the INSERT of a batch that is whole. */
static void test_a_damaged_batch_leaves_its_insert_out(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    must_run(f, "update rdscnfg.ext_statement set sql = '[\"a\"]'");
    struct job job = open_job(f);
    PLAY({"DescribeStatement", NULL, FORGOTTEN}, CLOSE_FINDS_IT);
    must(f, follow_current(&job, &load_kind, &f->err));
    assert_tells(f,
                 "select concat_ws('|', file_process_status, update_query) as t from "
                 "rdscnfg.ext_file_audit",
                 "FINISHED");
}

/* A kind that is not told of bad rows, and has no audit. */
static void test_a_transformation_is_followed(void **state)
{
    struct fixture *f = *state;
    static const struct row rows[] = {
        {"it is in",
         {{"DescribeStatement", "t1",
           DESCRIBED("t1", "FINISHED",
                     PARTS(PART_FINISHED "," PART_FINISHED "," PART_FINISHED "," PART_FINISHED))}},
         NULL,
         "DONE",
         "load 1 IN; transform 1 IN"},
        {"it failed",
         {{"DescribeStatement", "t1",
           DESCRIBED("t1", "FAILED",
                     PARTS(PART_FINISHED "," PART_FINISHED
                                         "," PART_FAILED("ERROR: why") "," PART_ABORTED))},
          NUMBER_CLOSED},
         NULL,
         "TRANSFORM_FAILED|the transformation failed: ERROR: why",
         "load 1 IN; transform 1 NOTHING"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        given_anew(f, "TRANSFORMING");
        struct job job = open_job(f);
        play_steps(rows[i].steps, count_steps(rows[i].steps));
        check_row(f, &rows[i], follow_if_ended(&job, &transform_kind, &f->err));
    }
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file_audit"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_a_load_is_followed),
        CASE_JOB(test_bad_rows_are_named),
        CASE_JOB(test_a_statement_that_is_not_shown),
        CASE_JOB(test_times_and_rows_are_kept),
        CASE_JOB(test_a_statement_is_repeated_for_hours_at_most),
        CASE_JOB(test_another_invocation_may_be_faster),
        CASE_JOB(test_an_end_that_cannot_be_written),
        CASE_JOB(test_an_unknown_zone_is_utc),
        CASE_JOB(test_stored_parts_may_be_damaged),
        CASE_JOB(test_a_ledger_that_cannot_be_named),
        CASE_JOB(test_a_damaged_batch_leaves_its_insert_out),
        CASE_JOB(test_a_transformation_is_followed),
    };
    return RUN_ON_SERVER("statement_follow", tests);
}
