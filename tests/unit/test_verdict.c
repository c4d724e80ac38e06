#include "unit/unit.h"

#include "base/array.h"
#include "redshift/load_batch.h"
#include "redshift/transform_batch.h"
#include "statement/verdict.h"
#include "unit/arena_fixture.h"

#define CONFLICT "Query #4 failed with ERROR: 1023"
#define LOST "FATAL: the connection was lost"
#define CANCELLED "ERROR: Query (7) cancelled on user's request"
#define DIVISION "ERROR: Divide by zero"
#define SLOW_DOWN "S3ServiceException:Slow Down,Status 503,Error SlowDown,CanRetry 1"
#define ACCESS_DENIED "S3ServiceException:Access Denied,Status 403,Error AccessDenied,CanRetry 1"
#define BAD_ROWS "ERROR: Load into table 't' failed. Check 'sys_load_error_detail'."
#define BAD_ARCHIVE "ERROR: failed to inflate with gzlib: inflate() returned -3"
#define NO_LEDGER "ERROR: relation \"s.t_ledger\" does not exist"
#define NO_RIGHT "ERROR: permission denied for relation t_ledger"
#define NO_TABLE "ERROR: relation \"s.t\" does not exist"
#define NULL_IN(column) "ERROR: Cannot insert a NULL value into column " column
#define BLAMES_LEDGER                                                                              \
    "the ledger s.t_ledger cannot be used (create it as sql/redshift/05_ledgers.sql does): "

#define INTERRUPTED "the load was interrupted: "
#define DID_NOT_HAPPEN "the load did not happen, as its ledger shows: "

/* --- rows --- */

/* A failed statement failed in part `failed` (from 1, as Redshift counts; 0: in none): those before
 * it are FINISHED, those after it ABORTED. */
struct row {
    const char *name;
    enum verdict_source source;
    enum redshift_status status;
    size_t failed;
    const char *words; /* of that part, or of the whole */
    size_t missing;    /* so many parts are not described */
    int64_t number;    /* 0: 1 */
    const char *load_errors;
    bool is_not_in_ledger; /* the ledger is asked after the verdict, and does not have it */
    enum verdict_answer answer;
    const char *reason; /* NULL: none */
};

/* How it ended, in which part (counted from 0) and in which words. */
#define STATUS(of_all) .status = REDSHIFT_##of_all
#define IN_PART(part, text) .status = REDSHIFT_FAILED, .failed = (part) + 1, .words = (text)
#define IN_NO_PART(text) .status = REDSHIFT_FAILED, .words = (text)

/* What follows from it. */
#define ANSWER(answered, why) .answer = VERDICT_##answered, .reason = (why)
#define ASKS_LEDGER .answer = VERDICT_ASK_LEDGER

static const struct slice load_parts[LOAD_STATEMENTS] = {
    [LOAD_LOCK] = SLICE_INIT("LOCK \"s\".\"t_ledger\""),
    [LOAD_GUARD] = SLICE_INIT("SELECT 1"),
    [LOAD_TEMPORARY] = SLICE_INIT("CREATE TEMP TABLE \"ext_1\" AS SELECT …"),
    [LOAD_COPY] = SLICE_INIT("COPY \"ext_1\" (\"id\", \"amount (eur)\", \"say \"\"hi\"\"\", "
                             "\"last\") FROM 's3://b/m' NULL AS '(\"absent\")'"),
    [LOAD_BALANCE] = SLICE_INIT("SELECT 1"),
    [LOAD_INSERT] = SLICE_INIT("INSERT INTO \"s\".\"t\" …"),
    [LOAD_RECORD] = SLICE_INIT("INSERT INTO \"s\".\"t_ledger\" …"),
};

/* Two statements of the query. */
#define TRANSFORM_RECORD (TRANSFORM_QUERY + 2)
static const struct slice transform_parts[TRANSFORM_RECORD + 1] = {{"", 0}};

/* A kind that nobody has: all that it needs is this row. */
static const struct statement_rules merge = {
    .kind = SLICE_INIT("merge"),
    .noun = "the merge",
    .numbered = FILE_PREPARED,
    .submitted = FILE_SUBMITTED,
    .failed = FILE_FAILED,
    .may_reject = true,
    .lock = 0,
    .guard = 1,
    .copy = RULES_NO_PART,
    .balance = 2,
    .insert = 3,
};
static const struct slice merge_parts[5] = {{"", 0}};

/* A kind of statement as it was stored; without parts: of the Python framework. */
struct stored {
    const struct statement_rules *rules;
    const struct slice *parts;
    size_t count;
};

static const struct stored load = {&statement_load, load_parts, COUNT_OF(load_parts)};
static const struct stored transform = {&statement_transform, transform_parts,
                                        COUNT_OF(transform_parts)};
