/*
 * Claims of object versions on a real Postgres. test_state_race.c has claims that meet, and
 * test_state_known.c those of uploads that are known by their event only.
 * tests/e2e/test_file_tables.py applies sql/postgres and runs all.
 */
#include "wire/claims.h"

#include "base/random.h"

/* --- claims --- */

static void test_a_new_file_is_claimed(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    assert_text(record.file_id, id_of(f, 1).data);
    assert_text(record.bucket, "landing");
    assert_text(record.key, "in/PROD_527.txt");
    assert_text(record.version_id, "");
    assert_text(record.etag, "9e107d9d372bb6826bd81d3542a419d6");
    assert_int_equal(record.size_bytes, 42);
    assert_int_equal(record.last_modified_ms, NOW_MS - 5104);
    assert_int_equal(record.state, FILE_RECEIVED);
    assert_text(record.config_sid, "7");
    assert_text(record.interface_id, "527");
    assert_true(record.is_leased);
    assert_int_equal(record.lease_until_ms, NOW_MS + LEASE_MS);
    assert_int_equal(record.claim_no, 1);
    assert_int_equal(record.attempts, 0);
    assert_tells(f,
                 "select concat_ws('|', pipeline, last_modified, sequencer, received_at, state_at, "
                 "lease_owner, lease_until) as t from rdscnfg.ext_file",
                 "load|2026-11-20 20:27:48+00|0055AED6DCD90281E5|2026-11-20 20:27:53.104+00|"
                 "2026-11-20 20:27:53.104+00|first owner|2026-11-20 20:28:53.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0");
    assert_tells(f, "select file_id || ' ' || entered_at as t from rdscnfg.ext_file_history",
                 "00000000-0000-4000-8000-000000000001 2026-11-20 20:27:53.104+00");
    assert_is_stored(f, &record);
}

static void test_what_a_new_file_leaves_empty(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    const struct slice empty[] = {record.reason,
                                  record.source_key,
                                  record.private_key,
                                  record.target_schema,
                                  record.target_table,
                                  record.load_started_at,
                                  record.load_ended_at,
                                  record.archived_key,
                                  record.statement.kind,
                                  record.statement.name,
                                  record.statement.sql,
                                  record.statement.target,
                                  record.statement.statement_id};
    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        assert_text(empty[i], "");
    }
    assert_int_equal(record.promised_records, FILE_COUNT_UNKNOWN);
    assert_int_equal(record.file_records, FILE_COUNT_UNKNOWN);
    assert_int_equal(record.loadable_records, FILE_COUNT_UNKNOWN);
    assert_int_equal(record.rows_loaded, FILE_COUNT_UNKNOWN);
    assert_int_equal(record.next_attempt_ms, FILE_TIME_UNKNOWN);
    assert_int_equal(record.waiting_since_ms, FILE_TIME_UNKNOWN);
    assert_int_equal(record.statement.number, 0);
    assert_int_equal(record.statement.rows, FILE_COUNT_UNKNOWN);
    assert_int_equal(record.statement.outcome, STATEMENT_OPEN);
    assert_false(record.is_audited || record.is_archived || record.is_noticed || record.is_cleaned);
}

static void test_a_won_claim_is_one_round_trip(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    assert_int_equal(pg_connect(&f->pg, &f->err), 0);
    uint64_t before = f->pg.round_trips;
    hold_file(f, &record);
    assert_int_equal(f->pg.round_trips, before + 1);
    must_run(f, "update rdscnfg.ext_file set lease_owner = null");
    before = f->pg.round_trips;
    hold_file(f, &record);
    assert_int_equal(f->pg.round_trips, before + 1);
}

static void test_a_new_file_may_have_its_bytes_elsewhere(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    claim.source_key = SLICE("archive/527/PROD_527.txt_1");
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_text(record.source_key, "archive/527/PROD_527.txt_1");
    assert_is_stored(f, &record);
    /* A row that is there keeps what it says. */
    claim.lease.now_ms = claim.lease.until_ms;
    claim.source_key = SLICE("");
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_text(record.source_key, "archive/527/PROD_527.txt_1");
}

static void test_a_file_without_configuration_is_claimed_too(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    claim.config_sid = SLICE("");
    claim.interface_id = SLICE("");
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_text(record.config_sid, "");
    assert_text(record.interface_id, "");
    /* The next claim gives it the configuration that then exists, and it keeps that. */
    must_run(f, "update rdscnfg.ext_file set lease_owner = null");
    claim.config_sid = SLICE("7");
    claim.interface_id = SLICE("999999999999999999999999999999");
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_text(record.config_sid, "7");
    assert_text(record.interface_id, "999999999999999999999999999999");
    must_run(f, "update rdscnfg.ext_file set lease_owner = null");
    claim.config_sid = SLICE("8");
    claim.interface_id = SLICE("1");
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_text(record.config_sid, "7");
    assert_text(record.interface_id, "999999999999999999999999999999");
}

