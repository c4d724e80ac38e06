#include "statement/verdict.h"

#include "base/sql_quote.h"
#include "redshift/failure.h"

#include "base/banned.h"

/* --- what Redshift says --- */

/* The first part that failed; part_count when none did. */
static size_t failed_part(const struct redshift_statement *said)
{
    size_t i = 0;
    while (i < said->part_count && said->parts[i].status != REDSHIFT_FAILED) {
        i++;
    }
    return i;
}

static struct slice words_of(const struct verdict_question *question)
{
    const struct redshift_statement *said = question->said;
    switch (question->source) {
    case VERDICT_FORGOTTEN:
        return SLICE("Redshift does not know the statement any more");
    case VERDICT_HIDDEN:
        return SLICE("Redshift tells why only to the role and session that ran the statement");
    case VERDICT_DESCRIBED:
        break;
    }
    if (said->status == REDSHIFT_FINISHED) {
        return SLICE("Redshift reports success, but not of all parts");
    }
    size_t failed = failed_part(said);
    if (failed < said->part_count && said->parts[failed].error.size > 0) {
        return said->parts[failed].error;
    }
    if (said->error.size > 0) {
        return said->error;
    }
    return said->status == REDSHIFT_ABORTED
               ? SLICE("it was aborted in Redshift (cancelled, or restarted)")
               : SLICE("Redshift reports a failure and gives no reason");
}

static enum failure_kind kind_of(const struct verdict_question *question)
{
    return failure_read(words_of(question)).kind;
}

static bool is_framework(const struct verdict_question *question)
{
    return question->part_count == 0;
}

static bool is_complete(const struct verdict_question *question)
{
    const struct redshift_statement *said = question->said;
    for (size_t i = 0; i < said->part_count; i++) {
        if (said->parts[i].status != REDSHIFT_FINISHED) {
            return false;
        }
    }
    return said->part_count == question->part_count;
}

/* Did it fail before the last part? Then its COMMIT was never reached. */
static bool is_proven_failure(const struct verdict_question *question)
{
    const struct redshift_statement *said = question->said;
    return said->status == REDSHIFT_FAILED && said->part_count == question->part_count &&
           failed_part(said) + 1 < said->part_count;
}

/* The number of the part that failed, if that proves anything. */
static size_t proven_part(const struct verdict_question *question)
{
    return question->source == VERDICT_DESCRIBED && is_proven_failure(question)
               ? failed_part(question->said)
               : RULES_NO_PART;
}

/* --- words --- */

#define SAY(...) arena_format(arena, __VA_ARGS__)

static struct verdict fail(struct slice reason)
{
    return (struct verdict){VERDICT_FAILED, reason};
}

/* The file's fault, where the kind can have one. */
static struct verdict refuse(const struct verdict_question *question, struct slice reason)
{
    return (struct verdict){question->rules->may_reject ? VERDICT_REFUSED : VERDICT_FAILED, reason};
}

static struct verdict again(struct arena *arena, const struct verdict_question *question)
{
    struct slice words = words_of(question);
    bool at_once = kind_of(question) == FAILURE_CONFLICT && question->number == 1;
    return (struct verdict){
        at_once ? VERDICT_AGAIN_AT_ONCE : VERDICT_AGAIN_LATER,
        SAY("%s was interrupted: %.*s", question->rules->noun, SLICE_ARG(words))};
}

static struct verdict general_failure(struct arena *arena, const struct verdict_question *question)
{
    struct slice words = words_of(question);
    if (!question->rules->may_reject) {
        return fail(SAY("%s failed: %.*s", question->rules->noun, SLICE_ARG(words)));
    }
    return fail(SAY("Redshift refused %s into %.*s.%.*s: %.*s", question->rules->noun,
                    SLICE_ARG(question->schema), SLICE_ARG(question->table), SLICE_ARG(words)));
}

static struct verdict ledger_failure(struct arena *arena, const struct verdict_question *question)
{
    struct slice words = words_of(question);
    return fail(SAY("the ledger %.*s.%.*s_ledger cannot be used (create it as "
                    "sql/redshift/05_ledgers.sql does): %.*s",
                    SLICE_ARG(question->schema), SLICE_ARG(question->table), SLICE_ARG(words)));
}

static struct verdict copy_failure(struct arena *arena, const struct verdict_question *question)
{
    struct slice words = words_of(question);
    enum failure_kind kind = kind_of(question);
    if (kind == FAILURE_BAD_ARCHIVE) {
        return refuse(question, SAY("Redshift could not unpack the file: %.*s", SLICE_ARG(words)));
    }
    if (question->load_errors.size > 0 || kind == FAILURE_BAD_ROWS) {
        struct slice errors = question->load_errors.size > 0 ? question->load_errors : words;
        return refuse(question, SAY("Redshift could not load the file: %.*s", SLICE_ARG(errors)));
    }
    return fail(SAY("COPY failed: %.*s", SLICE_ARG(words)));
}

/* COPY tells no row count, so it is not known how many there were. */
static struct verdict unbalanced(struct arena *arena, const struct verdict_question *question)
{
    if (question->loadable_records < 0) {
        return refuse(question, SLICE("there is no record to load: the file holds none, or blank "
                                      "lines and a header only"));
    }
    return refuse(question,
                  SAY("Redshift did not load the %lld rows that were promised, but another "
                      "number (the trailer promises %lld records, %lld of them blank lines); "
                      "nothing was kept",
                      (long long)question->loadable_records, (long long)question->promised_records,
                      (long long)question->blank_records));
}

