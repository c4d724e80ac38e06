/*
 * Files and their statements on a real Postgres: numbers, submissions, and what is read.
 * test_state_outcome.c has outcomes, test_state_fence.c the fences, test_state_end.c ends and
 * duties.
 */
#include "unit/death.h"
#include "wire/files.h"

/* --- statements --- */

static void test_a_first_statement_is_numbered(void **state)
{
    struct fixture *f = *state;
    const struct file_preparation preparation = {.private_key = SLICE("it's \"p\" \\ \n :'x' $1"),
                                                 .promised_records = INT64_MAX,
                                                 .file_records = 0,
                                                 .loadable_records = FILE_COUNT_UNKNOWN,
                                                 .schema = SLICE("rdsftetl"),
                                                 .table = SLICE("t527")};
    struct file_assignment change = an_assignment(f, FILE_IN(FILE_RECEIVED), "", 0);
    struct file_record record;
    hold_file(f, &record);
    change.sql = SLICE("[\"copy 'it''s' caf\xC3\xA9\"]");
    change.preparation = &preparation;
    assert_true(assign(f, &change, &record));
    assert_int_equal(record.state, FILE_PREPARED);
    assert_text(record.private_key, "it's \"p\" \\ \n :'x' $1");
    assert_int_equal(record.promised_records, INT64_MAX);
    assert_int_equal(record.file_records, 0);
    assert_int_equal(record.loadable_records, FILE_COUNT_UNKNOWN);
    assert_text(record.target_schema, "rdsftetl");
    assert_text(record.target_table, "t527");
    assert_text(record.statement.kind, "load");
    assert_int_equal(record.statement.number, 1);
    assert_text(record.statement.name, "name of load 1");
    assert_text(record.statement.target, "{\"database\": \"dev\"}");
    assert_text(record.statement.sql, "[\"copy 'it''s' caf\xC3\xA9\"]");
    assert_text(record.statement.statement_id, "");
    assert_int_equal(record.statement.outcome, STATEMENT_OPEN);
    assert_true(record.is_leased);
    assert_tells(f, STATE, "PREPARED 2026-11-20 20:27:54.104+00 1 load 1");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 load 1");
    assert_tells(f, "select max(entered_at)::text as t from rdscnfg.ext_file_history",
                 "2026-11-20 20:27:54.104+00");
    assert_tells(f,
                 "select numbered_at || ' ' || coalesce(submitted_at::text, '-') as t from "
                 "rdscnfg.ext_statement",
                 "2026-11-20 20:27:54.104+00 -");
}

/* A further number of the same kind, then the first of another. */
static void test_further_statements_keep_what_was_prepared(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    submit_load(f, &record);
    struct file_assignment second = an_assignment(f, FILE_IN_LOADING, "load", 1);
    second.fence.claim_no = 0;
    assert_true(assign(f, &second, &record));
    assert_int_equal(record.state, FILE_PREPARED);
    assert_int_equal(record.statement.number, 2);
    assert_text(record.statement.name, "name of load 2");
    assert_text(record.statement.statement_id, "");
    assert_text(record.private_key, "private");
    assert_int_equal(record.file_records, 2);
    assert_text(record.target_table, "t527");
    must_run(f, "update rdscnfg.ext_file set state = 'LOADED'");
    struct file_assignment transformation = an_assignment(f, FILE_IN(FILE_LOADED), "load", 2);
    transformation.fence.claim_no = 0;
    transformation.to = FILE_LOADED;
    transformation.kind = SLICE("transform");
    transformation.number = 1;
    assert_true(assign(f, &transformation, &record));
    assert_text(record.statement.kind, "transform");
    assert_int_equal(record.statement.number, 1);
    assert_text(record.private_key, "private");
    assert_tells(f,
                 "select string_agg(kind || number || coalesce(statement_id, '-'), ' ' order by "
                 "numbered_at, kind, number) as t from rdscnfg.ext_statement",
                 "load1s1 load2- transform1-");
    assert_tells(f, HISTORY,
                 "RECEIVED 1 0; PREPARED 1 1 load 1; SUBMITTED 1 1 s1; PREPARED 1 2 load 2");
}