static void test_a_live_lease_is_respected(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    again.lease.now_ms = NOW_MS + LEASE_MS - 1;
    assert_int_equal(try_claim(f, &again, &record), CLAIM_BUSY);
    assert_text(record.file_id, id_of(f, 1).data);
    assert_int_equal(record.lease_until_ms, NOW_MS + LEASE_MS);
    assert_int_equal(record.claim_no, 1);
    assert_is_stored(f, &record);
    assert_tells(f, "select lease_owner || ' ' || claim_no as t from rdscnfg.ext_file",
                 "first owner 1");
    again.lease.now_ms++;
    assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(record.attempts, 1); /* nobody released the first lease */
    assert_text(record.file_id, id_of(f, 1).data);
    assert_tells(f,
                 "select concat_ws('|', lease_owner, lease_until, state_at) as t "
                 "from rdscnfg.ext_file",
                 "second owner|2026-11-20 20:28:54.104+00|2026-11-20 20:27:53.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0"); /* the state is the same */
    assert_is_stored(f, &record);
}

static void test_a_released_lease_counts_no_attempt(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set lease_owner = null, lease_until = null");
    assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(record.attempts, 0);
}

/* A retry of the same request has a random owner of its own, so it waits like all others. */
static void test_nothing_takes_over_a_live_lease(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = a_claim(f);
    struct file_record record;
    hold_file(f, &record);
    assert_int_equal(try_claim(f, &again, &record), CLAIM_BUSY);
    again.scope = CLAIM_FOR_ORDER;
    assert_int_equal(try_claim(f, &again, &record), CLAIM_BUSY);
    assert_int_equal(record.claim_no, 1);
}

static void test_what_there_is_to_claim(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *change;
        enum claim_outcome free; /* nobody holds the file */
        enum claim_outcome held;
    } files[] = {
        {"state = 'RECEIVED'", CLAIM_WON, CLAIM_BUSY},
        {"state = 'PREPARED', statement_no = 1", CLAIM_WON, CLAIM_BUSY},
        {"state = 'REJECTED'", CLAIM_WON, CLAIM_BUSY},
        {"state = 'REJECTED', noticed_at = now()", CLAIM_WON, CLAIM_BUSY},
        {"state = 'FAILED', cleaned_at = now()", CLAIM_WON, CLAIM_BUSY},
        {"state = 'REJECTED', noticed_at = now(), cleaned_at = now()", CLAIM_NOTHING,
         CLAIM_NOTHING},
        {"state = 'FAILED', noticed_at = now(), cleaned_at = now()", CLAIM_NOTHING, CLAIM_NOTHING},
        {"state = 'SUBMITTED'", CLAIM_NOTHING, CLAIM_NOTHING},
        {"state = 'LOADED'", CLAIM_NOTHING, CLAIM_NOTHING},
        {"state = 'TRANSFORMING'", CLAIM_NOTHING, CLAIM_NOTHING},
        {"state = 'DONE'", CLAIM_NOTHING, CLAIM_NOTHING},
        {"state = 'TRANSFORM_FAILED'", CLAIM_NOTHING, CLAIM_NOTHING},
        {"state = 'GONE', noticed_at = now()", CLAIM_WON, CLAIM_BUSY},
        {"state = 'SUPERSEDED', noticed_at = now()", CLAIM_WON, CLAIM_BUSY},
        {"state = 'GONE', noticed_at = now(), cleaned_at = now()", CLAIM_NOTHING, CLAIM_NOTHING},
        {"state = 'SPLIT'", CLAIM_NOTHING, CLAIM_NOTHING},
    };
    struct file_claim again = another_claim(f);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct file_record record;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        hold_file(f, &record);
        must_run(f,
                 arena_format(&f->arena, "update rdscnfg.ext_file set %s", files[i].change).data);
        enum claim_outcome held = try_claim(f, &again, &record);
        assert_is_stored(f, &record);
        must_run(f, "update rdscnfg.ext_file set lease_owner = null, lease_until = null");
        enum claim_outcome free = try_claim(f, &again, &record);
        if (held != files[i].held || free != files[i].free) {
            fail_msg("%s: %d while held, %d when free", files[i].change, held, free);
        }
        assert_is_stored(f, &record);
        assert_tells(f, HISTORY, "RECEIVED 1 0");
        assert_int_equal(record.claim_no, free == CLAIM_WON ? 2 : 1);
    }
}

