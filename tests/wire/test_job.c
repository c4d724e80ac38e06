/* A job: its configuration, its fence, its texts and keys; and its duties. */
#include "wire/job_fixture.h"

#include "job/duty.h"

static void test_a_job_opens_with_its_configuration(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    const struct job job = open_job(f);
    assert_text(job.file_name, "PROD_527.txt");
    assert_text(job.config.config_sid, "7");
    assert_text(job.config.delimiter, "|");
    assert_int_equal(job_need_config(&job, &f->err), 0);
    assert_text(job_source_key(&job), FILE_KEY);
}

static void test_an_unknown_file_has_no_job(void **state)
{
    struct fixture *f = *state;
    struct job job;
    must_fail(f, job_open(&job, &local.services, SLICE(FILE_ID), &f->arena, &f->err),
              "has no file " FILE_ID);
    assert_int_equal(f->err.kind, ERROR_NOT_FOUND);
}

/* What was settled with the first load outlives the configuration. */
static void test_a_deleted_configuration_leaves_the_target(void **state)
{
    struct fixture *f = *state;
    given_file(f, "SUBMITTED");
    const struct job job = open_job(f);
    assert_int_equal(job.config.config_sid.size, 0);
    assert_text(job.config.interface_id, "527");
    assert_text(job.config.schema, "s");
    assert_text(job.config.table, "t");
    assert_logged("the file goes on without its configuration");
    must_fail(f, job_need_config(&job, &f->err), "configuration 7 was deleted");
    assert_int_equal(f->err.kind, ERROR_CONFIGURATION);
}

static void test_a_file_without_a_configuration(void **state)
{
    struct fixture *f = *state;
    given_file(f, "RECEIVED");
    set_file(f, "ext_file_config_sid = null, ext_interface_cid = null");
    const struct job job = open_job(f);
    must_fail(f, job_need_config(&job, &f->err), "no configuration matched the file");
}

static void test_an_unreadable_configuration_is_an_error(void **state)
{
    struct fixture *f = *state;
    given_config(f);
    given_file(f, "SUBMITTED");
    struct job job = open_job(f);
    local.services.config_tables.detail = SLICE("rdscnfg.nowhere");
    must_fail(f, job_read_config(&job, &f->err), "nowhere");
    assert_text(job.config.table, "t");
}

/* Only an error of the configuration names it. */
static void test_errors_name_the_configuration(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum error_kind kind;
        const char *sid;
        const char *message;
    } rows[] = {
        {ERROR_CONFIGURATION, "7", "configuration 7: it is wrong"},
        {ERROR_CONFIGURATION, "", "it is wrong"},
        {ERROR_INVALID, "7", "it is wrong"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct job job = {.config.config_sid = slice_from(rows[i].sid)};
        (void)error_set(&f->err, rows[i].kind, "it is wrong");
        assert_int_equal(job_name_config(&job, &f->err), -1);
        assert_string_equal(f->err.message, rows[i].message);
    }
}

static void test_a_reason_is_text_that_the_columns_take(void **state)
{
    struct fixture *f = *state;
    const struct job job = {.arena = &f->arena};
    char many[5000];
    memset(many, 'x', sizeof(many));
    redact_register(SLICE("a-secret-word"));
    assert_text(job_text(&job, SLICE("plain")), "plain");
    assert_int_equal(job_text(&job, slice_of(many, sizeof(many))).size, 4000);
    assert_null(strstr(job_text(&job, SLICE("it is a-secret-word")).data, "a-secret-word"));
    assert_text(job_text(&job, SLICE("a\xff")), "a\xef\xbf\xbd");
}

static void test_private_keys_carry_the_claim(void **state)
{
    struct fixture *f = *state;
    given_file(f, "RECEIVED");
    set_file(f, "source_key = 'archive/copy'");
    const struct job job = open_job(f);
    assert_text(job_data_key(&job, 12), "work/processing/" FILE_ID "/data-12");
    assert_text(job_manifest_key(&job, 12), "work/processing/" FILE_ID "/manifest-12");
    assert_text(job_source_key(&job), "archive/copy");
}

/* Opens the job while a check of a table is lifted and broken by `damage`. */
static int open_damaged(struct fixture *f, const char *table, const char *check, const char *damage,
                        const char *repair)
{
    const char *definition =
        ask_text(f, &f->pg,
                 arena_format(&f->arena,
                              "select pg_get_constraintdef(oid) as t from pg_constraint where "
                              "conname = '%s'",
                              check)
                     .data);
    struct job job;
    must_run(f, arena_format(&f->arena, "alter table %s drop constraint %s", table, check).data);
    must_run(f, damage);
    int result = job_open(&job, &local.services, SLICE(FILE_ID), &f->arena, &f->err);
    must_run(f, repair);
    must_run(
        f, arena_format(&f->arena, "alter table %s add constraint %s %s", table, check, definition)
               .data);
    return result;
}

