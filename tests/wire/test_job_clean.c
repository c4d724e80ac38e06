/* The end of a file: its private objects are removed, and people are notified. */
#include "wire/job_fixture.h"

#include "job/clean.h"
#include "job/notification.h"

#define FOLDER "work/processing/" FILE_ID "/"
#define VERSIONS(truncated, list)                                                                  \
    REPLY(200, "<ListVersionsResult><IsTruncated>" truncated "</IsTruncated>" list                 \
               "</ListVersionsResult>")
#define VERSION(name) "<Version><Key>" FOLDER name "</Key><VersionId>v1</VersionId></Version>"
#define UPLOADS(more, list)                                                                        \
    REPLY(200, "<ListMultipartUploadsResult>" more list "</ListMultipartUploadsResult>")
#define UPLOAD(key) "<Upload><Key>" key "</Key><UploadId>u1</UploadId></Upload>"
#define NO_UPLOADS UPLOADS("<IsTruncated>false</IsTruncated>", "")
#define MORE_UPLOADS                                                                               \
    "<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"                              \
    "<NextUploadIdMarker>u</NextUploadIdMarker>"

static void given_done(struct fixture *f, const char *values, struct job *job)
{
    given_config(f);
    given_file(f, "DONE");
    set_file(f, values);
    hold_job(f, job);
}

/* --- private objects --- */

static void test_the_known_objects_are_deleted(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_done(f, "claim_no = 0", &job);
    PLAY({"DeleteObject", FOLDER "data-1", DELETED},
         {"DeleteObject", FOLDER "manifest-1", DELETED});
    must(f, clean_file(&job, &f->err));
    assert_true(job.record.is_cleaned);
    assert_file(f, "cleaned_at", "2026-11-20 20:27:53+00");
}

/* A file of the first claim that was never begun has nothing, not even an upload. */
static void test_nothing_was_begun(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_done(f, "claim_no = 0, private_key = null", &job);
    must(f, clean_file(&job, &f->err));
    assert_true(job.record.is_cleaned);
}

/* Before the first load is numbered, the row does not know the object. */
static void test_what_this_claim_prepared_is_deleted(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_done(f, "claim_no = 0, private_key = null", &job);
    job.prepared_key = job_data_key(&job, 1);
    PLAY({"DeleteObject", FOLDER "data-1", DELETED}, {"DeleteObject", FOLDER "manifest-1", DELETED},
         {"ListMultipartUploads", NULL, UPLOADS(MORE_UPLOADS, UPLOAD(FOLDER "data-1"))},
         {"AbortMultipartUpload", "uploadId=u1", DELETED},
         {"ListMultipartUploads", "key-marker=k", NO_UPLOADS});
    must(f, clean_file(&job, &f->err));
    assert_true(job.record.is_cleaned);
}

static void test_leftovers_of_other_claims_are_deleted(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_done(f, "claim_no = 3, private_key = '" FOLDER "data-3'", &job);
    PLAY({"ListObjectVersions", "work%2Fprocessing",
          VERSIONS("true", VERSION("data-3") VERSION("manifest-3"))},
         {"DeleteObject", "data-3?versionId=v1", DELETED},
         {"DeleteObject", "manifest-3?versionId=v1", DELETED},
         {"ListObjectVersions", NULL, VERSIONS("false", "")},
         {"ListMultipartUploads", NULL, NO_UPLOADS});
    must(f, clean_file(&job, &f->err));
    assert_true(job.record.is_cleaned);
}

/* S3's answer to the delete shows that the bucket keeps versions. */
static void test_a_delete_marker_is_followed_by_all_versions(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_done(f, "claim_no = 0", &job);
    PLAY({"DeleteObject", NULL, DELETED, .headers = "x-amz-delete-marker: true"},
         {"DeleteObject", NULL, DELETED}, {"ListObjectVersions", NULL, VERSIONS("false", "")});
    must(f, clean_file(&job, &f->err));
    assert_true(job.record.is_cleaned);
}

/* The archive key of another file may begin with this one's. */
static void test_uploads_of_a_large_copy_are_aborted(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_done(f, "claim_no = 0, size_bytes = 6000000000, archived_key = 'archive/527/a'", &job);
    PLAY({"DeleteObject", NULL, DELETED}, {"DeleteObject", NULL, DELETED},
         {"ListMultipartUploads", "prefix=work", NO_UPLOADS},
         {"ListMultipartUploads", "prefix=archive",
          UPLOADS("", UPLOAD("archive/527/a-2") UPLOAD("archive/527/a"))},
         {"AbortMultipartUpload", "/archive/527/a?", DELETED});
    must(f, clean_file(&job, &f->err));
    assert_true(job.record.is_cleaned);
}

