#include "pipelines/load/submit.h"

#include "base/log.h"
#include "redshift/load_batch.h"
#include "redshift/redshift_load.h"
#include "statement/hand_over.h"
#include "job/notice.h"
#include "pipelines/load/plan.h"

#include "base/banned.h"

/* The configuration in COPY's terms. */
static struct copy_sql copy_of(const struct job *job, const struct plan *plan,
                               struct slice manifest_url)
{
    const struct file_config *config = &job->config;
    struct copy_column *columns =
        arena_zalloc(job->arena, config->column_count + 1, sizeof(*columns));
    for (size_t i = 0; i < config->column_count; i++) {
        columns[i] = (struct copy_column){config->columns[i].name, config->columns[i].width};
    }
    return (struct copy_sql){
        .columns = columns,
        .column_count = config->column_count,
        .manifest_url = manifest_url,
        .iam_role = job->services->settings.iam_role,
        .region = job->services->settings.region,
        .layout = plan->layout,
        .compression = plan->compression,
        .delimiter = plan->layout == COPY_FIXED_WIDTH ? SLICE("") : config->delimiter,
        .quote = config->quote_char,
        .remove_quotes = config->escape_char.size > 0,
        .skip_header = config->has_header,
        .null_marker = config->null_marker,
        .encoding = config->encoding,
        .date_format = config->date_format,
        .time_format = config->time_format,
        .extra = config->copy_options,
    };
}

static struct batch_file batch_file_of(const struct job *job, int64_t load_no)
{
    return (struct batch_file){.file_id = job->record.file_id,
                               .file_name = job->file_name,
                               .schema = job->config.schema,
                               .table = job->config.table,
                               .number = (uint64_t)load_no};
}

static void keep_load(struct job *job, const struct slice statements[LOAD_STATEMENTS])
{
    struct strbuf packed = STRBUF_INIT;
    redshift_load_pack(&packed, statements, LOAD_STATEMENTS);
    job->record.load_sql = arena_copy(job->arena, strbuf_slice(&packed));
    strbuf_release(&packed);
}

/* The first load, as the configuration wants it. */
static int build_load(struct job *job, int64_t load_no, struct error *err)
{
    const struct file_config *config = &job->config;
    struct slice statements[LOAD_STATEMENTS];
    struct plan plan;
    struct slice url = arena_format(job->arena, "s3://%.*s/%.*s", SLICE_ARG(job->record.bucket),
                                    SLICE_ARG(job_manifest_key(job)));
    if (job_need_config(job, err) != 0 ||
        plan_make(config, job->record.key, (uint64_t)job->record.size_bytes, 0, &plan, err) != 0) {
        return -1;
    }
    const struct load_batch batch = {
        .file = batch_file_of(job, load_no),
        .file_name_column = config->file_name_column,
        .load_id_column = config->load_id_column,
        .expected_rows = job->record.loadable_records, /* unknown is -1 in both */
        .copy = copy_of(job, &plan, url),
    };
    if (load_batch_build(job->arena, &batch, statements, err) != 0) {
        return -1;
    }
    keep_load(job, statements);
    return 0;
}

/* A later load, of the bytes that were prepared as the configuration was then: as it was built. */
static int rebuild_load(struct job *job, int64_t load_no, struct error *err)
{
    const struct batch_file file = batch_file_of(job, load_no);
    struct slice *statements;
    size_t count;
    if (redshift_load_unpack(job->arena, job->record.load_sql, &statements, &count, err) != 0) {
        return -1;
    }
    if (count != LOAD_STATEMENTS) {
        return error_set(err, ERROR_INVALID, "the stored load has %zu statements", count);
    }
    if (load_batch_renumber(job->arena, &file, statements, err) != 0) {
        return -1;
    }
    keep_load(job, statements);
    return 0;
}

static int write_load(struct job *job, int64_t load_no, struct error *err)
{
    if (load_no > 1) {
        return rebuild_load(job, load_no, err);
    }
    if (build_load(job, load_no, err) != 0) {
        job->at_fault = true;
        return job_name_config(job, err);
    }
    return 0;
}

static struct file_value count_value(const char *column, int64_t count)
{
    return count == FILE_COUNT_UNKNOWN ? FILE_NULL(column) : FILE_NUMBER(column, count);
}

/* Numbers a new load and stores all that determines it. */
static int number_load(struct job *job, struct error *err)
{
    struct file_record *record = &job->record;
    int64_t load_no = record->load_no + 1;
    if (write_load(job, load_no, err) != 0) {
        return -1;
    }
    const struct file_value values[] = {
        FILE_NUMBER("load_no", load_no),
        FILE_TEXT("load_schema", job->config.schema),
        FILE_TEXT("load_table", job->config.table),
        FILE_TEXT("load_sql", record->load_sql),
        FILE_NULL("load_statement_id"),
        FILE_TEXT("private_key", record->private_key),
        count_value("promised_records", record->promised_records),
        count_value("file_records", record->file_records),
        count_value("loadable_records", record->loadable_records),
    };
    struct file_change change = {
        .from = job->without_claim ? FILE_FROM_LOADING : 0,
        .to = FILE_PREPARED,
        .values = values,
        .value_count = sizeof(values) / sizeof(values[0]),
        .note = arena_format(job->arena, "load %lld", (long long)load_no),
    };
    if (job_change(job, &change, err) != 0) {
        return -1;
    }
    record->load_no = load_no;
    job->load_is_new = true;
    return 0;
}

static int hand_over(struct job *job, struct slice *statement_id, struct error *err)
{
    const struct file_record *record = &job->record;
    if (redshift_load_put_manifest(&job->services->aws, record->bucket, record->private_key,
                                   job_manifest_key(job), job->arena, err) != 0) {
        return -1;
    }
    return hand_over_batch(job, STATEMENT_LOAD, record->load_no, record->load_sql, statement_id,
                           err);
}

/* The load may have ended already, and its event may have moved the file on: that is as well. */
static int note_submission(struct job *job, struct slice statement_id, struct error *err)
{
    const struct file_value values[] = {FILE_TEXT("load_statement_id", statement_id)};
    struct file_change change = {
        .to = FILE_SUBMITTED,
        .values = values,
        .value_count = 1,
        .note = statement_id,
        .release = true,
    };
    bool done;
    if (job_try_change(job, &change, &done, err) != 0) {
        return -1;
    }
    log_info("load submitted", LOG_TEXT("statement", statement_id),
             LOG_NUMBER("load", job->record.load_no), LOG_BOOL("ended_already", !done));
    if (done) { /* else its end is told, and nothing is to come */
        notice_submission(job);
    }
    return 0;
}

/* A number is given once: a load that was numbered and not handed over, or nobody knows whether it
 * was, is handed over as it was stored. */
int submit_load(struct job *job, struct error *err)
{
    struct slice statement_id;
    if (job->record.load_no == 0 && number_load(job, err) != 0) {
        return -1;
    }
    if (hand_over(job, &statement_id, err) != 0) {
        return error_prefix(err, "submitting load %lld", (long long)job->record.load_no);
    }
    job->load_is_new = false;
    return note_submission(job, statement_id, err);
}

int submit_check(struct job *job, bool *taken, struct error *err)
{
    struct slice statement_id;
    if (hand_over_find(job, STATEMENT_LOAD, job->record.load_no, &statement_id, err) != 0) {
        return -1;
    }
    *taken = statement_id.size > 0;
    return *taken ? note_submission(job, statement_id, err) : 0;
}

int submit_next_load(struct job *job, struct error *err)
{
    return number_load(job, err) == 0 ? submit_load(job, err) : -1;
}
