#include "unit/unit.h"

#include "aws/redshift_data.h"
#include "base/array.h"
#include "base/utf8.h"
#include "redshift/statement_name.h"

#define FILE_ID "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"

static const struct statement_name plain = {
    .work_id = SLICE_INIT(FILE_ID),
    .kind = SLICE_INIT("load"),
    .number = 3,
    .interface_id = SLICE_INIT("527"),
    .target = SLICE_INIT("rdsftetl.dc_x_pa_flavor"),
};

static void test_names_are_built_and_read_back(void **state)
{
    struct strbuf out = STRBUF_INIT;
    struct statement_name name;
    (void)state;
    statement_name_build(&out, &plain);
    assert_string_equal(out.data,
                        FILE_ID "|load|3|527|rdsftetl.dc_x_pa_flavor|external_file_framework");
    assert_true(statement_name_parse(strbuf_slice(&out), &name));
    assert_true(slice_equal(name.work_id, plain.work_id));
    assert_text(name.kind, "load");
    assert_int_equal(name.number, 3);
    assert_true(slice_equal(name.interface_id, plain.interface_id));
    assert_true(slice_equal(name.target, plain.target));
    strbuf_release(&out);
}

static void test_long_targets_are_cut_at_a_character(void **state)
{
    struct strbuf target = STRBUF_INIT;
    struct strbuf out = STRBUF_INIT;
    struct statement_name name = plain;
    (void)state;
    for (int i = 0; i < 400; i++) {
        strbuf_append_text(&target, "é");
    }
    name.kind = SLICE("transform");
    name.number = UINT64_MAX;
    name.interface_id = SLICE("123456789012345678901234567890");
    name.target = strbuf_slice(&target);
    statement_name_build(&out, &name);
    assert_true(out.size <= STATEMENT_NAME_LIMIT && out.size >= STATEMENT_NAME_LIMIT - 1);
    assert_int_equal(utf8_find_invalid(strbuf_slice(&out)), SLICE_NONE);
    assert_true(statement_name_parse(strbuf_slice(&out), &name));
    assert_text(name.kind, "transform");
    assert_int_equal(name.number, UINT64_MAX);
    name.target = strbuf_slice(&target);
    size_t size = out.size;
    statement_name_build(&out, &name); /* what stood there before takes no room from it */
    assert_int_equal(out.size, 2 * size);
    strbuf_release(&target);
    strbuf_release(&out);
}

static void test_other_names_are_not_ours(void **state)
{
    static const char *const others[] = {
        "",
        "external_file_framework",
        "|external_file_framework",
        FILE_ID "|load|3|527|t|external_file_frameowrk",
        FILE_ID "|Load|3|527|t|external_file_framework",
        FILE_ID "|lo-ad|3|527|t|external_file_framework",
        FILE_ID "|load1|3|527|t|external_file_framework",
        FILE_ID "||3|527|t|external_file_framework",
        FILE_ID "|abcdefghijklmnopqrstu|3|527|t|external_file_framework",
        FILE_ID "|load|x|527|t|external_file_framework",
        FILE_ID "|load|-1|527|t|external_file_framework",
        FILE_ID "|load||527|t|external_file_framework",
        FILE_ID "|load|18446744073709551616|527|t|external_file_framework",
        FILE_ID "|load|3|external_file_framework",
        "0B54C4A2-7F0E-4A59-8C1D-5B8F4A6A9D11|load|3|527|t|external_file_framework",
        "0b54c4a2x7f0e-4a59-8c1d-5b8f4a6a9d11|load|3|527|t|external_file_framework",
        "short|load|3|527|t|external_file_framework",
    };
    struct statement_name name;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (statement_name_parse(slice_from(others[i]), &name)) {
            fail_msg("\"%s\" must not be ours", others[i]);
        }
    }
}

/* Later releases have further kinds. */
static void test_a_kind_is_any_word_in_lower_case(void **state)
{
    static const char *const kinds[] = {"a",    "load", "transform",           "merge",
                                        "undo", "copy", "abcdefghijklmnopqrst"};
    struct strbuf out = STRBUF_INIT;
    struct statement_name name;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct statement_name built = plain;
        built.kind = slice_from(kinds[i]);
        strbuf_clear(&out);
        statement_name_build(&out, &built);
        assert_true(statement_name_parse(strbuf_slice(&out), &name));
        assert_text(name.kind, kinds[i]);
    }
    assert_int_equal(strlen(kinds[COUNT_OF(kinds) - 1]), STATEMENT_KIND_LIMIT);
    strbuf_release(&out);
}

