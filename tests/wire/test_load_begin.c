/* The first steps of a file in the pipeline `load`: checked, prepared, submitted, announced. */
#include "wire/job_fixture.h"

#include "pipelines/load/load.h"
#include "stage/gzip.h"

#define PRIVATE "work/processing/" FILE_ID "/"
#define ROWS "a|1\nb|2\n"
#define BODY_HEAD(length)                                                                          \
    "ETag: \"e1\"\nContent-Length: " length "\nLast-Modified: Fri, 20 Nov 2026 20:27:48 GMT"

static enum pipeline_step begin(struct fixture *f, struct job *job)
{
    enum pipeline_step step = pipeline_load.begin(job, &f->err);
    assert_played();
    return step;
}

static void given(struct fixture *f, const char *config, struct job *job)
{
    given_config(f);
    if (config != NULL) {
        set_config(f, config);
    }
    given_file(f, "RECEIVED");
    hold_job(f, job);
}

#define WITH_TRAILER "trailer_flag = 'Y', trailer_pstn = '2:4'"

/* --- ways to Redshift --- */

static void test_a_plain_file_is_copied_unread(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, NULL, &job);
    PLAY({"CopyObject", "/" PRIVATE "data-2", COPIED},
         {"PutObject", "s3://landing/" PRIVATE "data-2", WRITTEN}, {"GetSecretValue", NULL, SECRET},
         {"BatchExecuteStatement", "s3://landing/" PRIVATE "manifest-2", TAKEN("s1")});
    assert_int_equal(begin(f, &job), PIPELINE_WENT_ON);
    assert_file(f, "state, private_key, target_schema, target_table, promised_records",
                "SUBMITTED|" PRIVATE "data-2|s|t");
}

static void test_a_trailer_is_taken_off(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, WITH_TRAILER, &job);
    PLAY({"GetObject", "If-Match: \"e1\"", REPLY(200, ROWS "\nT03\n"), .headers = BODY_HEAD("13")},
         {"PutObject", "\n\n" ROWS "\n", WRITTEN}, {"PutObject", PRIVATE "manifest-2", WRITTEN},
         {"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", "COUNT(*) = 2", TAKEN("s1")});
    assert_int_equal(begin(f, &job), PIPELINE_WENT_ON);
    assert_file(f, "promised_records, file_records, loadable_records", "3|3|2");
}

/* Bytes of a copy in the archive are our own: nothing pins them. */
static void test_a_twin_is_read_from_the_archive(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    set_config(f, WITH_TRAILER);
    given_file(f, "RECEIVED");
    set_file(f, "source_key = 'archive/527/twin'");
    hold_job(f, &job);
    PLAY({"GetObject", "/archive/527/twin", REPLY(200, ROWS "T02\n"), .headers = BODY_HEAD("12")},
         {"PutObject", NULL, WRITTEN}, {"PutObject", NULL, WRITTEN},
         {"GetSecretValue", NULL, SECRET}, {"BatchExecuteStatement", NULL, TAKEN("s1")});
    assert_int_equal(begin(f, &job), PIPELINE_WENT_ON);
    assert_null(strstr(local.aws.sent[0], "If-Match"));
}

static struct slice gzipped(struct fixture *f, struct slice text)
{
    struct collector collector;
    collector_init(&collector);
    struct gzip_stage *gzip = gzip_stage_new(&collector.sink, GZIP_FASTEST, &f->err);
    assert_non_null(gzip);
    assert_int_equal(sink_write(gzip_stage_sink(gzip), text, &f->err), 0);
    assert_int_equal(sink_close(gzip_stage_sink(gzip), &f->err), 0);
    struct slice bytes = arena_copy(&f->arena, strbuf_slice(&collector.bytes));
    gzip_stage_free(gzip);
    strbuf_release(&collector.bytes);
    return bytes;
}

