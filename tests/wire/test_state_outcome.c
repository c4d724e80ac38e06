/* Outcomes of statements, noted on a real Postgres. */
#include "unit/death.h"
#include "wire/files.h"

/* --- outcomes --- */

static void test_a_load_that_is_in(void **state)
{
    struct fixture *f = *state;
    struct file_statement_end change = an_end(f, FILE_LOADED, STATEMENT_IN);
    struct file_record record;
    submit_load(f, &record);
    must_run(f, "update rdscnfg.ext_file set next_attempt_at = now(), waiting_since = now(), "
                "waiting_reason = 'why'");
    change.rows = 2;
    assert_true(end_statement(f, &change, &record));
    assert_int_equal(record.state, FILE_LOADED);
    assert_int_equal(record.rows_loaded, 2);
    assert_int_equal(record.statement.outcome, STATEMENT_IN);
    assert_int_equal(record.statement.rows, 2);
    assert_text(record.statement.statement_id, "s1");
    assert_text(record.statement.started_at, "2026-11-20 20:27:50.104");
    assert_text(record.statement.ended_at, "2026-11-20 20:27:52.104");
    assert_text(record.load_started_at, "2026-11-20 20:27:50.104");
    assert_text(record.load_ended_at, "2026-11-20 20:27:52.104");
    assert_int_equal(record.next_attempt_ms, FILE_TIME_UNKNOWN);
    assert_int_equal(record.waiting_since_ms, FILE_TIME_UNKNOWN);
    assert_tells(f, WAITING_REASON, "");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 load 1; SUBMITTED 1 1 s1; LOADED 1 1 s1");
}

/* The transformation has times of its own; those of the load stay in sight. */
static void test_a_transformation_ends_beside_its_load(void **state)
{
    struct fixture *f = *state;
    struct file_statement_end load = an_end(f, FILE_LOADED, STATEMENT_IN);
    struct file_assignment change = an_assignment(f, FILE_IN(FILE_LOADED), "load", 1);
    struct file_record record;
    submit_load(f, &record);
    load.rows = 2;
    assert_true(end_statement(f, &load, &record));
    change.fence.claim_no = 0;
    change.to = FILE_LOADED;
    change.kind = SLICE("transform");
    change.number = 1;
    assert_true(assign(f, &change, &record));
    assert_text(record.load_started_at, "2026-11-20 20:27:50.104");
    struct file_statement_end end = an_end(f, FILE_DONE, STATEMENT_IN);
    end.fence.states = FILE_IN_TRANSFORMING;
    end.fence.kind = SLICE("transform");
    end.statement_id = SLICE("t1"); /* the event comes before the note of the submission */
    end.started_ms = NOW_MS + 1;
    end.ended_ms = NOW_MS + 2;
    end.rows = 99;
    assert_true(end_statement(f, &end, &record));
    assert_int_equal(record.state, FILE_DONE);
    assert_int_equal(record.rows_loaded, 2); /* those of the load */
    assert_int_equal(record.statement.rows, 99);
    assert_text(record.statement.statement_id, "t1");
    assert_text(record.statement.started_at, "2026-11-20 20:27:53.105");
    assert_text(record.load_started_at, "2026-11-20 20:27:50.104");
    assert_text(record.load_ended_at, "2026-11-20 20:27:52.104");
}

static void test_what_is_not_known_of_an_end_stays(void **state)
{
    struct fixture *f = *state;
    struct file_statement_end change = an_end(f, FILE_LOADED, STATEMENT_IN);
    struct file_record record;
    submit_load(f, &record);
    change.statement_id = SLICE("");
    change.started_ms = FILE_TIME_UNKNOWN;
    change.ended_ms = FILE_TIME_UNKNOWN;
    assert_true(end_statement(f, &change, &record));
    assert_text(record.statement.statement_id, "s1");
    assert_text(record.statement.started_at, "");
    assert_int_equal(record.rows_loaded, FILE_COUNT_UNKNOWN);
    must_run(f, "update rdscnfg.ext_statement set started_at = '2026-11-20Z', ended_at = "
                "'2026-11-21Z'");
    change.fence.states = FILE_IN(FILE_LOADED);
    change.to = FILE_DONE;
    assert_true(end_statement(f, &change, &record));
    assert_text(record.statement.started_at, "2026-11-20 00:00:00.000");
    assert_text(record.statement.ended_at, "2026-11-21 00:00:00.000");
    change.fence.states = FILE_IN(FILE_DONE);
    change.started_ms = NOW_MS;
    assert_true(end_statement(f, &change, &record));
    assert_text(record.statement.started_at, "2026-11-20 20:27:53.104");
}

