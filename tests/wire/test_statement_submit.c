/*
 * Statements that are submitted. Besides those of the pipeline `load`, a kind of this test's own: a
 * further kind is one row of rules and one builder.
 */
#include "wire/job_fixture.h"

#include "pipelines/load/kinds.h"
#include "statement/submit.h"

/* --- a further kind --- */

static const struct statement_rules merge_rules = {
    .kind = SLICE_INIT("merge"),
    .noun = "the merge",
    .numbered = FILE_PREPARED,
    .submitted = FILE_SUBMITTED,
    .failed = FILE_FAILED,
    .lock = 0,
    .guard = 1,
    .copy = RULES_NO_PART,
    .balance = RULES_NO_PART,
    .insert = 2,
};

static int merge_build(struct job *job, int64_t number, const void *made, struct slice **parts,
                       size_t *count, struct error *err)
{
    if (made == NULL && number == 1) {
        return error_set(err, ERROR_CONFIGURATION, "nothing was made");
    }
    *count = 4;
    *parts = arena_zalloc(job->arena, *count, sizeof(**parts));
    (*parts)[0] = SLICE("LOCK l");
    (*parts)[1] = arena_format(job->arena, "guard %lld", (long long)number);
    (*parts)[2] = SLICE("MERGE INTO t");
    (*parts)[3] = SLICE("ledger");
    return 0;
}

static enum file_state merge_is_in(const struct job *job, struct slice *reason)
{
    (void)job, (void)reason;
    return FILE_DONE;
}

static int merge_announce(struct job *job, struct error *err)
{
    return slice_equal(job->file_name, SLICE("unheard")) ? job_check_written(job, false, err) : 0;
}

static const struct statement_kind merge = {
    .rules = &merge_rules,
    .build = merge_build,
    .state_when_in = merge_is_in,
    .announce = merge_announce,
};

static const struct statement_source made = {.made = "anything"};

static void given(struct fixture *f, const char *state, struct job *job)
{
    given_config(f);
    given_file(f, state);
    hold_job(f, job);
}

/* --- numbers --- */

static void test_a_first_number_is_stored_and_sent(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", "secret:dw", SECRET},
         {"BatchExecuteStatement",
          "\"Sqls\":[\"LOCK l\",\"guard 1\",\"MERGE INTO t\",\"ledger\"],"
          "\"ExecutionMode\":\"TRANSACTION\",\"ClusterIdentifier\":\"dw\",\"Database\":\"dev\","
          "\"DbUser\":\"loader\",\"StatementName\":\"" FILE_ID
          "|merge|1|527|s.t|external_file_framework\",\"ClientToken\":\"" FILE_ID
          "-merge-1\",\"WithEvent\":true",
          TAKEN("m1")});
    must(f, statement_submit(&job, &merge, &made, &f->err));
    assert_int_equal(job.record.state, FILE_SUBMITTED);
    assert_text(job.record.statement.statement_id, "m1");
    assert_false(job.record.is_leased);
    assert_statements(f, "merge 1");
    assert_tells(f,
                 "select string_agg(note, ',' order by ext_file_history_sid) as t from "
                 "rdscnfg.ext_file_history",
                 "merge 1,m1");
}

/* What was made for the first load is stored with it. */
static void test_what_was_prepared_is_stored_with_the_number(void **state)
{
    struct fixture *f = *state;
    const struct file_preparation preparation = {.private_key = SLICE("p"),
                                                 .promised_records = 3,
                                                 .file_records = FILE_COUNT_UNKNOWN,
                                                 .loadable_records = 2,
                                                 .schema = SLICE("s2"),
                                                 .table = SLICE("t2")};
    const struct statement_source source = {.made = "anything", .preparation = &preparation};
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", NULL, TAKEN("m1")});
    must(f, statement_submit(&job, &merge, &source, &f->err));
    assert_file(f,
                "private_key, promised_records, file_records, loadable_records, target_schema, "
                "target_table",
                "p|3|2|s2|t2");
}

