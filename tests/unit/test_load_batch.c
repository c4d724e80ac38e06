#include "unit/arena_fixture.h"

#include "redshift/batch_limits.h"
#include "redshift/load_batch.h"

#define FILE_ID "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"
#define TEMPORARY "\"ext_0b54c4a27f0e4a598c1d5b8f4a6a9d11\""
#define LEDGER "\"rdsftetl\".\"flavor_ledger\""

static const struct copy_column columns[] = {{SLICE_INIT("a"), 0}, {SLICE_INIT("b"), 0}};

static const struct ledger_entry entry = {
    .work_id = SLICE_INIT(FILE_ID),
    .file_name = SLICE_INIT("it's_527.txt"),
    .schema = SLICE_INIT("RDSFTETL"),
    .table = SLICE_INIT("flavor"),
    .kind = SLICE_INIT("load"),
    .number = 2,
};

static struct load_batch plain_load(void)
{
    return (struct load_batch){
        .entry = entry,
        .file_name_column = SLICE("file_name"),
        .expected_rows = LOAD_ROWS_UNKNOWN,
        .copy = {.columns = columns,
                 .column_count = 2,
                 .manifest_url = SLICE("s3://b/m"),
                 .iam_role = SLICE("arn:aws:iam::1:role/r"),
                 .region = SLICE("eu-west-1"),
                 .delimiter = SLICE("|")},
    };
}

static void test_a_load_is_seven_statements(void **state)
{
    struct load_batch batch = plain_load();
    struct slice sql[LOAD_STATEMENTS];
    struct error err;
    (void)state;
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), 0);
    assert_text(sql[LOAD_LOCK], "LOCK " LEDGER);
    assert_text(sql[LOAD_GUARD],
                "SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM " LEDGER
                " WHERE kind = 'load' AND file_id = '" FILE_ID "' AND (NOT is_void OR number = 2)");
    assert_text(sql[LOAD_TEMPORARY],
                "CREATE TEMP TABLE " TEMPORARY
                " AS SELECT \"a\", \"b\" FROM \"rdsftetl\".\"flavor\" WHERE FALSE");
    assert_true(slice_starts_with(sql[LOAD_COPY],
                                  SLICE("COPY " TEMPORARY " (\"a\", \"b\") FROM 's3://b/m'")));
    assert_text(sql[LOAD_BALANCE],
                "SELECT 1/CASE WHEN COUNT(*) > 0 THEN 1 ELSE 0 END FROM " TEMPORARY);
    assert_text(sql[LOAD_INSERT],
                "INSERT INTO \"rdsftetl\".\"flavor\" (\"a\", \"b\", \"file_name\") "
                "SELECT \"a\", \"b\", 'it''s_527.txt' FROM " TEMPORARY);
    assert_text(sql[LOAD_RECORD],
                "INSERT INTO " LEDGER " (kind, file_id, file_name, number, is_void, row_count) "
                "SELECT 'load', '" FILE_ID
                "', 'it''s_527.txt', 2, FALSE, COUNT(*) FROM " TEMPORARY);
}

static void test_a_promised_count_and_a_load_id_column(void **state)
{
    struct load_batch batch = plain_load();
    struct slice sql[LOAD_STATEMENTS];
    struct error err;
    (void)state;
    batch.expected_rows = 12;
    batch.load_id_column = SLICE("LOAD_ID");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), 0);
    assert_text(sql[LOAD_BALANCE],
                "SELECT 1/CASE WHEN COUNT(*) = 12 THEN 1 ELSE 0 END FROM " TEMPORARY);
    assert_text(sql[LOAD_INSERT],
                "INSERT INTO \"rdsftetl\".\"flavor\" (\"a\", \"b\", \"file_name\", \"load_id\") "
                "SELECT \"a\", \"b\", 'it''s_527.txt', '" FILE_ID "' FROM " TEMPORARY);
}

static void test_a_later_load_does_what_the_first_did(void **state)
{
    struct load_batch batch = plain_load();
    struct slice first[LOAD_STATEMENTS];
    struct slice later[LOAD_STATEMENTS];
    struct error err;
    (void)state;
    assert_int_equal(load_batch_build(&arena, &batch, first, &err), 0);
    memcpy(later, first, sizeof(later));
    batch.entry.number = 3;
    assert_int_equal(load_batch_renumber(&arena, &batch.entry, later, &err), 0);
    for (size_t i = 0; i < LOAD_STATEMENTS; i++) {
        bool is_numbered = i == LOAD_GUARD || i == LOAD_RECORD;
        assert_int_equal(slice_equal(later[i], first[i]), !is_numbered);
    }
    assert_true(slice_ends_with(later[LOAD_GUARD], SLICE("OR number = 3)")));
    assert_text(later[LOAD_RECORD],
                "INSERT INTO " LEDGER " (kind, file_id, file_name, number, is_void, row_count) "
                "SELECT 'load', '" FILE_ID
                "', 'it''s_527.txt', 3, FALSE, COUNT(*) FROM " TEMPORARY);
}