/* Takes the name in double quotes at the front of a list, with its quotes. A quote inside a name is
 * doubled. */
static bool take_quoted(struct slice *list, struct slice *name)
{
    bool is_inside = false;
    size_t end = 0;
    while (end < list->size && (is_inside || list->data[end] == '"')) {
        is_inside = list->data[end] == '"' ? !is_inside : is_inside;
        end++;
    }
    *name = slice_take(*list, end);
    *list = slice_skip(*list, end);
    return end > 0;
}

/* Does the file have this column? COPY "table" ("a", "b") FROM … lists those that it has. */
static bool has_column(struct arena *arena, const struct verdict_question *question,
                       struct slice column)
{
    struct slice list;
    struct slice table;
    struct slice wanted;
    struct slice name;
    struct error ignored;
    if (sql_quote_copy(arena, sql_quote_identifier, column, &wanted, &ignored) != 0 ||
        !slice_cut(question->parts[question->rules->copy], '(', &table, &list)) {
        return false;
    }
    while (take_quoted(&list, &name)) {
        if (slice_equal(name, wanted)) {
            return true;
        }
        list = slice_skip(list, SLICE(", ").size);
    }
    return false;
}

static struct verdict insert_failure(struct arena *arena, const struct verdict_question *question)
{
    struct failure failure = failure_read(words_of(question));
    if (failure.kind != FAILURE_NULL_VALUE || question->rules->copy == RULES_NO_PART) {
        return general_failure(arena, question);
    }
    if (has_column(arena, question, failure.column)) {
        return refuse(question, SAY("a row has no value in column %.*s, which %.*s.%.*s requires",
                                    SLICE_ARG(failure.column), SLICE_ARG(question->schema),
                                    SLICE_ARG(question->table)));
    }
    return fail(SAY("the target %.*s.%.*s requires a value in column %.*s, which the file lacks: "
                    "give the column a default, or let it be NULL",
                    SLICE_ARG(question->schema), SLICE_ARG(question->table),
                    SLICE_ARG(failure.column)));
}

/* --- verdicts --- */

static struct verdict proven_failure(struct arena *arena, const struct verdict_question *question,
                                     size_t part)
{
    const struct statement_rules *rules = question->rules;
    enum failure_kind kind = kind_of(question);
    if (failure_passes(kind)) {
        return again(arena, question);
    }
    if (part == rules->guard && kind == FAILURE_ASSERTION) {
        return (struct verdict){VERDICT_ASK_LEDGER, SLICE("")};
    }
    if (part == rules->lock || part == rules->guard) {
        return ledger_failure(arena, question);
    }
    if (part == rules->copy) {
        return copy_failure(arena, question);
    }
    if (part == rules->balance && kind == FAILURE_ASSERTION) {
        return unbalanced(arena, question);
    }
    return part == rules->insert ? insert_failure(arena, question)
                                 : general_failure(arena, question);
}

static struct verdict of_framework(struct arena *arena, const struct verdict_question *question)
{
    if (question->source == VERDICT_DESCRIBED && question->said->status == REDSHIFT_FINISHED) {
        return (struct verdict){VERDICT_IN, SLICE("")};
    }
    return general_failure(arena, question);
}

bool verdict_wants_load_errors(const struct verdict_question *question)
{
    return question->rules->copy != RULES_NO_PART &&
           proven_part(question) == question->rules->copy && !failure_passes(kind_of(question));
}

struct verdict verdict_of(struct arena *arena, const struct verdict_question *question)
{
    size_t part;
    if (question->source == VERDICT_DESCRIBED && !redshift_status_is_end(question->said->status)) {
        return (struct verdict){VERDICT_NOT_ENDED, SLICE("")};
    }
    if (is_framework(question)) {
        return of_framework(arena, question);
    }
    if (question->source == VERDICT_DESCRIBED && question->said->status == REDSHIFT_FINISHED &&
        is_complete(question)) {
        return (struct verdict){VERDICT_IN, SLICE("")};
    }
    part = proven_part(question);
    if (part == RULES_NO_PART) {
        return (struct verdict){VERDICT_ASK_LEDGER, SLICE("")};
    }
    return proven_failure(arena, question, part);
}

/* Did the guard stop a unit that is not in? Then its number is void. */
static bool is_void(const struct verdict_question *question)
{
    return proven_part(question) == question->rules->guard &&
           kind_of(question) == FAILURE_ASSERTION;
}

struct verdict verdict_not_in_ledger(struct arena *arena, const struct verdict_question *question)
{
    struct slice words =
        is_void(question) ? SLICE("its number was made void before it ran") : words_of(question);
    if (question->source == VERDICT_DESCRIBED &&
        (failure_passes(kind_of(question)) || question->said->status == REDSHIFT_ABORTED)) {
        return again(arena, question);
    }
    if (question->source == VERDICT_DESCRIBED && question->said->status == REDSHIFT_FAILED &&
        kind_of(question) != FAILURE_ASSERTION) {
        return general_failure(arena, question); /* it failed around its COMMIT */
    }
    return fail(SAY("%s did not happen, as its ledger shows: %.*s", question->rules->noun,
                    SLICE_ARG(words)));
}
