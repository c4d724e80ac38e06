#include "unit/verdict_fixture.h"

#include "base/array.h"
#include "statement/verdict.h"
#include "unit/arena_fixture.h"

/* --- tests --- */

static const struct row unended[] = {
    {"submitted", .status = REDSHIFT_SUBMITTED, .answer = VERDICT_NOT_ENDED},
    {"picked", .status = REDSHIFT_PICKED, .answer = VERDICT_NOT_ENDED},
    {"started", .status = REDSHIFT_STARTED, .answer = VERDICT_NOT_ENDED},
    {"out of sight", .status = REDSHIFT_UNKNOWN, .answer = VERDICT_NOT_ENDED},
    {"failing, not failed", .status = REDSHIFT_STARTED, .failed = LOAD_COPY + 1, .words = BAD_ROWS,
     .answer = VERDICT_NOT_ENDED},
};

static void test_a_statement_that_has_not_ended(void **state)
{
    (void)state;
    ASSERT_ROWS(&load, unended);
    ASSERT_ROWS(&transform, unended);
    ASSERT_ROWS(&framework_load, unended);
}

static const struct row successes[] = {
    {"complete", STATUS(FINISHED), .answer = VERDICT_IN},
    {"a part is missing", STATUS(FINISHED), .missing = 1, ASKS_LEDGER},
    {"the last part has not finished", STATUS(FINISHED), .failed = LOAD_STATEMENTS, ASKS_LEDGER},
    {"no parts are described", STATUS(FINISHED), .missing = LOAD_STATEMENTS,
     .is_not_in_ledger = true,
     ANSWER(FAILED, DID_NOT_HAPPEN "Redshift reports success, but not of all parts")},
};

static void test_a_success_is_believed_with_all_parts_only(void **state)
{
    (void)state;
    ASSERT_ROWS(&load, successes);
}

static const struct row passing[] = {
    {"LOCK, conflict, number 1", IN_PART(LOAD_LOCK, CONFLICT),
     ANSWER(AGAIN_AT_ONCE, INTERRUPTED CONFLICT)},
    {"COPY, conflict, number 1", IN_PART(LOAD_COPY, CONFLICT),
     ANSWER(AGAIN_AT_ONCE, INTERRUPTED CONFLICT)},
    {"COPY, conflict, number 2", IN_PART(LOAD_COPY, CONFLICT), .number = 2,
     ANSWER(AGAIN_LATER, INTERRUPTED CONFLICT)},
    {"LOCK, connection lost: not the ledger's fault", IN_PART(LOAD_LOCK, LOST),
     ANSWER(AGAIN_LATER, INTERRUPTED LOST)},
    {"LOCK, the ledger was replaced",
     IN_PART(LOAD_LOCK, "ERROR: 1018 DETAIL: Relation does not exist."),
     ANSWER(AGAIN_LATER, INTERRUPTED "ERROR: 1018 DETAIL: Relation does not exist.")},
    {"guard, cancelled", IN_PART(LOAD_GUARD, CANCELLED),
     ANSWER(AGAIN_LATER, INTERRUPTED CANCELLED)},
    {"COPY, S3 is busy, whatever the table of load errors holds", IN_PART(LOAD_COPY, SLOW_DOWN),
     .load_errors = "line 1: x", ANSWER(AGAIN_LATER, INTERRUPTED SLOW_DOWN)},
    {"balance, cancelled", IN_PART(LOAD_BALANCE, CANCELLED),
     ANSWER(AGAIN_LATER, INTERRUPTED CANCELLED)},
    {"INSERT, conflict, number 3", IN_PART(LOAD_INSERT, CONFLICT), .number = 3,
     ANSWER(AGAIN_LATER, INTERRUPTED CONFLICT)},
};

static void test_failures_that_pass_are_tried_again(void **state)
{
    (void)state;
    ASSERT_ROWS(&load, passing);
}

