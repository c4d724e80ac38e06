#include "unit/arena_fixture.h"

#include "base/array.h"
#include "base/strbuf.h"
#include "redshift/ledger_sql.h"

#define FILE_ID "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"
#define LEDGER "\"rdsftetl\".\"flavor_ledger\""
#define OF_THE_UNIT " WHERE kind = 'load' AND file_id = '" FILE_ID "' AND "
#define INSERT                                                                                     \
    "INSERT INTO " LEDGER " (kind, file_id, file_name, number, is_void, row_count) "               \
    "SELECT 'load', '" FILE_ID "', 'it''s_527.txt', 2, "
#define QUESTION "SELECT COUNT(*), MAX(row_count) FROM " LEDGER OF_THE_UNIT "NOT is_void"

static const struct ledger_entry plain = {
    .work_id = SLICE_INIT(FILE_ID),
    .file_name = SLICE_INIT("it's_527.txt"),
    .schema = SLICE_INIT("RDSFTETL"),
    .table = SLICE_INIT("flavor"),
    .kind = SLICE_INIT("load"),
    .number = 2,
};

typedef int maker(struct arena *to, const struct ledger_entry *entry, struct slice *sql,
                  struct error *err);

static int record_counted(struct arena *to, const struct ledger_entry *entry, struct slice *sql,
                          struct error *err)
{
    return ledger_sql_record(to, entry, SLICE("\"ext_1\""), sql, err);
}

static int record_uncounted(struct arena *to, const struct ledger_entry *entry, struct slice *sql,
                            struct error *err)
{
    return ledger_sql_record(to, entry, SLICE(""), sql, err);
}

static int close_void(struct arena *to, const struct ledger_entry *entry, struct slice *sql,
                      struct error *err)
{
    struct slice all[LEDGER_CLOSE_STATEMENTS];
    if (ledger_sql_close(to, entry, all, err) != 0) {
        return -1;
    }
    *sql = all[LEDGER_CLOSE_VOID];
    return 0;
}

static const struct {
    maker *make;
    const char *sql;
} makers[] = {
    {ledger_sql_target, "\"rdsftetl\".\"flavor\""},
    {ledger_sql_lock, "LOCK " LEDGER},
    {ledger_sql_guard, "SELECT 1/CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END FROM " LEDGER OF_THE_UNIT
                       "(NOT is_void OR number = 2)"},
    {record_counted, INSERT "FALSE, COUNT(*) FROM \"ext_1\""},
    {record_uncounted, INSERT "FALSE, NULL::bigint"},
    {ledger_sql_question, QUESTION},
    {close_void, INSERT "TRUE, NULL::bigint WHERE NOT EXISTS (SELECT 1 FROM " LEDGER OF_THE_UNIT
                        "(NOT is_void OR number = 2))"},
};

static void test_the_sql_of_an_entry(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        struct slice sql;
        struct error err;
        assert_int_equal(makers[i].make(&arena, &plain, &sql, &err), 0);
        assert_text(sql, makers[i].sql);
    }
}

/* Closing and running a number may be at it at once: both lock first. */
static void test_a_number_is_closed_under_the_lock_and_then_asked(void **state)
{
    struct slice sql[LEDGER_CLOSE_STATEMENTS];
    struct error err;
    (void)state;
    assert_int_equal(ledger_sql_close(&arena, &plain, sql, &err), 0);
    assert_int_equal(LEDGER_CLOSE_STATEMENTS, 3);
    assert_int_equal(LEDGER_CLOSE_LOCK, 0);
    assert_text(sql[LEDGER_CLOSE_LOCK], "LOCK " LEDGER);
    assert_text(sql[LEDGER_CLOSE_QUESTION], QUESTION);
}

static void test_another_kind_and_number(void **state)
{
    struct ledger_entry entry = plain;
    struct slice sql;
    struct error err;
    (void)state;
    entry.kind = SLICE("transform");
    entry.number = UINT64_MAX;
    assert_int_equal(ledger_sql_guard(&arena, &entry, &sql, &err), 0);
    assert_says(sql.data, "kind = 'transform' AND");
    assert_says(sql.data, "OR number = 18446744073709551615)");
}

static void test_names_that_cannot_be_quoted_are_the_configurations_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        struct ledger_entry entry = plain;
        struct slice sql;
        struct error err;
        entry.schema = SLICE("");
        assert_int_equal(makers[i].make(&arena, &entry, &sql, &err), -1);
        assert_int_equal(err.kind, ERROR_CONFIGURATION);
        assert_says(err.message, "tgt_schema_name");
        entry = plain;
        entry.table = SLICE("a\xff");
        assert_int_equal(makers[i].make(&arena, &entry, &sql, &err), -1);
        assert_int_equal(err.kind, ERROR_CONFIGURATION);
        assert_says(err.message, "tgt_table_name");
    }
}

/* The ledger's name is longer than the table's. */
static void test_a_table_whose_ledger_has_no_name(void **state)
{
    char name[125];
    struct ledger_entry entry = plain;
    struct slice sql;
    struct error err;
    (void)state;
    memset(name, 't', sizeof(name));
    entry.table = slice_of(name, sizeof(name));
    assert_int_equal(ledger_sql_target(&arena, &entry, &sql, &err), 0);
    assert_int_equal(ledger_sql_lock(&arena, &entry, &sql, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_says(err.message, "tgt_table_name");
}

static void test_long_file_names_are_cut_at_a_character(void **state)
{
    struct ledger_entry entry = plain;
    struct strbuf name = STRBUF_INIT;
    struct slice sql;
    struct error err;
    (void)state;
    strbuf_append_char(&name, 'x');
    for (int i = 0; i < 200; i++) {
        strbuf_append_text(&name, "é");
    }
    entry.file_name = strbuf_slice(&name);
    assert_int_equal(record_uncounted(&arena, &entry, &sql, &err), 0);
    strbuf_truncate(&name, LEDGER_FILE_NAME_LIMIT - 1);
    strbuf_append_text(&name, "', 2, FALSE");
    assert_true(slice_search(sql, strbuf_slice(&name)) != SLICE_NONE);
    strbuf_release(&name);
}

static void test_hostile_values_stay_values(void **state)
{
    struct ledger_entry entry = plain;
    struct slice sql;
    struct error err;
    (void)state;
    entry.schema = SLICE("s\"; drop schema x; --");
    entry.table = SLICE("t\".u");
    entry.file_name = SLICE("a\\'; drop table x; --\n");
    assert_int_equal(ledger_sql_lock(&arena, &entry, &sql, &err), 0);
    assert_text(sql, "LOCK \"s\"\"; drop schema x; --\".\"t\"\".u_ledger\"");
    assert_int_equal(record_uncounted(&arena, &entry, &sql, &err), 0);
    assert_says(sql.data, ", 'a\\\\''; drop table x; --\n', 2, FALSE");
    entry.file_name = SLICE("a\0b");
    assert_int_equal(record_uncounted(&arena, &entry, &sql, &err), -1);
    assert_says(err.message, "file name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sql_of_an_entry),
        cmocka_unit_test(test_a_number_is_closed_under_the_lock_and_then_asked),
        cmocka_unit_test(test_another_kind_and_number),
        cmocka_unit_test(test_names_that_cannot_be_quoted_are_the_configurations_fault),
        cmocka_unit_test(test_a_table_whose_ledger_has_no_name),
        cmocka_unit_test(test_long_file_names_are_cut_at_a_character),
        cmocka_unit_test(test_hostile_values_stay_values),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
