/*
 * Ends of files on a real Postgres: ends that no statement brings, duties, what is due, and times
 * in the configured zone. test_state_audit.c has audit rows.
 */
#include "wire/files.h"

static int fail_end(struct fixture *f, const struct file_end *change)
{
    struct file_record record;
    bool done;
    return file_end(&store, change, &f->arena, &done, &record, &f->err);
}

#define UNCHANGED "RECEIVED 2026-11-20 20:27:53.104+00 1 0"

/* --- ends --- */

static void test_a_file_ends_without_a_statement(void **state)
{
    struct fixture *f = *state;
    const struct file_end change = an_end_without_load(f, FILE_REJECTED);
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set next_attempt_at = now(), waiting_since = now(), "
                "waiting_reason = 'why', noticed_at = now(), cleaned_at = now()");
    assert_true(end_file(f, &change, &record));
    assert_int_equal(record.state, FILE_REJECTED);
    assert_text(record.reason, "it's \"why\" \\ caf\xC3\xA9");
    assert_true(record.is_leased); /* its holder does the duties */
    assert_int_equal(record.next_attempt_ms, FILE_TIME_UNKNOWN);
    assert_int_equal(record.waiting_since_ms, FILE_TIME_UNKNOWN);
    assert_tells(f, WAITING_REASON, "");
    assert_false(record.is_noticed || record.is_cleaned || record.is_audited);
    assert_tells(f, HISTORY, "RECEIVED 1 0; REJECTED 1 0 it's \"why\" \\ caf\xC3\xA9");
    assert_tells(f, STATE, "REJECTED 2026-11-20 20:27:54.104+00 1  0");
}

static void test_a_silent_end_notifies_nobody(void **state)
{
    struct fixture *f = *state;
    struct file_end change = an_end_without_load(f, FILE_GONE);
    struct file_record record;
    hold_file(f, &record);
    change.is_silent = true;
    change.reason = SLICE("");
    assert_true(end_file(f, &change, &record));
    assert_true(record.is_noticed);
    assert_false(record.is_cleaned);
    assert_text(record.reason, "");
    assert_tells(f, "select noticed_at::text as t from rdscnfg.ext_file",
                 "2026-11-20 20:27:54.104+00");
}

static void test_an_end_without_a_claim_takes_any_lease_away(void **state)
{
    struct fixture *f = *state;
    struct file_end change = an_end_without_load(f, FILE_SUPERSEDED);
    struct file_record record;
    hold_file(f, &record);
    change.fence.claim_no = 0;
    assert_true(end_file(f, &change, &record));
    assert_false(record.is_leased);
    assert_int_equal(record.lease_until_ms, FILE_TIME_UNKNOWN);
}

static void test_the_same_state_makes_no_history(void **state)
{
    struct fixture *f = *state;
    struct file_end change = an_end_without_load(f, FILE_REJECTED);
    struct file_record record;
    hold_file(f, &record);
    assert_true(end_file(f, &change, &record));
    change.fence.states = FILE_IN(FILE_REJECTED);
    change.reason = SLICE("because");
    change.now_ms += 5000;
    assert_true(end_file(f, &change, &record));
    assert_text(record.reason, "because");
    assert_tells(f, STATE, "REJECTED 2026-11-20 20:27:54.104+00 1  0"); /* since then */
    assert_tells(f, HISTORY, "RECEIVED 1 0; REJECTED 1 0 it's \"why\" \\ caf\xC3\xA9");
}

static void test_values_that_cannot_be_stored(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct slice reason;
        int64_t number;
        int64_t now_ms;
        const char *code;
    } bad[] = {
        {SLICE_INIT("a\0b"), 0, NOW_MS, ""},
        {SLICE_INIT("a\xC3"), 0, NOW_MS, ""},
        {SLICE_INIT("a"), INT64_MAX, NOW_MS, "22003"},
        {SLICE_INIT("a"), 0, INT64_MAX, "22008"},
    };
    struct file_end change = an_end_without_load(f, FILE_REJECTED);
    struct file_record record;
    hold_file(f, &record);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        change.reason = bad[i].reason;
        change.fence.number = bad[i].number;
        change.now_ms = bad[i].now_ms;
        assert_int_equal(fail_end(f, &change), -1);
        assert_failed(f, ERROR_INVALID, bad[i].code, false);
        assert_says(f->err.message, "end the file");
    }
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

static void test_tables_that_were_not_migrated(void **state)
{
    struct fixture *f = *state;
    const struct file_end change = an_end_without_load(f, FILE_REJECTED);
    struct file_record record;
    hold_file(f, &record);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    must_run(f, "drop view rdscnfg.ext_due, rdscnfg.ext_file_status cascade");
    must_run(f, "alter table rdscnfg.ext_file drop column source_key");
    assert_int_equal(fail_end(f, &change), -1);
    assert_failed(f, ERROR_CONFIGURATION, "42703", false);
    pg_rollback(&f->pg);
    assert_tells(f,
                 "select concat_ws(' ', state, state_at, claim_no, statement_no) as t from "
                 "rdscnfg.ext_file",
                 UNCHANGED);
}