/* The submitter of a transformation has more to do. */
static void test_a_transformation_keeps_the_lease(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "LOADED", &job);
    set_config(f, "query = 'call c(:load_id); delete from x where f = '':file_name''; commit'");
    must(f, job_read_config(&job, &f->err));
    PLAY({"GetSecretValue", NULL, SECRET},
         {"BatchExecuteStatement", "call c('" FILE_ID "')", TAKEN("t1")});
    must(f, statement_submit(&job, &transform_kind, NULL, &f->err));
    assert_int_equal(job.record.state, FILE_TRANSFORMING);
    assert_true(lease_is_ours(&job));
    assert_logged("has a parameter inside quotes");
    assert_logged("the query ends its own transaction");
    lease_end(&job);
}

/* A number that was stored is sent as it is stored, whatever became of secret and configuration. */
static void test_a_stored_number_is_sent_again(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", &job);
    PLAY({"BatchExecuteStatement", "\"COPY (\\\"a\\\")\",\"balance\",\"INSERT i\",\"ledger\"]",
          TAKEN("s1")});
    must(f, statement_submit(&job, &load_kind, NULL, &f->err));
    assert_statements(f, "load 1");
    assert_file(f, "state", "SUBMITTED");
}

/* One that ended without effect is followed by the next. */
static void test_the_next_number_is_of_the_same_batch(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    given_file(f, "PREPARED");
    must_run(f, "update rdscnfg.ext_statement set outcome = 'NOTHING'");
    hold_job(f, &job);
    PLAY({"GetSecretValue", NULL, SECRET},
         {"BatchExecuteStatement", "\"COPY (\\\"a\\\")\",\"balance\",\"INSERT i\"", TAKEN("s2")});
    must(f, statement_submit(&job, &load_kind, NULL, &f->err));
    assert_says(local.aws.sent[1], FILE_ID "-load-2");
    assert_statements(f, "load 1 NOTHING; load 2");
}

/* --- others are at work, too --- */

static void test_nothing_is_sent_for_a_file_that_was_taken_over(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET, .meanwhile = take_file_over});
    must_fail(f, statement_submit(&job, &merge, &made, &f->err), "was taken over");
    assert_true(error_is(&f->err, JOB_TAKEN_OVER));
    assert_statements(f, "");
}

static void end_by_event(struct fixture *f)
{
    set_file(f, "state = 'DONE', lease_owner = null, lease_until = null");
}

/* The statement may have ended, and its event moved the file on, before that is noted. */
static void test_an_event_may_be_faster_than_the_note(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", &job);
    PLAY({"BatchExecuteStatement", NULL, TAKEN("s1"), .meanwhile = end_by_event});
    must(f, statement_submit(&job, &load_kind, NULL, &f->err));
    assert_int_equal(job.record.state, FILE_DONE);
    assert_logged("\"ended_already\":true");
}

/* Redshift has the statement, whoever notes it. */
static void test_an_announcement_that_fails_leaves_the_number(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    job.file_name = SLICE("unheard");
    PLAY({"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", NULL, TAKEN("m1")});
    must_fail(f, statement_submit(&job, &merge, &made, &f->err), "was taken over");
    assert_file(f, "state, statement_kind, statement_no", "PREPARED|merge|1");
}

/* --- failures that pass --- */

static void test_a_throttle_leaves_the_number(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", "-merge-1\"", THROTTLED});
    must_fail(f, statement_submit(&job, &merge, &made, &f->err), "submitting the merge: ");
    assert_true(f->err.retryable);
    assert_file(f, "state", "PREPARED");
    PLAY({"BatchExecuteStatement", "-merge-1\"", TAKEN("m1")});
    must(f, statement_submit(&job, &merge, &made, &f->err));
    assert_statements(f, "merge 1");
}

static void test_a_secret_that_cannot_be_read_now(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, THROTTLED});
    must_fail(f, statement_submit(&job, &merge, &made, &f->err), "secret_redshift: ");
    assert_file(f, "state", "RECEIVED");
}

