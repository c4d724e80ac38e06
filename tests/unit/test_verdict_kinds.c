/* Verdicts on statements other than our own loads. */
#include "unit/verdict_fixture.h"

#include "base/array.h"
#include "statement/verdict.h"
#include "unit/arena_fixture.h"

/* --- tests --- */

/* Whatever becomes of it, the sender has nothing to do with it. */
static const struct row transformations[] = {
    {"complete", STATUS(FINISHED), .answer = VERDICT_IN},
    {"LOCK, conflict, number 1", IN_PART(TRANSFORM_LOCK, CONFLICT),
     ANSWER(AGAIN_AT_ONCE, "the transformation was interrupted: " CONFLICT)},
    {"LOCK, no ledger", IN_PART(TRANSFORM_LOCK, NO_LEDGER),
     ANSWER(FAILED, BLAMES_LEDGER NO_LEDGER)},
    {"guard says no", IN_PART(TRANSFORM_GUARD, DIVISION), ASKS_LEDGER},
    {"the query divides by zero", IN_PART(TRANSFORM_QUERY, DIVISION),
     ANSWER(FAILED, "the transformation failed: " DIVISION)},
    {"the query meets bad rows", IN_PART(TRANSFORM_QUERY + 1, BAD_ROWS),
     ANSWER(FAILED, "the transformation failed: " BAD_ROWS)},
    {"the query inserts a NULL", IN_PART(TRANSFORM_QUERY + 1, NULL_IN("id")),
     ANSWER(FAILED, "the transformation failed: " NULL_IN("id"))},
    {"the query, conflict, number 2", IN_PART(TRANSFORM_QUERY, CONFLICT), .number = 2,
     ANSWER(AGAIN_LATER, "the transformation was interrupted: " CONFLICT)},
    {"the ledger row failed", IN_PART(TRANSFORM_RECORD, "ERROR: odd"), .is_not_in_ledger = true,
     ANSWER(FAILED, "the transformation failed: ERROR: odd")},
    {"aborted", STATUS(ABORTED), .words = CANCELLED, .is_not_in_ledger = true,
     ANSWER(AGAIN_LATER, "the transformation was interrupted: " CANCELLED)},
};

static void test_a_transformation(void **state)
{
    (void)state;
    ASSERT_ROWS(&transform, transformations);
}

static const struct row merges[] = {
    {"complete", STATUS(FINISHED), .answer = VERDICT_IN},
    {"LOCK, no right", IN_PART(0, NO_RIGHT), ANSWER(FAILED, BLAMES_LEDGER NO_RIGHT)},
    {"guard says no", IN_PART(1, DIVISION), ASKS_LEDGER},
    {"balance", IN_PART(2, DIVISION),
     ANSWER(REFUSED,
            "Redshift did not load the 10 rows that were promised, but another number (the "
            "trailer promises 12 records, 2 of them blank lines); nothing was kept")},
    {"INSERT, a NULL value, and no COPY that lists columns", IN_PART(3, NULL_IN("id")),
     ANSWER(FAILED, "Redshift refused the merge into s.t: " NULL_IN("id"))},
    {"INSERT, conflict, number 1", IN_PART(3, CONFLICT),
     ANSWER(AGAIN_AT_ONCE, "the merge was interrupted: " CONFLICT)},
    {"the last part", IN_PART(4, "ERROR: odd"), .is_not_in_ledger = true,
     ANSWER(FAILED, "Redshift refused the merge into s.t: ERROR: odd")},
};

static void test_a_further_kind_is_one_row_of_rules(void **state)
{
    (void)state;
    ASSERT_ROWS(&merged, merges);
}

