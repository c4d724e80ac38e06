/* The verbs of lib/state/file.h for tests: each must succeed, and what it gives back is what is
 * stored. Says whether the fence held. */
#ifndef WIRE_FILES_H
#define WIRE_FILES_H

#include "wire/claims.h"

#define FILE_IN_LOADING (FILE_IN(FILE_PREPARED) | FILE_IN(FILE_SUBMITTED))
#define FILE_IN_TRANSFORMING (FILE_IN(FILE_LOADED) | FILE_IN(FILE_TRANSFORMING))

#define STATE                                                                                      \
    "select concat_ws(' ', state, state_at, claim_no, statement_kind, statement_no) as t "         \
    "from rdscnfg.ext_file"

#define WAITING_REASON "select coalesce(waiting_reason, '') as t from rdscnfg.ext_file"

/* --- changes of the file that the first invocation holds, a second later --- */

static inline struct file_fence a_fence(struct fixture *f, uint32_t states, const char *kind,
                                        int64_t number)
{
    return (struct file_fence){.file_id = id_of(f, 1),
                               .claim_no = 1,
                               .states = states,
                               .kind = slice_from(kind),
                               .number = number};
}

/* The next load after this current statement. */
static inline struct file_assignment an_assignment(struct fixture *f, uint32_t states,
                                                   const char *kind, int64_t number)
{
    return (struct file_assignment){
        .fence = a_fence(f, states, kind, number),
        .to = FILE_PREPARED,
        .kind = SLICE("load"),
        .number = number + 1,
        .name = arena_format(&f->arena, "name of load %d", (int)number + 1),
        .target = SLICE("{\"database\": \"dev\"}"),
        .sql = SLICE("[]"),
        .now_ms = NOW_MS + 1000,
    };
}

static inline struct file_submission a_submission(struct fixture *f, const char *statement_id)
{
    return (struct file_submission){.fence = a_fence(f, FILE_IN_LOADING, "load", 1),
                                    .to = FILE_SUBMITTED,
                                    .statement_id = slice_from(statement_id),
                                    .now_ms = NOW_MS + 1000};
}

/* What an event says of the first load, "s1". */
static inline struct file_statement_end an_end(struct fixture *f, enum file_state to,
                                               enum statement_outcome outcome)
{
    struct file_statement_end end = {.fence = a_fence(f, FILE_IN_LOADING, "load", 1),
                                     .to = to,
                                     .outcome = outcome,
                                     .statement_id = SLICE("s1"),
                                     .started_ms = NOW_MS - 3000,
                                     .ended_ms = NOW_MS - 1000,
                                     .rows = FILE_COUNT_UNKNOWN,
                                     .now_ms = NOW_MS + 1000};
    end.fence.claim_no = 0;
    return end;
}

/* --- verbs --- */

static inline bool judge(struct fixture *f, int status, bool done, const struct file_record *record)
{
    if (status != 0) {
        fail_msg("%s", f->err.message);
    }
    if (done) {
        assert_is_stored(f, record);
    }
    return done;
}

static inline bool assign(struct fixture *f, const struct file_assignment *change,
                          struct file_record *record)
{
    bool done = false;
    int status = file_assign_statement(&store, change, &f->arena, &done, record, &f->err);
    return judge(f, status, done, record);
}

static inline bool submit(struct fixture *f, const struct file_submission *change,
                          struct file_record *record)
{
    bool done = false;
    int status = file_note_submission(&store, change, &f->arena, &done, record, &f->err);
    return judge(f, status, done, record);
}

static inline bool end_statement(struct fixture *f, const struct file_statement_end *change,
                                 struct file_record *record)
{
    bool done = false;
    int status = file_end_statement(&store, change, &f->arena, &done, record, &f->err);
    return judge(f, status, done, record);
}

static inline bool end_file(struct fixture *f, const struct file_end *change,
                            struct file_record *record)
{
    bool done = false;
    int status = file_end(&store, change, &f->arena, &done, record, &f->err);
    return judge(f, status, done, record);
}

static inline bool mark(struct fixture *f, const struct file_mark *change,
                        struct file_record *record)
{
    bool done = false;
    int status = file_mark(&store, change, &f->arena, &done, record, &f->err);
    return judge(f, status, done, record);
}

static inline bool reserve(struct fixture *f, const struct file_fence *fence, const char *key,
                           struct file_record *record)
{
    bool done = false;
    int status =
        file_reserve_archive(&store, fence, slice_from(key), &f->arena, &done, record, &f->err);
    return judge(f, status, done, record);
}

/* --- files on their way --- */

static inline bool assign_load(struct fixture *f, struct file_record *record)
{
    const struct file_preparation preparation = {.private_key = SLICE("private"),
                                                 .promised_records = FILE_COUNT_UNKNOWN,
                                                 .file_records = 2,
                                                 .loadable_records = 2,
                                                 .schema = SLICE("rdsftetl"),
                                                 .table = SLICE("t527")};
    struct file_assignment change = an_assignment(f, FILE_IN(FILE_RECEIVED), "", 0);
    change.preparation = &preparation;
    return assign(f, &change, record);
}

/* A file whose first load was submitted as "s1". */
static inline void submit_load(struct fixture *f, struct file_record *record)
{
    const struct file_submission change = a_submission(f, "s1");
    hold_file(f, record);
    assert_true(assign_load(f, record));
    assert_true(submit(f, &change, record));
}

static inline struct file_end an_end_without_load(struct fixture *f, enum file_state to)
{
    return (struct file_end){.fence = a_fence(f, FILE_IN(FILE_RECEIVED), "", 0),
                             .to = to,
                             .reason = SLICE("it's \"why\" \\ caf\xC3\xA9"),
                             .now_ms = NOW_MS + 1000};
}

static inline struct file_mark a_mark(struct fixture *f, enum file_duty duty)
{
    return (struct file_mark){
        .fence = a_fence(f, FILE_IN(FILE_RECEIVED), "", 0), .duty = duty, .now_ms = NOW_MS + 1000};
}

#endif
