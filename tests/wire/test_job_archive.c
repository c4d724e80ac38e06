/* Objects that move to the archive: named, copied, looked at, deleted. */
#include "wire/job_fixture.h"

#include "job/archive.h"

#define NEWER                                                                                      \
    REPLY(200, ""),                                                                                \
        .headers =                                                                                 \
            "ETag: \"e1\"\nContent-Length: 60\nLast-Modified: Fri, 20 Nov 2026 20:27:52 GMT"
#define SHORT_COPY                                                                                 \
    REPLY(200, ""),                                                                                \
        .headers =                                                                                 \
            "ETag: \"e1\"\nContent-Length: 59\nLast-Modified: Fri, 20 Nov 2026 20:27:48 GMT"

static void given_loaded(struct fixture *f, struct job *job)
{
    given_config(f);
    given_file(f, "DONE");
    hold_job(f, job);
}

/* --- names --- */

static void test_names_say_how_the_file_ended(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *state;
        const char *key;
    } rows[] = {
        {"DONE", ARCHIVED},
        {"LOADED", ARCHIVED},
        {"TRANSFORM_FAILED", ARCHIVED},
        {"REJECTED", "archive/error/PROD_527.txt_2026-11-21-01-57-53"},
        {"FAILED", "archive/error/PROD_527.txt_2026-11-21-01-57-53"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, rows[i].state);
        hold_job(f, &job);
        must(f, archive_reserve(&job, &f->err));
        assert_text(job.record.archived_key, rows[i].key);
        move_clock(HOUR_MS);
        must(f, archive_reserve(&job, &f->err));
        assert_text(job.record.archived_key, rows[i].key); /* the first name stays */
        move_clock(-HOUR_MS);
        lease_end(&job);
    }
}

static void test_two_files_never_share_a_name(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_loaded(f, &job);
    must_run(f, "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, "
                "last_modified, received_at, state, state_at, archived_key) values "
                "(gen_random_uuid(), 'landing', 'k', 'e', 1, now(), now(), 'DONE', now(), "
                "'" ARCHIVED "')");
    must(f, archive_reserve(&job, &f->err));
    assert_text(job.record.archived_key, ARCHIVED "-00000000");
}

static void test_a_long_name_is_cut(void **state)
{
    struct fixture *f = *state;
    char name[1100];
    struct job job;
    given_loaded(f, &job);
    memset(name, 'n', sizeof(name));
    job.file_name = slice_of(name, sizeof(name));
    must(f, archive_reserve(&job, &f->err));
    assert_in_range(job.record.archived_key.size, 1000, 1024);
    assert_true(slice_ends_with(job.record.archived_key, SLICE("n_2026-11-21-01-57-53")));
}

static void test_a_name_needs_the_tables(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_loaded(f, &job);
    break_tables(f);
    int failed = archive_reserve(&job, &f->err);
    mend_tables(f);
    must_fail(f, failed, "archive: ");
    take_file_over(f);
    must_fail(f, archive_file(&job, &f->err), "was taken over");
    local.services.state.tables.timezone = SLICE("Nowhere/Zone");
    must_fail(f, archive_reserve(&job, &f->err), "Nowhere/Zone");
}

/* --- the way of an object --- */

static void test_an_object_is_archived(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_loaded(f, &job);
    PLAY({"CopyObject", "x-amz-copy-source-if-match: \"e1\"", COPIED},
         {"HeadObject", "/" ARCHIVED, OBJECT}, {"HeadObject", "/" FILE_KEY, OBJECT},
         {"DeleteObject", "If-Match: \"e1\"", DELETED});
    must(f, archive_file(&job, &f->err));
    assert_file(f, "archived_key, archived_at, source_deleted_at",
                ARCHIVED "|2026-11-20 20:27:53+00|2026-11-20 20:27:53+00");
}