static const struct row ledger_failures[] = {
    {"LOCK, no ledger", IN_PART(LOAD_LOCK, NO_LEDGER), ANSWER(FAILED, BLAMES_LEDGER NO_LEDGER)},
    {"LOCK, no right", IN_PART(LOAD_LOCK, NO_RIGHT), ANSWER(FAILED, BLAMES_LEDGER NO_RIGHT)},
    {"guard, an old ledger",
     IN_PART(LOAD_GUARD, "ERROR: column \"is_void\" does not exist in t_ledger"),
     ANSWER(FAILED, BLAMES_LEDGER "ERROR: column \"is_void\" does not exist in t_ledger")},
    {"guard says no: the unit is in", IN_PART(LOAD_GUARD, DIVISION), ASKS_LEDGER},
    {"guard says no: the number is void", IN_PART(LOAD_GUARD, DIVISION), .number = 2,
     .is_not_in_ledger = true,
     ANSWER(FAILED, DID_NOT_HAPPEN "its number was made void before it ran")},
};

static void test_failures_around_the_ledger(void **state)
{
    (void)state;
    ASSERT_ROWS(&load, ledger_failures);
}

static const struct row row_failures[] = {
    {"the target is missing", IN_PART(LOAD_TEMPORARY, NO_TABLE),
     ANSWER(FAILED, "Redshift refused the load into s.t: " NO_TABLE)},
    {"COPY, bad rows that are known", IN_PART(LOAD_COPY, BAD_ROWS),
     .load_errors = "line 3, column a: Invalid digit (1207)",
     ANSWER(REFUSED, "Redshift could not load the file: line 3, column a: Invalid digit (1207)")},
    {"COPY, bad rows that are not known", IN_PART(LOAD_COPY, BAD_ROWS),
     ANSWER(REFUSED, "Redshift could not load the file: " BAD_ROWS)},
    {"COPY, other words, and bad rows that are known", IN_PART(LOAD_COPY, "ERROR: odd"),
     .load_errors = "line 3: x", ANSWER(REFUSED, "Redshift could not load the file: line 3: x")},
    {"COPY, bad archive", IN_PART(LOAD_COPY, BAD_ARCHIVE), .load_errors = "line 0: x",
     ANSWER(REFUSED, "Redshift could not unpack the file: " BAD_ARCHIVE)},
    {"COPY, S3 refuses", IN_PART(LOAD_COPY, ACCESS_DENIED),
     ANSWER(FAILED, "COPY failed: " ACCESS_DENIED)},
    {"balance, division", IN_PART(LOAD_BALANCE, DIVISION),
     ANSWER(REFUSED,
            "Redshift did not load the 10 rows that were promised, but another number (the "
            "trailer promises 12 records, 2 of them blank lines); nothing was kept")},
    {"balance, anything else", IN_PART(LOAD_BALANCE, "ERROR: odd"),
     ANSWER(FAILED, "Redshift refused the load into s.t: ERROR: odd")},
};

static void test_failures_of_the_rows(void **state)
{
    (void)state;
    ASSERT_ROWS(&load, row_failures);
}

/* A column of the file that is empty is the sender's fault; one that it lacks is the target's. */
static const struct {
    const char *words;
    enum verdict_answer answer;
    const char *reason;
} null_values[] = {
    {NULL_IN("id"), VERDICT_REFUSED, HAS_NO_VALUE("id")},
    {NULL_IN("ID"), VERDICT_REFUSED, HAS_NO_VALUE("ID")},
    {NULL_IN("amount (eur)"), VERDICT_REFUSED, HAS_NO_VALUE("amount (eur)")},
    {NULL_IN("say \"hi\""), VERDICT_REFUSED, HAS_NO_VALUE("say \"hi\"")},
    {NULL_IN("last"), VERDICT_REFUSED, HAS_NO_VALUE("last")},
    {NULL_IN("absent"), VERDICT_FAILED, LACKS("absent")},
    {NULL_IN("hi"), VERDICT_FAILED, LACKS("hi")},
    {NULL_IN("ext_1"), VERDICT_FAILED, LACKS("ext_1")},
    {NULL_IN("b/m"), VERDICT_FAILED, LACKS("b/m")},
    {"ERROR: value too long for type character varying(3)", VERDICT_FAILED,
     "Redshift refused the load into s.t: ERROR: value too long for type character varying(3)"},
};

