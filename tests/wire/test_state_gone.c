/* Uploads that were gone before anybody looked, and deleted twins, on a real Postgres. */
#include "wire/claims.h"

/* --- uploads that are gone --- */

static bool record_gone(struct fixture *f, int id, struct file_identity identity,
                        enum file_state end)
{
    bool recorded = false;
    const struct gone_upload upload = {.identity = identity,
                                       .new_file_id = id_of(f, id),
                                       .state = end,
                                       .reason = SLICE("it's \"gone\""),
                                       .now_ms = NOW_MS};
    if (claim_record_gone(&store, &upload, &f->arena, &recorded, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return recorded;
}

static void test_an_end_is_recorded_once(void **state)
{
    struct fixture *f = *state;
    struct file_identity gone = from_event("in/GONE_527.txt", "", "e1");
    struct file_record record;
    assert_true(record_gone(f, 1, gone, FILE_GONE));
    assert_tells(f, HISTORY, "GONE 0 0 it's \"gone\"");
    assert_int_equal(read_file(f, id_of(f, 1), &record), 0);
    assert_int_equal(record.state, FILE_GONE);
    assert_text(record.reason, "it's \"gone\"");
    assert_int_equal(record.claim_no, 0);
    assert_true(record.is_noticed && record.is_cleaned); /* nothing is due */
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_due"), 0);
    assert_tells(f, "select concat_ws('|', received_at, state_at) as t from rdscnfg.ext_file",
                 "2026-11-20 20:27:53.104+00|2026-11-20 20:27:53.104+00");
    assert_false(record_gone(f, 2, gone, FILE_GONE));
    assert_false(record_gone(f, 2, gone, FILE_SUPERSEDED));
    gone.etag = SLICE("e2"); /* another upload of the key */
    assert_true(record_gone(f, 2, gone, FILE_SUPERSEDED));
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
    assert_int_equal(try_claim(f, &versioned, &record), CLAIM_WON);
    static const struct {
        const char *key;
        const char *version_id;
        const char *etag;
        bool recorded;
    } events[] = {
        /* A late duplicate of an event, after the key was written anew or deleted. */
        {"in/PROD_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6", false},
        /* Without an etag an event may be about any upload. */
        {"in/PROD_527.txt", "", "", false},
        {"in/VERSIONED_527.txt", "v1", "", false},
        {"in/VERSIONED_527.txt", "v1", "something else", false},
        {"in/PROD_527.txt", "", "d41d8cd98f00b204e9800998ecf8427e", true},
        {"in/VERSIONED_527.txt", "v2", "9e107d9d372bb6826bd81d3542a419d6", true},
        {"in/other_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6", true},
    };
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        struct file_identity identity =
            from_event(events[i].key, events[i].version_id, events[i].etag);
        for (int kind = FILE_GONE; kind <= FILE_SUPERSEDED; kind++) {
            bool recorded = record_gone(f, 10 + (int)i, identity, (enum file_state)kind);
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
    assert_true(record_gone(
        f, 1, from_event("in/PROD_527.txt", "", "9e107d9d372bb6826bd81d3542a419d6"), FILE_GONE));
    assert_int_equal(try_claim(f, &claim, &record), CLAIM_WON);
    assert_text(record.file_id, id_of(f, 2).data);
}

static struct file_identity upload_at(const char *sequencer)
{
    struct file_identity identity = from_event("in/PROD_527.txt", "", "e1");
    identity.sequencer = slice_from(sequencer);
    return identity;
}

/* Each upload of the same bytes has its own end; an event that comes again has none. */
static void test_the_same_bytes_are_gone_again(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sequencer;
        bool recorded;
    } events[] = {{"0B", true},
                  {"0C", true},
                  {"0A", true},
                  {"0B", false},
                  {"0A", false},
                  {"", false},
                  {"eventbridge:0D", false}};
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        bool recorded = record_gone(f, 1 + (int)i, upload_at(events[i].sequencer), FILE_GONE);
        assert_int_equal(recorded, events[i].recorded);
    }
    assert_tells(f,
                 "select string_agg(sequencer || reupload_no, ' ' order by reupload_no) as t "
                 "from rdscnfg.ext_file",
                 "0B0 0C1 0A2");
    must_run(f, "update rdscnfg.ext_file set sequencer = ''"); /* a manual event's */
    assert_false(record_gone(f, 9, upload_at("0D"), FILE_GONE));
}

static int record_by(const struct state_store *there, struct arena *arena, const void *what)
{
    bool recorded;
    return claim_record_gone(there, what, arena, &recorded, NULL) == 0 ? recorded : -1;
}

/* Another process meets an uncommitted end, which then is its own or another upload's. */
static int end_beside_transaction(struct fixture *f, const char *sequencer)
{
    struct gone_upload upload = {.identity = upload_at(sequencer),
                                 .new_file_id = id_of(f, 2),
                                 .state = FILE_GONE,
                                 .reason = SLICE("gone"),
                                 .now_ms = NOW_MS};
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    assert_true(record_gone(f, 1, upload_at("0A"), FILE_GONE));
    return act_after_commit(f, &f->pg, record_by, &upload);
}

static void test_ends_at_the_same_time(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(end_beside_transaction(f, "0A"), false);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 1);
    assert_int_equal(end_beside_transaction(f, "0B"), true);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 2);
}

