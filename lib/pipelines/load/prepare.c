#include "pipelines/load/prepare.h"

#include "base/log.h"
#include "sink/sink_s3.h"
#include "source/source_s3.h"
#include "stage/gunzip.h"
#include "stage/gzip.h"
#include "stage/trailer.h"
#include "job/copy_version.h"
#include "pipelines/load/plan.h"

#include "base/banned.h"

/* ---- read: source -> [gunzip] -> trailer -> [gzip] -> private object --------------------------
 */

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
        .client = &job->services->upload,
        .bucket = job->record.bucket,
        .key = job->record.private_key,
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
    int64_t end_ms = job->services->aws.deadline_ms;
    if (end_ms == 0 || !err->retryable || clock_now_ms(job->services->clock) < end_ms) {
        return -1;
    }
    return error_prefix(err, "reading the file took longer than the invocation may: give "
                             "file-process more memory, with which its CPU grows, or a longer "
                             "timeout");
}

static int stream(struct job *job, struct chain *chain, struct error *err)
{
    const struct source_s3_options options = {
        .bucket = job->record.bucket,
        .key = job->record.key,
        .version_id = job->record.version_id,
        .if_match = job->record.etag,
    };
    struct source_s3_result result;
    if (source_s3_read(&job->services->aws, &options, chain->head, job->arena, &result, err) != 0 ||
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
static int compare_counts(struct job *job, const struct plan *plan,
                          const struct trailer_counts *counts, struct error *err)
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
    job->record.promised_records = (int64_t)promised;
    job->record.file_records = (int64_t)counts->records;
    job->record.loadable_records = (int64_t)(counts->records - counts->blank);
    return 0;
}

static int take_trailer_off(struct job *job, const struct plan *plan, struct error *err)
{
    struct chain chain;
    int result = -1;
    if (chain_init(&chain, job, plan, err) == 0 && stream(job, &chain, err) == 0) {
        struct trailer_counts counts = trailer_stage_counts(&chain.trailer);
        result = compare_counts(job, plan, &counts, err);
    }
    /* Of all that the stream meets, only the stages find bytes to be wrong. */
    job->at_fault = result != 0 && err->kind == ERROR_INVALID;
    chain_release(&chain);
    return result;
}

int prepare_file(struct job *job, struct error *err)
{
    struct plan plan;
    if (job_need_config(job, err) != 0 ||
        plan_make(&job->config, job->record.key, (uint64_t)job->record.size_bytes,
                  job->services->settings.threshold_file_size_bytes, &plan, err) != 0) {
        job->at_fault = true;
        return job_name_config(job, err);
    }
    job->record.private_key = job_data_key(job, job->record.claim_no);
    return plan.takes_trailer_off ? take_trailer_off(job, &plan, err)
                                  : copy_version(job, job->record.private_key, err);
}
