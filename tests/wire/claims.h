/* Files of the state table, for the tests of lib/state. */
#ifndef WIRE_CLAIMS_H
#define WIRE_CLAIMS_H

#include "wire/tables.h"

#include "state/claim.h"

#include <sys/wait.h>
#include <unistd.h>

#define NOW_MS INT64_C(1795206473104) /* 2026-11-20 20:27:53.104 UTC */
#define LEASE_MS INT64_C(60000)

/* The first, second … file id of a test. */
static inline struct slice id_of(struct fixture *f, int number)
{
    return arena_format(&f->arena, "00000000-0000-4000-8000-%012d", number);
}

/* The claim of in/PROD_527.txt, by the first invocation. */
static inline struct file_claim a_claim(struct fixture *f)
{
    return (struct file_claim){
        .identity = {.bucket = SLICE("landing"),
                     .key = SLICE("in/PROD_527.txt"),
                     .version_id = SLICE(""),
                     .etag = SLICE("9e107d9d372bb6826bd81d3542a419d6"),
                     .size_bytes = 42,
                     .last_modified_ms = NOW_MS - 5104,
                     .sequencer = SLICE("0055AED6DCD90281E5")},
        .new_file_id = id_of(f, 1),
        .lease = {SLICE("first owner"), NOW_MS, NOW_MS + LEASE_MS},
        .config_sid = SLICE("7"),
        .interface_id = SLICE("527"),
    };
}

/* The same claim by another invocation, a second later. */
static inline struct file_claim another_claim(struct fixture *f)
{
    struct file_claim claim = a_claim(f);
    claim.new_file_id = id_of(f, 2);
    claim.lease =
        (struct lease_terms){SLICE("second owner"), NOW_MS + 1000, NOW_MS + 1000 + LEASE_MS};
    return claim;
}

static inline enum claim_outcome try_claim(struct fixture *f, const struct file_claim *claim,
                                           struct file_record *record)
{
    enum claim_outcome outcome = CLAIM_NOTHING;
    if (claim_file(&store, claim, &f->arena, &outcome, record, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return outcome;
}

/* A file that the first invocation holds. */
static inline void hold_file(struct fixture *f, struct file_record *record)
{
    struct file_claim claim = a_claim(f);
    assert_int_equal(try_claim(f, &claim, record), CLAIM_WON);
}

/* --- other processes --- */

#define ELSEWHERE_FAILED 99

/* Runs `act` with a session of its own in another process, once nobody holds the writing end of
 * `gate`, a pipe, any more. What it returns is the exit status; below zero is ELSEWHERE_FAILED. */
static inline pid_t act_elsewhere(int (*act)(const struct state_store *there, struct arena *arena,
                                             const void *what),
                                  const void *what, const int gate[2])
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) {
        return child;
    }
    struct arena arena;
    struct pg pg;
    char byte;
    (void)alarm(60);
    (void)close(gate[1]);
    init(&pg, (struct pg_options){.tls = PG_TLS_AUTO});
    arena_init(&arena, 0);
    int result = pg_connect(&pg, NULL);
    if (result == 0 && read(gate[0], &byte, 1) == 0) {
        result = act(&(struct state_store){&pg, store.tables}, &arena, what);
    }
    _exit(result >= 0 ? result : ELSEWHERE_FAILED);
}

static inline void open_gate(const int gate[2])
{
    (void)close(gate[0]);
    (void)close(gate[1]);
}