/* --- duties --- */

static void test_duties_are_marked_one_by_one(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum file_duty duty;
        const char *marks; /* after it, and after all before it */
    } duties[] = {
        {FILE_NOTICED, "noticed"},
        {FILE_CLEANED, "noticed cleaned"},
        {FILE_AUDITED, "audited noticed cleaned"},
        {FILE_COPIED, "audited archived noticed cleaned"},
        {FILE_ARCHIVED, "audited archived deleted noticed cleaned"},
    };
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set archived_key = 'archive/a'");
    for (size_t i = 0; i < COUNT_OF(duties); i++) {
        struct file_mark change = a_mark(f, duties[i].duty);
        assert_true(mark(f, &change, &record));
        assert_tells(f,
                     "select concat_ws(' ', case audited_at when at then 'audited' end, "
                     "case archived_at when at then 'archived' end, "
                     "case source_deleted_at when at then 'deleted' end, "
                     "case noticed_at when at then 'noticed' end, "
                     "case cleaned_at when at then 'cleaned' end) as t from rdscnfg.ext_file, "
                     "(select '2026-11-20 20:27:54.104Z'::timestamptz as at) moment",
                     duties[i].marks);
    }
    assert_true(record.is_noticed && record.is_cleaned && record.is_audited && record.is_archived);
    assert_text(record.archived_key, "archive/a");
    assert_tells(f, HISTORY, "RECEIVED 1 0");
    assert_tells(f, "select coalesce(lease_owner, 'none') as t from rdscnfg.ext_file", "none");
}

static void test_nothing_was_left_to_archive(void **state)
{
    struct fixture *f = *state;
    const struct file_mark change = a_mark(f, FILE_LOST);
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set archived_key = 'archive/a'");
    assert_true(mark(f, &change, &record));
    assert_true(record.is_archived);
    assert_text(record.archived_key, "");
    assert_tells(f, "select coalesce(source_deleted_at::text, 'never') as t from rdscnfg.ext_file",
                 "never");
}

/* Two invocations may reserve a name at the same time: both go on with the first. */
static void test_the_first_archive_name_stays(void **state)
{
    struct fixture *f = *state;
    const struct file_fence fence = a_fence(f, FILE_IN(FILE_RECEIVED), "", 0);
    struct file_record record;
    hold_file(f, &record);
    assert_true(reserve(f, &fence, "the first", &record));
    assert_text(record.archived_key, "the first");
    assert_true(reserve(f, &fence, "another", &record));
    assert_text(record.archived_key, "the first");
    assert_false(record.is_archived);
}

static void test_an_archive_name_is_given_once(void **state)
{
    struct fixture *f = *state;
    struct file_fence fence = a_fence(f, FILE_IN(FILE_RECEIVED), "", 0);
    struct file_claim other = another_claim(f);
    struct file_record record;
    bool done;
    hold_file(f, &record);
    other.identity.key = SLICE("in/other_527.txt");
    assert_int_equal(try_claim(f, &other, &record), CLAIM_WON);
    assert_true(reserve(f, &fence, "archive/527/a_1", &record));
    assert_true(reserve(f, &fence, "archive/527/a_1", &record)); /* it keeps its own */
    fence.file_id = id_of(f, 2);
    assert_int_equal(file_reserve_archive(&store, &fence, SLICE("archive/527/a_1"), &f->arena,
                                          &done, &record, &f->err),
                     -1);
    assert_failed(f, ERROR_CONFLICT, "23505", false);
    assert_null(strstr(f->err.message, "archive/527"));
    must_run(f, "update rdscnfg.ext_file set bucket = 'other' where key = 'in/other_527.txt'");
    assert_true(reserve(f, &fence, "archive/527/a_1", &record)); /* another bucket */
}

/* --- what is due --- */