static void test_a_packed_file_is_packed_again(void **state)
{
    struct fixture *f = *state;
    const struct slice bytes = gzipped(f, SLICE(ROWS "T02\n"));
    const char *head =
        arena_format(&f->arena, "ETag: \"e1\"\nContent-Length: %zu", bytes.size).data;
    struct job job;
    given(f, WITH_TRAILER ", file_format = 'gz'", &job);
    PLAY({"GetObject", NULL, REPLY(200, ""), .headers = head}, {"PutObject", "data-2", WRITTEN},
         {"PutObject", "manifest-2", WRITTEN}, {"GetSecretValue", NULL, SECRET},
         {"BatchExecuteStatement", "GZIP", TAKEN("s1")});
    local.replies[0].body = bytes;
    assert_int_equal(begin(f, &job), PIPELINE_WENT_ON);
    assert_file(f, "promised_records, loadable_records", "2|2");
}

/* --- refusals: the file or its configuration is at fault --- */

static void test_what_the_file_holds_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *body;
        const char *length;
        const char *reason;
    } rows[] = {
        {ROWS "T03\n", "12", "the trailer promises 3 records, and the file holds 2"},
        {ROWS "\nT02\n", "13", "the file holds 3 (blank lines included)"},
        {"T00\n", "4", "the trailer promises 0 records: there is nothing to load"},
        {"\n\nT02\n", "6", "the file holds blank lines only"},
        {ROWS "Txx\n", "12", "trailer"},
    };
    struct job job;
    given(f, WITH_TRAILER, &job);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *head =
            arena_format(&f->arena, "ETag: \"e1\"\nContent-Length: %s", rows[i].length).data;
        PLAY({"GetObject", NULL, REPLY(200, rows[i].body), .headers = head},
             {"PutObject", "data-2", WRITTEN});
        assert_int_equal(begin(f, &job), PIPELINE_REFUSED);
        assert_says(f->err.message, rows[i].reason);
    }
    set_config(f, "file_format = 'gz'");
    must(f, job_read_config(&job, &f->err));
    PLAY({"GetObject", NULL, REPLY(200, "no gzip at all"), .headers = BODY_HEAD("14")});
    assert_int_equal(begin(f, &job), PIPELINE_REFUSED);
}

static void test_a_wrong_configuration_is_refused(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "split_file_flag = 'Y'", &job);
    assert_int_equal(begin(f, &job), PIPELINE_REFUSED);
    assert_says(f->err.message, "configuration 7: split_file_flag is Y");
    job.record.size_bytes = 0;
    assert_int_equal(begin(f, &job), PIPELINE_REFUSED);
    assert_string_equal(f->err.message, "the file is empty");
    must_run(f, "truncate rdscnfg.ext_file_config cascade");
    must(f, job_read_config(&job, &f->err));
    assert_int_equal(begin(f, &job), PIPELINE_REFUSED);
    assert_says(f->err.message, "configuration 7 was deleted");
}

/* Only the batch shows it: then the file is rejected with its private objects in place. */
static void test_a_configuration_that_makes_no_batch_rejects(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "file_name_column = 'x', load_id_column = 'x'", &job);
    PLAY({"CopyObject", NULL, COPIED}, {"PutObject", NULL, WRITTEN},
         {"GetSecretValue", NULL, SECRET});
    assert_int_equal(begin(f, &job), PIPELINE_WENT_ON);
    assert_int_equal(job.record.state, FILE_REJECTED);
    assert_says(job.record.reason.data, "configuration 7: ");
}

/* --- failures --- */

static void run_out_of_time(struct fixture *f)
{
    (void)f;
    move_clock(61000);
}

