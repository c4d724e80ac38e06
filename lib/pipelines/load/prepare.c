#include "pipelines/load/prepare.h"

#include "aws/s3/s3.h"
#include "base/log.h"
#include "stream/sink_s3.h"
#include "stream/source_s3.h"
#include "stage/gunzip.h"
#include "stage/gzip.h"
#include "stage/trailer.h"
#include "job/copy_version.h"
#include "redshift/manifest.h"

#include "base/banned.h"

/* --- read: source -> [gunzip] -> trailer -> [gzip] -> private object --- */

struct chain {
    struct sink *head; /* where the source writes to */
    struct gunzip_stage *gunzip;
    struct trailer_stage trailer;
    struct gzip_stage *gzip;
    struct sink_s3 *end;
};

static void chain_release(struct chain *chain)
{
    gunzip_stage_free(chain->gunzip);
    trailer_stage_release(&chain->trailer);
    gzip_stage_free(chain->gzip);
    sink_s3_free(chain->end);
}

/* From the end to the beginning, each stage on the one behind it. */
static int chain_init(struct chain *chain, const struct job *job, const struct plan *plan,
                      struct error *err)
{
    struct record_scanner scanner = record_scanner_for(plan->records, plan->delimiter, plan->quote);
    struct sink *next;
    *chain = (struct chain){0};
    chain->end = sink_s3_new(&(struct sink_s3_options){
        .client = &job->services->requests,
        .bucket = job->record.bucket,
        .key = job->prepared_key,
    });
    next = sink_s3_sink(chain->end);
    if (plan->compression == COPY_GZIP) {
        chain->gzip = gzip_stage_new(next, GZIP_FASTEST, err);
        if (chain->gzip == NULL) {
            return -1;
        }
        next = gzip_stage_sink(chain->gzip);
    }
    trailer_stage_init(&chain->trailer, next, scanner, job->config.has_header);
    chain->head = &chain->trailer.sink;
    if (plan->compression == COPY_GZIP) {
        chain->gunzip = gunzip_stage_new(chain->head, err);
        if (chain->gunzip == NULL) {
            return -1;
        }
        chain->head = gunzip_stage_sink(chain->gunzip);
    }
    return 0;
}

/* Lambda gives CPU with memory: unpacking and packing again may be too much for what there is. */
static int say_if_time_ran_out(const struct job *job, struct error *err)
{
    int64_t end_ms = job->services->requests.deadline_ms;
    if (end_ms == 0 || !err->retryable || clock_now_ms(job->services->clock) < end_ms) {
        return -1;
    }
    return error_prefix(err, "reading the file took longer than the invocation may: give "
                             "file-process more memory, with which its CPU grows, or a longer "
                             "timeout");
}

static int stream(struct job *job, struct chain *chain, struct error *err)
{
    bool is_pinned = job->record.source_key.size == 0; /* a copy in the archive is our own */
    const struct source_s3_options options = {
        .bucket = job->record.bucket,
        .key = job_source_key(job),
        .version_id = is_pinned ? job->record.version_id : SLICE(""),
        .if_match = is_pinned ? job->record.etag : SLICE(""),
    };
    struct source_s3_result result;
    if (source_s3_read(&job->services->stream, &options, chain->head, job->arena, &result, err) !=
            0 ||
        sink_close(chain->head, err) != 0) {
        sink_abort(chain->head);
        return say_if_time_ran_out(job, err);
    }
    log_info("file read and prepared", LOG_NUMBER("bytes", result.bytes),
             LOG_NUMBER("resumed", result.resumed));
    return 0;
}

/* What the trailer promises against what is there. Blank lines count as records, as they always
 * did for the sender's count, though COPY will not load them. */
static int compare_counts(const struct plan *plan, const struct trailer_counts *counts,
                          struct file_preparation *preparation, struct error *err)
{
    uint64_t promised;
    if (trailer_read_count(counts->text, plan->trailer_start, plan->trailer_end, &promised, err) !=
        0) {
        return -1;
    }
    if (promised != counts->records) {
        return error_set(err, ERROR_INVALID,
                         "the trailer promises %llu records, and the file holds %llu%s",
                         (unsigned long long)promised, (unsigned long long)counts->records,
                         counts->blank > 0 ? " (blank lines included)" : "");
    }
    if (counts->records == counts->blank) {
        return error_set(err, ERROR_INVALID,
                         promised == 0 ? "the trailer promises 0 records: there is nothing to load"
                                       : "the file holds blank lines only");
    }
    preparation->promised_records = (int64_t)promised;
    preparation->file_records = (int64_t)counts->records;
    preparation->loadable_records = (int64_t)(counts->records - counts->blank);
    return 0;
}