static void test_a_postgres_that_fails(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET, .meanwhile = break_tables});
    int numbered = statement_submit(&job, &merge, &made, &f->err);
    mend_tables(f);
    must_fail(f, numbered, "number the statement");
    PLAY({"BatchExecuteStatement", NULL, TAKEN("m1"), .meanwhile = break_tables});
    int noted = statement_submit(&job, &merge, &made, &f->err);
    mend_tables(f);
    must_fail(f, noted, "note the submission");
}

/* --- refusals --- */

/* No attempt can have submitted a number that is new. */
static void test_a_new_number_that_is_refused_ends_the_file(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", NULL, REFUSED});
    must(f, statement_submit(&job, &merge, &made, &f->err));
    assert_int_equal(job.record.state, FILE_FAILED);
    assert_says(job.record.reason.data, "the merge cannot be submitted: ");
    assert_statements(f, "merge 1 NOTHING");
}

/* The secret that named the target may be wrong: the next number reads it anew. */
static void test_a_refusal_forgets_the_secret(void **state)
{
    struct fixture *f = *state;
    struct redshift_target target;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", NULL, REFUSED});
    must(f, statement_submit(&job, &merge, &made, &f->err));
    PLAY({"GetSecretValue", NULL, SECRET});
    must(f, services_redshift_target(&local.services, &f->arena, &target, &f->err));
}

static void test_a_stored_number_that_is_refused_is_looked_for(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", &job);
    PLAY({"BatchExecuteStatement", NULL, REFUSED},
         {"ListStatements", "\"StatementName\":\"" FILE_ID "|load|1|\"", LISTED("")},
         NUMBER_CLOSED);
    must(f, statement_submit(&job, &load_kind, NULL, &f->err));
    assert_int_equal(job.record.state, FILE_FAILED);
    assert_says(job.record.reason.data, "the load cannot be submitted: ");
    assert_statements(f, "load 1 NOTHING");
}

static void test_an_earlier_attempt_may_have_submitted_it(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct step described;
        int result;
        const char *state;
    } rows[] = {
        {{"DescribeStatement", "s1", STILL_RUNS("s1")}, 0, "SUBMITTED"},
        {{"DescribeStatement", "s1", LOAD_FINISHED}, 0, "DONE"},
        {{"DescribeStatement", "s1", THROTTLED}, -1, "SUBMITTED"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, "PREPARED");
        hold_job(f, &job);
        PLAY({"BatchExecuteStatement", NULL, REFUSED},
             {"ListStatements", NULL, LISTED("{\"Id\":\"s1\",\"Status\":\"STARTED\"}")});
        play_steps(&rows[i].described, 1);
        assert_int_equal(statement_submit(&job, &load_kind, NULL, &f->err), rows[i].result);
        assert_file(f, "state", rows[i].state);
        lease_end(&job);
    }
}

/* As long as that is unknown, the file waits. */
static void test_a_list_that_fails_leaves_the_number(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "PREPARED", &job);
    PLAY({"BatchExecuteStatement", NULL, REFUSED}, {"ListStatements", NULL, HIDDEN});
    must_fail(f, statement_submit(&job, &load_kind, NULL, &f->err),
              "asking whether Redshift has the statement: ");
    assert_true(f->err.retryable);
    assert_file(f, "state", "PREPARED");
}

static void test_what_is_stored_may_be_damaged(void **state)
{
    struct fixture *f = *state;
    static const char *const damages[] = {"name = 'x'", "sql = '{'", "target = '{'"};
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, "PREPARED");
        must_run(f,
                 arena_format(&f->arena, "update rdscnfg.ext_statement set %s", damages[i]).data);
        hold_job(f, &job);
        PLAY({"ListStatements", NULL, THROTTLED});
        assert_int_equal(statement_submit(&job, &load_kind, NULL, &f->err), -1);
        lease_end(&job);
    }
}

/* The configuration makes no batch: the file is at fault where its kind can reject. */
static void test_a_batch_that_cannot_be_built(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET});
    must(f, statement_submit(&job, &merge, NULL, &f->err));
    assert_int_equal(job.record.state, FILE_FAILED);
    assert_text(job.record.reason, "the merge cannot be submitted: nothing was made");
    assert_statements(f, "");
}

