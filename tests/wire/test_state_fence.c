/*
 * The fences of all writes to a file, on a real Postgres.
 */
#include "wire/files.h"

static const struct {
    const char *what;
    struct file_fence fence; /* without the file */
    int file;
    bool holds;
} fences[] = {
    {"the claim", {.claim_no = 2, .number = 4}, 1, true},
    {"an older claim", {.claim_no = 1, .number = 4}, 1, false},
    {"a later claim", {.claim_no = 3, .number = 4}, 1, false},
    {"no claim", {.number = 4}, 1, true},
    {"an older statement", {.number = 3}, 1, false},
    {"a later statement", {.number = 5}, 1, false},
    {"no statement", {.number = 0}, 1, false},
    {"the right claim, an older statement", {.claim_no = 2, .number = 3}, 1, false},
    {"the right statement of a stale owner", {.claim_no = 1, .number = 4}, 1, false},
    {"another kind", {.number = 4, .kind = SLICE_INIT("transform")}, 1, false},
    {"another state", {.number = 4, .states = FILE_IN(FILE_PREPARED)}, 1, false},
    {"one of two states", {.number = 4, .states = FILE_IN_LOADING}, 1, true},
    {"all but the state",
     {.claim_no = 2, .number = 4, .states = ((1U << FILE_STATES) - 1) & ~FILE_IN(FILE_SUBMITTED)},
     1,
     false},
    {"no state at all", {.number = 4, .states = FILE_IN(FILE_STATES)}, 1, false},
    {"another file", {.number = 4}, 2, false},
};

/* Calls the verb with this fence; does it hold? */
typedef bool (*fenced_verb)(struct fixture *f, const struct file_fence *fence,
                            struct file_record *record);

static bool try_assign(struct fixture *f, const struct file_fence *fence,
                       struct file_record *record)
{
    struct file_assignment change = an_assignment(f, 0, "load", 4);
    change.fence = *fence;
    return assign(f, &change, record);
}

static bool try_submit(struct fixture *f, const struct file_fence *fence,
                       struct file_record *record)
{
    struct file_submission change = a_submission(f, "s9");
    change.fence = *fence;
    return submit(f, &change, record);
}

static bool try_end_statement(struct fixture *f, const struct file_fence *fence,
                              struct file_record *record)
{
    struct file_statement_end change = an_end(f, FILE_LOADED, STATEMENT_IN);
    change.fence = *fence;
    return end_statement(f, &change, record);
}

static bool try_end(struct fixture *f, const struct file_fence *fence, struct file_record *record)
{
    const struct file_end change = {.fence = *fence, .to = FILE_REJECTED, .now_ms = NOW_MS};
    return end_file(f, &change, record);
}

static bool try_mark(struct fixture *f, const struct file_fence *fence, struct file_record *record)
{
    const struct file_mark change = {.fence = *fence, .duty = FILE_CLEANED, .now_ms = NOW_MS};
    return mark(f, &change, record);
}

static bool try_reserve(struct fixture *f, const struct file_fence *fence,
                        struct file_record *record)
{
    return reserve(f, fence, "archive/x", record);
}

/* A submitted fourth load under the second claim, in one text. */
#define EVERYTHING                                                                                 \
    "select f::text || s::text as t from rdscnfg.ext_file f join rdscnfg.ext_statement s on "      \
    "s.work_id = f.file_id"

static void check_fence(struct fixture *f, fenced_verb verb, size_t i)
{
    struct file_fence fence = fences[i].fence;
    struct file_record record;
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
    submit_load(f, &record);
    must_run(f, "update rdscnfg.ext_file set claim_no = 2, statement_no = 4, lease_owner = 'x'");
    must_run(f, "update rdscnfg.ext_statement set number = 4");
    const char *before = ask_text(f, &f->pg, EVERYTHING);
    fence.file_id = id_of(f, fences[i].file);
    fence.kind = fence.kind.size > 0 ? fence.kind : SLICE("load");
    fence.states = fence.states != 0 ? fence.states : FILE_IN(FILE_SUBMITTED);
    if (verb(f, &fence, &record) != fences[i].holds) {
        fail_msg("fence of %s", fences[i].what);
    }
    if (fences[i].holds) {
        assert_string_not_equal(ask_text(f, &f->pg, EVERYTHING), before);
    } else {
        assert_tells(f, EVERYTHING, before);
    }
    assert_int_equal(record.claim_no, fences[i].holds ? 2 : 1); /* else it is left alone */
}