static void test_each_removal_may_fail(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *values;
        struct step steps[4];
        size_t count;
    } rows[] = {
        {"claim_no = 0", {{"DeleteObject", NULL, DENIED}}, 1},
        {"claim_no = 0", {{"DeleteObject", NULL, DELETED}, {"DeleteObject", NULL, DENIED}}, 2},
        {"claim_no = 0, version_id = 'v1'", {{"ListObjectVersions", NULL, DENIED}}, 1},
        {"claim_no = 0, version_id = 'v1'",
         {{"ListObjectVersions", NULL, VERSIONS("false", VERSION("a"))},
          {"DeleteObject", NULL, DENIED}},
         2},
        {"claim_no = 0, promised_records = 3",
         {{"DeleteObject", NULL, DELETED},
          {"DeleteObject", NULL, DELETED},
          {"ListMultipartUploads", NULL, DENIED}},
         3},
        {"claim_no = 0, promised_records = 3",
         {{"DeleteObject", NULL, DELETED},
          {"DeleteObject", NULL, DELETED},
          {"ListMultipartUploads", NULL, UPLOADS("", UPLOAD("a"))},
          {"AbortMultipartUpload", NULL, DENIED}},
         4},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, "DONE");
        set_file(f, rows[i].values);
        hold_job(f, &job);
        play_steps(rows[i].steps, rows[i].count);
        must_fail(f, clean_file(&job, &f->err), "removing private objects: ");
        assert_played();
        assert_false(job.record.is_cleaned);
        lease_end(&job);
    }
}

/* --- notifications --- */

static void test_every_end_has_its_notification(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *state;
        const char *says;
    } rows[] = {
        {"DONE", "SUCCESS"},
        {"REJECTED", "REJECTED"},
        {"FAILED", "FAIL"},
        {"TRANSFORM_FAILED", "TRANSFORM"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, rows[i].state);
        set_file(f, "archived_key = '" ARCHIVED "'");
        hold_job(f, &job);
        PLAY({"Publish", "TopicArn=arn%3Aaws%3Asns", PUBLISHED});
        must(f, notification_of_end(&job, &f->err));
        assert_says(local.aws.sent[i], rows[i].says);
        assert_says(local.aws.sent[i], "s.t");
        assert_true(job.record.is_noticed);
        lease_end(&job);
    }
}

static void test_a_submission_is_announced_without_a_mark(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_file(f, "PREPARED");
    set_file(f, "target_table = null, ext_interface_cid = null");
    hold_job(f, &job);
    PLAY({"Publish", NULL, PUBLISHED});
    must(f, notification_of_submission(&job, &f->err));
    assert_false(job.record.is_noticed);
}

/* Once, however often it stays unknown. */
static void test_an_unknown_outcome_is_reported_once(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    given_file(f, "SUBMITTED");
    hold_job(f, &job);
    PLAY({"Publish", "why%20it%20is", PUBLISHED});
    must(f, notification_of_unknown(&job, SLICE("why it is"), &f->err));
    must(f, notification_of_unknown(&job, SLICE("why it is"), &f->err));
    assert_true(job.record.is_noticed);
}

static void test_a_notification_that_fails_is_sent_again(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_done(f, "claim_no = 0", &job);
    PLAY({"Publish", NULL, THROTTLED});
    must_fail(f, notification_of_end(&job, &f->err), "notification: ");
    assert_false(job.record.is_noticed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_the_known_objects_are_deleted),
        CASE_JOB(test_nothing_was_begun),
        CASE_JOB(test_what_this_claim_prepared_is_deleted),
        CASE_JOB(test_leftovers_of_other_claims_are_deleted),
        CASE_JOB(test_a_delete_marker_is_followed_by_all_versions),
        CASE_JOB(test_uploads_of_a_large_copy_are_aborted),
        CASE_JOB(test_each_removal_may_fail),
        CASE_JOB(test_every_end_has_its_notification),
        CASE_JOB(test_a_submission_is_announced_without_a_mark),
        CASE_JOB(test_an_unknown_outcome_is_reported_once),
        CASE_JOB(test_a_notification_that_fails_is_sent_again),
    };
    return RUN_ON_SERVER("job_clean", tests);
}
