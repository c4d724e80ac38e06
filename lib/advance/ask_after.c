#include "advance/ask_after.h"

#include "base/log.h"
#include "pipelines/load/outcome.h"

#include "base/banned.h"

static int ask(struct job *job, enum statement_kind kind, int64_t number, struct slice statement_id,
               struct error *err)
{
    const struct statement_name name = {
        .file_id = job->record.file_id, .kind = kind, .number = (uint64_t)number};
    struct error failure;

    if (outcome_record(job, &name, statement_id, SLICE(""), &failure) == 0) {
        return 0;
    }
    if (error_is(&failure, OUTCOME_NOT_ENDED)) {
        log_info("the statement still runs", LOG_TEXT("statement", statement_id));
        return 0;
    }
    *err = failure;
    return -1;
}

int ask_after_statement(struct job *job, struct error *err)
{
    const struct file_record *record = &job->record;

    switch (record->state) {
    case FILE_SUBMITTED:
        return ask(job, STATEMENT_LOAD, record->load_no, record->load_statement_id, err);
    case FILE_TRANSFORMING:
        return ask(job, STATEMENT_TRANSFORM, record->transform_no, record->transform_statement_id,
                   err);
    default:
        return 0;
    }
}