/* Another release may know more. */
static void test_rows_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    given_file(f, "SUBMITTED");
    must_fail(f,
              open_damaged(f, "rdscnfg.ext_file", "ext_file_state_check",
                           "update rdscnfg.ext_file set state = 'MELTED'",
                           "update rdscnfg.ext_file set state = 'SUBMITTED'"),
              "ext_file has the unknown state \"MELTED\"");
    must_fail(f,
              open_damaged(f, "rdscnfg.ext_statement", "ext_statement_outcome_check",
                           "update rdscnfg.ext_statement set outcome = 'HALF'",
                           "update rdscnfg.ext_statement set outcome = null"),
              "ext_statement has the unknown outcome \"HALF\"");
}

/* --- writing --- */

static void test_a_file_ends_under_its_claim(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    given_file(f, "RECEIVED");
    hold_job(f, &job);
    must(f, job_end(&job, FILE_REJECTED, SLICE("why"), false, &f->err));
    assert_file(f, "state, reason, noticed_at", "REJECTED|why");
    must(f, job_mark(&job, FILE_NOTICED, NOW_MS, &f->err));
    assert_true(job.record.is_noticed);
    assert_file(f, "noticed_at", "2026-11-20 20:27:53+00");
}

/* Whoever lost the file writes nothing any more. */
static void test_a_claim_that_was_taken_over_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    given_file(f, "RECEIVED");
    hold_job(f, &job);
    take_file_over(f);
    must_fail(f, job_end(&job, FILE_REJECTED, SLICE("why"), false, &f->err), "was taken over");
    assert_true(error_is(&f->err, JOB_TAKEN_OVER));
    assert_true(f->err.retryable);
    must_fail(f, job_mark(&job, FILE_NOTICED, NOW_MS, &f->err), "was taken over");
    assert_file(f, "state, noticed_at", "RECEIVED");
}

static void test_a_write_that_fails_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_file(f, "RECEIVED");
    hold_job(f, &job);
    break_tables(f);
    int ended = job_end(&job, FILE_REJECTED, SLICE("why"), false, &f->err);
    int marked = job_mark(&job, FILE_NOTICED, NOW_MS, &f->err);
    mend_tables(f);
    must_fail(f, ended, "mark the file");
    assert_int_equal(marked, -1);
}

/* --- duties --- */

static char done[8]; /* the duties that were tried, a letter each */
static size_t done_count;

static void note(char letter)
{
    done[done_count++] = letter;
    done[done_count] = '\0';
}

static bool is_always_due(const struct job *job)
{
    (void)job;
    return true;
}

static bool is_never_due(const struct job *job)
{
    (void)job;
    return false;
}

static int do_a(struct job *job, struct error *err)
{
    (void)job, (void)err;
    note('a');
    return 0;
}

static int fail_b(struct job *job, struct error *err)
{
    (void)job;
    note('b');
    return error_set(err, ERROR_BUSY, "b failed");
}

static int fail_c(struct job *job, struct error *err)
{
    (void)job;
    note('c');
    return error_set(err, ERROR_BUSY, "c failed");
}

static int lose_d(struct job *job, struct error *err)
{
    note('d');
    return job_check_written(job, false, err);
}

static void test_duties_do_not_wait_for_each_other(void **state)
{
    struct fixture *f = *state;
    static const struct duty a = {"a", is_always_due, do_a};
    static const struct duty b = {"b", is_always_due, fail_b};
    static const struct duty c = {"c", is_always_due, fail_c};
    static const struct duty d = {"d", is_always_due, lose_d};
    static const struct duty never = {"never", is_never_due, do_a};
    const struct {
        struct duty items[3];
        bool are_due;
        const char *done;
        const char *error; /* the first; NULL: none */
    } rows[] = {
        {{never, never, never}, false, "", NULL}, {{never, a, a}, true, "aa", NULL},
        {{b, a, c}, true, "bac", "b failed"},     {{never, c, a}, true, "ca", "c failed"},
        {{d, a, a}, true, "d", "was taken over"}, {{b, d, a}, true, "bd", "b failed"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct duties duties = {rows[i].items, COUNT_OF(rows[i].items)};
        struct job job = {.services = &local.services};
        done_count = 0;
        done[0] = '\0';
        assert_int_equal(duties_are_due(&duties, &job), rows[i].are_due);
        assert_int_equal(duties_fulfil(&duties, &job, &f->err), rows[i].error != NULL ? -1 : 0);
        assert_string_equal(done, rows[i].done);
        if (rows[i].error != NULL) {
            assert_says(f->err.message, rows[i].error);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_a_job_opens_with_its_configuration),
        CASE_JOB(test_an_unknown_file_has_no_job),
        CASE_JOB(test_a_deleted_configuration_leaves_the_target),
        CASE_JOB(test_a_file_without_a_configuration),
        CASE_JOB(test_an_unreadable_configuration_is_an_error),
        CASE_JOB(test_errors_name_the_configuration),
        CASE_JOB(test_a_reason_is_text_that_the_columns_take),
        CASE_JOB(test_private_keys_carry_the_claim),
        CASE_JOB(test_rows_that_cannot_be_read),
        CASE_JOB(test_a_file_ends_under_its_claim),
        CASE_JOB(test_a_claim_that_was_taken_over_writes_nothing),
        CASE_JOB(test_a_write_that_fails_is_an_error),
        CASE_JOB(test_duties_do_not_wait_for_each_other),
    };
    return RUN_ON_SERVER("job", tests);
}
