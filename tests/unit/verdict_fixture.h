/* Rows about a statement and its verdict: what was asked, what Redshift said, what comes of it. */
#ifndef UNIT_VERDICT_FIXTURE_H
#define UNIT_VERDICT_FIXTURE_H

#include "unit/unit.h"

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

static inline enum redshift_status part_status(const struct row *row, size_t number)
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
static inline struct redshift_statement describe(const struct row *row, size_t count)
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

static inline struct verdict_question question_of(const struct stored *stored,
                                                  const struct row *row,
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

static inline void assert_verdict(const char *name, const struct verdict *verdict,
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

static inline void assert_row(const struct stored *stored, const struct row *row)
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

static inline void assert_rows(const struct stored *stored, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_row(stored, &rows[i]);
    }
}

#define ASSERT_ROWS(stored, rows) assert_rows(stored, rows, COUNT_OF(rows))

#define HAS_NO_VALUE(column) "a row has no value in column " column ", which s.t requires"
#define LACKS(column)                                                                              \
    "the target s.t requires a value in column " column ", which the file lacks: give the column " \
    "a default, or let it be NULL"

#endif
