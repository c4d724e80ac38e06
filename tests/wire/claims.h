/* Files of the state table, for the tests of lib/state. */
#ifndef WIRE_CLAIMS_H
#define WIRE_CLAIMS_H

#include "wire/tables.h"

#include <sys/wait.h>
#include <unistd.h>

#define NOW_MS INT64_C(1795206473104) /* 2026-11-20 20:27:53.104 UTC */
#define LEASE_MS INT64_C(60000)

/* The first, second … file id of a test. */
static inline struct slice id_of(struct fixture *f, int number)
{
    return arena_format(&f->arena, "00000000-0000-4000-8000-%012d", number);
}

/* The wish for in/PROD_527.txt, by the first invocation. */
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
        .owner = SLICE("first owner"),
        .request_id = SLICE("first request"),
        .now_ms = NOW_MS,
        .until_ms = NOW_MS + LEASE_MS,
        .config_sid = SLICE("7"),
        .interface_id = SLICE("527"),
    };
}

/* The same wish of another invocation, a second later. */
static inline struct file_claim another_claim(struct fixture *f)
{
    struct file_claim claim = a_claim(f);
    claim.new_file_id = id_of(f, 2);
    claim.owner = SLICE("second owner");
    claim.request_id = SLICE("second request");
    claim.now_ms = NOW_MS + 1000;
    claim.until_ms = NOW_MS + 1000 + LEASE_MS;
    return claim;
}

/* *record is set when the claim is won. */
static inline enum claim_outcome claim_file(struct fixture *f, const struct file_claim *claim,
                                            struct file_record *record)
{
    enum claim_outcome outcome = CLAIM_NOTHING;
    if (file_state_claim(&f->pg, &file_tables, claim, &f->arena, &outcome, record, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return outcome;
}

/* A file that the first invocation holds. */
static inline void hold_file(struct fixture *f, struct file_record *record)
{
    struct file_claim claim = a_claim(f);
    assert_int_equal(claim_file(f, &claim, record), CLAIM_WON);
}

/* ---- other processes ------------------------------------------------------------------------*/

#define ELSEWHERE_FAILED 99

/* Runs `act` with a session of its own in another process, once nobody holds the writing end of
 * `gate`, a pipe, any more. What it returns is the exit status; below zero is ELSEWHERE_FAILED. */
static inline pid_t act_elsewhere(int (*act)(struct pg *pg, struct arena *arena, const void *what),
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
        result = act(&pg, &arena, what);
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

/* "state claim_no load_no note" of all rows. */
#define HISTORY                                                                                    \
    "select coalesce(string_agg(concat_ws(' ', state, claim_no, load_no, note), '; ' "             \
    "order by ext_file_history_sid), '') as t from rdscnfg.ext_file_history"

static inline int read_file(struct fixture *f, struct slice file_id, struct file_record *record)
{
    return file_state_read(&f->pg, &file_tables, file_id, &f->arena, record, &f->err);
}

#endif