static void test_fences(void **state)
{
    struct fixture *f = *state;
    static const fenced_verb verbs[] = {try_assign, try_submit, try_end_statement,
                                        try_end,    try_mark,   try_reserve};
    for (size_t i = 0; i < COUNT_OF(fences); i++) {
        for (size_t j = 0; j < COUNT_OF(verbs); j++) {
            check_fence(f, verbs[j], i);
        }
    }
}

static int submit_by(const struct state_store *there, struct arena *arena, const void *what)
{
    struct file_record record;
    bool done;
    return file_note_submission(there, what, arena, &done, &record, NULL) == 0 ? done : -1;
}

/* A write that waited for another transaction looks again at what that left. */
static void test_a_write_that_waited_looks_again(void **state)
{
    struct fixture *f = *state;
    struct file_submission change = a_submission(f, "s1");
    struct file_record record;
    hold_file(f, &record);
    assert_true(assign_load(f, &record));
    for (int is_taken = 0; is_taken <= 1; is_taken++) {
        assert_int_equal(pg_begin(&f->other, &f->err), 0);
        assert_int_equal(run(f, &f->other,
                             is_taken ? "update rdscnfg.ext_file set claim_no = claim_no + 1"
                                      : "update rdscnfg.ext_file set attempts = attempts + 1"),
                         0);
        change.fence.states = is_taken ? FILE_IN(FILE_SUBMITTED) : FILE_IN(FILE_PREPARED);
        assert_int_equal(act_after_commit(f, &f->other, submit_by, &change), !is_taken);
        change.to = FILE_LOADED;
    }
    assert_tells(f, "select concat_ws(' ', state, attempts, claim_no) as t from rdscnfg.ext_file",
                 "SUBMITTED 1 2");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 load 1; SUBMITTED 1 1 s1");
}

/* Is the lease that the record shows that of another claim? */
static int sees_a_lease(const struct state_store *there, struct arena *arena, const void *what)
{
    struct file_record record;
    bool done;
    if (file_note_submission(there, what, arena, &done, &record, NULL) != 0 || !done) {
        return -1;
    }
    return record.is_leased || record.claim_no != 1;
}

/* A writer whose record is read once more never takes the lease that another claim took between. */
static void test_a_lease_of_another_claim_is_not_shown_as_ours(void **state)
{
    struct fixture *f = *state;
    struct file_submission change = a_submission(f, "s1");
    struct file_record record;
    hold_file(f, &record);
    assert_true(assign_load(f, &record));
    change.fence.claim_no = 0; /* its writer keeps the lease */
    must_run(f, "create function rdscnfg.take_over() returns trigger language plpgsql as "
                "'begin update rdscnfg.ext_file set claim_no = 2, lease_owner = ''another''; "
                "return null; end'");
    must_run(f, "create trigger take_over after update of state on rdscnfg.ext_file for each row "
                "when (new.state = 'SUBMITTED') execute function rdscnfg.take_over()");
    assert_int_equal(pg_begin(&f->other, &f->err), 0);
    assert_int_equal(run(f, &f->other, "update rdscnfg.ext_file set attempts = attempts + 1"), 0);
    int seen = act_after_commit(f, &f->other, sees_a_lease, &change);
    must_run(f, "drop function rdscnfg.take_over cascade");
    assert_int_equal(seen, false);
    assert_tells(f, "select lease_owner || claim_no as t from rdscnfg.ext_file", "another2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_fences),
        CASE_TABLES(test_a_write_that_waited_looks_again),
        CASE_TABLES(test_a_lease_of_another_claim_is_not_shown_as_ours),
    };
    return RUN_ON_SERVER("test_state_fence", tests);
}
