/*
 * The state of files on a real Postgres: ends without a load, and known files held for their
 * duties.
 */
#include "state/file_end.h"
#include "state/file_resume.h"
#include "wire/claims.h"

/* ---- objects that are not there any more ----------------------------------------------------*/

static bool record_end(struct fixture *f, int id, struct file_identity identity,
                       enum file_state end)
{
    bool recorded = false;
    if (file_end_record(&f->pg, &file_tables,
                        &(struct file_end){.identity = identity,
                                           .new_file_id = id_of(f, id),
                                           .state = end,
                                           .reason = SLICE("it's \"gone\""),
                                           .now_ms = NOW_MS},
                        &f->arena, &recorded, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return recorded;
}

/* As an event tells it: neither when it was modified nor, here, how large it is. */
static struct file_identity from_event(const char *key, const char *version_id, const char *etag)
{
    return (struct file_identity){.bucket = SLICE("landing"),
                                  .key = slice_from(key),
                                  .version_id = slice_from(version_id),
                                  .etag = slice_from(etag)};
}

static void test_an_end_is_recorded_once(void **state)
{
    struct fixture *f = *state;
    struct file_identity gone = from_event("in/GONE_527.txt", "", "e1");
    struct file_record record;
    assert_true(record_end(f, 1, gone, FILE_GONE));
    assert_tells(f, HISTORY, "GONE 0 0 it's \"gone\"");
    assert_int_equal(read_file(f, id_of(f, 1), &record), 0);
    assert_int_equal(record.state, FILE_GONE);
    assert_text(record.reason, "it's \"gone\"");
    assert_int_equal(record.claim_no, 0);
    assert_true(record.is_noticed && record.is_cleaned); /* nothing is due */
    assert_tells(f, "select concat_ws('|', received_at, state_at) as t from rdscnfg.ext_file",
                 "2026-11-20 20:27:53.104+00|2026-11-20 20:27:53.104+00");
    assert_false(record_end(f, 2, gone, FILE_GONE));
    assert_false(record_end(f, 2, gone, FILE_SUPERSEDED));
    gone.etag = SLICE("e2"); /* another upload of the key */
    assert_true(record_end(f, 2, gone, FILE_SUPERSEDED));
    assert_tells(f, HISTORY, "GONE 0 0 it's \"gone\"; SUPERSEDED 0 0 it's \"gone\"");
}

static void test_a_known_upload_keeps_its_row(void **state)
{
    struct fixture *f = *state;
    struct file_claim versioned = a_claim(f);
    struct file_record record;
    hold_file(f, &record);
    versioned.new_file_id = id_of(f, 2);
    versioned.identity.key = SLICE("in/VERSIONED_527.txt");
    versioned.identity.version_id = SLICE("v1");
    assert_int_equal(claim_file(f, &versioned, &record), CLAIM_WON);
    static const struct {
        const char *key;
        const char *version_id;
        const char *etag;
        bool recorded;
    } events[] = {
        /* A late duplicate of an event, after the key was written anew or deleted. */
        {"in/PROD_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6", false},
        /* Without an etag an event may mean any upload. */
        {"in/PROD_527.txt", "", "", false},
        {"in/VERSIONED_527.txt", "v1", "", false},
        {"in/VERSIONED_527.txt", "v1", "something else", false},
        {"in/PROD_527.txt", "", "d41d8cd98f00b204e9800998ecf8427e", true},
        {"in/VERSIONED_527.txt", "v2", "9e107d9d372bb6826bd81d3542a419d6", true},
        {"in/other_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6", true},
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        struct file_identity identity =
            from_event(events[i].key, events[i].version_id, events[i].etag);
        for (int kind = FILE_GONE; kind <= FILE_SUPERSEDED; kind++) {
            bool recorded = record_end(f, 10 + (int)i, identity, (enum file_state)kind);
            if (recorded != (events[i].recorded && kind == FILE_GONE)) {
                fail_msg("event %zu was %s", i, recorded ? "recorded" : "not recorded");
            }
        }
    }
    assert_int_equal(read_file(f, id_of(f, 1), &record), 0);
    assert_int_equal(record.state, FILE_RECEIVED);
}

static void test_an_upload_after_its_namesake_was_gone(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    claim.new_file_id = id_of(f, 2);
    assert_true(record_end(
        f, 1, from_event("in/PROD_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6"), FILE_GONE));
    assert_int_equal(claim_file(f, &claim, &record), CLAIM_WON);
    assert_text(record.file_id, id_of(f, 2).data);
}

static struct file_identity upload(const char *sequencer)
{
    struct file_identity identity = from_event("in/PROD_527.txt", "", "e1");
    identity.sequencer = slice_from(sequencer);
    return identity;
}

/* Each upload of the same bytes has an end of its own; an event that comes again has none. */
static void test_the_same_bytes_are_gone_again(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sequencer;
        bool recorded;
    } events[] = {{"0B", true},  {"0C", true},  {"0A", true},
                  {"0B", false}, {"0A", false}, {"", false}};
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        bool recorded = record_end(f, 1 + (int)i, upload(events[i].sequencer), FILE_GONE);
        assert_int_equal(recorded, events[i].recorded);
    }
    assert_tells(f,
                 "select string_agg(sequencer || appearance, ' ' order by appearance) as t "
                 "from rdscnfg.ext_file",
                 "0B0 0C1 0A2");
    must_run(f, "update rdscnfg.ext_file set sequencer = ''"); /* a manual event's */
    assert_false(record_end(f, 9, upload("0D"), FILE_GONE));
}

