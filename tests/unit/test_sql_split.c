#include "unit/unit.h"

#include "redshift/sql_split.h"

struct example {
    const char *text;
    const char *statements[4];
};

static const struct example examples[] = {
    {"", {NULL}},
    {" ;; -- nothing\n /* at all */ ; ", {NULL}},
    {"select 1", {"select 1"}},
    {"select 1; select 2 ;", {"select 1", "select 2"}},
    {"select ';' ; select \";\"", {"select ';'", "select \";\""}},
    {"select 'it''s; here'; x", {"select 'it''s; here'", "x"}},
    {"select 'back\\'; slash'; x", {"select 'back\\'; slash'", "x"}},
    {"select 1 -- ; no\n, 2; x", {"select 1 -- ; no\n, 2", "x"}},
    {"select /* ; /* ; */ ; */ 1; x", {"select /* ; /* ; */ ; */ 1", "x"}},
    {"do $$ a; b $$; x", {"do $$ a; b $$", "x"}},
    {"do $tag$ a; $$ b; $tag$; x", {"do $tag$ a; $$ b; $tag$", "x"}},
    {"select $1; x", {"select $1", "x"}},
    {"select a$b$c; x", {"select a$b$c", "x"}},
    {"-- first\nselect 1", {"select 1"}},
    {"-- first\rselect 1;-- second\rx", {"select 1", "x"}},
    {"select 1;\f\v x", {"select 1", "x"}},
    {"select $", {"select $"}},
    {"select /*/ ; */ 1; x", {"select /*/ ; */ 1", "x"}},
    {"select E'\\\\'; x", {"select E'\\\\'", "x"}},
    {"select ''''; x", {"select ''''", "x"}},
    {"select \"a\\\"; x", {"select \"a\\\"", "x"}},
    {"select 'never closed; x", {"select 'never closed; x"}},
    {"select /* never closed; x", {"select /* never closed; x"}},
    {"call p(1);\r\n\tcall q(2);\r\n", {"call p(1)", "call q(2)"}},
};

static void test_statements_end_at_their_own_semicolon(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct slice rest = slice_from(examples[i].text);
        struct slice statement;
        for (size_t j = 0; examples[i].statements[j] != NULL; j++) {
            assert_true(sql_split_next(&rest, &statement));
            assert_true(slice_equal(statement, slice_from(examples[i].statements[j])));
        }
        assert_false(sql_split_next(&rest, &statement));
    }
}

static void assert_bound(const char *statement, const char *expected)
{
    const struct sql_parameter parameters[] = {
        {SLICE("load_id"), SLICE("'id'")},
        {SLICE("from"), SLICE("'2026'")},
    };
    struct strbuf out = STRBUF_INIT;
    sql_split_bind(&out, slice_from(statement), parameters, 2);
    assert_string_equal(out.data, expected);
    strbuf_release(&out);
}

static void test_parameters_are_replaced_outside_quotes_only(void **state)
{
    (void)state;
    assert_bound("x = :load_id", "x = 'id'");
    assert_bound("call p(:load_id,:from)", "call p('id','2026')");
    assert_bound("':load_id' \":load_id\" $$:load_id$$", "':load_id' \":load_id\" $$:load_id$$");
    assert_bound("a --:load_id\n/*:load_id*/:load_id", "a --:load_id\n/*:load_id*/'id'");
    assert_bound("a::from :load_id2 :unknown :", "a::from :load_id2 :unknown :");
    assert_bound("'12:30'::time", "'12:30'::time");
    assert_bound(":from::date :load_id", "'2026'::date 'id'");
    assert_bound("-- :from\r:from", "-- :from\r'2026'");
    assert_bound("1:::from", "1::'2026'");
}

static void test_statements_that_end_a_transaction_are_known(void **state)
{
    (void)state;
    assert_true(sql_split_ends_transaction(SLICE("TRUNCATE t")));
    assert_true(sql_split_ends_transaction(SLICE("commit")));
    assert_true(sql_split_ends_transaction(SLICE("  /* x */ -- y\n Rollback")));
    assert_true(sql_split_ends_transaction(SLICE("vacuum")));
    assert_false(sql_split_ends_transaction(SLICE("delete from t")));
    assert_false(sql_split_ends_transaction(SLICE("truncated()")));
    assert_false(sql_split_ends_transaction(SLICE("'commit'")));
    assert_false(sql_split_ends_transaction(SLICE("")));
}

static void test_parameters_inside_quotes_are_seen(void **state)
{
    static const struct {
        struct slice sql;
        bool quoted;
    } cases[] = {
        {SLICE_INIT("select ':from'"), true},
        {SLICE_INIT("select a, '%:from%' from t"), true},
        {SLICE_INIT("select 'it''s :from'"), true},
        {SLICE_INIT("select ':from"), true},
        {SLICE_INIT("select :from"), false},
        {SLICE_INIT("select ':from_date', ':to'"), false},
        {SLICE_INIT("select '::from', 'from'"), false},
        {SLICE_INIT("select 'x' || :from || 'y'"), false},
        {SLICE_INIT("select 1 -- ':from'\n/* ':from' */"), false},
        {SLICE_INIT("select \":from\", $$':from'$$"), false},
        {SLICE_INIT("select ':fro"), false},
        {SLICE_INIT("select ':"), false},
        {SLICE_INIT(""), false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(sql_split_has_quoted(cases[i].sql, SLICE("from")), cases[i].quoted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_end_at_their_own_semicolon),
        cmocka_unit_test(test_parameters_are_replaced_outside_quotes_only),
        cmocka_unit_test(test_statements_that_end_a_transaction_are_known),
        cmocka_unit_test(test_parameters_inside_quotes_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