static void test_a_number_is_given_once(void **state)
{
    struct fixture *f = *state;
    struct file_assignment change = an_assignment(f, FILE_IN_LOADING, "load", 1);
    struct file_record record;
    bool done;
    submit_load(f, &record);
    change.fence.claim_no = 0;
    change.number = 1; /* the caller's mistake */
    assert_int_equal(file_assign_statement(&store, &change, &f->arena, &done, &record, &f->err),
                     -1);
    assert_failed(f, ERROR_CONFLICT, "23505", false);
    assert_tells(f, STATE, "SUBMITTED 2026-11-20 20:27:54.104+00 1 load 1");
}

static void test_a_submission_releases_the_lease(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    assert_true(assign_load(f, &record));
    must_run(f, "update rdscnfg.ext_file set next_attempt_at = now(), waiting_since = "
                "'2026-11-20Z', waiting_reason = 'why'");
    const struct file_submission change = a_submission(f, "s1");
    assert_true(submit(f, &change, &record));
    assert_int_equal(record.state, FILE_SUBMITTED);
    assert_text(record.statement.statement_id, "s1");
    assert_false(record.is_leased);
    assert_int_equal(record.lease_until_ms, FILE_TIME_UNKNOWN);
    assert_int_equal(record.next_attempt_ms, FILE_TIME_UNKNOWN);
    assert_int_equal(record.waiting_since_ms, FILE_TIME_UNKNOWN); /* it is submitted */
    assert_tells(f, WAITING_REASON, "");
    assert_int_equal(record.attempts, 0);
    assert_tells(f, "select submitted_at::text as t from rdscnfg.ext_statement",
                 "2026-11-20 20:27:54.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 load 1; SUBMITTED 1 1 s1");
    again.scope = CLAIM_FOR_ORDER;
    assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
    assert_int_equal(record.state, FILE_SUBMITTED);
    assert_text(record.statement.statement_id, "s1");
}

static void test_an_event_notes_a_submission_beside_the_holder(void **state)
{
    struct fixture *f = *state;
    struct file_submission change = a_submission(f, "s1");
    struct file_record record;
    hold_file(f, &record);
    assert_true(assign_load(f, &record));
    change.fence.claim_no = 0;
    assert_true(submit(f, &change, &record));
    assert_true(record.is_leased);
    assert_tells(f, "select lease_owner as t from rdscnfg.ext_file", "first owner");
    change.now_ms += 5000; /* a repetition: Redshift took it when it took it */
    assert_true(submit(f, &change, &record));
    assert_tells(f, "select submitted_at::text as t from rdscnfg.ext_statement",
                 "2026-11-20 20:27:54.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 load 1; SUBMITTED 1 1 s1");
}

static void test_a_statement_id_belongs_to_one_file(void **state)
{
    struct fixture *f = *state;
    struct file_claim other = another_claim(f);
    struct file_record record;
    bool done;
    submit_load(f, &record);
    other.identity.key = SLICE("in/other_527.txt");
    assert_int_equal(try_claim(f, &other, &record), CLAIM_WON);
    struct file_assignment change = an_assignment(f, FILE_IN(FILE_RECEIVED), "", 0);
    change.fence.file_id = id_of(f, 2);
    assert_true(assign(f, &change, &record));
    struct file_submission second = a_submission(f, "s1");
    second.fence.file_id = id_of(f, 2);
    assert_int_equal(file_note_submission(&store, &second, &f->arena, &done, &record, &f->err), -1);
    assert_failed(f, ERROR_CONFLICT, "23505", false);
    assert_int_equal(read_file(f, id_of(f, 2), &record), 0);
    assert_int_equal(record.state, FILE_PREPARED);
}

