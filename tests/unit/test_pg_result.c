#include "unit/unit.h"

#include "pg/pg.h"

#define COLUMNS 7

static const struct slice names[COLUMNS] = {
    SLICE_INIT("id"),    SLICE_INIT("cid"),   SLICE_INIT("name"),   SLICE_INIT("active"),
    SLICE_INIT("ratio"), SLICE_INIT("small"), SLICE_INIT("unknown")};
static const uint32_t types[COLUMNS] = {20, 1700, 1043, 16, 701, 21, 999999};
static const struct pg_cell first[COLUMNS] = {
    {SLICE_INIT("-9223372036854775808"), false},
    {SLICE_INIT("12.00"), false},
    {SLICE_INIT("it's"), false},
    {SLICE_INIT("t"), false},
    {SLICE_INIT("1.5"), false},
    {SLICE_INIT("7"), false},
    {SLICE_INIT("x"), false},
};
static const struct pg_cell second[COLUMNS] = {
    {SLICE_INIT(""), true}, {SLICE_INIT("12.50"), false}, {SLICE_INIT(""), true},
    {SLICE_INIT(""), true}, {SLICE_INIT(""), true},       {SLICE_INIT(""), true},
    {SLICE_INIT(""), true},
};
static const struct pg_cell third[COLUMNS] = {
    {SLICE_INIT("9223372036854775807"), false},
    {SLICE_INIT("123456789012345678901234567890"), false},
    {SLICE_INIT(""), false},
    {SLICE_INIT("f"), false},
    {SLICE_INIT("NaN"), false},
    {SLICE_INIT("-7"), false},
    {SLICE_INIT(""), false},
};
static const struct pg_cell *rows[] = {first, second, third};
static const struct pg_result result = {.statement = "read the configuration",
                                        .rows = 3,
                                        .columns = COLUMNS,
                                        .names = names,
                                        .types = types,
                                        .cells = rows};

static void test_values_of_fitting_types(void **state)
{
    (void)state;
    struct slice text;
    int64_t number = 0;
    bool truth = false;
    assert_int_equal(pg_read_i64(&result, 0, "id", &number, NULL), 0);
    assert_true(number == INT64_MIN);
    assert_int_equal(pg_read_i64(&result, 2, "id", &number, NULL), 0);
    assert_true(number == INT64_MAX);
    assert_int_equal(pg_read_i64(&result, 0, "cid", &number, NULL), 0);
    assert_int_equal(number, 12);
    assert_int_equal(pg_read_i64(&result, 2, "small", &number, NULL), 0);
    assert_int_equal(number, -7);
    assert_int_equal(pg_read_text(&result, 0, "name", &text, NULL), 0);
    assert_true(slice_equal(text, SLICE("it's")));
    assert_int_equal(pg_read_text(&result, 2, "name", &text, NULL), 0);
    assert_int_equal(text.size, 0);
    assert_int_equal(pg_read_text(&result, 0, "ratio", &text, NULL), 0);
    assert_true(slice_equal(text, SLICE("1.5")));
    assert_int_equal(pg_read_bool(&result, 0, "active", &truth, NULL), 0);
    assert_true(truth);
    assert_int_equal(pg_read_bool(&result, 2, "active", &truth, NULL), 0);
    assert_false(truth);
}

static void assert_refused(int outcome, const struct error *err, const char *column,
                           const char *part)
{
    assert_int_equal(outcome, -1);
    assert_int_equal(err->kind, ERROR_CONFIGURATION);
    assert_false(err->retryable);
    assert_says(err->message, "read the configuration");
    assert_says(err->message, column);
    assert_says(err->message, part);
}

static void test_what_does_not_fit_is_named(void **state)
{
    (void)state;
    struct error err;
    struct slice text = SLICE("untouched");
    int64_t number = 77;
    bool truth = true;
    assert_refused(pg_read_text(&result, 0, "nowhere", &text, &err), &err, "nowhere", "no column");
    assert_refused(pg_read_text(&result, 1, "name", &text, &err), &err, "name", "row 2: NULL");
    assert_refused(pg_read_i64(&result, 0, "nowhere", &number, &err), &err, "nowhere", "no column");
    assert_refused(pg_read_i64(&result, 1, "id", &number, &err), &err, "id", "NULL");
    assert_refused(pg_read_i64(&result, 0, "name", &number, &err), &err, "name", "varchar");
    assert_refused(pg_read_i64(&result, 0, "ratio", &number, &err), &err, "ratio", "float8");
    assert_refused(pg_read_i64(&result, 0, "unknown", &number, &err), &err, "unknown", "another");
    assert_refused(pg_read_i64(&result, 1, "cid", &number, &err), &err, "cid", "another number");
    assert_refused(pg_read_i64(&result, 2, "cid", &number, &err), &err, "cid", "64 bits");
    assert_refused(pg_read_bool(&result, 0, "nowhere", &truth, &err), &err, "nowhere", "no column");
    assert_refused(pg_read_bool(&result, 1, "active", &truth, &err), &err, "active", "NULL");
    assert_refused(pg_read_bool(&result, 0, "id", &truth, &err), &err, "id", "int8");
    assert_true(slice_equal(text, SLICE("untouched")));
    assert_int_equal(number, 77);
    assert_true(truth);
}

static void test_fallbacks_are_for_null_only(void **state)
{
    (void)state;
    struct error err;
    struct slice text;
    int64_t number = 0;
    assert_int_equal(pg_read_text_or(&result, 1, "name", SLICE("else"), &text, &err), 0);
    assert_true(slice_equal(text, SLICE("else")));
    assert_int_equal(pg_read_text_or(&result, 2, "name", SLICE("else"), &text, &err), 0);
    assert_int_equal(text.size, 0);
    assert_int_equal(pg_read_i64_or(&result, 1, "id", 5, &number, &err), 0);
    assert_int_equal(number, 5);
    assert_int_equal(pg_read_i64_or(&result, 0, "small", 5, &number, &err), 0);
    assert_int_equal(number, 7);
    assert_refused(pg_read_text_or(&result, 1, "nowhere", SLICE(""), &text, &err), &err, "nowhere",
                   "no column");
    assert_refused(pg_read_i64_or(&result, 0, "name", 5, &number, &err), &err, "name", "varchar");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_fitting_types),
        cmocka_unit_test(test_what_does_not_fit_is_named),
        cmocka_unit_test(test_fallbacks_are_for_null_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