static void test_a_version_is_archived_and_deleted(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    given_file(f, "DONE");
    set_file(f, "version_id = 'v1'");
    hold_job(f, &job);
    PLAY({"CopyObject", "versionId=v1", COPIED}, {"HeadObject", NULL, OBJECT},
         {"DeleteObject", "versionId=v1", DELETED});
    must(f, archive_file(&job, &f->err));
    assert_true(job.record.is_archived);
}

/* A copy in the archive belongs to the file that was first. */
static void test_the_source_of_a_twin_stays(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_config(f);
    given_file(f, "DONE");
    set_file(f, "source_key = 'archive/527/twin'");
    hold_job(f, &job);
    PLAY({"CopyObject", "x-amz-copy-source: landing/archive/527/twin", COPIED},
         {"HeadObject", NULL, OBJECT});
    must(f, archive_file(&job, &f->err));
    assert_true(job.record.is_archived);
}

/* What is new under the key survives, whatever shows that it is new. */
static void test_a_newer_upload_stays(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct step replies[2];
        size_t count;
    } rows[] = {
        {{{"HeadObject", FILE_KEY, NEWER}}, 1},
        {{{"HeadObject", FILE_KEY, NO_OBJECT}}, 1},
        {{{"HeadObject", FILE_KEY, OBJECT}, {"DeleteObject", NULL, REPLACED}}, 2},
        {{{"HeadObject", FILE_KEY, OBJECT}, {"DeleteObject", NULL, S3_ERROR(404, "NoSuchBucket")}},
         2},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, "DONE");
        hold_job(f, &job);
        PLAY({"CopyObject", NULL, COPIED}, {"HeadObject", ARCHIVED, OBJECT});
        play_steps(rows[i].replies, rows[i].count);
        must(f, archive_file(&job, &f->err));
        assert_true(job.record.is_archived);
        lease_end(&job);
    }
}

/* --- a source that is not there any more --- */

static void test_an_earlier_attempt_may_have_archived_it(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_loaded(f, &job);
    PLAY({"CopyObject", NULL, NO_KEY}, {"HeadObject", ARCHIVED, OBJECT},
         {"HeadObject", ARCHIVED, OBJECT});
    must(f, archive_file(&job, &f->err));
    assert_true(job.record.is_archived);
    assert_logged("an earlier attempt had made the copy");
}

static void test_what_was_loaded_is_archived_when_the_source_was_replaced(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_loaded(f, &job);
    PLAY({"CopyObject", NULL, REPLACED}, {"HeadObject", ARCHIVED, NO_OBJECT},
         {"HeadObject", "/data-1", OBJECT},
         {"CopyObject", "x-amz-copy-source: landing/work/processing/" FILE_ID "/data-1", COPIED},
         {"HeadObject", NULL, SHORT_COPY});
    must(f, archive_file(&job, &f->err));
    assert_text(job.record.archived_key, ARCHIVED);
}

/* A name without an object would only mislead. */
static void test_nothing_may_be_left_to_archive(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *private_key;
        struct step replies[2];
        size_t count;
    } rows[] = {
        {"private_key = null", {{"HeadObject", NULL, NO_OBJECT}}, 1},
        {"private_key = 'p'",
         {{"HeadObject", "/p", NO_OBJECT}, {"HeadObject", NULL, NO_OBJECT}},
         2},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct job job;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        given_file(f, "DONE");
        set_file(f, rows[i].private_key);
        hold_job(f, &job);
        PLAY({"CopyObject", NULL, NO_KEY}, {"HeadObject", NULL, NO_OBJECT});
        play_steps(rows[i].replies, rows[i].count);
        must(f, archive_file(&job, &f->err));
        assert_true(job.record.is_archived);
        assert_file(f, "archived_key, source_deleted_at", "");
        lease_end(&job);
    }
    assert_logged("nothing is left of the object to archive");
}

/* --- failures --- */

