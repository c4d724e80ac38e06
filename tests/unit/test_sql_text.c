#include "unit/arena_fixture.h"
#include "unit/death.h"

#include "base/array.h"
#include "base/strbuf.h"
#include "state/sql_text.h"

static const struct sql_text_part table_parts[] = {
    {"file", SLICE_INIT("\"rdscnfg\".\"ext_file\"")},
    {"odd", SLICE_INIT("\"it's:'a'\"")},
};

static const struct sql_text_part fragment_parts[] = {
    {"now", SLICE_INIT("-- the moment\nto_timestamp(:'now_ms')\n")},
    {"fence", SLICE_INIT("id = :'id' and at < :now")},
    {"empty", SLICE_INIT("-- nothing\n")},
    {"endless", SLICE_INIT("(:endless)")},
};

static const struct sql_text_parts tables = {table_parts, 2};
static const struct sql_text_parts fragments = {fragment_parts, 4};

static struct sql_text read_text(const char *text)
{
    return sql_text_read(slice_from(text), &tables, &fragments, &arena);
}

/* "a b": the names of $1 and $2. */
static struct slice joined_names(const struct sql_text *text)
{
    struct strbuf names = STRBUF_INIT;
    for (size_t i = 0; i < text->count; i++) {
        strbuf_append_text(&names, i > 0 ? " " : "");
        strbuf_append(&names, text->names[i]);
    }
    struct slice joined = arena_copy(&arena, strbuf_slice(&names));
    strbuf_release(&names);
    return joined;
}

static const struct {
    const char *text;
    const char *sql;
    const char *names;
} examples[] = {
    /* values */
    {"", "", ""},
    {"select 1;", "select 1;", ""},
    {"select :'a'", "select $1", "a"},
    {"select :'a', :'b', :'a', :'c_2'", "select $1, $2, $1, $3", "a b c_2"},
    {":'a'::text = any(:'b'::text[])", "$1::text = any($2::text[])", "a b"},
    {"(:'a')", "($1)", "a"},
    /* tables */
    {"from :\"file\" f", "from \"rdscnfg\".\"ext_file\" f", ""},
    {"f.:\"file\"", "f.\"rdscnfg\".\"ext_file\"", ""},
    {"from :\"odd\" where :'b'", "from \"it's:'a'\" where $1", "b"},
    /* fragments */
    {"at = :now;", "at = to_timestamp($1) ;", "now_ms"},
    {"where :fence\nfor update", "where id = $1 and at < to_timestamp($2) for update", "id now_ms"},
    {":now :'now_ms'", "to_timestamp($1) $1", "now_ms"},
    {"a :empty b", "a b", ""},
    {":empty", "", ""},
    /* blanks and comments */
    {"  select\n\t 1 \r\n\f ", "select 1", ""},
    {"-- it's :'a' and \"b\nselect 1 -- :fence", "select 1", ""},
    {"a -- b\n-- c\n  d", "a d", ""},
    {"a/* it's :'a' */b", "a b", ""},
    {"a - - b -> c", "a - - b -> c", ""},
    {"select 4 / 2", "select 4 / 2", ""},
    /* quotes */
    {"':''a'' -- no  comment'", "':''a'' -- no  comment'", ""},
    {"'it''s :now', :'a'", "'it''s :now', $1", "a"},
    {"\":'a' -- no  comment\"", "\":'a' -- no  comment\"", ""},
    {"\"a\"\"b :now\"", "\"a\"\"b :now\"", ""},
    {"$$ :'a' -- it's $$", "$$ :'a' -- it's $$", ""},
    {"$x$ :'a' $$ $y$ $x$ :'b'", "$x$ :'a' $$ $y$ $x$ $1", "b"},
    {"a$b$ :'c' a$b$", "a$b$ $1 a$b$", "c"},
    {"'' :'a' \"\"", "'' $1 \"\"", "a"},
    /* colons that name nothing */
    {"a::text", "a::text", ""},
    {"a :: text", "a :: text", ""},
    {"a := 1", "a := 1", ""},
    {"x[: 1]", "x[: 1]", ""},
    {"a :", "a :", ""},
    /* what is not ASCII */
    {"'caf\xC3\xA9' as caf\xC3\xA9", "'caf\xC3\xA9' as caf\xC3\xA9", ""},
};

static void test_texts_become_what_postgres_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct sql_text text = read_text(examples[i].text);
        assert_string_equal(text.sql, examples[i].sql);
        assert_text(joined_names(&text), examples[i].names);
    }
}

/* --- bugs in a text --- */

static void read_unknown_table(void)
{
    (void)read_text("from :\"nothing\"");
}

static void read_unknown_fragment(void)
{
    (void)read_text("where :nothing");
}

static void read_endless_fragment(void)
{
    (void)read_text(":endless");
}

static void read_open_quote(void)
{
    (void)read_text("select 'a");
}

static void read_open_name(void)
{
    (void)read_text("select :'a");
}

static void test_bugs_end_the_process(void **state)
{
    (void)state;
    static void (*const bugs[])(void) = {read_unknown_table, read_unknown_fragment,
                                         read_endless_fragment, read_open_quote, read_open_name};
    for (size_t i = 0; i < COUNT_OF(bugs); i++) {
        assert_aborts(bugs[i], "sql_text.c");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_texts_become_what_postgres_is_sent, open_arena,
                                        release_arena),
        cmocka_unit_test_setup_teardown(test_bugs_end_the_process, open_arena, release_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