static void test_a_later_batch_that_cannot_be_built(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *state;
        const char *outcome; /* of the load */
        const struct statement_kind *kind;
        const char *sql;
        const char *file;
    } rows[] = {
        {"PREPARED", "NOTHING", &load_kind, "[\"a\"]",
         "FAILED|the load cannot be submitted again: the stored load has 1 statements"},
        {"PREPARED", "NOTHING", &load_kind, "{",
         "FAILED|the load cannot be submitted again: the stored statements: "},
        {"LOADED", "IN", &transform_kind, "[]",
         "TRANSFORM_FAILED|the transformation cannot be submitted: configuration 7 was deleted"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, rows[i].state);
        must_run(f, arena_format(&f->arena,
                                 "update rdscnfg.ext_statement set outcome = '%s', "
                                 "sql = '%s'",
                                 rows[i].outcome, rows[i].sql)
                        .data);
        hold_job(f, &job);
        PLAY({"GetSecretValue", NULL, SECRET});
        must(f, statement_submit(&job, rows[i].kind, NULL, &f->err));
        assert_says(
            ask_text(f, &f->pg, "select concat_ws('|', state, reason) as t from rdscnfg.ext_file"),
            rows[i].file);
        lease_end(&job);
        secrets_manager_drop(&local.services.secrets, local.services.settings.redshift.secret);
    }
}

static void test_a_secret_that_is_none_ends_the_file(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL, SECRET_IS("[]")});
    must(f, statement_submit(&job, &merge, &made, &f->err));
    assert_int_equal(job.record.state, FILE_FAILED);
    assert_says(job.record.reason.data, "the merge cannot be submitted: secret_redshift: ");
}

/* As Redshift manages it: what the secret lacks, the settings have. */
static void test_a_secret_of_username_and_password(void **state)
{
    struct fixture *f = *state;
    struct job job;
    local.services.settings.redshift.cluster = SLICE("dw-1");
    local.services.settings.redshift.database = SLICE("prod");
    given(f, "RECEIVED", &job);
    PLAY({"GetSecretValue", NULL,
          SECRET_IS("{\\\"username\\\":\\\"admin\\\",\\\"password\\\":\\\"hidden-word\\\"}")},
         {"BatchExecuteStatement",
          "\"ClusterIdentifier\":\"dw-1\",\"Database\":\"prod\",\"DbUser\":\"admin\"",
          TAKEN("s1")});
    must(f, statement_submit(&job, &merge, &made, &f->err));
    assert_statements(f, "merge 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_a_first_number_is_stored_and_sent),
        CASE_JOB(test_what_was_prepared_is_stored_with_the_number),
        CASE_JOB(test_a_transformation_keeps_the_lease),
        CASE_JOB(test_a_stored_number_is_sent_again),
        CASE_JOB(test_the_next_number_is_of_the_same_batch),
        CASE_JOB(test_nothing_is_sent_for_a_file_that_was_taken_over),
        CASE_JOB(test_an_event_may_be_faster_than_the_note),
        CASE_JOB(test_an_announcement_that_fails_leaves_the_number),
        CASE_JOB(test_a_throttle_leaves_the_number),
        CASE_JOB(test_a_secret_that_cannot_be_read_now),
        CASE_JOB(test_a_postgres_that_fails),
        CASE_JOB(test_a_new_number_that_is_refused_ends_the_file),
        CASE_JOB(test_a_refusal_forgets_the_secret),
        CASE_JOB(test_a_stored_number_that_is_refused_is_looked_for),
        CASE_JOB(test_an_earlier_attempt_may_have_submitted_it),
        CASE_JOB(test_a_list_that_fails_leaves_the_number),
        CASE_JOB(test_what_is_stored_may_be_damaged),
        CASE_JOB(test_a_batch_that_cannot_be_built),
        CASE_JOB(test_a_later_batch_that_cannot_be_built),
        CASE_JOB(test_a_secret_that_is_none_ends_the_file),
        CASE_JOB(test_a_secret_of_username_and_password),
    };
    return RUN_ON_SERVER("statement_submit", tests);
}
