/* Objects that events name: looked at, matched to a configuration and claimed. */
#include "wire/job_fixture.h"

#include "job/receive.h"

static int try_receive(struct fixture *f, const struct s3_object_event *object, struct job *job,
                       enum claim_outcome *outcome)
{
    const struct receive_request request = {.object = object, .scope = CLAIM_FOR_EVENT};
    return receive_object(&local.services, &request, &f->arena, job, outcome, &f->err);
}

static enum claim_outcome receive(struct fixture *f, const struct s3_object_event *object,
                                  struct job *job)
{
    enum claim_outcome outcome;
    must(f, try_receive(f, object, job, &outcome));
    return outcome;
}

/* --- an object that is there --- */

static void test_an_object_is_claimed(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    struct job job;
    given_config(f);
    PLAY({"HeadObject", "/in/PROD_527.txt", OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_WON);
    assert_true(lease_is_ours(&job));
    assert_text(job.config.config_sid, "7");
    assert_file(f, "state, etag, size_bytes, last_modified, ext_file_config_sid, sequencer",
                "RECEIVED|e1|60|2026-11-20 20:27:48+00|7|0055");
    assert_tells(f,
                 "select (file_id::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]')::text "
                 "as t from rdscnfg.ext_file",
                 "true");
    lease_end(&job);
}

static void test_an_object_without_a_configuration_is_rejected(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    struct job job;
    PLAY({"HeadObject", NULL, OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_WON);
    assert_int_equal(job.record.state, FILE_REJECTED);
    assert_says(job.record.reason.data, "PROD_527.txt");
    lease_end(&job);
}

/* A bucket that keeps versions no more overwrites the version "null". */
static void test_the_version_null_is_none(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *headers;
        const char *version_id;
    } rows[] = {{OBJECT_HEAD "\nx-amz-version-id: null", ""},
                {OBJECT_HEAD "\nx-amz-version-id: v1", "v1"}};
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct s3_object_event object = an_event();
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        PLAY({"HeadObject", NULL, REPLY(200, ""), .headers = rows[i].headers});
        assert_int_equal(receive(f, &object, &job), CLAIM_WON);
        assert_text(job.record.version_id, rows[i].version_id);
        lease_end(&job);
    }
}

static void test_a_version_is_asked_for(void **state)
{
    struct fixture *f = *state;
    struct s3_object_event object = an_event();
    struct job job;
    object.version_id = SLICE("v1");
    object.etag = SLICE("another");
    given_config(f);
    PLAY({"HeadObject", "versionId=v1", REPLY(200, ""),
          .headers = OBJECT_HEAD "\nx-amz-version-id: v1"});
    assert_int_equal(receive(f, &object, &job), CLAIM_WON);
    lease_end(&job);
}

static void test_a_file_that_is_held_is_busy(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    struct job job;
    given_config(f);
    given_file(f, "RECEIVED");
    take_file_over(f);
    PLAY({"HeadObject", NULL, OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_BUSY);
    assert_text(job.record.file_id, FILE_ID);
    assert_logged("another invocation works on the file");
}

static void test_a_file_in_redshift_has_nothing_due(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    struct job job;
    given_config(f);
    given_file(f, "SUBMITTED");
    PLAY({"HeadObject", NULL, OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_NOTHING);
    assert_logged("nothing is to be done for the file");
}

/* A file that was begun with keeps the configuration that it began with. */
static void test_a_known_file_keeps_its_configuration(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *state;
        const char *change; /* of the file */
        const char *sid;    /* of the job's configuration */
        enum file_state reached;
    } rows[] = {
        {"RECEIVED", "claim_no = 1", "7", FILE_RECEIVED},
        {"PREPARED", "claim_no = 1", "7", FILE_PREPARED},
        {"RECEIVED", "ext_file_config_sid = 8", "8", FILE_RECEIVED},
        {"FAILED", "ext_file_config_sid = null", "7", FILE_FAILED},
    };
    given_config(f);
    must_run(f, "insert into rdscnfg.ext_file_config (ext_file_config_sid, ext_interface_cid, "
                "file_prefix, file_format, file_type, header_flag, trailer_flag, "
                "split_file_flag) values (8, 527, '999.', 'txt', 'txt', 'N', 'N', 'N')");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct s3_object_event object = an_event();
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, rows[i].state);
        set_file(f, rows[i].change);
        PLAY({"HeadObject", NULL, OBJECT});
        assert_int_equal(receive(f, &object, &job), CLAIM_WON);
        assert_text(job.config.config_sid, rows[i].sid);
        assert_int_equal(job.record.state, rows[i].reached);
        lease_end(&job);
    }
}

