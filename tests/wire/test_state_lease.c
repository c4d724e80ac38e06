/*
 * Leases of known files on a real Postgres: taken by the file's id, renewed and released.
 */
#include "wire/claims.h"

static bool take(struct fixture *f, int64_t now_ms, struct file_record *record)
{
    const struct lease_terms terms = {SLICE("holder"), now_ms, now_ms + LEASE_MS};
    bool taken = false;
    if (lease_take_file(&store, id_of(f, 1), &terms, &f->arena, &taken, record, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    assert_is_stored(f, record);
    return taken;
}

static bool renew(struct fixture *f, int id, const char *owner, int64_t until_ms)
{
    bool held = false;
    if (lease_renew_file(&store, id_of(f, id), slice_from(owner), until_ms, &f->arena, &held,
                         &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return held;
}

static void release(struct fixture *f, int64_t claim_no, int64_t next_attempt_ms, int64_t now_ms)
{
    const struct lease_release change = {.file_id = id_of(f, 1),
                                         .claim_no = claim_no,
                                         .next_attempt_ms = next_attempt_ms,
                                         .waiting_reason = SLICE("it's why"),
                                         .now_ms = now_ms};
    if (lease_release_file(&store, &change, &f->arena, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
}

#define LEASE                                                                                      \
    "select concat_ws('|', claim_no, attempts, coalesce(lease_owner, 'nobody'), lease_until) "     \
    "as t from rdscnfg.ext_file"
#define WAITING                                                                                    \
    "select concat_ws('|', coalesce(next_attempt_at::text, '-'), "                                 \
    "coalesce(waiting_since::text, '-'), coalesce(waiting_reason, '-')) as t from "                \
    "rdscnfg.ext_file"

/* --- taking --- */

static void test_a_known_file_is_held_by_one_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set state = 'DONE'"); /* any state will do */
    assert_false(take(f, NOW_MS + LEASE_MS - 1, &record));
    assert_int_equal(record.claim_no, 1);
    assert_int_equal(record.lease_until_ms, NOW_MS + LEASE_MS);
    assert_true(take(f, NOW_MS + LEASE_MS, &record));
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(record.state, FILE_DONE);
    assert_tells(f, LEASE, "2|1|holder|2026-11-20 20:29:53.104+00"); /* nobody released the first */
    assert_false(take(f, NOW_MS + LEASE_MS, &record)); /* the same owner must not take it twice */
    must_run(f, "update rdscnfg.ext_file set lease_owner = null, lease_until = null");
    assert_true(take(f, NOW_MS, &record));
    assert_tells(f, LEASE, "3|1|holder|2026-11-20 20:28:53.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

static void test_a_file_that_is_not_there_cannot_be_taken(void **state)
{
    struct fixture *f = *state;
    const struct lease_terms terms = {SLICE("holder"), NOW_MS, NOW_MS + LEASE_MS};
    struct file_record record;
    bool taken;
    assert_int_equal(
        lease_take_file(&store, id_of(f, 9), &terms, &f->arena, &taken, &record, &f->err), -1);
    assert_failed(f, ERROR_NOT_FOUND, "", false);
    assert_string_equal(f->err.message,
                        "ext_file has no file 00000000-0000-4000-8000-000000000009");
}

static int take_by(const struct state_store *there, struct arena *arena, const void *what)
{
    const struct lease_terms terms = {SLICE("late holder"), NOW_MS, NOW_MS + LEASE_MS};
    const struct slice *file_id = what;
    struct file_record record;
    bool taken;
    if (lease_take_file(there, *file_id, &terms, arena, &taken, &record, NULL) != 0) {
        return -1;
    }
    return taken && record.claim_no == 2 && record.state == FILE_PREPARED;
}

/* What is decided is decided on the row as it is after the wait. */
static void test_a_lease_that_is_released_meanwhile_is_taken(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    for (int is_released = 0; is_released <= 1; is_released++) {
        assert_int_equal(pg_begin(&f->pg, &f->err), 0);
        must_run(f, is_released
                        ? "update rdscnfg.ext_file set lease_owner = null, state = 'PREPARED'"
                        : "update rdscnfg.ext_file set lease_until = lease_until + interval '1 s'");
        assert_int_equal(act_after_commit(f, &f->pg, take_by, &record.file_id), is_released);
    }
    assert_tells(f, LEASE, "2|0|late holder|2026-11-20 20:28:53.104+00");
}

/* --- renewing --- */

static void test_only_the_owner_renews(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    assert_true(renew(f, 1, "first owner", NOW_MS + 2 * LEASE_MS));
    assert_tells(f, LEASE, "1|0|first owner|2026-11-20 20:29:53.104+00");
    assert_false(renew(f, 1, "second owner", NOW_MS + 3 * LEASE_MS));
    assert_false(renew(f, 1, "", NOW_MS + 3 * LEASE_MS));
    assert_false(renew(f, 9, "first owner", NOW_MS + 3 * LEASE_MS));
    assert_tells(f, LEASE, "1|0|first owner|2026-11-20 20:29:53.104+00");
    assert_true(take(f, NOW_MS + 2 * LEASE_MS, &record));
    assert_false(renew(f, 1, "first owner", NOW_MS + 9 * LEASE_MS)); /* it was taken over */
    release(f, 2, 0, NOW_MS);
    assert_false(renew(f, 1, "holder", NOW_MS + 9 * LEASE_MS)); /* it was released */
}

/* --- releasing --- */

static void test_a_release_lets_others_in(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    release(f, 1, NOW_MS + 30000, NOW_MS + 1000);
    assert_tells(f, LEASE, "1|0|nobody"); /* an attempt that ends by itself did not crash */
    assert_tells(f, WAITING, "2026-11-20 20:28:23.104+00|2026-11-20 20:27:54.104+00|it's why");
    assert_int_equal(try_claim(f, &again, &record), CLAIM_WON);
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(record.attempts, 0);
    assert_int_equal(record.next_attempt_ms, NOW_MS + 30000);
    assert_int_equal(record.waiting_since_ms, NOW_MS + 1000);
    /* The first owner wakes up late: the lease is not its to release. */
    release(f, 1, NOW_MS + 90000, NOW_MS + 2000);
    assert_tells(f, LEASE, "2|0|second owner|2026-11-20 20:28:54.104+00");
    assert_tells(f, WAITING, "2026-11-20 20:28:23.104+00|2026-11-20 20:27:54.104+00|it's why");
}

static void test_waiting_is_counted_from_its_beginning(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    release(f, 1, NOW_MS + 30000, NOW_MS + 1000);
    assert_true(take(f, NOW_MS + 30000, &record));
    release(f, 2, NOW_MS + 90000, NOW_MS + 31000);
    assert_tells(f, WAITING, "2026-11-20 20:29:23.104+00|2026-11-20 20:27:54.104+00|it's why");
}

static void test_a_release_without_a_failure_changes_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set state = 'SUBMITTED', statement_no = 1");
    release(f, 1, 0, NOW_MS + 1000);
    assert_tells(f, LEASE, "1|0|nobody");
    assert_tells(f, WAITING, "-|-|-");
    assert_tells(f, "select state || ' ' || state_at as t from rdscnfg.ext_file",
                 "SUBMITTED 2026-11-20 20:27:53.104+00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_a_known_file_is_held_by_one_at_a_time),
        CASE_TABLES(test_a_file_that_is_not_there_cannot_be_taken),
        CASE_TABLES(test_a_lease_that_is_released_meanwhile_is_taken),
        CASE_TABLES(test_only_the_owner_renews),
        CASE_TABLES(test_a_release_lets_others_in),
        CASE_TABLES(test_waiting_is_counted_from_its_beginning),
        CASE_TABLES(test_a_release_without_a_failure_changes_nothing_else),
    };
    return RUN_ON_SERVER("test_state_lease", tests);
}
