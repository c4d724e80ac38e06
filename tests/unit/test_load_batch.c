#include "unit/arena_fixture.h"

#include "redshift/load_batch.h"

#define FILE_ID "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"
#define TEMPORARY "\"ext_0b54c4a27f0e4a598c1d5b8f4a6a9d11\""
#define LEDGER "\"rdsftetl\".\"flavor_ledger\""

static const struct copy_column columns[] = {{SLICE_INIT("a"), 0}, {SLICE_INIT("b"), 0}};

static const struct batch_file file = {
    .file_id = SLICE_INIT(FILE_ID),
    .file_name = SLICE_INIT("it's_527.txt"),
    .schema = SLICE_INIT("RDSFTETL"),
    .table = SLICE_INIT("flavor"),
    .number = 2,
};

static struct load_batch plain_load(void)
{
    return (struct load_batch){
        .file = file,
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
    assert_text(sql[LOAD_GUARD], "SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM " LEDGER
                                 " WHERE kind = 'load' AND file_id = '" FILE_ID "'");
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
                "INSERT INTO " LEDGER " (kind, file_id, file_name, number, row_count) "
                "SELECT 'load', '" FILE_ID "', 'it''s_527.txt', 2, COUNT(*) FROM " TEMPORARY);
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
    batch.file.number = 3;
    assert_int_equal(load_batch_renumber(&arena, &batch.file, later, &err), 0);
    for (size_t i = 0; i < LOAD_RECORD; i++) {
        assert_true(slice_equal(later[i], first[i]));
    }
    assert_text(later[LOAD_RECORD],
                "INSERT INTO " LEDGER " (kind, file_id, file_name, number, row_count) "
                "SELECT 'load', '" FILE_ID "', 'it''s_527.txt', 3, COUNT(*) FROM " TEMPORARY);
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
    batch.file.file_name = strbuf_slice(&name);
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
    batch.file.schema = SLICE("");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_says(err.message, "tgt_schema_name");
    batch = plain_load();
    batch.file.table = SLICE("");
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
    batch.file.schema = SLICE("s\"; drop schema x; --");
    batch.file.table = SLICE("t\".u");
    batch.file.file_name = SLICE("a\\'; drop table x; --\n");
    assert_int_equal(load_batch_build(&arena, &batch, sql, &err), 0);
    assert_text(sql[LOAD_LOCK], "LOCK \"s\"\"; drop schema x; --\".\"t\"\".u_ledger\"");
    assert_text(sql[LOAD_INSERT], "INSERT INTO \"s\"\"; drop schema x; --\".\"t\"\".u\" "
                                  "(\"a\", \"b\", \"file_name\") SELECT \"a\", \"b\", "
                                  "'a\\\\''; drop table x; --\n' FROM " TEMPORARY);
}

static void test_a_transformation_binds_its_parameters(void **state)
{
    struct transform_batch batch = {
        .file = file,
        .query = SLICE("call p(:file_name, :load_id); update t set a = 1 where x between :from "
                       "and :to; "),
        .from = SLICE("2026-11-20 10:00:00"),
        .to = SLICE("2026-11-20 10:00:05"),
    };
    struct slice *sql;
    size_t count;
    struct error err;

    (void)state;
    assert_int_equal(transform_batch_build(&arena, &batch, &sql, &count, &err), 0);
    assert_int_equal(count, 5);
    assert_text(sql[0], "LOCK " LEDGER);
    assert_text(sql[1], "SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM " LEDGER
                        " WHERE kind = 'transform' AND file_id = '" FILE_ID "'");
    assert_text(sql[2], "call p('it''s_527.txt', '" FILE_ID "')");
    assert_text(sql[3], "update t set a = 1 where x between '2026-11-20 10:00:00' and "
                        "'2026-11-20 10:00:05'");
    assert_text(sql[4], "INSERT INTO " LEDGER " (kind, file_id, file_name, number, row_count) "
                        "VALUES ('transform', '" FILE_ID "', 'it''s_527.txt', 2, NULL)");
}

static void test_batches_over_the_limits_are_refused(void **state)
{
    struct transform_batch batch = {.file = file, .from = SLICE("a"), .to = SLICE("b")};
    struct strbuf query = STRBUF_INIT;
    struct slice *sql;
    size_t count;
    struct error err;

    (void)state;
    for (int i = 0; i < 38; i++) {
        strbuf_append_text(&query, "select 1;");
    }
    batch.query = strbuf_slice(&query);
    assert_int_equal(transform_batch_build(&arena, &batch, &sql, &count, &err), -1);
    assert_says(err.message, "has 41");
    strbuf_clear(&query);
    for (int i = 0; i < BATCH_STATEMENT_BYTES; i++) {
        strbuf_append_char(&query, 'x');
    }
    strbuf_append_char(&query, 'x');
    batch.query = strbuf_slice(&query);
    assert_int_equal(transform_batch_build(&arena, &batch, &sql, &count, &err), -1);
    assert_says(err.message, "statement 3");
    strbuf_release(&query);
}

static void test_the_ledger_can_be_asked(void **state)
{
    struct slice sql;
    struct error err;

    (void)state;
    assert_int_equal(ledger_question(&arena, &file, STATEMENT_LOAD, &sql, &err), 0);
    assert_text(sql, "SELECT COUNT(*), MAX(row_count) FROM " LEDGER
                     " WHERE kind = 'load' AND file_id = '" FILE_ID "'");
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
        cmocka_unit_test(test_a_transformation_binds_its_parameters),
        cmocka_unit_test(test_batches_over_the_limits_are_refused),
        cmocka_unit_test(test_the_ledger_can_be_asked),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