static void test_null_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(null_values); i++) {
        const struct row row = {.name = null_values[i].words,
                                .status = REDSHIFT_FAILED,
                                .failed = LOAD_INSERT + 1,
                                .words = null_values[i].words,
                                .answer = null_values[i].answer,
                                .reason = null_values[i].reason};
        assert_row(&load, &row);
    }
}

/* It may have committed all the same. */
static const struct row unproven[] = {
    {"the last part failed", IN_PART(LOAD_RECORD, LOST), ASKS_LEDGER},
    {"the last part failed in a conflict", IN_PART(LOAD_RECORD, CONFLICT), .is_not_in_ledger = true,
     ANSWER(AGAIN_AT_ONCE, INTERRUPTED CONFLICT)},
    {"the last part failed in a second conflict", IN_PART(LOAD_RECORD, CONFLICT), .number = 2,
     .is_not_in_ledger = true, ANSWER(AGAIN_LATER, INTERRUPTED CONFLICT)},
    {"the last part was refused", IN_PART(LOAD_RECORD, "ERROR: value too long"),
     .is_not_in_ledger = true,
     ANSWER(FAILED, "Redshift refused the load into s.t: "
                    "ERROR: value too long")},
    {"no part failed", IN_NO_PART(LOST), ASKS_LEDGER},
    {"no part failed, connection lost", IN_NO_PART(LOST), .is_not_in_ledger = true,
     ANSWER(AGAIN_LATER, INTERRUPTED LOST)},
    {"no part failed, and no words", .status = REDSHIFT_FAILED, .is_not_in_ledger = true,
     ANSWER(FAILED, "Redshift refused the load into s.t: "
                    "Redshift reports a failure and gives no reason")},
    {"not all parts are described", IN_PART(LOAD_COPY, "ERROR: odd"), .missing = 1,
     .is_not_in_ledger = true,
     ANSWER(FAILED, "Redshift refused the load into s.t: "
                    "ERROR: odd")},
    {"aborted", STATUS(ABORTED), ASKS_LEDGER},
    {"aborted", STATUS(ABORTED), .is_not_in_ledger = true,
     ANSWER(AGAIN_LATER, INTERRUPTED "it was aborted in Redshift (cancelled, or restarted)")},
    {"aborted, with words", STATUS(ABORTED), .words = "ERROR: odd", .is_not_in_ledger = true,
     ANSWER(AGAIN_LATER, INTERRUPTED "ERROR: odd")},
    {"aborted, although a part failed", STATUS(ABORTED), .failed = LOAD_COPY + 1,
     .words = CANCELLED, .is_not_in_ledger = true, ANSWER(AGAIN_LATER, INTERRUPTED CANCELLED)},
};

static void test_failures_that_prove_nothing(void **state)
{
    (void)state;
    ASSERT_ROWS(&load, unproven);
}

/* Of a statement that is not described, only the ledger can tell. */
static const struct row undescribed[] = {
    {"forgotten", .source = VERDICT_FORGOTTEN, ASKS_LEDGER},
    {"forgotten", .source = VERDICT_FORGOTTEN, .is_not_in_ledger = true,
     ANSWER(FAILED, DID_NOT_HAPPEN "Redshift does not know the statement any more")},
    {"hidden", .source = VERDICT_HIDDEN, ASKS_LEDGER},
    {"hidden", .source = VERDICT_HIDDEN, .is_not_in_ledger = true,
     ANSWER(FAILED, DID_NOT_HAPPEN
            "Redshift tells why only to the role and session that ran the statement")},
};

static void test_statements_that_are_not_described(void **state)
{
    (void)state;
    ASSERT_ROWS(&load, undescribed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_statement_that_has_not_ended),
        cmocka_unit_test(test_a_success_is_believed_with_all_parts_only),
        cmocka_unit_test(test_failures_that_pass_are_tried_again),
        cmocka_unit_test(test_failures_around_the_ledger),
        cmocka_unit_test(test_failures_of_the_rows),
        cmocka_unit_test(test_null_values),
        cmocka_unit_test(test_failures_that_prove_nothing),
        cmocka_unit_test(test_statements_that_are_not_described),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