static int record_by(struct pg *pg, struct arena *arena, const void *what)
{
    bool recorded;
    return file_end_record(pg, &file_tables, what, arena, &recorded, NULL) == 0 ? recorded : -1;
}

/* Another process meets an uncommitted end, which then is its own or another upload's. */
static int end_beside_transaction(struct fixture *f, const char *sequencer)
{
    struct file_end end = {.identity = upload(sequencer),
                           .new_file_id = id_of(f, 2),
                           .state = FILE_GONE,
                           .reason = SLICE("gone"),
                           .now_ms = NOW_MS};
    int gate[2];
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_true(record_end(f, 1, upload("0A"), FILE_GONE));
    assert_int_equal(pipe(gate), 0);
    pid_t child = act_elsewhere(record_by, &end, gate);
    open_gate(gate);
    await_lock(f, &f->other);
    assert_int_equal(pg_commit(&f->pg, &f->err), 0);
    return outcome_elsewhere(child);
}

static void test_ends_at_the_same_time(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(end_beside_transaction(f, "0A"), false);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 1);
    assert_int_equal(end_beside_transaction(f, "0B"), true);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 2);
}

/* ---- loads of others ------------------------------------------------------------------------*/

static void test_a_load_of_others_is_adopted_with_one_write(void **state)
{
    struct fixture *f = *state;
    const struct file_adoption load = {SLICE("rdsftetl"), SLICE("t527"), SLICE("s1")};
    struct file_claim claim = a_claim(f);
    struct file_record record;
    claim.adopts = &load;
    assert_int_equal(claim_file(f, &claim, &record), CLAIM_WON);
    assert_int_equal(record.state, FILE_SUBMITTED);
    assert_int_equal(record.load_no, 1);
    assert_text(record.load_schema, "rdsftetl");
    assert_text(record.load_table, "t527");
    assert_text(record.load_statement_id, "s1");
    assert_tells(f, HISTORY, "RECEIVED 1 0; SUBMITTED 1 1 taken over from the Python framework");
    assert_int_equal(claim_file(f, &claim, &record), CLAIM_NOTHING);
}

