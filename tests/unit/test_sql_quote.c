#include "unit/unit.h"

#include "base/array.h"
#include "base/sql_quote.h"

static void assert_quoted(sql_quoter *quote, struct slice text, const char *expected)
{
    struct strbuf out = STRBUF_INIT;
    struct error err;
    assert_int_equal(quote(&out, text, &err), 0);
    assert_string_equal(out.data, expected);
    strbuf_release(&out);
}

static void assert_refused(sql_quoter *quote, struct slice text, enum error_kind kind,
                           const char *part)
{
    struct strbuf out = STRBUF_INIT;
    struct error err;
    assert_int_equal(quote(&out, text, &err), -1);
    assert_int_equal(err.kind, kind);
    assert_says(err.message, part);
    strbuf_release(&out);
}

static void test_identifiers_are_folded_and_quoted(void **state)
{
    (void)state;
    assert_quoted(sql_quote_identifier, SLICE("EXT_FILE"), "\"ext_file\"");
    assert_quoted(sql_quote_identifier, SLICE("a\"b; drop table x"), "\"a\"\"b; drop table x\"");
    assert_quoted(sql_quote_identifier, SLICE("ÉTÉ"), "\"ÉtÉ\"");
}

static void test_bad_identifiers_are_refused(void **state)
{
    char long_name[SQL_IDENTIFIER_LIMIT + 1];
    (void)state;
    memset(long_name, 'x', sizeof(long_name));
    assert_refused(sql_quote_identifier, SLICE(""), ERROR_CONFIGURATION, "empty");
    assert_refused(sql_quote_identifier, SLICE("a\0b"), ERROR_CONFIGURATION, "NUL");
    assert_refused(sql_quote_identifier, SLICE("a\xff"), ERROR_CONFIGURATION, "UTF-8");
    assert_refused(sql_quote_identifier, slice_of(long_name, sizeof(long_name)),
                   ERROR_CONFIGURATION, "128 bytes; 127");
    assert_quoted(sql_quote_identifier, SLICE("x"), "\"x\"");
}

static void test_dotted_names_are_quoted_by_part(void **state)
{
    (void)state;
    assert_quoted(sql_quote_dotted, SLICE("RDSCNFG.EXT_FILE_CONFIG"),
                  "\"rdscnfg\".\"ext_file_config\"");
    assert_quoted(sql_quote_dotted, SLICE("plain"), "\"plain\"");
    assert_refused(sql_quote_dotted, SLICE("schema."), ERROR_CONFIGURATION, "empty");
    assert_refused(sql_quote_dotted, SLICE(".table"), ERROR_CONFIGURATION, "empty");
}

static void test_literals_cannot_end_early(void **state)
{
    (void)state;
    assert_quoted(sql_quote_literal, SLICE(""), "''");
    assert_quoted(sql_quote_literal, SLICE("it's"), "'it''s'");
    assert_quoted(sql_quote_literal, SLICE("a\\'; --"), "'a\\\\''; --'");
    assert_refused(sql_quote_literal, SLICE("a\0b"), ERROR_INVALID, "NUL");
}

static void test_a_quoted_copy_lives_in_the_arena(void **state)
{
    static const struct {
        sql_quoter *quoter;
        const char *text;
        const char *quoted;
    } rows[] = {
        {sql_quote_identifier, "Flavor", "\"flavor\""},
        {sql_quote_dotted, "S.T", "\"s\".\"t\""},
        {sql_quote_literal, "it's", "'it''s'"},
        {sql_quote_literal, "", "''"},
    };
    struct arena arena;
    struct error err;
    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice quoted;
        assert_int_equal(
            sql_quote_copy(&arena, rows[i].quoter, slice_from(rows[i].text), &quoted, &err), 0);
        assert_text(quoted, rows[i].quoted);
    }
    arena_release(&arena);
}

/* Nothing is half quoted. */
static void test_a_copy_that_cannot_be_quoted(void **state)
{
    struct arena arena;
    struct slice quoted = SLICE("as before");
    struct error err;
    (void)state;
    arena_init(&arena, 0);
    assert_int_equal(sql_quote_copy(&arena, sql_quote_dotted, SLICE("s."), &quoted, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_text(quoted, "as before");
    assert_int_equal(sql_quote_copy(&arena, sql_quote_literal, SLICE("a\0b"), &quoted, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_text(quoted, "as before");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identifiers_are_folded_and_quoted),
        cmocka_unit_test(test_bad_identifiers_are_refused),
        cmocka_unit_test(test_dotted_names_are_quoted_by_part),
        cmocka_unit_test(test_literals_cannot_end_early),
        cmocka_unit_test(test_a_quoted_copy_lives_in_the_arena),
        cmocka_unit_test(test_a_copy_that_cannot_be_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
