/* Results of statements, page by page. */
#include "unit/redshift_fixture.h"

#include "aws/redshift_result.h"

/* --- GetStatementResult --- */

static void test_result(void **state)
{
    (void)state;
    struct fake_step steps[] = {{.status = 200}, ANSWER("{\"Records\":[]}")};
    struct fake_aws fake;
    struct redshift_page page;
    fake_start(&fake, steps, COUNT_OF(steps));
    steps[0].body = fake_file(&fake.arena, "redshift_result_page.json");
    assert_int_equal(
        redshift_result(&fake.client, SLICE(ID ":2"), SLICE(""), &fake.arena, &page, &fake.err), 0);
    assert_request(&fake, 0, HEAD("GetStatementResult") "{\"Id\":\"" ID ":2\"}");
    assert_int_equal(page.row_count, 2);
    assert_int_equal(page.column_count, 6);
    assert_text(page.columns[0], "file_name");
    assert_text(page.columns[5], "");
    static const char *const expected[2][6] = {
        {"s3://b/a \xc3\xa9", "9007199254740993", "0.25", "true", "AAEC", NULL},
        {"", "-1", "1e3", "false", NULL, "x"}};
    for (size_t row = 0; row < 2; row++) {
        for (size_t column = 0; column < 6; column++) {
            const struct redshift_cell *cell = &page.rows[row][column];
            assert_int_equal(cell->is_null, expected[row][column] == NULL);
            assert_text(cell->text, cell->is_null ? "" : expected[row][column]);
        }
    }
    assert_text(page.next_token, "page/2=");
    assert_int_equal(redshift_result(&fake.client, SLICE(ID ":2"), page.next_token, &fake.arena,
                                     &page, &fake.err),
                     0);
    assert_request(&fake, 1,
                   HEAD("GetStatementResult") "{\"Id\":\"" ID ":2\",\"NextToken\":\"page/2=\"}");
    assert_int_equal(page.row_count + page.column_count + page.next_token.size, 0);
    fake_end(&fake);
}

static void test_bad_results(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *part;
    } rows[] = {
        {"[]", "no Records"},
        {"{\"Records\":{}}", "no Records"},
        {"{\"Records\":[[{\"longValue\":1}],[]]}", "differ in length"},
        {"{\"Records\":[[{\"longValue\":1}],{\"a\":1}]}", "differ in length"},
        {"{\"Records\":[[1]]}", "no value"},
        {"{\"Records\":[[{}]]}", "no value"},
        {"{\"Records\":[[{\"arrayValues\":[]}]]}", "no value"},
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct redshift_page page;
        struct error err;
        assert_int_equal(redshift_result_parse(slice_from(rows[i].body), &arena, &page, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_message(&err, rows[i].part);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result),
        cmocka_unit_test(test_bad_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