/* A manual order also gets what runs in Redshift, and every duty that is left. */
static void test_what_there_is_to_claim_by_hand(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *change;
        enum claim_outcome free;
    } files[] = {
        {"state = 'RECEIVED'", CLAIM_WON},
        {"state = 'SUBMITTED'", CLAIM_WON},
        {"state = 'LOADED'", CLAIM_WON},
        {"state = 'TRANSFORMING', archived_at = now()", CLAIM_WON},
        {"state = 'DONE', noticed_at = now(), cleaned_at = now()", CLAIM_WON},
        {"state = 'DONE', archived_at = now(), cleaned_at = now()", CLAIM_WON},
        {"state = 'DONE', archived_at = now(), noticed_at = now(), cleaned_at = now()",
         CLAIM_NOTHING},
        {"state = 'GONE', noticed_at = now(), cleaned_at = now()", CLAIM_NOTHING},
        {"state = 'SPLIT'", CLAIM_NOTHING},
    };
    struct file_claim again = another_claim(f);
    again.scope = CLAIM_FOR_ORDER;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct file_record record;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        hold_file(f, &record);
        must_run(f, arena_format(&f->arena, "update rdscnfg.ext_file set lease_owner = null, %s",
                                 files[i].change)
                        .data);
        if (try_claim(f, &again, &record) != files[i].free) {
            fail_msg("%s", files[i].change);
        }
    }
}

static void test_who_a_file_is(void **state)
{
    struct fixture *f = *state;
    struct file_claim claims[7];
    struct file_record record;
    for (int i = 0; i < 7; i++) {
        claims[i] = a_claim(f);
        claims[i].new_file_id = id_of(f, i + 1);
    }
    claims[1].identity.etag = SLICE("other");
    claims[2].identity.size_bytes++;
    claims[3].identity.last_modified_ms += 1000;
    claims[4].identity.version_id = SLICE("v1");
    claims[5].identity.key = SLICE("in/prod_527.txt");
    claims[6].identity.bucket = SLICE("Landing");
    for (int i = 0; i < 7; i++) {
        assert_int_equal(try_claim(f, &claims[i], &record), CLAIM_WON);
        assert_text(record.file_id, id_of(f, i + 1).data);
        assert_int_equal(record.claim_no, 1);
    }
    /* The order of events is no part of it. */
    claims[0].identity.sequencer = SLICE("later");
    claims[0].lease.now_ms = claims[0].lease.until_ms;
    assert_int_equal(try_claim(f, &claims[0], &record), CLAIM_WON);
    assert_int_equal(record.claim_no, 2);
    /* A version never changes. If one did, nothing would be guessed. */
    claims[4].identity.etag = SLICE("other");
    enum claim_outcome outcome;
    assert_int_equal(claim_file(&store, &claims[4], &f->arena, &outcome, &record, &f->err), -1);
    assert_failed(f, ERROR_CONFLICT, "23505", false);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 7);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file_history"),
                     7);
}

/* --- the same bytes again --- */

static void test_the_same_bytes_put_again(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    again.identity.sequencer = SLICE("0055AED6DCD90281E6"); /* also in the same second */
    must_run(f, "update rdscnfg.ext_file set state = 'DONE', lease_owner = null");
    assert_int_equal(try_claim(f, &again, &record), CLAIM_NOTHING); /* the object is the first's */
    must_run(f, "update rdscnfg.ext_file set archived_at = now()");
    struct file_claim duplicate = a_claim(f);
    assert_int_equal(try_claim(f, &duplicate, &record), CLAIM_NOTHING);
    assert_text(record.file_id, id_of(f, 1).data);
    duplicate.identity.sequencer = SLICE("");
    assert_int_equal(try_claim(f, &duplicate, &record), CLAIM_NOTHING);
    assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
    assert_text(record.file_id, id_of(f, 2).data);
    assert_int_equal(record.state, FILE_RECEIVED);
    assert_int_equal(record.claim_no, 1);
    assert_is_stored(f, &record);
    assert_tells(f, HISTORY, "RECEIVED 1 0; RECEIVED 1 0");
    assert_int_equal(try_claim(f, &duplicate, &record), CLAIM_BUSY);
    assert_text(record.file_id, id_of(f, 2).data);
    duplicate.lease.now_ms = again.lease.until_ms; /* when its lease ends, anyone resumes it */
    assert_int_equal(try_claim(f, &duplicate, &record), CLAIM_WON);
    assert_text(record.file_id, id_of(f, 2).data);
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 2);
}