static void test_a_statement_without_effect_waits_for_the_next_number(void **state)
{
    struct fixture *f = *state;
    struct file_statement_end change = an_end(f, FILE_SUBMITTED, STATEMENT_NOTHING);
    struct file_record record;
    submit_load(f, &record);
    change.rows = 5; /* of a load without effect nothing is in */
    change.note = SLICE("serialization conflict");
    change.next_attempt_ms = NOW_MS + 60000;
    assert_true(end_statement(f, &change, &record));
    assert_int_equal(record.state, FILE_SUBMITTED);
    assert_int_equal(record.statement.outcome, STATEMENT_NOTHING);
    assert_int_equal(record.rows_loaded, FILE_COUNT_UNKNOWN);
    assert_text(record.load_started_at, ""); /* no load is in */
    assert_int_equal(record.next_attempt_ms, NOW_MS + 60000);
    assert_int_equal(record.waiting_since_ms, NOW_MS + 1000);
    assert_tells(f, WAITING_REASON, "serialization conflict");
    assert_tells(f, "select error as t from rdscnfg.ext_statement", "serialization conflict");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 load 1; SUBMITTED 1 1 s1");
    /* The next number fails alike: the waiting began with the first. */
    struct file_assignment second = an_assignment(f, FILE_IN_LOADING, "load", 1);
    second.fence.claim_no = 0;
    assert_true(assign(f, &second, &record));
    assert_int_equal(record.statement.outcome, STATEMENT_OPEN);
    change.fence.number = 2;
    change.statement_id = SLICE("s2");
    change.now_ms += 60000;
    change.next_attempt_ms += 60000;
    assert_true(end_statement(f, &change, &record));
    assert_int_equal(record.waiting_since_ms, NOW_MS + 1000);
    assert_int_equal(record.next_attempt_ms, NOW_MS + 120000);
    /* It is given up. */
    change.to = FILE_FAILED;
    change.fence.states = FILE_IN_LOADING;
    change.next_attempt_ms = 0;
    change.reason = SLICE("it's no use");
    assert_true(end_statement(f, &change, &record));
    assert_int_equal(record.waiting_since_ms, FILE_TIME_UNKNOWN);
    assert_int_equal(record.next_attempt_ms, FILE_TIME_UNKNOWN);
    assert_tells(f, WAITING_REASON, "");
    assert_text(record.reason, "it's no use");
    assert_tells(f,
                 "select string_agg(number || error || outcome, ', ' order by number) as t from "
                 "rdscnfg.ext_statement",
                 "1serialization conflictNOTHING, 2it's no useNOTHING");
}

static void test_marks_for_another_end_are_taken_away(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum file_state from;
        enum file_state to;
        bool kept;
    } ends[] = {
        {FILE_FAILED, FILE_DONE, false},   {FILE_FAILED, FILE_FAILED, false},
        {FILE_FAILED, FILE_LOADED, false}, {FILE_SUBMITTED, FILE_PREPARED, false},
        {FILE_LOADED, FILE_LOADED, true},
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct file_statement_end change = an_end(f, ends[i].to, STATEMENT_NOTHING);
        struct file_record record;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        submit_load(f, &record);
        must_run(f, arena_format(&f->arena,
                                 "update rdscnfg.ext_file set state = '%s', noticed_at = now(), "
                                 "cleaned_at = now(), archived_at = now(), audited_at = now()",
                                 file_state_name(ends[i].from))
                        .data);
        change.fence.states = FILE_IN(ends[i].from);
        assert_true(end_statement(f, &change, &record));
        assert_int_equal(record.is_noticed, ends[i].kept);
        assert_int_equal(record.is_cleaned, ends[i].kept);
        assert_true(record.is_archived && record.is_audited);
    }
}

static void test_an_end_takes_any_lease_away(void **state)
{
    struct fixture *f = *state;
    struct file_statement_end change = an_end(f, FILE_LOADED, STATEMENT_IN);
    struct file_record record;
    hold_file(f, &record);
    assert_true(assign_load(f, &record));
    assert_true(end_statement(f, &change, &record));
    assert_false(record.is_leased);
    assert_text(record.statement.statement_id, "s1"); /* of the event */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_a_load_that_is_in),
        CASE_TABLES(test_a_transformation_ends_beside_its_load),
        CASE_TABLES(test_what_is_not_known_of_an_end_stays),
        CASE_TABLES(test_a_statement_without_effect_waits_for_the_next_number),
        CASE_TABLES(test_marks_for_another_end_are_taken_away),
        CASE_TABLES(test_an_end_takes_any_lease_away),
    };
    return RUN_ON_SERVER("test_state_outcome", tests);
}