/* --- an object that is not there any more --- */

static void test_an_object_that_is_gone_is_recorded(void **state)
{
    struct fixture *f = *state;
    struct s3_object_event object = an_event();
    struct job job;
    PLAY({"HeadObject", NULL, NO_OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_NOTHING);
    assert_file(f, "state, reason, etag", "GONE|the object was gone when its event was handled|e1");
    assert_int_equal(job.record.file_id.size, 0);
    object.etag = SLICE("e0");
    PLAY({"HeadObject", NULL, OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_NOTHING);
    assert_tells(f, "select string_agg(state, ',' order by state) as t from rdscnfg.ext_file",
                 "GONE,SUPERSEDED");
    PLAY({"HeadObject", NULL, OBJECT}); /* the event comes again */
    assert_int_equal(receive(f, &object, &job), CLAIM_NOTHING);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 2);
}

/* What is still to be done may not need the object any more. */
static void test_a_known_file_goes_on_without_its_object(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    struct job job;
    given_config(f);
    given_file(f, "PREPARED");
    PLAY({"HeadObject", NULL, NO_OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_WON);
    assert_text(job.config.config_sid, "7");
    lease_end(&job);
    take_file_over(f);
    PLAY({"HeadObject", NULL, NO_OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_BUSY);
    set_file(f, "state = 'SUBMITTED', lease_owner = null, lease_until = null");
    PLAY({"HeadObject", NULL, NO_OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_NOTHING);
    assert_text(job.record.file_id, FILE_ID);
}

static void test_a_known_file_that_never_matched_is_rejected(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    struct job job;
    given_file(f, "RECEIVED");
    set_file(f, "ext_file_config_sid = null, ext_interface_cid = null");
    PLAY({"HeadObject", NULL, NO_OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_WON);
    assert_int_equal(job.record.state, FILE_REJECTED);
    assert_text(job.record.reason, "no active configuration matched the file when it arrived");
    lease_end(&job);
}

static void given_twin(struct fixture *f)
{
    given_config(f);
    given_file(f, "DONE");
    set_file(f, "sequencer = '0050', archived_key = '" ARCHIVED "', "
                "archived_at = '2026-11-20 20:27:52Z', source_deleted_at = '2026-11-20 20:27:52Z',"
                "noticed_at = state_at, cleaned_at = state_at");
}

/* Identical bytes, put again while the first upload was archived, were deleted with it. */
static void test_a_twin_is_taken_from_the_archive(void **state)
{
    struct fixture *f = *state;
    struct s3_object_event object = an_event();
    struct job job;
    given_twin(f);
    PLAY({"HeadObject", NULL, NO_OBJECT});
    assert_int_equal(receive(f, &object, &job), CLAIM_WON);
    assert_text(job.record.source_key, ARCHIVED);
    assert_int_equal(job.record.size_bytes, FILE_BYTES);
    assert_int_equal(job.record.last_modified_ms, EVENT_MS);
    lease_end(&job);
}

/* --- failures --- */

static void test_what_cannot_be_looked_at_is_an_error(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    enum claim_outcome outcome;
    struct job job;
    PLAY({"HeadObject", NULL, REPLY(503, "")});
    must_fail(f, try_receive(f, &object, &job, &outcome), "HeadObject");
    assert_true(f->err.retryable);
    assert_false(job.lease.is_held);
    local.services.config_tables.config = SLICE("rdscnfg.nowhere");
    PLAY({"HeadObject", NULL, OBJECT});
    must_fail(f, try_receive(f, &object, &job, &outcome), "nowhere");
}

/* Each look at the tables may fail; then the event comes again. */
static void test_a_postgres_that_fails_is_an_error(void **state)
{
    struct fixture *f = *state;
    static const struct step replies[] = {{"HeadObject", NULL, OBJECT},
                                          {"HeadObject", NULL, NO_OBJECT}};
    const struct s3_object_event object = an_event();
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        enum claim_outcome outcome;
        struct job job;
        play_steps(&replies[i], 1);
        break_tables(f);
        int failed = try_receive(f, &object, &job, &outcome);
        mend_tables(f);
        assert_int_equal(failed, -1);
        assert_false(job.lease.is_held);
    }
}

static void test_an_object_that_is_gone_may_fail_in_each_table(void **state)
{
    struct fixture *f = *state;
    struct s3_object_event object = an_event();
    enum claim_outcome outcome;
    struct job job;
    must_run(f, "alter table rdscnfg.ext_file_history rename to history_away");
    PLAY({"HeadObject", NULL, NO_OBJECT});
    int recorded = try_receive(f, &object, &job, &outcome);
    must_run(f, "alter table rdscnfg.history_away rename to ext_file_history");
    must_fail(f, recorded, "record that the object is gone");
    object.event_ms = INT64_MAX; /* no time of Postgres */
    PLAY({"HeadObject", NULL, NO_OBJECT});
    must_fail(f, try_receive(f, &object, &job, &outcome), "find the deleted twin");
    object = an_event();
    given_twin(f);
    local.services.config_tables.config = SLICE("rdscnfg.nowhere");
    PLAY({"HeadObject", NULL, NO_OBJECT});
    must_fail(f, try_receive(f, &object, &job, &outcome), "nowhere");
}

/* The claim is won, but not what comes after it: the lease has to be released. */
static void test_a_claim_may_be_won_and_the_call_fail(void **state)
{
    struct fixture *f = *state;
    const struct s3_object_event object = an_event();
    enum claim_outcome outcome;
    struct job job;
    given_config(f);
    given_file(f, "PREPARED");
    local.services.config_tables.detail = SLICE("rdscnfg.nowhere");
    PLAY({"HeadObject", NULL, NO_OBJECT});
    must_fail(f, try_receive(f, &object, &job, &outcome), "nowhere");
    assert_true(job.lease.is_held);
    lease_end_waiting(&job, &f->err);
    assert_file(f, "lease_owner, waiting_since", "2026-11-20 20:27:53+00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_an_object_is_claimed),
        CASE_JOB(test_an_object_without_a_configuration_is_rejected),
        CASE_JOB(test_the_version_null_is_none),
        CASE_JOB(test_a_version_is_asked_for),
        CASE_JOB(test_a_file_that_is_held_is_busy),
        CASE_JOB(test_a_file_in_redshift_has_nothing_due),
        CASE_JOB(test_a_known_file_keeps_its_configuration),
        CASE_JOB(test_an_object_that_is_gone_is_recorded),
        CASE_JOB(test_a_known_file_goes_on_without_its_object),
        CASE_JOB(test_a_known_file_that_never_matched_is_rejected),
        CASE_JOB(test_a_twin_is_taken_from_the_archive),
        CASE_JOB(test_what_cannot_be_looked_at_is_an_error),
        CASE_JOB(test_a_postgres_that_fails_is_an_error),
        CASE_JOB(test_an_object_that_is_gone_may_fail_in_each_table),
        CASE_JOB(test_a_claim_may_be_won_and_the_call_fail),
    };
    return RUN_ON_SERVER("job_receive", tests);
}
