#include "unit/arena_fixture.h"

#include "base/strbuf.h"
#include "redshift/batch_limits.h"
#include "redshift/transform_batch.h"

#define FILE_ID "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"
#define LEDGER "\"rdsftetl\".\"flavor_ledger\""
#define OURS 3 /* LOCK, guard and ledger row */

static const struct ledger_entry entry = {
    .work_id = SLICE_INIT(FILE_ID),
    .file_name = SLICE_INIT("it's_527.txt"),
    .schema = SLICE_INIT("RDSFTETL"),
    .table = SLICE_INIT("flavor"),
    .kind = SLICE_INIT("transform"),
    .number = 2,
};

static struct transform_batch batch_of(struct slice query)
{
    return (struct transform_batch){
        .entry = entry,
        .query = query,
        .from = SLICE("2026-11-20 10:00:00"),
        .to = SLICE("2026-11-20 10:00:05"),
    };
}

static void test_a_transformation_binds_its_parameters(void **state)
{
    const struct transform_batch batch =
        batch_of(SLICE("call p(:file_name, :load_id); update t set a = 1 where x between :from "
                       "and :to; "));
    struct slice *sql;
    size_t count;
    struct error err;
    (void)state;
    assert_int_equal(transform_batch_build(&arena, &batch, &sql, &count, &err), 0);
    assert_int_equal(count, 5);
    assert_text(sql[TRANSFORM_LOCK], "LOCK " LEDGER);
    assert_text(sql[TRANSFORM_GUARD],
                "SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM " LEDGER
                " WHERE kind = 'transform' AND file_id = '" FILE_ID
                "' AND (NOT is_void OR number = 2)");
    assert_text(sql[TRANSFORM_QUERY], "call p('it''s_527.txt', '" FILE_ID "')");
    assert_text(sql[3], "update t set a = 1 where x between '2026-11-20 10:00:00' and "
                        "'2026-11-20 10:00:05'");
    assert_text(sql[4],
                "INSERT INTO " LEDGER " (kind, file_id, file_name, number, is_void, row_count) "
                "SELECT 'transform', '" FILE_ID "', 'it''s_527.txt', 2, FALSE, NULL::bigint");
}

static void test_a_query_without_statements_is_recorded(void **state)
{
    const struct transform_batch batch = batch_of(SLICE(" ; -- nothing\n"));
    struct slice *sql;
    size_t count;
    struct error err;
    (void)state;
    assert_int_equal(transform_batch_build(&arena, &batch, &sql, &count, &err), 0);
    assert_int_equal(count, OURS);
}

static void assert_refused(const struct transform_batch *batch, const char *part)
{
    struct slice *sql;
    size_t count;
    struct error err;
    assert_int_equal(transform_batch_build(&arena, batch, &sql, &count, &err), -1);
    assert_says(err.message, part);
}

static void test_values_that_cannot_be_bound_are_named(void **state)
{
    struct transform_batch batch = batch_of(SLICE("select :from"));
    (void)state;
    batch.from = SLICE("a\0b");
    assert_refused(&batch, "from: ");
    batch = batch_of(SLICE("select 1"));
    batch.entry.schema = SLICE("");
    assert_refused(&batch, "tgt_schema_name");
}

static void test_batches_over_the_limits_are_refused(void **state)
{
    struct transform_batch batch;
    struct strbuf query = STRBUF_INIT;
    struct slice *sql;
    size_t count;
    struct error err;
    (void)state;
    for (int i = 0; i < BATCH_STATEMENTS_LIMIT - OURS; i++) {
        strbuf_append_text(&query, "select 1;");
    }
    batch = batch_of(strbuf_slice(&query));
    assert_int_equal(transform_batch_build(&arena, &batch, &sql, &count, &err), 0);
    assert_int_equal(count, BATCH_STATEMENTS_LIMIT);
    strbuf_append_text(&query, "select 1;");
    batch = batch_of(strbuf_slice(&query));
    assert_refused(&batch, "has 41");
    strbuf_clear(&query);
    for (int i = 0; i < BATCH_STATEMENT_BYTES; i++) {
        strbuf_append_char(&query, 'x');
    }
    batch = batch_of(strbuf_slice(&query));
    assert_int_equal(transform_batch_build(&arena, &batch, &sql, &count, &err), 0);
    strbuf_append_char(&query, 'x');
    batch = batch_of(strbuf_slice(&query));
    assert_refused(&batch, "statement 3");
    strbuf_release(&query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_transformation_binds_its_parameters),
        cmocka_unit_test(test_a_query_without_statements_is_recorded),
        cmocka_unit_test(test_values_that_cannot_be_bound_are_named),
        cmocka_unit_test(test_batches_over_the_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