static void test_long_file_names_are_cut_at_a_character(void **state)
{
    struct load_batch batch = plain_load();
    struct slice sql[LOAD_STATEMENTS];
    struct strbuf name = STRBUF_INIT;
    struct error err;
    (void)state;
    strbuf_append_char(&name, 'x');
    for (int i = 0; i < 200; i++) {
        strbuf_append_text(&name, "é");
    }
    batch.entry.file_name = strbuf_slice(&name);
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), 0);
    strbuf_truncate(&name, 299);
    strbuf_append_text(&name, "' FROM");
    assert_true(slice_search(sql[LOAD_INSERT], strbuf_slice(&name)) != SLICE_NONE);
    strbuf_release(&name);
}

static void test_bad_targets_are_the_configurations_fault(void **state)
{
    struct load_batch batch = plain_load();
    struct slice sql[LOAD_STATEMENTS];
    struct error err;
    (void)state;
    batch.entry.schema = SLICE("");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_says(err.message, "tgt_schema_name");
    batch = plain_load();
    batch.entry.table = SLICE("");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), -1);
    assert_says(err.message, "tgt_table_name");
}

static void assert_load_refused(const struct load_batch *batch, const char *part)
{
    struct slice sql[LOAD_STATEMENTS];
    struct error err;
    assert_int_equal(load_batch_build(&arena, batch, sql, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_says(err.message, part);
}

static void test_a_column_is_filled_once(void **state)
{
    struct load_batch batch = plain_load();
    (void)state;
    batch.file_name_column = SLICE("A");
    assert_load_refused(&batch, "column \"a\"");
    batch = plain_load();
    batch.load_id_column = SLICE("b");
    assert_load_refused(&batch, "column \"b\"");
    batch.load_id_column = SLICE("FILE_NAME");
    assert_load_refused(&batch, "both \"FILE_NAME\"");
    batch.file_name_column = SLICE("");
    assert_load_refused(&batch, "both \"FILE_NAME\"");
}

static void test_a_file_may_bring_its_own_file_name(void **state)
{
    static const struct copy_column listed[] = {{SLICE_INIT("File_Name"), 0}, {SLICE_INIT("b"), 0}};
    struct load_batch batch = plain_load();
    struct slice sql[LOAD_STATEMENTS];
    struct error err;
    (void)state;
    batch.copy.columns = listed;
    assert_load_refused(&batch, "column \"File_Name\" is listed");
    batch.file_name_column = SLICE("");
    batch.load_id_column = SLICE("load_id");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), 0);
    assert_text(sql[LOAD_TEMPORARY],
                "CREATE TEMP TABLE " TEMPORARY
                " AS SELECT \"file_name\", \"b\" FROM \"rdsftetl\".\"flavor\" WHERE FALSE");
    assert_text(sql[LOAD_INSERT],
                "INSERT INTO \"rdsftetl\".\"flavor\" (\"file_name\", \"b\", \"load_id\") "
                "SELECT COALESCE(\"file_name\", 'it''s_527.txt'), \"b\", '" FILE_ID
                "' FROM " TEMPORARY);
    batch.copy.columns = columns;
    batch.load_id_column = SLICE("");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), 0);
    assert_text(sql[LOAD_INSERT],
                "INSERT INTO \"rdsftetl\".\"flavor\" (\"a\", \"b\", \"file_name\") "
                "SELECT \"a\", \"b\", 'it''s_527.txt' FROM " TEMPORARY);
}

static void test_hostile_values_stay_values(void **state)
{
    struct load_batch batch = plain_load();
    struct slice sql[LOAD_STATEMENTS];
    struct error err;
    (void)state;
    batch.entry.schema = SLICE("s\"; drop schema x; --");
    batch.entry.table = SLICE("t\".u");
    batch.entry.file_name = SLICE("a\\'; drop table x; --\n");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), 0);
    assert_text(sql[LOAD_LOCK], "LOCK \"s\"\"; drop schema x; --\".\"t\"\".u_ledger\"");
    assert_text(sql[LOAD_INSERT], "INSERT INTO \"s\"\"; drop schema x; --\".\"t\"\".u\" "
                                  "(\"a\", \"b\", \"file_name\") SELECT \"a\", \"b\", "
                                  "'a\\\\''; drop table x; --\n' FROM " TEMPORARY);
}

static void test_a_statement_over_the_limit_is_refused(void **state)
{
    struct load_batch batch = plain_load();
    char *extra = arena_alloc(&arena, BATCH_STATEMENT_BYTES);
    (void)state;
    memset(extra, 'x', BATCH_STATEMENT_BYTES);
    batch.copy.null_marker = slice_of(extra, BATCH_STATEMENT_BYTES);
    assert_load_refused(&batch, "statement 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_load_is_seven_statements),
        cmocka_unit_test(test_a_promised_count_and_a_load_id_column),
        cmocka_unit_test(test_a_later_load_does_what_the_first_did),
        cmocka_unit_test(test_long_file_names_are_cut_at_a_character),
        cmocka_unit_test(test_bad_targets_are_the_configurations_fault),
        cmocka_unit_test(test_a_column_is_filled_once),
        cmocka_unit_test(test_a_file_may_bring_its_own_file_name),
        cmocka_unit_test(test_hostile_values_stay_values),
        cmocka_unit_test(test_a_statement_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