/* Of all that the stream meets, only the stages find bytes to be wrong. */
static enum pipeline_step take_trailer_off(struct job *job, const struct plan *plan,
                                           struct file_preparation *preparation, struct error *err)
{
    struct chain chain;
    int result = -1;
    if (chain_init(&chain, job, plan, err) == 0 && stream(job, &chain, err) == 0) {
        struct trailer_counts counts = trailer_stage_counts(&chain.trailer);
        result = compare_counts(plan, &counts, preparation, err);
    }
    chain_release(&chain);
    if (result == 0) {
        return PIPELINE_WENT_ON;
    }
    return err->kind == ERROR_INVALID ? PIPELINE_REFUSED : PIPELINE_FAILED;
}

static int put_manifest(struct job *job, struct slice manifest_key, struct error *err)
{
    const struct manifest_entry entry = {.bucket = job->record.bucket, .key = job->prepared_key};
    struct strbuf manifest = STRBUF_INIT;
    struct s3_written written;
    int result;
    manifest_build(&manifest, &entry, 1);
    result = s3_put(&job->services->requests,
                    &(struct s3_put_options){
                        .bucket = job->record.bucket,
                        .key = manifest_key,
                        .body = strbuf_slice(&manifest),
                        .content_type = SLICE("application/json"),
                    },
                    job->arena, &written, err);
    strbuf_release(&manifest);
    return result == 0 ? 0 : error_prefix(err, "manifest");
}

static enum pipeline_step prepare_data(struct job *job, const struct plan *plan,
                                       struct file_preparation *preparation, struct error *err)
{
    if (plan->takes_trailer_off) {
        return take_trailer_off(job, plan, preparation, err);
    }
    return copy_version(job, job->prepared_key, err) == 0 ? PIPELINE_WENT_ON : PIPELINE_FAILED;
}

/* A file that nothing matched when it arrived has no configuration. Its reason was not noted then,
 * so the names are compared once more. */
static int need_config(struct job *job, struct error *err)
{
    struct services *services = job->services;
    struct file_config found;
    if (job->record.config_sid.size > 0) {
        return job_need_config(job, err);
    }
    if (file_config_match(&services->pg, &services->config_tables, job->record.key, job->arena,
                          &found, err) != 0) {
        return -1;
    }
    return error_set(err, ERROR_CONFIGURATION,
                     "no active configuration matched the file when it arrived, and configuration "
                     "%.*s does now: send the file again",
                     SLICE_ARG(found.config_sid));
}

enum pipeline_step prepare_file(struct job *job, struct load_made *made,
                                struct file_preparation *preparation, struct error *err)
{
    enum pipeline_step step;
    if (need_config(job, err) != 0) {
        return err->kind == ERROR_CONFIGURATION ? PIPELINE_REFUSED : PIPELINE_FAILED;
    }
    if (plan_make(&job->config, job->record.key, (uint64_t)job->record.size_bytes,
                  job->services->settings.load.threshold_file_size_bytes, &made->plan, err) != 0) {
        (void)job_name_config(job, err);
        return PIPELINE_REFUSED;
    }
    job->prepared_key = job_data_key(job, job->record.claim_no);
    made->manifest_key = job_manifest_key(job, job->record.claim_no);
    *preparation = (struct file_preparation){
        .private_key = job->prepared_key,
        .promised_records = FILE_COUNT_UNKNOWN,
        .file_records = FILE_COUNT_UNKNOWN,
        .loadable_records = FILE_COUNT_UNKNOWN,
        .schema = job->config.schema,
        .table = job->config.table,
    };
    step = prepare_data(job, &made->plan, preparation, err);
    if (step != PIPELINE_WENT_ON) {
        return step;
    }
    made->loadable_records = preparation->loadable_records;
    return put_manifest(job, made->manifest_key, err) == 0 ? PIPELINE_WENT_ON : PIPELINE_FAILED;
}
