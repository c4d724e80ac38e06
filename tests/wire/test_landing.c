/* The landing prefixes, and how far the search has come, on a real Postgres. */
#include "wire/tables.h"

#include "config/landing.h"
#include "state/search.h"

#define NOW_MS INT64_C(1795206473104) /* 2026-11-20 20:27:53.104 UTC */

/* "bucket/prefix after began; ..." in the order of the search. */
static const char *list(struct fixture *f)
{
    struct landing_list found;
    struct strbuf text = STRBUF_INIT;
    if (landing_list_active(&f->pg, &config_tables, &f->arena, &found, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    for (size_t i = 0; i < found.count; i++) {
        const struct landing *item = &found.items[i];
        strbuf_append_format(&text, "%.*s/%.*s %.*s %lld; ", SLICE_ARG(item->bucket),
                             SLICE_ARG(item->prefix), SLICE_ARG(item->search_after),
                             (long long)item->search_began_ms);
    }
    const char *copy = arena_text(&f->arena, strbuf_slice(&text));
    strbuf_release(&text);
    return copy;
}

static void test_without_rows_there_is_nothing_to_search(void **state)
{
    assert_string_equal(list(*state), "");
}

static void test_the_prefix_that_waited_longest_comes_first(void **state)
{
    struct fixture *f = *state;
    must_run(
        f, "insert into rdscnfg.ext_landing (bucket, prefix, is_active, search_after, "
           "search_began_at, search_ended_at) values "
           "('b', 'late/', true, '', '2026-11-20 10:00:01.5Z', '2026-11-20 10:00:02Z'), "
           "('b', 'off/', false, '', null, null), "
           "('b', 'early/', true, 'early/it''s \"x\"', '2026-11-20 10:00Z', '2026-11-20 09:00Z'), "
           "('b', 'new/', true, '', null, null), "
           "('a', '', true, '', null, null)");
    assert_string_equal(list(f), "a/  0; b/new/  0; b/early/ early/it's \"x\" 1795168800000; "
                                 "b/late/  1795168801500; ");
}

/* --- how far the search has come --- */

static struct search_move a_move(const char *from, int64_t from_began_ms, const char *to)
{
    return (struct search_move){.bucket = SLICE("b"),
                                .prefix = SLICE("in/"),
                                .from = {slice_from(from), from_began_ms},
                                .to = {slice_from(to), NOW_MS},
                                .now_ms = NOW_MS + 1500};
}

static bool store_move(struct fixture *f, struct search_move move)
{
    bool moved = false;
    if (search_store_move(&store, &move, &f->arena, &moved, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return moved;
}

#define SEARCHED                                                                                   \
    "select concat_ws('|', search_after, search_began_at, search_ended_at) as t from "             \
    "rdscnfg.ext_landing where prefix = 'in/'"

static void test_a_round_from_its_begin_to_its_end(void **state)
{
    struct fixture *f = *state;
    must_run(f, "insert into rdscnfg.ext_landing (bucket, prefix) values ('b', 'in/'), ('b', 'i')");
    assert_true(store_move(f, a_move("", 0, "in/caf\xC3\xA9's")));
    assert_tells(f, SEARCHED, "in/caf\xC3\xA9's|2026-11-20 20:27:53.104+00");
    struct search_move last = a_move("in/caf\xC3\xA9's", NOW_MS, "");
    last.is_ended = true;
    assert_true(store_move(f, last));
    assert_tells(f, SEARCHED, "|2026-11-20 20:27:53.104+00|2026-11-20 20:27:54.604+00");
    assert_tells(f,
                 "select coalesce(search_began_at::text, 'never') as t from rdscnfg.ext_landing "
                 "where prefix = 'i'",
                 "never");
}

static void test_of_two_sweeps_one_wins(void **state)
{
    struct fixture *f = *state;
    must_run(f, "insert into rdscnfg.ext_landing (bucket, prefix) values ('b', 'in/')");
    assert_true(store_move(f, a_move("", 0, "in/a")));
    assert_false(store_move(f, a_move("", 0, "in/b"))); /* it began from nothing, too */
    assert_false(store_move(f, a_move("in/a", NOW_MS - 1, "in/b"))); /* in an earlier round */
    assert_tells(f, SEARCHED, "in/a|2026-11-20 20:27:53.104+00");
    assert_true(store_move(f, a_move("in/a", NOW_MS, "in/b")));
    must_run(f, "delete from rdscnfg.ext_landing");
    assert_false(store_move(f, a_move("in/b", NOW_MS, "in/c")));
}

/* A person may write any time into the row: finer than milliseconds, too. */
static void test_a_begin_that_a_person_wrote(void **state)
{
    struct fixture *f = *state;
    struct landing_list found;
    must_run(f, "insert into rdscnfg.ext_landing (bucket, prefix, search_after, search_began_at) "
                "values ('b', 'in/', 'in/a', '2026-11-20 10:00:01.123987Z')");
    assert_int_equal(landing_list_active(&f->pg, &config_tables, &f->arena, &found, &f->err), 0);
    assert_true(store_move(f, a_move("in/a", found.items[0].search_began_ms, "in/b")));
}

static void test_a_database_without_the_table(void **state)
{
    struct fixture *f = *state;
    struct landing_list found;
    config_tables.landing = SLICE("rdscnfg.nowhere");
    assert_int_equal(landing_list_active(&f->pg, &config_tables, &f->arena, &found, &f->err), -1);
    assert_failed(f, ERROR_CONFIGURATION, PG_UNDEFINED_TABLE.data, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_without_rows_there_is_nothing_to_search),
        CASE_TABLES(test_the_prefix_that_waited_longest_comes_first),
        CASE_TABLES(test_a_round_from_its_begin_to_its_end),
        CASE_TABLES(test_of_two_sweeps_one_wins),
        CASE_TABLES(test_a_begin_that_a_person_wrote),
        CASE_TABLES(test_a_database_without_the_table),
    };
    return RUN_ON_SERVER("test_landing", tests);
}
