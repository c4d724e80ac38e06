#include "statement/ledger.h"

#include "base/log.h"
#include "redshift/failure.h"
#include "redshift/load_batch.h"
#include "redshift/redshift_load.h"

#include "base/banned.h"

#define BRIEFLY_MS 20000
#define LONGEST_MS ((int64_t)15 * 60 * 1000) /* Lambda's longest invocation */

bool ledger_alone_knows(const struct redshift_statement *statement)
{
    for (size_t i = 0; i < statement->part_count; i++) {
        if (statement->parts[i].status != REDSHIFT_FINISHED) {
            return false;
        }
    }
    return statement->part_count > 0 && statement->status != REDSHIFT_FINISHED;
}

static int ask(struct job *job, enum statement_kind kind, enum ledger_patience patience,
               struct redshift_page *page, struct error *err)
{
    const struct batch_file file = {
        .file_id = job->record.file_id,
        .file_name = job->file_name,
        .schema = job->config.schema,
        .table = job->config.table,
    };
    struct redshift_target target;
    struct slice question;

    if (services_redshift_target(job->services, job->arena, &target, err) != 0 ||
        ledger_question(job->arena, &file, kind, &question, err) != 0) {
        return -1;
    }
    return redshift_load_ask(&job->services->aws, &target, question,
                             patience == LEDGER_BRIEFLY ? BRIEFLY_MS : LONGEST_MS, job->arena, page,
                             err);
}

int ledger_knows(struct job *job, enum statement_kind kind, enum ledger_patience patience,
                 bool *known, int64_t *rows, struct error *err)
{
    struct redshift_page page;

    if (ask(job, kind, patience, &page, err) != 0) {
        return error_prefix(err, "asking the ledger");
    }
    *known = page.row_count == 1 && page.column_count == 2 &&
             !slice_equal(page.rows[0][0].text, SLICE("0"));
    *rows = FILE_COUNT_UNKNOWN;
    if (*known && !page.rows[0][1].is_null) {
        (void)slice_to_i64(page.rows[0][1].text, rows);
    }
    return 0;
}

bool ledger_is_silent(const struct error *err)
{
    return error_is(err, REDSHIFT_NO_ANSWER);
}

static bool is_missing(const struct error *err)
{
    return ledger_is_silent(err) &&
           failure_read(slice_from(err->message)).kind == FAILURE_MISSING_RELATION;
}

int ledger_find(struct job *job, enum statement_kind kind, bool *known, int64_t *rows,
                struct error *err)
{
    struct error silence;

    *known = false;
    if (ledger_knows(job, kind, LEDGER_UNTIL_DEADLINE, known, rows, &silence) == 0) {
        return 0;
    }
    if (!is_missing(&silence)) {
        *err = silence;
        return -1;
    }
    log_warn("there is no ledger that would know of the file", LOG_CAUSE(&silence));
    return 0;
}