static void test_requests_that_fail(void **state)
{
    struct fixture *f = *state;
    static const struct {
        bool has_trailer;
        struct step steps[2];
        size_t count;
        const char *message;
    } rows[] = {
        {false, {{"CopyObject", NULL, NO_KEY}}, 1, "CopyObject"},
        {false, {{"CopyObject", NULL, COPIED}, {"PutObject", NULL, DENIED}}, 2, "manifest: "},
        {true, {{"GetObject", NULL, REPLACED}}, 1, "GetObject"},
        {true,
         {{"GetObject", NULL, REPLY(200, ROWS "T02\n"), .headers = BODY_HEAD("12")},
          {"PutObject", NULL, SLOW_DOWN}},
         2,
         "PutObject"},
        {true,
         {{"GetObject", NULL, BROKEN, .meanwhile = run_out_of_time}},
         1,
         "reading the file took longer than the invocation may"},
    };
    struct job job;
    given(f, WITH_TRAILER, &job);
    local.services.requests.deadline_ms = NOW_MS + 60000;
    local.services.stream.deadline_ms = NOW_MS + 60000;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        job.config.has_trailer = rows[i].has_trailer;
        play_steps(rows[i].steps, rows[i].count);
        assert_int_equal(begin(f, &job), PIPELINE_FAILED);
        assert_says(f->err.message, rows[i].message);
    }
}

static void test_a_submission_that_fails_is_no_refusal(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, NULL, &job);
    PLAY({"CopyObject", NULL, COPIED}, {"PutObject", NULL, WRITTEN},
         {"GetSecretValue", NULL, THROTTLED});
    assert_int_equal(begin(f, &job), PIPELINE_FAILED);
}

/* --- announcements --- */

#define SUBMITTED_STEPS                                                                            \
    {"CopyObject", NULL, COPIED}, {"PutObject", NULL, WRITTEN},                                    \
    {                                                                                              \
        "GetSecretValue", NULL, SECRET                                                             \
    }

static void test_a_submission_is_announced(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "notify_submission = 'Y'", &job);
    PLAY(SUBMITTED_STEPS, {"BatchExecuteStatement", NULL, TAKEN("s1")},
         {"Publish", "SUBMITTED", PUBLISHED});
    assert_int_equal(begin(f, &job), PIPELINE_WENT_ON);
    assert_file(f, "state", "SUBMITTED");
}

/* Redshift has the load by then. */
static void test_an_announcement_that_fails_stops_nothing(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "notify_submission = 'Y'", &job);
    PLAY(SUBMITTED_STEPS, {"BatchExecuteStatement", NULL, TAKEN("s1")},
         {"Publish", NULL, THROTTLED});
    assert_int_equal(begin(f, &job), PIPELINE_WENT_ON);
    assert_file(f, "state", "SUBMITTED");
    assert_logged("the notification of the submission was not sent");
}

static void lose_lease(struct fixture *f)
{
    take_file_over(f);
    move_clock(40000);
}

static void test_a_submitter_that_lost_its_lease_announces_nothing(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given(f, "notify_submission = 'Y'", &job);
    PLAY(SUBMITTED_STEPS, {"BatchExecuteStatement", NULL, TAKEN("s1"), .meanwhile = lose_lease});
    assert_int_equal(begin(f, &job), PIPELINE_FAILED);
    assert_true(error_is(&f->err, JOB_TAKEN_OVER));
    assert_file(f, "state", "PREPARED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_a_plain_file_is_copied_unread),
        CASE_JOB(test_a_trailer_is_taken_off),
        CASE_JOB(test_a_twin_is_read_from_the_archive),
        CASE_JOB(test_a_packed_file_is_packed_again),
        CASE_JOB(test_what_the_file_holds_is_refused),
        CASE_JOB(test_a_wrong_configuration_is_refused),
        CASE_JOB(test_a_configuration_that_makes_no_batch_rejects),
        CASE_JOB(test_requests_that_fail),
        CASE_JOB(test_a_submission_that_fails_is_no_refusal),
        CASE_JOB(test_a_submission_is_announced),
        CASE_JOB(test_an_announcement_that_fails_stops_nothing),
        CASE_JOB(test_a_submitter_that_lost_its_lease_announces_nothing),
    };
    return RUN_ON_SERVER("load_begin", tests);
}