/* The source is deleted only when its copy is there in full. */
static void test_a_short_copy_keeps_the_source(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_loaded(f, &job);
    PLAY({"CopyObject", NULL, COPIED}, {"HeadObject", NULL, SHORT_COPY});
    must_fail(f, archive_file(&job, &f->err), "the copy has 59 bytes, the object 60");
    assert_true(f->err.retryable);
    PLAY({"CopyObject", NULL, COPIED}, {"HeadObject", NULL, NO_OBJECT});
    must_fail(f, archive_file(&job, &f->err), "the copy has 0 bytes");
    assert_false(job.record.is_archived);
}

static void test_each_request_may_fail(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct step steps[4];
        size_t count;
    } rows[] = {
        {{{"CopyObject", NULL, DENIED}}, 1},
        /* Neither says that the object is gone or another one. */
        {{{"CopyObject", NULL, S3_ERROR(404, "NoSuchUpload")}}, 1},
        {{{"CopyObject", NULL, S3_ERROR(409, "ConditionalRequestConflict")}}, 1},
        {{{"CopyObject", NULL, NO_KEY}, {"HeadObject", NULL, REPLY(403, "")}}, 2},
        {{{"CopyObject", NULL, NO_KEY},
          {"HeadObject", NULL, NO_OBJECT},
          {"HeadObject", "/data-1", OBJECT},
          {"CopyObject", NULL, DENIED}},
         4},
        {{{"CopyObject", NULL, NO_KEY},
          {"HeadObject", NULL, NO_OBJECT},
          {"HeadObject", "/data-1", OBJECT},
          {"CopyObject", NULL, S3_ERROR(404, "NoSuchUpload")}},
         4},
        {{{"CopyObject", NULL, COPIED}, {"HeadObject", NULL, BROKEN}}, 2},
        {{{"CopyObject", NULL, COPIED},
          {"HeadObject", NULL, OBJECT},
          {"HeadObject", NULL, REPLY(403, "")}},
         3},
        {{{"CopyObject", NULL, COPIED},
          {"HeadObject", NULL, OBJECT},
          {"HeadObject", NULL, OBJECT},
          {"DeleteObject", NULL, DENIED}},
         4},
        {{{"CopyObject", NULL, COPIED},
          {"HeadObject", NULL, OBJECT},
          {"HeadObject", NULL, OBJECT},
          {"DeleteObject", NULL, S3_ERROR(409, "ConditionalRequestConflict")}},
         4},
    };
    struct job job;
    given_loaded(f, &job);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        play_steps(rows[i].steps, rows[i].count);
        must_fail(f, archive_file(&job, &f->err), "archive: ");
        assert_played();
    }
    assert_file(f, "archived_key, archived_at", ARCHIVED);
}

static void test_the_mark_may_be_lost(void **state)
{
    struct fixture *f = *state;
    struct job job;
    given_loaded(f, &job);
    PLAY({"CopyObject", NULL, COPIED}, {"HeadObject", NULL, OBJECT}, {"HeadObject", NULL, OBJECT},
         {"DeleteObject", NULL, DELETED, .meanwhile = take_file_over});
    must_fail(f, archive_file(&job, &f->err), "was taken over");
    assert_file(f, "archived_at", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_names_say_how_the_file_ended),
        CASE_JOB(test_two_files_never_share_a_name),
        CASE_JOB(test_a_long_name_is_cut),
        CASE_JOB(test_a_name_needs_the_tables),
        CASE_JOB(test_an_object_is_archived),
        CASE_JOB(test_a_version_is_archived_and_deleted),
        CASE_JOB(test_the_source_of_a_twin_stays),
        CASE_JOB(test_a_newer_upload_stays),
        CASE_JOB(test_an_earlier_attempt_may_have_archived_it),
        CASE_JOB(test_what_was_loaded_is_archived_when_the_source_was_replaced),
        CASE_JOB(test_nothing_may_be_left_to_archive),
        CASE_JOB(test_a_short_copy_keeps_the_source),
        CASE_JOB(test_each_request_may_fail),
        CASE_JOB(test_the_mark_may_be_lost),
    };
    return RUN_ON_SERVER("job_archive", tests);
}