/* --- deleted twins --- */

/* The copies of two earlier uploads of the same bytes; each source was deleted at its NOW_MS + n
 * seconds. */
static void two_archived(struct fixture *f)
{
    must_run(f, "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, "
                "last_modified, reupload_no, sequencer, received_at, state, state_at, "
                "archived_key, archived_at, source_deleted_at) select "
                "('00000000-0000-4000-8000-00000000000' || n)::uuid, 'landing', 'in/PROD_527.txt', "
                "'e1', 1, to_timestamp(0), n, '0' || n, to_timestamp(n), 'DONE', now(), "
                "'archive/' || n, at, at from (select n, '2026-11-20 20:27:53.104Z'::timestamptz + "
                "n * interval '1 second' as at from generate_series(1, 2) n) t");
}

static struct slice find_twin(struct fixture *f, struct file_identity identity, int64_t event_ms)
{
    struct file_record twin;
    if (claim_find_deleted_twin(&store, &identity, event_ms, &f->arena, &twin, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    if (twin.file_id.size > 0) {
        assert_is_stored(f, &twin);
    }
    return twin.archived_key;
}

static void test_a_twin_that_took_the_upload_with_it_is_found(void **state)
{
    struct fixture *f = *state;
    two_archived(f);
    static const struct {
        const char *sequencer;
        int64_t event_ms;
        const char *copy; /* "": none */
    } events[] = {
        {"09", NOW_MS, "archive/2"}, /* the newest */
        {"09", NOW_MS + 1001, "archive/2"},
        {"09", NOW_MS + 2000, "archive/2"},
        {"09", NOW_MS + 2001, ""},     /* uploaded after the deletion */
        {"02", NOW_MS, "archive/1"},   /* the second is the event's own */
        {"0200", NOW_MS, "archive/1"}, /* zeros fill the shorter one */
        {"0201", NOW_MS, "archive/2"},
        {"01", NOW_MS, ""},
        {"", NOW_MS, ""},
        {"eventbridge:09", NOW_MS, ""}, /* not to be compared */
    };
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        struct slice copy = find_twin(f, upload_at(events[i].sequencer), events[i].event_ms);
        if (!slice_equal(copy, slice_from(events[i].copy))) {
            fail_msg("event %zu: \"%.*s\"", i, SLICE_ARG(copy));
        }
    }
}

static void test_what_is_no_deleted_twin(void **state)
{
    struct fixture *f = *state;
    static const char *const changes[] = {
        "archived_key = null",
        "source_deleted_at = null",
        "version_id = 'v' || reupload_no",
        "sequencer = ''",
        "etag = 'e2'",
        "bucket = 'other'",
        "key = 'in/other'",
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        two_archived(f);
        assert_text(find_twin(f, upload_at("09"), NOW_MS), "archive/2");
        must_run(f, arena_format(&f->arena, "update rdscnfg.ext_file set %s", changes[i]).data);
        assert_text(find_twin(f, upload_at("09"), NOW_MS), "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_an_end_is_recorded_once),
        CASE_TABLES(test_a_known_upload_keeps_its_row),
        CASE_TABLES(test_an_upload_after_its_namesake_was_gone),
        CASE_TABLES(test_the_same_bytes_are_gone_again),
        CASE_TABLES(test_ends_at_the_same_time),
        CASE_TABLES(test_a_twin_that_took_the_upload_with_it_is_found),
        CASE_TABLES(test_what_is_no_deleted_twin),
    };
    return RUN_ON_SERVER("test_state_gone", tests);
}