/* They are in no ledger and not ours to repeat: what Redshift says counts. */
static const struct row framework_loads[] = {
    {"finished", STATUS(FINISHED), .answer = VERDICT_IN},
    {"failed", IN_NO_PART(BAD_ROWS),
     ANSWER(FAILED, "Redshift refused the load into s.t: " BAD_ROWS)},
    {"conflict", IN_NO_PART(CONFLICT),
     ANSWER(FAILED, "Redshift refused the load into s.t: " CONFLICT)},
    {"aborted", STATUS(ABORTED),
     ANSWER(FAILED, "Redshift refused the load into s.t: it was aborted in Redshift (cancelled, or "
                    "restarted)")},
    {"forgotten", .source = VERDICT_FORGOTTEN,
     ANSWER(FAILED, "Redshift refused the load into s.t: Redshift does not know the statement any "
                    "more")},
    {"hidden", .source = VERDICT_HIDDEN,
     ANSWER(FAILED, "Redshift refused the load into s.t: Redshift tells why only to the role and "
                    "session that ran the statement")},
};

static const struct row framework_transforms[] = {
    {"finished", STATUS(FINISHED), .answer = VERDICT_IN},
    {"failed", IN_NO_PART("ERROR: odd"), ANSWER(FAILED, "the transformation failed: ERROR: odd")},
};

static void test_statements_of_the_python_framework(void **state)
{
    (void)state;
    ASSERT_ROWS(&framework_load, framework_loads);
    ASSERT_ROWS(&framework_transform, framework_transforms);
}

/* Nothing was promised, so that at least one row had to come. */
static void test_a_file_without_rows(void **state)
{
    const struct row row = {"no rows", IN_PART(LOAD_BALANCE, DIVISION)};
    const struct redshift_statement said = describe(&row, load.count);
    struct verdict_question question = question_of(&load, &row, &said);
    struct verdict verdict;
    (void)state;
    question.promised_records = FILE_COUNT_UNKNOWN;
    question.loadable_records = FILE_COUNT_UNKNOWN;
    question.blank_records = 0;
    verdict = verdict_of(&arena, &question);
    assert_verdict(row.name, &verdict, VERDICT_REFUSED,
                   "there is no record to load: the file holds none, or blank lines and a header "
                   "only");
}

static const struct {
    const struct stored *stored;
    struct row row;
    bool wanted;
} wants[] = {
    {&load, {"bad rows", IN_PART(LOAD_COPY, BAD_ROWS)}, true},
    {&load, {"other words", IN_PART(LOAD_COPY, "ERROR: odd")}, true},
    {&load, {"busy", IN_PART(LOAD_COPY, SLOW_DOWN)}, false},
    {&load, {"INSERT", IN_PART(LOAD_INSERT, BAD_ROWS)}, false},
    {&load, {"no part", IN_NO_PART(BAD_ROWS)}, false},
    {&load, {"aborted", STATUS(ABORTED), .failed = LOAD_COPY + 1}, false},
    {&load, {"finished", STATUS(FINISHED)}, false},
    {&load, {"forgotten", .source = VERDICT_FORGOTTEN}, false},
    {&load, {"hidden", .source = VERDICT_HIDDEN}, false},
    {&transform, {"transform", IN_PART(2, BAD_ROWS)}, false},
    {&transform, {"transform, no part", .status = REDSHIFT_FAILED}, false},
    {&framework_load, {"framework", IN_NO_PART(BAD_ROWS)}, false},
};

static void test_when_load_errors_are_wanted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wants); i++) {
        const struct row *row = &wants[i].row;
        const struct redshift_statement said = describe(row, wants[i].stored->count);
        const struct verdict_question question = question_of(wants[i].stored, row, &said);
        if (verdict_wants_load_errors(&question) != wants[i].wanted) {
            fail_msg("%s: must be %d", row->name, wants[i].wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_transformation),
        cmocka_unit_test(test_a_further_kind_is_one_row_of_rules),
        cmocka_unit_test(test_statements_of_the_python_framework),
        cmocka_unit_test(test_a_file_without_rows),
        cmocka_unit_test(test_when_load_errors_are_wanted),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
