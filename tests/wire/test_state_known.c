/*
 * Uploads that are known by an event or by their row only, on a real Postgres: loads of the Python
 * framework, and files whose object is not in its place any more. test_state_gone.c has uploads
 * that were gone before anybody looked.
 */
#include "wire/claims.h"

/* --- loads of the Python framework --- */

static const struct file_adoption adopted = {SLICE_INIT("rdsftetl"), SLICE_INIT("t527"),
                                             SLICE_INIT("s1")};

static void assert_adopted(struct fixture *f, const struct file_record *record)
{
    assert_int_equal(record->state, FILE_SUBMITTED);
    assert_text(record->target_schema, "rdsftetl");
    assert_text(record->target_table, "t527");
    assert_text(record->statement.kind, "load");
    assert_int_equal(record->statement.number, 1);
    assert_text(record->statement.statement_id, "s1");
    assert_text(record->statement.name, "");
    assert_text(record->statement.target, "");
    assert_text(record->statement.sql, "");
    assert_int_equal(record->statement.outcome, STATEMENT_OPEN);
    assert_is_stored(f, record);
}

static void test_a_load_of_others_is_adopted_with_one_write(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    claim.scope = CLAIM_FOR_ADOPTION;
    claim.adoption = &adopted;
    assert_int_equal(pg_connect(&f->pg, &f->err), 0);
    uint64_t before = f->pg.round_trips;
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_int_equal(f->pg.round_trips, before + 1);
    assert_adopted(f, &record);
    assert_tells(f, HISTORY, "RECEIVED 1 0; SUBMITTED 1 1 taken over from the Python framework");
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_NOTHING);
    assert_adopted(f, &record);
}

/* Only a file with which nothing was begun is free for another's load. */
static void test_what_is_adopted(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    again.scope = CLAIM_FOR_ADOPTION;
    again.adoption = &adopted;
    hold_file(f, &record);
    assert_int_equal(try_claim(f, &again, &record), CLAIM_BUSY);
    must_run(f, "update rdscnfg.ext_file set lease_owner = null, state = 'PREPARED'");
    assert_int_equal(try_claim(f, &again, &record), CLAIM_NOTHING);
    must_run(f, "update rdscnfg.ext_file set state = 'REJECTED'");
    assert_int_equal(try_claim(f, &again, &record), CLAIM_NOTHING);
    must_run(f, "update rdscnfg.ext_file set state = 'RECEIVED'");
    assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
    assert_adopted(f, &record);
    assert_int_equal(record.claim_no, 2);
    assert_tells(f, "select state_at::text as t from rdscnfg.ext_file",
                 "2026-11-20 20:27:54.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0; SUBMITTED 2 1 taken over from the Python framework");
}

static void test_a_statement_is_adopted_once(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    enum claim_outcome outcome;
    claim.scope = CLAIM_FOR_ADOPTION;
    claim.adoption = &adopted;
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    claim.new_file_id = id_of(f, 2);
    claim.identity.key = SLICE("in/other_527.txt");
    assert_int_equal(claim_file(&store, &claim, &f->arena, &outcome, &record, &f->err), -1);
    assert_failed(f, ERROR_CONFLICT, "23505", false);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 1);
}

/* --- known files --- */

