/* Claims that race, and files with hostile or long names, on a real Postgres. */
#include "wire/claims.h"

#include "base/random.h"

/* --- races --- */

static int claim_by(const struct state_store *there, struct arena *arena, const void *what)
{
    struct file_record record;
    enum claim_outcome outcome;
    return claim_file(there, what, arena, &outcome, &record, NULL) == 0 ? (int)outcome : -1;
}

#define RACERS 6
#define RACES 5

static void test_one_of_many_wins(void **state)
{
    struct fixture *f = *state;
    for (int race = 0; race < RACES; race++) {
        int outcomes[CLAIM_NOTHING + 1] = {0};
        pid_t children[RACERS];
        int gate[2];
        assert_int_equal(pipe(gate), 0);
        for (int i = 0; i < RACERS; i++) {
            struct file_claim claim = a_claim(f);
            claim.identity.key = arena_format(&f->arena, "in/%d_527.txt", race);
            claim.identity.version_id = race % 2 == 0 ? SLICE("") : SLICE("v1");
            claim.new_file_id = id_of(f, race * RACERS + i);
            claim.lease.owner = arena_format(&f->arena, "owner %d", i);
            children[i] = act_elsewhere(claim_by, &claim, gate);
        }
        open_gate(gate);
        for (int i = 0; i < RACERS; i++) {
            int outcome = outcome_elsewhere(children[i]);
            assert_in_range(outcome, CLAIM_WON, CLAIM_NOTHING);
            outcomes[outcome]++;
        }
        assert_int_equal(outcomes[CLAIM_WON], 1);
        assert_int_equal(outcomes[CLAIM_BUSY], RACERS - 1);
    }
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), RACES);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file_history"),
                     RACES);
}

/* Claims in a transaction, lets another process claim, which waits, and ends the transaction. */
static int race_with_transaction(struct fixture *f, bool commit)
{
    struct file_claim claim = another_claim(f);
    struct file_record record;
    int gate[2];
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    hold_file(f, &record);
    assert_int_equal(pipe(gate), 0);
    pid_t child = act_elsewhere(claim_by, &claim, gate);
    open_gate(gate);
    await_lock(f, &f->other);
    if (commit) {
        assert_int_equal(pg_commit(&f->pg, &f->err), 0);
    } else {
        pg_rollback(&f->pg);
    }
    return outcome_elsewhere(child);
}

static void test_a_claim_waits_for_the_one_before(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(race_with_transaction(f, true), CLAIM_BUSY);
    assert_tells(f, "select lease_owner as t from rdscnfg.ext_file", "first owner");
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
    assert_int_equal(race_with_transaction(f, false), CLAIM_WON);
    assert_tells(f, "select lease_owner || ' ' || claim_no as t from rdscnfg.ext_file",
                 "second owner 1");
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

/* Claims, and returns whether the record shows the statement id of the row. */
static int claim_and_look(const struct state_store *there, struct arena *arena, const void *what)
{
    struct file_record record;
    enum claim_outcome outcome;
    if (claim_file(there, what, arena, &outcome, &record, NULL) != 0 || outcome != CLAIM_WON) {
        return -1;
    }
    return record.claim_no == 2 && record.statement.number == 1 &&
           slice_equal(record.statement.sql, SLICE("[]")) &&
           slice_equal(record.statement.statement_id, SLICE("s1"));
}

/* A statement that was stored while the claim waited for the row is part of its record. */
static void test_a_claim_that_waited_sees_all_that_was_written(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    claim.scope = CLAIM_FOR_ORDER;
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    must_run(f, "update rdscnfg.ext_file set state = 'SUBMITTED', statement_kind = 'load', "
                "statement_no = 1, lease_owner = null");
    must_run(f, "insert into rdscnfg.ext_statement (work_id, kind, number, name, target, sql, "
                "numbered_at, statement_id) select file_id, 'load', 1, '', '', '[]', now(), 's1' "
                "from rdscnfg.ext_file");
    assert_int_equal(act_after_commit(f, &f->pg, claim_and_look, &claim), true);
}

/* --- what names may hold --- */

static void test_hostile_names_come_back(void **state)
{
    struct fixture *f = *state;
    static const struct slice names[] = {
        SLICE_INIT("in/it's \"quoted\" \\ $1 %s :'key' ; drop table x; --_527.txt"),
        SLICE_INIT("in/line\nfeed\rtab\t\x01\x7F_527.txt"),
        SLICE_INIT("in/caf\xC3\xA9_\xE6\x97\xA5\xF0\x9F\x93\x84_527.txt"),
        SLICE_INIT("in/cafe\xCC\x81_\xE6\x97\xA5\xF0\x9F\x93\x84_527.txt"), /* another key */
        SLICE_INIT(" "),
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct file_claim claim = a_claim(f);
        struct file_record record;
        claim.new_file_id = id_of(f, (int)i + 1);
        claim.identity.key = names[i];
        claim.identity.version_id = names[i];
        claim.lease.owner = names[i];
        assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
        assert_true(slice_equal(record.key, names[i]));
        assert_int_equal(record.claim_no, 1);
        assert_int_equal(read_file(f, record.file_id, &record), 0);
        assert_true(slice_equal(record.key, names[i]));
        assert_true(slice_equal(record.version_id, names[i]));
    }
}

/* 1,024 bytes of hexadecimal digits, which do not compress enough to fit into an index easily. */
static struct slice longest_name(struct fixture *f)
{
    struct strbuf text = STRBUF_INIT;
    while (text.size < 1024) {
        strbuf_append_format(&text, "%016llx", (unsigned long long)random_next(&random_system));
    }
    struct slice name = arena_copy(&f->arena, strbuf_slice(&text));
    strbuf_release(&text);
    return name;
}

static void test_the_longest_names_are_kept(void **state)
{
    struct fixture *f = *state;
    struct file_claim claim = a_claim(f);
    struct file_record record;
    claim.identity.key = longest_name(f);
    claim.identity.version_id = longest_name(f);
    claim.identity.size_bytes = UINT64_C(50000000000000);
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_true(slice_equal(record.key, claim.identity.key));
    assert_true(slice_equal(record.version_id, claim.identity.version_id));
    assert_int_equal(record.size_bytes, INT64_C(50000000000000));
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_BUSY);
}

static void test_what_is_no_text_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct slice bad[] = {SLICE_INIT("in/a\0_527.txt"), SLICE_INIT("in/\xFF_527.txt")};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct file_claim claim = a_claim(f);
        struct file_record record;
        enum claim_outcome outcome;
        claim.identity.key = bad[i];
        assert_int_equal(claim_file(&store, &claim, &f->arena, &outcome, &record, &f->err), -1);
        assert_failed(f, ERROR_INVALID, "", false);
        assert_says(f->err.message, "claim the file");
    }
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_one_of_many_wins),
        CASE_TABLES(test_a_claim_waits_for_the_one_before),
        CASE_TABLES(test_a_claim_that_waited_sees_all_that_was_written),
        CASE_TABLES(test_hostile_names_come_back),
        CASE_TABLES(test_the_longest_names_are_kept),
        CASE_TABLES(test_what_is_no_text_is_refused),
    };
    return RUN_ON_SERVER("test_state_race", tests);
}