/* --- reading --- */

static void test_every_column_is_read(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    submit_load(f, &record);
    must_run(f, "update rdscnfg.ext_statement set started_at = '2026-03-29 03:30:00.1+02', "
                "ended_at = '2026-03-29 01:30:00.9876Z', outcome = 'IN', rows = 0");
    must_run(f, "insert into rdscnfg.ext_statement (work_id, kind, number, name, target, sql, "
                "numbered_at, statement_id, outcome, rows) select file_id, 'transform', 4, 'n', "
                "'{}', '[\"b\"]', now(), 's2', 'NOTHING', 7 from rdscnfg.ext_file");
    must_run(f, "update rdscnfg.ext_file set state = 'TRANSFORM_FAILED', reason = 'why', attempts "
                "= 3, private_key = 'p', promised_records = 10, file_records = 11, "
                "loadable_records = 9, rows_loaded = 0, archived_key = 'k', audited_at = now(), "
                "noticed_at = now(), source_key = 's', lease_owner = 'o', lease_until = "
                "'2026-11-20 20:27:53.1049Z', statement_kind = 'transform', statement_no = 4");
    assert_int_equal(read_file(f, id_of(f, 1), &record), 0);
    assert_int_equal(record.state, FILE_TRANSFORM_FAILED);
    assert_text(record.reason, "why");
    assert_text(record.private_key, "p");
    assert_text(record.source_key, "s");
    assert_text(record.load_started_at, "2026-03-29 01:30:00.100");
    assert_text(record.load_ended_at, "2026-03-29 01:30:00.987");
    assert_text(record.archived_key, "k");
    assert_text(record.statement.kind, "transform");
    assert_text(record.statement.name, "n");
    assert_text(record.statement.target, "{}");
    assert_text(record.statement.sql, "[\"b\"]");
    assert_text(record.statement.statement_id, "s2");
    assert_text(record.statement.started_at, "");
    assert_int_equal(record.statement.outcome, STATEMENT_NOTHING);
    const int64_t numbers[] = {
        record.attempts,    record.promised_records, record.file_records,  record.loadable_records,
        record.rows_loaded, record.statement.number, record.statement.rows};
    const int64_t expected[] = {3, 10, 11, 9, 0, 4, 7};
    assert_memory_equal(numbers, expected, sizeof(expected));
    assert_true(record.is_audited && record.is_noticed && record.is_leased);
    assert_false(record.is_archived || record.is_cleaned);
    must_run(f, "update rdscnfg.ext_file set audited_at = null, noticed_at = null, archived_at = "
                "now(), cleaned_at = now(), lease_owner = null");
    assert_int_equal(read_file(f, id_of(f, 1), &record), 0);
    assert_false(record.is_audited || record.is_noticed || record.is_leased);
    assert_true(record.is_archived && record.is_cleaned);
}

static void test_a_file_that_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    assert_int_equal(read_file(f, id_of(f, 9), &record), -1);
    assert_failed(f, ERROR_NOT_FOUND, "", false);
    assert_string_equal(f->err.message,
                        "ext_file has no file 00000000-0000-4000-8000-000000000009");
    assert_int_equal(read_file(f, SLICE("no id' or true --"), &record), -1);
    assert_failed(f, ERROR_INVALID, "22P02", false);
}