/* Only a file with which nothing was begun is free for another's load. */
static void test_what_is_adopted(void **state)
{
    struct fixture *f = *state;
    const struct file_adoption load = {SLICE("rdsftetl"), SLICE("t527"), SLICE("s1")};
    struct file_claim again = another_claim(f);
    struct file_record record;
    again.adopts = &load;
    hold_file(f, &record);
    assert_int_equal(claim_file(f, &again, &record), CLAIM_BUSY);
    must_run(f, "update rdscnfg.ext_file set lease_owner = null, state = 'PREPARED', load_no = 1");
    assert_int_equal(claim_file(f, &again, &record), CLAIM_NOTHING);
    must_run(f, "update rdscnfg.ext_file set state = 'REJECTED', load_no = 0");
    assert_int_equal(claim_file(f, &again, &record), CLAIM_NOTHING);
    must_run(f, "update rdscnfg.ext_file set state = 'RECEIVED'");
    assert_int_equal(claim_file(f, &again, &record), CLAIM_WON);
    assert_int_equal(record.state, FILE_SUBMITTED);
    assert_int_equal(record.claim_no, 2);
    assert_text(record.load_statement_id, "s1");
    assert_tells(f, HISTORY, "RECEIVED 1 0; SUBMITTED 2 1 taken over from the Python framework");
}

/* ---- known files ----------------------------------------------------------------------------*/

static bool resume(struct fixture *f, struct file_identity identity, int64_t now_ms,
                   const char *request, bool also_under_way, struct file_record *record)
{
    struct file_claim wish = another_claim(f);
    bool resumed = false;
    wish.identity = identity;
    wish.request_id = slice_from(request);
    wish.now_ms = now_ms;
    wish.until_ms = now_ms + LEASE_MS;
    wish.also_under_way = also_under_way;
    assert_int_equal(file_resume(&f->pg, &file_tables, &wish, &f->arena, &resumed, record, &f->err),
                     0);
    return resumed;
}

/* Three uploads of a key, the last of which came to its end. */
static void three_uploads(struct fixture *f)
{
    must_run(f, "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, "
                "last_modified, received_at, state, state_at, noticed_at, cleaned_at, archived_at) "
                "select ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'landing', 'in/A.txt', "
                "'e' || n, 1, now(), to_timestamp(n), state, now(), ended, ended, ended from "
                "(values (1, 'RECEIVED', null), (2, 'SUBMITTED', null), (3, 'DONE', now())) "
                "as t (n, state, ended)");
}

static void test_uploads_that_were_overtaken_are_gone_on_with(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    three_uploads(f);
    assert_false(resume(f, from_event("in/A.txt", "", "e2"), NOW_MS, "a", false, &record));
    assert_false(resume(f, from_event("in/A.txt", "", "e3"), NOW_MS, "a", true, &record));
    assert_true(resume(f, from_event("in/A.txt", "", ""), NOW_MS, "a", true, &record));
    assert_text(record.etag, "e2");
    assert_int_equal(record.claim_no, 1);
    assert_true(
        resume(f, from_event("in/A.txt", "", ""), NOW_MS, "b", true, &record)); /* "a" has e2 */
    assert_text(record.etag, "e1");
    assert_false(resume(f, from_event("in/A.txt", "", ""), NOW_MS, "c", true, &record));
    assert_true(resume(f, from_event("in/A.txt", "", "e1"), NOW_MS, "b", false, &record));
    assert_int_equal(record.claim_no, 2);
}

static void test_a_claim_that_cannot_be_read_can_be_given_back(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    bool resumed = false;
    three_uploads(f);
    must_run(f, "alter table rdscnfg.ext_file rename column reason to why");
    claim.identity = from_event("in/A.txt", "", "e1");
    assert_int_equal(
        file_resume(&f->pg, &file_tables, &claim, &f->arena, &resumed, &record, &f->err), -1);
    must_run(f, "alter table rdscnfg.ext_file rename column why to reason");
    assert_true(resumed);
    assert_text(record.file_id, "00000000-0000-4000-8000-000000000001");
    assert_int_equal(record.claim_no, 1);
}