static void test_when_a_file_is_due(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *change;
        const char *due; /* "": it is settled */
    } files[] = {
        {"state = 'RECEIVED'", "step 12:00"},
        {"state = 'PREPARED', next_attempt_at = '2026-11-20 13:00Z'", "step 13:00"},
        {"state = 'LOADED', next_attempt_at = '2026-11-20 11:00Z'", "step 11:00"},
        {"state = 'SUBMITTED'", "statement 12:10"},
        {"state = 'SUBMITTED', next_attempt_at = '2026-11-20 12:05Z'", "statement 12:10"},
        {"state = 'TRANSFORMING', next_attempt_at = '2026-11-20 12:15Z'", "statement 12:15"},
        {"state = 'SUBMITTED', lease_owner = 'o', lease_until = '2026-11-20 11:30Z', "
         "next_attempt_at = '2026-11-20 13:00Z'",
         "lease 11:30"},
        {"state = 'DONE', archived_at = now(), cleaned_at = now()", "duties 12:00"},
        {"state = 'DONE', noticed_at = now(), cleaned_at = now()", "duties 12:00"},
        {"state = 'FAILED', noticed_at = now(), archived_at = now()", "duties 12:00"},
        {"state = 'REJECTED', noticed_at = now(), cleaned_at = now(), next_attempt_at = "
         "'2026-11-20 13:00Z'",
         "duties 13:00"},
        {"state = 'TRANSFORM_FAILED', lease_owner = 'o', lease_until = '2026-11-20 14:00Z'",
         "lease 14:00"},
        {"state = 'DONE', noticed_at = now(), cleaned_at = now(), archived_at = now()", ""},
        {"state = 'DONE', noticed_at = now(), cleaned_at = now(), archived_at = now(), "
         "lease_owner = 'o', lease_until = now()",
         ""},
        {"state = 'GONE', noticed_at = now()", "duties 12:00"},
        {"state = 'SUPERSEDED', cleaned_at = now()", "duties 12:00"},
        {"state = 'GONE', noticed_at = now(), cleaned_at = now()", ""},
        {"state = 'SPLIT'", ""},
    };
    struct file_record record;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        hold_file(f, &record);
        must_run(f, "update rdscnfg.ext_file set state_at = '2026-11-20 12:00Z', "
                    "lease_owner = null, lease_until = null");
        must_run(f,
                 arena_format(&f->arena, "update rdscnfg.ext_file set %s", files[i].change).data);
        assert_tells(f,
                     "select coalesce(max(concat_ws(' ', what, to_char(due_at, 'HH24:MI'))), '') "
                     "as t from rdscnfg.ext_due",
                     files[i].due);
    }
}

static void test_the_longest_due_comes_first(void **state)
{
    struct fixture *f = *state;
    struct file_due due;
    must_run(f, "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, "
                "last_modified, received_at, state, state_at) "
                "select ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'landing', n, "
                "'e', 1, now(), now(), state, '2026-11-20 20:27:53.104Z'::timestamptz "
                "+ seconds * interval '1 second' from "
                "(values (1, 'RECEIVED', 0), (2, 'RECEIVED', -5), (3, 'DONE', -3), "
                "(4, 'LOADED', 1), (5, 'SPLIT', -9)) as t (n, state, seconds)");
    assert_int_equal(file_list_due(&store, NOW_MS, 9, &f->arena, &due, &f->err), 0);
    assert_int_equal(due.count, 3);
    assert_text(due.file_ids[0], id_of(f, 2).data);
    assert_text(due.file_ids[1], id_of(f, 3).data);
    assert_text(due.file_ids[2], id_of(f, 1).data);
    assert_int_equal(file_list_due(&store, NOW_MS + 1000, 9, &f->arena, &due, &f->err), 0);
    assert_int_equal(due.count, 4);
    assert_int_equal(file_list_due(&store, NOW_MS, 1, &f->arena, &due, &f->err), 0);
    assert_int_equal(due.count, 1);
    assert_text(due.file_ids[0], id_of(f, 2).data);
    assert_int_equal(file_list_due(&store, 0, 9, &f->arena, &due, &f->err), 0);
    assert_int_equal(due.count, 0);
}

/* --- times --- */

static void test_local_times(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *zone;
        int64_t time_ms;
        const char *text;
    } times[] = {
        {"UTC", NOW_MS, "2026-11-20-20-27-53"},
        {"Asia/Calcutta", NOW_MS, "2026-11-21-01-57-53"},
        {"Europe/Berlin", INT64_C(1774745999999),
         "2026-03-29-01-59-59"}, /* the clock goes forward */
        {"Europe/Berlin", INT64_C(1774746000000), "2026-03-29-03-00-00"},
        {"America/New_York", INT64_C(1793512800000), "2026-11-01-01-00-00"}, /* back: after … */
        {"America/New_York", INT64_C(1793509200000), "2026-11-01-01-00-00"}, /* … and before */
        {"UTC", 0, "1970-01-01-00-00-00"},
    };
    struct slice text;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        store.tables.timezone = slice_from(times[i].zone);
        assert_int_equal(file_local_time(&store, times[i].time_ms, &f->arena, &text, &f->err), 0);
        assert_text(text, times[i].text);
    }
    store.tables.timezone = SLICE("Asia/Atlantis");
    assert_int_equal(file_local_time(&store, NOW_MS, &f->arena, &text, &f->err), -1);
    assert_failed(f, ERROR_INVALID, "22023", false);
    assert_says(f->err.message, "timezone Asia/Atlantis: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_a_file_ends_without_a_statement),
        CASE_TABLES(test_a_silent_end_notifies_nobody),
        CASE_TABLES(test_an_end_without_a_claim_takes_any_lease_away),
        CASE_TABLES(test_the_same_state_makes_no_history),
        CASE_TABLES(test_values_that_cannot_be_stored),
        CASE_TABLES(test_tables_that_were_not_migrated),
        CASE_TABLES(test_duties_are_marked_one_by_one),
        CASE_TABLES(test_nothing_was_left_to_archive),
        CASE_TABLES(test_the_first_archive_name_stays),
        CASE_TABLES(test_an_archive_name_is_given_once),
        CASE_TABLES(test_when_a_file_is_due),
        CASE_TABLES(test_the_longest_due_comes_first),
        CASE_TABLES(test_local_times),
    };
    return RUN_ON_SERVER("test_state_end", tests);
}