static const struct stored merged = {&merge, merge_parts, COUNT_OF(merge_parts)};
static const struct stored framework_load = {&statement_load, NULL, 0};
static const struct stored framework_transform = {&statement_transform, NULL, 0};

static enum redshift_status part_status(const struct row *row, size_t number)
{
    if (row->failed == 0) {
        return row->status == REDSHIFT_FAILED ? REDSHIFT_ABORTED : row->status;
    }
    if (number == row->failed) {
        return row->status == REDSHIFT_FINISHED ? REDSHIFT_STARTED : REDSHIFT_FAILED;
    }
    return number < row->failed ? REDSHIFT_FINISHED : REDSHIFT_ABORTED;
}

/* What Redshift says of it. */
static struct redshift_statement describe(const struct row *row, size_t count)
{
    struct redshift_part *parts = arena_zalloc(&arena, count + 1, sizeof(*parts));
    for (size_t i = 0; i < count; i++) {
        parts[i].status = part_status(row, i + 1);
        parts[i].error = slice_from(i + 1 == row->failed ? row->words : NULL);
    }
    return (struct redshift_statement){
        .status = row->status,
        .error = slice_from(row->failed == 0 ? row->words : "a part failed"),
        .parts = parts,
        .part_count = count - row->missing,
    };
}

static struct verdict_question question_of(const struct stored *stored, const struct row *row,
                                           const struct redshift_statement *said)
{
    return (struct verdict_question){
        .rules = stored->rules,
        .source = row->source,
        .said = said,
        .parts = stored->parts,
        .part_count = stored->count,
        .number = row->number == 0 ? 1 : row->number,
        .schema = SLICE("s"),
        .table = SLICE("t"),
        .promised_records = 12,
        .blank_records = 2,
        .loadable_records = 10,
        .load_errors = slice_from(row->load_errors),
    };
}

static const char *const answer_names[] = {
    [VERDICT_NOT_ENDED] = "NOT_ENDED",     [VERDICT_IN] = "IN",
    [VERDICT_ASK_LEDGER] = "ASK_LEDGER",   [VERDICT_AGAIN_AT_ONCE] = "AGAIN_AT_ONCE",
    [VERDICT_AGAIN_LATER] = "AGAIN_LATER", [VERDICT_REFUSED] = "REFUSED",
    [VERDICT_FAILED] = "FAILED",
};

static void assert_verdict(const char *name, const struct verdict *verdict,
                           enum verdict_answer answer, const char *reason)
{
    if (verdict->answer != answer) {
        fail_msg("%s: is %s, must be %s (%.*s)", name, answer_names[verdict->answer],
                 answer_names[answer], SLICE_ARG(verdict->reason));
    }
    if (!slice_equal(verdict->reason, slice_from(reason))) {
        fail_msg("%s: is \"%.*s\", must be \"%s\"", name, SLICE_ARG(verdict->reason),
                 reason == NULL ? "" : reason);
    }
}

static void assert_row(const struct stored *stored, const struct row *row)
{
    const struct redshift_statement said = describe(row, stored->count);
    const struct verdict_question question = question_of(stored, row, &said);
    struct verdict verdict = verdict_of(&arena, &question);
    if (row->is_not_in_ledger) {
        assert_verdict(row->name, &verdict, VERDICT_ASK_LEDGER, NULL);
        verdict = verdict_not_in_ledger(&arena, &question);
    }
    assert_verdict(row->name, &verdict, row->answer, row->reason);
}

static void assert_rows(const struct stored *stored, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_row(stored, &rows[i]);
    }
}

#define ASSERT_ROWS(stored, rows) assert_rows(stored, rows, COUNT_OF(rows))

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

#define HAS_NO_VALUE(column) "a row has no value in column " column ", which s.t requires"
#define LACKS(column)                                                                              \
    "the target s.t requires a value in column " column ", which the file lacks: give the column " \
    "a default, or let it be NULL"

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
        cmocka_unit_test(test_a_statement_that_has_not_ended),
        cmocka_unit_test(test_a_success_is_believed_with_all_parts_only),
        cmocka_unit_test(test_failures_that_pass_are_tried_again),
        cmocka_unit_test(test_failures_around_the_ledger),
        cmocka_unit_test(test_failures_of_the_rows),
        cmocka_unit_test(test_null_values),
        cmocka_unit_test(test_failures_that_prove_nothing),
        cmocka_unit_test(test_statements_that_are_not_described),
        cmocka_unit_test(test_a_transformation),
        cmocka_unit_test(test_a_further_kind_is_one_row_of_rules),
        cmocka_unit_test(test_statements_of_the_python_framework),
        cmocka_unit_test(test_a_file_without_rows),
        cmocka_unit_test(test_when_load_errors_are_wanted),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