static enum claim_outcome resume(struct fixture *f, struct file_identity identity, int64_t now_ms,
                                 enum claim_scope scope, struct file_record *record)
{
    struct file_claim claim = another_claim(f);
    enum claim_outcome outcome = CLAIM_NOTHING;
    claim.identity = identity;
    claim.lease.now_ms = now_ms;
    claim.lease.until_ms = now_ms + LEASE_MS;
    claim.scope = scope;
    if (claim_known_file(&store, &claim, &f->arena, &outcome, record, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return outcome;
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

static void test_uploads_that_were_overtaken_are_resumed(void **state)
{
    struct fixture *f = *state;
    struct file_identity any = from_event("in/A.txt", "", "");
    struct file_record record;
    three_uploads(f);
    assert_int_equal(resume(f, from_event("in/A.txt", "", "e2"), NOW_MS, CLAIM_FOR_EVENT, &record),
                     CLAIM_NOTHING);
    assert_text(record.etag, "e2"); /* it runs in Redshift */
    assert_int_equal(resume(f, from_event("in/A.txt", "", "e3"), NOW_MS, CLAIM_FOR_ORDER, &record),
                     CLAIM_NOTHING);
    assert_text(record.etag, "e3"); /* it is settled */
    assert_int_equal(resume(f, any, NOW_MS, CLAIM_FOR_ORDER, &record), CLAIM_WON);
    assert_text(record.etag, "e2");
    assert_int_equal(record.claim_no, 1);
    assert_is_stored(f, &record);
    assert_int_equal(resume(f, any, NOW_MS, CLAIM_FOR_ORDER, &record), CLAIM_WON);
    assert_text(record.etag, "e1"); /* somebody has e2 */
    assert_int_equal(resume(f, any, NOW_MS, CLAIM_FOR_ORDER, &record), CLAIM_BUSY);
    assert_text(record.etag, "e2");
    assert_int_equal(record.lease_until_ms, NOW_MS + LEASE_MS);
    assert_is_stored(f, &record);
}

static void test_a_claim_that_cannot_be_read_is_none(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = another_claim(f);
    struct file_record record;
    enum claim_outcome outcome;
    three_uploads(f);
    must_run(f, "alter table rdscnfg.ext_statement rename column target to place");
    claim.identity = from_event("in/A.txt", "", "e1");
    int status = claim_known_file(&store, &claim, &f->arena, &outcome, &record, &f->err);
    must_run(f, "alter table rdscnfg.ext_statement rename column place to target");
    assert_int_equal(status, -1);
    assert_failed(f, ERROR_CONFIGURATION, "42703", false);
    assert_int_equal(ask_number(f, &f->pg, "select count(lease_owner) as n from rdscnfg.ext_file"),
                     0);
}

static void test_a_file_whose_object_is_gone_is_resumed(void **state)
{
    struct fixture *f = *state;
    struct file_identity begun =
        from_event("in/PROD_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6");
    struct file_record record;
    hold_file(f, &record);
    assert_int_equal(resume(f, begun, NOW_MS + LEASE_MS - 1, CLAIM_FOR_EVENT, &record), CLAIM_BUSY);
    assert_text(record.file_id, id_of(f, 1).data);
    assert_int_equal(record.lease_until_ms, NOW_MS + LEASE_MS);
    assert_int_equal(resume(f, begun, NOW_MS + LEASE_MS, CLAIM_FOR_EVENT, &record), CLAIM_WON);
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(record.attempts, 1); /* nobody released the first lease */
    assert_tells(f, "select concat_ws('|', lease_owner, lease_until) as t from rdscnfg.ext_file",
                 "second owner|2026-11-20 20:29:53.104+00");
    must_run(f, "update rdscnfg.ext_file set state = 'SUBMITTED', lease_owner = null");
    assert_int_equal(resume(f, begun, NOW_MS, CLAIM_FOR_EVENT, &record), CLAIM_NOTHING);
    assert_int_equal(resume(f, begun, NOW_MS, CLAIM_FOR_ORDER, &record), CLAIM_WON);
    assert_int_equal(record.attempts, 1);
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

static void test_which_upload_is_resumed(void **state)
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
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    claim = another_claim(f);
    claim.identity.etag = SLICE("e2");
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        struct file_identity identity =
            from_event("in/PROD_527.txt", events[i].version_id, events[i].etag);
        int64_t now_ms = NOW_MS + 10 * (int64_t)(i + 1) * LEASE_MS; /* every lease is over */
        enum claim_outcome outcome = resume(f, identity, now_ms, CLAIM_FOR_EVENT, &record);
        assert_int_equal(outcome, events[i].file != 0 ? CLAIM_WON : CLAIM_NOTHING);
        assert_text(record.file_id, events[i].file != 0 ? id_of(f, events[i].file).data : "");
    }
}

static int resume_by(const struct state_store *there, struct arena *arena, const void *what)
{
    struct file_record record;
    enum claim_outcome outcome;
    if (claim_known_file(there, what, arena, &outcome, &record, NULL) != 0) {
        return -1;
    }
    return outcome == CLAIM_WON ? record.etag.data[1] - '0' : 0;
}

/* A row that another claimant takes while we wait for it is passed over. */
static void test_a_row_that_was_taken_meanwhile_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = another_claim(f);
    three_uploads(f);
    claim.identity = from_event("in/A.txt", "", "");
    claim.scope = CLAIM_FOR_ORDER;
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    must_run(f, "update rdscnfg.ext_file set lease_owner = 'x', lease_until = '2027-01-01Z' "
                "where etag = 'e2'");
    assert_int_equal(act_after_commit(f, &f->pg, resume_by, &claim), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_a_load_of_others_is_adopted_with_one_write),
        CASE_TABLES(test_what_is_adopted),
        CASE_TABLES(test_a_statement_is_adopted_once),
        CASE_TABLES(test_uploads_that_were_overtaken_are_resumed),
        CASE_TABLES(test_a_claim_that_cannot_be_read_is_none),
        CASE_TABLES(test_a_file_whose_object_is_gone_is_resumed),
        CASE_TABLES(test_which_upload_is_resumed),
        CASE_TABLES(test_a_row_that_was_taken_meanwhile_is_passed_over),
    };
    return RUN_ON_SERVER("test_state_known", tests);
}