static inline int outcome_elsewhere(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Waits until a session waits for a lock; asks by `pg`, which must be in no transaction. */
static inline void await_lock(struct fixture *f, struct pg *pg)
{
    int64_t until_ms = clock_now_ms(&clock_system) + 20000;
    while (ask_number(f, pg,
                      "select count(a.pid) as n from pg_sleep(0.01) left join pg_stat_activity a "
                      "on a.wait_event_type = 'Lock' and a.datname = current_database()") == 0) {
        assert_true(clock_now_ms(&clock_system) < until_ms);
    }
}

/* What `act` returns elsewhere after it waited for the transaction of `holder`, which commits then.
 */
static inline int act_after_commit(struct fixture *f, struct pg *holder,
                                   int (*act)(const struct state_store *there, struct arena *arena,
                                              const void *what),
                                   const void *what)
{
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    pid_t child = act_elsewhere(act, what, gate);
    open_gate(gate);
    await_lock(f, holder == &f->pg ? &f->other : &f->pg);
    assert_int_equal(pg_commit(holder, &f->err), 0);
    return outcome_elsewhere(child);
}

/* "state claim_no statement_no note" of all rows. */
#define HISTORY                                                                                    \
    "select coalesce(string_agg(concat_ws(' ', state, claim_no, statement_no, note), '; ' "        \
    "order by ext_file_history_sid), '') as t from rdscnfg.ext_file_history"

static inline int read_file(struct fixture *f, struct slice file_id, struct file_record *record)
{
    return file_read(&store, file_id, &f->arena, record, &f->err);
}

/* --- records --- */

static inline void assert_same_texts(const struct file_record *a, const struct file_record *b)
{
#define TEXT(field)                                                                                \
    {                                                                                              \
#field, a->field, b->field                                                                 \
    }
    const struct {
        const char *name;
        struct slice first;
        struct slice second;
    } texts[] = {
        TEXT(file_id),
        TEXT(bucket),
        TEXT(key),
        TEXT(version_id),
        TEXT(etag),
        TEXT(source_key),
        TEXT(reason),
        TEXT(config_sid),
        TEXT(interface_id),
        TEXT(private_key),
        TEXT(target_schema),
        TEXT(target_table),
        TEXT(load_started_at),
        TEXT(load_ended_at),
        TEXT(archived_key),
        TEXT(statement.kind),
        TEXT(statement.name),
        TEXT(statement.target),
        TEXT(statement.sql),
        TEXT(statement.statement_id),
        TEXT(statement.started_at),
        TEXT(statement.ended_at),
    };
#undef TEXT
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (!slice_equal(texts[i].first, texts[i].second)) {
            fail_msg("%s: \"%.*s\" and \"%.*s\"", texts[i].name, SLICE_ARG(texts[i].first),
                     SLICE_ARG(texts[i].second));
        }
    }
}

static inline void assert_same_numbers(const struct file_record *a, const struct file_record *b)
{
#define NUMBER(field)                                                                              \
    {                                                                                              \
#field, (int64_t)a->field, (int64_t)b->field                                               \
    }
    const struct {
        const char *name;
        int64_t first;
        int64_t second;
    } numbers[] = {
        NUMBER(size_bytes),       NUMBER(last_modified_ms), NUMBER(state),
        NUMBER(is_leased),        NUMBER(lease_until_ms),   NUMBER(claim_no),
        NUMBER(attempts),         NUMBER(next_attempt_ms),  NUMBER(waiting_since_ms),
        NUMBER(promised_records), NUMBER(file_records),     NUMBER(loadable_records),
        NUMBER(rows_loaded),      NUMBER(is_audited),       NUMBER(is_archived),
        NUMBER(is_noticed),       NUMBER(was_submitted),    NUMBER(is_cleaned),
        NUMBER(statement.number), NUMBER(statement.rows),   NUMBER(statement.outcome),
    };
#undef NUMBER
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (numbers[i].first != numbers[i].second) {
            fail_msg("%s: %lld and %lld", numbers[i].name, (long long)numbers[i].first,
                     (long long)numbers[i].second);
        }
    }
}

/* The record that came back from a write is what a later reader finds. */
static inline void assert_is_stored(struct fixture *f, const struct file_record *record)
{
    struct file_record stored;
    assert_int_equal(read_file(f, record->file_id, &stored), 0);
    assert_same_texts(record, &stored);
    assert_same_numbers(record, &stored);
}

/* An upload as an event describes it: neither its time nor, here, its size is known. */
static inline struct file_identity from_event(const char *key, const char *version_id,
                                              const char *etag)
{
    return (struct file_identity){.bucket = SLICE("landing"),
                                  .key = slice_from(key),
                                  .version_id = slice_from(version_id),
                                  .etag = slice_from(etag)};
}

#endif
