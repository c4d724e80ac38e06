/* Which objects of a listing have no row, on a real Postgres. */
#include "wire/claims.h"

#include "state/search.h"

#define SECOND_MS INT64_C(1000)
#define UPLOADED_MS (NOW_MS - 5104) /* of a_claim: a whole second */
#define ETAG "9e107d9d372bb6826bd81d3542a419d6"

/* An upload that was gone before anybody looked, one whose row has the time of its event, and one
 * of another bucket. */
static void add_rows(struct fixture *f)
{
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, "
                "last_modified, received_at, state, state_at) values "
                "(gen_random_uuid(), 'landing', 'in/GONE_527.txt', 'e1', 0, to_timestamp(0), "
                "now(), 'GONE', now()), "
                "(gen_random_uuid(), 'landing', 'in/TWIN_527.txt', 'e1', 0, "
                "'2026-11-20 20:27:48.777Z', now(), 'DONE', now()), "
                "(gen_random_uuid(), 'other', 'in/OTHER_527.txt', 'e1', 0, now(), now(), 'DONE', "
                "now())");
}

static void test_which_objects_are_new(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *key;
        const char *etag;
        int64_t modified_ms;
        bool is_new;
    } rows[] = {
        {"in/PROD_527.txt", ETAG, UPLOADED_MS, false},
        {"in/PROD_527.txt", ETAG, UPLOADED_MS + 999, false},      /* S3 counts seconds */
        {"in/PROD_527.txt", ETAG, UPLOADED_MS + SECOND_MS, true}, /* the same bytes, put again */
        {"in/PROD_527.txt", "e2", UPLOADED_MS, true},             /* others in the same second */
        {"in/PROD_527.txt", "e2", UPLOADED_MS + SECOND_MS, true},
        {"in/PROD_527.txt", "e2", UPLOADED_MS - SECOND_MS, false}, /* older than what is known */
        {"in/GONE_527.txt", "e1", UPLOADED_MS, true},
        {"in/TWIN_527.txt", "e1", UPLOADED_MS, false}, /* its row has the event's time */
        {"in/TWIN_527.txt", "e2", UPLOADED_MS, true},
        {"in/OTHER_527.txt", "e1", UPLOADED_MS, true}, /* of another bucket */
        {"in/caf\xC3\xA9 it's \"x\"\\,{}.txt", "", UPLOADED_MS, true},
        {"in/PROD_527.tx", ETAG, UPLOADED_MS, true},
    };
    add_rows(f);
    struct listed_object objects[COUNT_OF(rows)];
    bool is_new[COUNT_OF(rows)];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        objects[i] = (struct listed_object){slice_from(rows[i].key), slice_from(rows[i].etag),
                                            rows[i].modified_ms};
    }
    uint64_t before = f->pg.round_trips;
    assert_int_equal(search_find_new(&store, SLICE("landing"), objects, COUNT_OF(rows), is_new,
                                     &f->arena, &f->err),
                     0);
    assert_int_equal(f->pg.round_trips - before, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (is_new[i] != rows[i].is_new) {
            fail_msg("row %zu: %s", i, rows[i].key);
        }
    }
}

/* All versions of a key count, whatever became of them. */
static void test_one_of_several_rows_knows_the_object(void **state)
{
    struct fixture *f = *state;
    bool is_new = true;
    must_run(f, "insert into rdscnfg.ext_file (file_id, bucket, key, version_id, etag, "
                "size_bytes, last_modified, received_at, state, state_at) "
                "select gen_random_uuid(), 'landing', 'in/V_527.txt', 'v' || n, 'e' || n, 1, "
                "to_timestamp(1795206400 + n), now(), 'DONE', now() from generate_series(1, 3) n");
    const struct listed_object newest = {SLICE("in/V_527.txt"), SLICE("e3"), 1795206403000};
    const struct listed_object next = {SLICE("in/V_527.txt"), SLICE("e4"), 1795206404000};
    assert_int_equal(
        search_find_new(&store, SLICE("landing"), &newest, 1, &is_new, &f->arena, &f->err), 0);
    assert_false(is_new);
    assert_int_equal(
        search_find_new(&store, SLICE("landing"), &next, 1, &is_new, &f->arena, &f->err), 0);
    assert_true(is_new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_which_objects_are_new),
        CASE_TABLES(test_one_of_several_rows_knows_the_object),
    };
    return RUN_ON_SERVER("test_state_search", tests);
}