/* Also in the same second: the first was removed or replaced before it could be loaded. */
static void test_the_same_bytes_put_again_after_the_first_were_gone(void **state)
{
    struct fixture *f = *state;
    for (enum file_state end = FILE_GONE; end <= FILE_SUPERSEDED; end++) {
        struct file_claim first = a_claim(f);
        struct file_claim again = another_claim(f);
        struct file_record record;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        hold_file(f, &record);
        must_run(f, arena_format(&f->arena,
                                 "update rdscnfg.ext_file set state = '%s', lease_owner = null, "
                                 "noticed_at = now(), cleaned_at = now()",
                                 file_state_name(end))
                        .data);
        assert_int_equal(try_claim(f, &first, &record), CLAIM_NOTHING);
        again.identity.sequencer = SLICE("0055AED6DCD90281E6");
        assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
        assert_text(record.file_id, id_of(f, 2).data);
        assert_int_equal(record.state, FILE_RECEIVED);
    }
}

/* The first upload's event comes again and finds the second: the second's own event is not new. */
static void test_an_event_that_finds_a_later_upload(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    enum claim_outcome outcome;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set state = 'DONE', lease_owner = null, "
                "archived_at = now()");
    again.identity.last_modified_ms += 5000;
    assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
    assert_text(record.file_id, id_of(f, 2).data);
    assert_tells(f, "select string_agg(sequencer, '|' order by file_id) as t from rdscnfg.ext_file",
                 "0055AED6DCD90281E5|");
    must_run(f, "update rdscnfg.ext_file set state = 'DONE', lease_owner = null, "
                "archived_at = now()");
    again.identity.sequencer = SLICE("0055AED6DCD90281E6");
    assert_int_equal(claim_known_file(&store, &again, &f->arena, &outcome, &record, &f->err), 0);
    assert_int_equal(outcome, CLAIM_NOTHING);
    assert_text(record.file_id, id_of(f, 2).data);
}

/* S3's own message and EventBridge may both announce an upload: their sequencers say nothing about
 * each other. */
static void test_an_upload_that_two_sources_announce(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *first;
        const char *second;
        enum claim_outcome outcome;
    } cases[] = {
        {"0055AED6DCD90281E5", "eventbridge:617F08299329D189", CLAIM_NOTHING},
        {"eventbridge:617F08299329D189", "0055AED6DCD90281E5", CLAIM_NOTHING},
        {"eventbridge:617F08299329D189", "FF", CLAIM_NOTHING},
        {"eventbridge:617F08299329D189", "eventbridge:617F08299329D188", CLAIM_NOTHING},
        {"eventbridge:617F08299329D189", "eventbridge:617F08299329D18A", CLAIM_WON},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct file_claim first = a_claim(f);
        struct file_claim second = another_claim(f);
        struct file_record record;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        first.identity.sequencer = slice_from(cases[i].first);
        second.identity.sequencer = slice_from(cases[i].second);
        assert_int_equal(try_claim(f, &first, &record), CLAIM_WON);
        must_run(f, "update rdscnfg.ext_file set state = 'DONE', lease_owner = null, "
                    "archived_at = now()");
        if (try_claim(f, &second, &record) != cases[i].outcome) {
            fail_msg("%s, then %s", cases[i].first, cases[i].second);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_a_new_file_is_claimed),
        CASE_TABLES(test_what_a_new_file_leaves_empty),
        CASE_TABLES(test_a_won_claim_is_one_round_trip),
        CASE_TABLES(test_a_new_file_may_have_its_bytes_elsewhere),
        CASE_TABLES(test_a_file_without_configuration_is_claimed_too),
        CASE_TABLES(test_a_live_lease_is_respected),
        CASE_TABLES(test_a_released_lease_counts_no_attempt),
        CASE_TABLES(test_nothing_takes_over_a_live_lease),
        CASE_TABLES(test_what_there_is_to_claim),
        CASE_TABLES(test_what_there_is_to_claim_by_hand),
        CASE_TABLES(test_who_a_file_is),
        CASE_TABLES(test_the_same_bytes_put_again),
        CASE_TABLES(test_the_same_bytes_put_again_after_the_first_were_gone),
        CASE_TABLES(test_an_event_that_finds_a_later_upload),
        CASE_TABLES(test_an_upload_that_two_sources_announce),
    };
    return RUN_ON_SERVER("test_state_claim", tests);
}