static struct slice file_of(struct fixture *f, const char *statement_id)
{
    struct slice file_id;
    if (file_find_statement(&store, slice_from(statement_id), &f->arena, &file_id, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return file_id;
}

static void test_the_file_of_a_statement(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    submit_load(f, &record);
    must_run(f, "update rdscnfg.ext_statement set statement_id = 'it''s s1'");
    assert_text(file_of(f, "it's s1"), id_of(f, 1).data);
    assert_text(file_of(f, "s1"), "");
    assert_text(file_of(f, ""), "");
    must_run(f,
             "update rdscnfg.ext_statement set work_id = '00000000-0000-4000-8000-00000000000a'");
    assert_text(file_of(f, "it's s1"), ""); /* of another kind of unit */
}

static void test_words_of_another_release_are_named(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    submit_load(f, &record);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    must_run(f, "alter table rdscnfg.ext_statement drop constraint ext_statement_outcome_check");
    must_run(f, "update rdscnfg.ext_statement set outcome = 'HALF'");
    assert_int_equal(read_file(f, id_of(f, 1), &record), -1);
    assert_failed(f, ERROR_CONFIGURATION, "", false);
    assert_string_equal(f->err.message, "ext_statement has the unknown outcome \"HALF\"");
    must_run(f, "alter table rdscnfg.ext_file drop constraint ext_file_state_check");
    must_run(f, "update rdscnfg.ext_file set state = 'PAUSED'");
    assert_int_equal(read_file(f, id_of(f, 1), &record), -1);
    assert_failed(f, ERROR_CONFIGURATION, "", false);
    assert_string_equal(f->err.message, "ext_file has the unknown state \"PAUSED\"");
    pg_rollback(&f->pg);
}

static void run_without_a_value(void)
{
    const struct state_sql sql = {"test", "select :'missing'"};
    const struct state_value values[] = {{"other", PG_TEXT(SLICE("x"))}};
    struct arena arena;
    arena_init(&arena, 0);
    (void)state_run(&store, &sql, values, 1, &arena, NULL, NULL);
}

static void test_a_value_that_nobody_gives_is_a_bug(void **state)
{
    (void)state;
    assert_aborts(run_without_a_value, "store.c");
}

/* The names in a check constraint, in its order. */
#define CHECKED_NAMES(constraint)                                                                  \
    "select string_agg(name[1], ' ' order by place) as t from pg_constraint, "                     \
    "regexp_matches(pg_get_constraintdef(oid), '''([A-Z_]+)''', 'g') "                             \
    "with ordinality as matches (name, place) "                                                    \
    "where connamespace = 'rdscnfg'::regnamespace and conname = '" constraint "'"

static void test_the_tables_allow_the_states_that_the_program_knows(void **state)
{
    struct fixture *f = *state;
    struct strbuf names = STRBUF_INIT;
    for (int i = 0; i < FILE_STATES; i++) {
        strbuf_append_format(&names, " %s", file_state_name((enum file_state)i));
        assert_int_equal(file_state_is_end((enum file_state)i), i > FILE_TRANSFORMING);
    }
    assert_tells(f, CHECKED_NAMES("ext_file_state_check"), names.data + 1);
    strbuf_clear(&names);
    for (int i = STATEMENT_OPEN + 1; i < STATEMENT_OUTCOMES; i++) {
        strbuf_append_format(&names, " %s", statement_outcome_name((enum statement_outcome)i));
    }
    assert_tells(f, CHECKED_NAMES("ext_statement_outcome_check"), names.data + 1);
    assert_string_equal(statement_outcome_name(STATEMENT_OPEN), "");
    strbuf_release(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_a_first_statement_is_numbered),
        CASE_TABLES(test_further_statements_keep_what_was_prepared),
        CASE_TABLES(test_a_number_is_given_once),
        CASE_TABLES(test_a_submission_releases_the_lease),
        CASE_TABLES(test_an_event_notes_a_submission_beside_the_holder),
        CASE_TABLES(test_a_statement_id_belongs_to_one_file),
        CASE_TABLES(test_every_column_is_read),
        CASE_TABLES(test_a_file_that_is_not_there),
        CASE_TABLES(test_the_file_of_a_statement),
        CASE_TABLES(test_words_of_another_release_are_named),
        CASE_TABLES(test_a_value_that_nobody_gives_is_a_bug),
        CASE_TABLES(test_the_tables_allow_the_states_that_the_program_knows),
    };
    return RUN_ON_SERVER("test_state_file", tests);
}