static void test_a_work_id_is_a_uuid_in_lower_case(void **state)
{
    static const struct {
        const char *text;
        bool is_one;
    } rows[] = {
        {FILE_ID, true},
        {"00000000-0000-0000-0000-000000000000", true},
        {"0B54C4A2-7F0E-4A59-8C1D-5B8F4A6A9D11", false},
        {"0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d1", false},
        {"0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d111", false},
        {"0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d1g", false},
        {"0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d1-", false},
        {"0b54c4a2x7f0e-4a59-8c1d-5b8f4a6a9d11", false},
        {"0b54c4a-27f0e-4a59-8c1d-5b8f4a6a9d11", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (statement_name_is_work_id(slice_from(rows[i].text)) != rows[i].is_one) {
            fail_msg("\"%s\" must be %d", rows[i].text, rows[i].is_one);
        }
    }
}

/* What differs in these is another statement. */
static void test_the_token_follows_from_unit_kind_and_number(void **state)
{
    static const struct {
        const char *kind;
        uint64_t number;
        const char *token;
    } rows[] = {
        {"load", 1, FILE_ID "-load-1"},
        {"load", 12, FILE_ID "-load-12"},
        {"transform", 1, FILE_ID "-transform-1"},
        {"abcdefghijklmnopqrst", 999999, FILE_ID "-abcdefghijklmnopqrst-999999"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct statement_name name = plain;
        name.kind = slice_from(rows[i].kind);
        name.number = rows[i].number;
        name.interface_id = slice_from(i % 2 == 0 ? "527" : "528"); /* no part of it */
        struct slice token = statement_name_token(&arena, &name);
        assert_text(token, rows[i].token);
        assert_true(token.size <= REDSHIFT_TOKEN_LIMIT);
    }
    arena_release(&arena);
}

static void test_names_of_the_python_framework(void **state)
{
    struct legacy_statement_name name;
    (void)state;
    assert_true(legacy_statement_name_parse(
        SLICE("527|rdsftetl|t|s3://b/external_input/a|b_527.txt|527|select 'a' || 'b'|\"|"
              "external_file_frameowrk"),
        &name));
    assert_true(slice_equal(name.interface_id, SLICE("527")));
    assert_true(slice_equal(name.schema, SLICE("rdsftetl")));
    assert_true(slice_equal(name.table, SLICE("t")));
    assert_true(slice_equal(name.s3_path, SLICE("s3://b/external_input/a|b_527.txt")));
    assert_true(slice_equal(name.merge_sql, SLICE("select 'a' || 'b'")));
    assert_true(slice_equal(name.escape, SLICE("\"")));
    assert_true(legacy_statement_name_parse(
        SLICE("527|s|t|s3://b/k|527||None|external_file_frameowrk"), &name));
    assert_int_equal(name.merge_sql.size, 0);
    assert_true(legacy_statement_name_parse(
        SLICE("527|s|t|s3://b/a|5271|c|527|d|e|external_file_frameowrk"), &name));
    assert_true(slice_equal(name.s3_path, SLICE("s3://b/a|5271|c")));
    assert_false(legacy_statement_name_parse(
        SLICE("527|s|t|s3://b/k|528|x|y|external_file_frameowrk"), &name));
    assert_false(
        legacy_statement_name_parse(SLICE("527|s|t|b/k|527|x|y|external_file_frameowrk"), &name));
    assert_false(legacy_statement_name_parse(SLICE("|external_file_frameowrk"), &name));
}

static void test_prefix_finds_one_number_only(void **state)
{
    const struct statement_name name = {
        .work_id = SLICE("0b9e7a52-5c5e-4a4f-8a63-2f9f3f1f7a11"),
        .kind = SLICE("transform"),
        .number = 1,
        .interface_id = SLICE("527"),
        .target = SLICE("s.t"),
    };
    struct strbuf built = STRBUF_INIT;
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    struct slice prefix = statement_name_prefix(&arena, &name);
    assert_string_equal(prefix.data, "0b9e7a52-5c5e-4a4f-8a63-2f9f3f1f7a11|transform|1|");
    statement_name_build(&built, &name);
    assert_true(slice_starts_with(strbuf_slice(&built), prefix));
    strbuf_release(&built);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_built_and_read_back),
        cmocka_unit_test(test_long_targets_are_cut_at_a_character),
        cmocka_unit_test(test_other_names_are_not_ours),
        cmocka_unit_test(test_a_kind_is_any_word_in_lower_case),
        cmocka_unit_test(test_a_work_id_is_a_uuid_in_lower_case),
        cmocka_unit_test(test_the_token_follows_from_unit_kind_and_number),
        cmocka_unit_test(test_names_of_the_python_framework),
        cmocka_unit_test(test_prefix_finds_one_number_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
