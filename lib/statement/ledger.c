#include "statement/ledger.h"

#include "redshift/batch_run.h"
#include "redshift/failure.h"

#include "base/banned.h"

#define PATIENCE_MS ((int64_t)60 * 1000)
/* Whoever asks again within this time finds the batch of the one before. */
#define SAME_QUESTION_MS ((int64_t)10 * 60 * 1000)

struct ledger_entry ledger_entry_of(const struct job *job, struct slice kind, int64_t number)
{
    return (struct ledger_entry){
        .work_id = job->record.file_id,
        .file_name = job->file_name,
        .schema = job->config.schema,
        .table = job->config.table,
        .kind = kind,
        .number = (uint64_t)number,
    };
}

static struct ledger_entry current_entry(const struct job *job)
{
    return ledger_entry_of(job, job->record.statement.kind, job->record.statement.number);
}

/* Where the statement was to run; of one that stored none, where the settings say. */
static int find_target(struct job *job, struct redshift_target *target, struct error *err)
{
    struct slice stored = job->record.statement.target;
    return stored.size > 0 ? batch_unpack_target(job->arena, stored, target, err)
                           : services_redshift_target(job->services, job->arena, target, err);
}

/* One row: how often, and the rows. Anything else is no answer. */
static int read_answer(const struct redshift_page *page, enum ledger_answer *answer, int64_t *rows,
                       struct error *err)
{
    int64_t times;
    if (page->row_count != 1 || page->column_count != 2 || page->rows[0][0].is_null ||
        !slice_to_i64(page->rows[0][0].text, &times)) {
        (void)error_set(err, ERROR_REMOTE, "the ledger's answer is not a count and a row count");
        err->retryable = true;
        return -1;
    }
    *answer = times > 0 ? LEDGER_HAS_IT : LEDGER_HAS_NOT;
    *rows = FILE_COUNT_UNKNOWN;
    if (times > 0 && !page->rows[0][1].is_null) {
        (void)slice_to_i64(page->rows[0][1].text, rows);
    }
    return 0;
}

/* Is it Redshift's own answer that there can be none? */
static bool read_refusal(const struct error *failure, enum ledger_answer *answer)
{
    if (!error_is(failure, REDSHIFT_NO_ANSWER)) {
        return false;
    }
    switch (failure_read(slice_from(failure->message)).kind) {
    case FAILURE_MISSING_RELATION:
        *answer = LEDGER_MISSING;
        return true;
    case FAILURE_DENIED:
        *answer = LEDGER_DENIED;
        return true;
    default:
        return false;
    }
}

/* A batch that closes a number may wait for the lock longer than anybody waits for it. */
static struct slice token_of(const struct job *job, size_t count)
{
    const struct statement_record *statement = &job->record.statement;
    int64_t now = clock_now_ms(job->services->clock);
    return count == 1
               ? SLICE("")
               : arena_format(job->arena, "%.*s-%.*s-%lld-c%lld", SLICE_ARG(job->record.file_id),
                              SLICE_ARG(slice_take(statement->kind, 4)),
                              (long long)statement->number, (long long)(now / SAME_QUESTION_MS));
}

static int run(struct job *job, const struct slice *statements, size_t count,
               enum ledger_answer *answer, int64_t *rows, struct error *err)
{
    struct redshift_target target;
    struct redshift_page page;
    struct error failure;
    *rows = FILE_COUNT_UNKNOWN;
    if (find_target(job, &target, err) != 0) {
        return error_prefix(err, "asking the ledger");
    }
    const struct batch batch = {.target = &target, .statements = statements, .count = count};
    if (batch_ask(&job->services->requests, &batch, token_of(job, count), PATIENCE_MS, job->arena,
                  &page, &failure) == 0 &&
        read_answer(&page, answer, rows, &failure) == 0) {
        return 0;
    }
    if (read_refusal(&failure, answer)) {
        return 0;
    }
    (void)error_pass(err, &failure);
    return error_prefix(err, "asking the ledger");
}

int ledger_ask(struct job *job, enum ledger_answer *answer, int64_t *rows, struct error *err)
{
    const struct ledger_entry entry = current_entry(job);
    struct slice question;
    if (ledger_sql_question(job->arena, &entry, &question, err) != 0) {
        return -1;
    }
    return run(job, &question, 1, answer, rows, err);
}

int ledger_close_number(struct job *job, enum ledger_answer *answer, int64_t *rows,
                        struct error *err)
{
    const struct ledger_entry entry = current_entry(job);
    struct slice statements[LEDGER_CLOSE_STATEMENTS];
    if (ledger_sql_close(job->arena, &entry, statements, err) != 0) {
        return -1;
    }
    return run(job, statements, LEDGER_CLOSE_STATEMENTS, answer, rows, err);
}