static void test_a_file_whose_object_is_gone_is_gone_on_with(void **state)
{
    struct fixture *f = *state;
    struct file_identity begun =
        from_event("in/PROD_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6");
    struct file_record record;
    hold_file(f, &record);
    assert_false(resume(f, begun, NOW_MS + 1000, "another", false, &record)); /* a live lease */
    assert_true(resume(f, begun, NOW_MS + 1000, "first request", false, &record));
    assert_int_equal(record.claim_no, 2);
    assert_text(record.file_id, id_of(f, 1).data);
    assert_false(resume(f, begun, NOW_MS + LEASE_MS + 999, "another", false, &record));
    assert_true(resume(f, begun, NOW_MS + LEASE_MS + 1000, "another", false, &record));
    assert_int_equal(record.claim_no, 3);
    assert_tells(f,
                 "select concat_ws('|', lease_owner, lease_request_id, lease_until) as t "
                 "from rdscnfg.ext_file",
                 "second owner|another|2026-11-20 20:29:54.104+00");
    must_run(f, "update rdscnfg.ext_file set state = 'SUBMITTED', lease_owner = null");
    assert_false(resume(f, begun, NOW_MS, "another", false, &record));
    assert_true(resume(f, begun, NOW_MS, "another", true, &record));
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

static void test_which_upload_is_gone_on_with(void **state)
{
    static const struct {
        const char *version_id;
        const char *etag;
        int file; /* 0: none */
    } events[] = {
        {"", "", 2}, /* the newest */
        {"", "e1", 1}, {"", "e2", 2}, {"", "e3", 0}, {"v1", "e1", 0},
    };
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    claim.identity.etag = SLICE("e1");
    assert_int_equal(claim_file(f, &claim, &record), CLAIM_WON);
    claim = another_claim(f);
    claim.identity.etag = SLICE("e2");
    assert_int_equal(claim_file(f, &claim, &record), CLAIM_WON);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        struct file_identity identity =
            from_event("in/PROD_527.txt", events[i].version_id, events[i].etag);
        int64_t now_ms = NOW_MS + 10 * (int64_t)(i + 1) * LEASE_MS; /* every lease is over */
        bool resumed = resume(f, identity, now_ms, "another", false, &record);
        assert_int_equal(resumed, events[i].file != 0);
        if (resumed) {
            assert_text(record.file_id, id_of(f, events[i].file).data);
        }
    }
}

static struct file_hold a_hold(int64_t now_ms, const char *request)
{
    return (struct file_hold){.owner = SLICE("holder"),
                              .request_id = slice_from(request),
                              .now_ms = now_ms,
                              .until_ms = now_ms + LEASE_MS};
}

static bool hold(struct fixture *f, int64_t now_ms, const char *request, struct file_record *record)
{
    struct file_hold wish = a_hold(now_ms, request);
    bool held = false;
    assert_int_equal(file_resume_hold(&f->pg, &file_tables, id_of(f, 1), &wish, &f->arena, &held,
                                      record, &f->err),
                     0);
    return held;
}

static void test_a_known_file_is_held_by_one_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set state = 'DONE'"); /* any state will do */
    assert_false(hold(f, NOW_MS + 1000, "another", &record));
    assert_true(hold(f, NOW_MS + 1000, "first request", &record));
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(record.state, FILE_DONE);
    assert_false(hold(f, NOW_MS + LEASE_MS + 999, "another", &record));
    assert_true(hold(f, NOW_MS + LEASE_MS + 1000, "another", &record));
    assert_int_equal(record.claim_no, 3);
    must_run(f, "update rdscnfg.ext_file set lease_owner = null, lease_until = null");
    assert_true(hold(f, NOW_MS, "yet another", &record));
    assert_tells(f,
                 "select concat_ws('|', lease_owner, lease_request_id, lease_until) as t "
                 "from rdscnfg.ext_file",
                 "holder|yet another|2026-11-20 20:28:53.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_an_end_is_recorded_once),
        CASE_TABLES(test_a_known_upload_keeps_its_row),
        CASE_TABLES(test_an_upload_after_its_namesake_was_gone),
        CASE_TABLES(test_the_same_bytes_are_gone_again),
        CASE_TABLES(test_ends_at_the_same_time),
        CASE_TABLES(test_a_load_of_others_is_adopted_with_one_write),
        CASE_TABLES(test_what_is_adopted),
        CASE_TABLES(test_uploads_that_were_overtaken_are_gone_on_with),
        CASE_TABLES(test_a_claim_that_cannot_be_read_can_be_given_back),
        CASE_TABLES(test_a_file_whose_object_is_gone_is_gone_on_with),
        CASE_TABLES(test_which_upload_is_gone_on_with),
        CASE_TABLES(test_a_known_file_is_held_by_one_at_a_time),
    };
    return RUN_ON_SERVER("test_file_ends", tests);
}
