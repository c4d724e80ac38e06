#include "job/notice.h"

#include "aws/sns.h"
#include "base/log.h"
#include "job/notification_text.h"

#include "base/banned.h"

static enum notification_kind kind_of(enum file_state state)
{
    switch (state) {
    case FILE_DONE:
        return NOTIFICATION_DONE;
    case FILE_REJECTED:
        return NOTIFICATION_REJECTED;
    case FILE_TRANSFORM_FAILED:
        return NOTIFICATION_TRANSFORM_FAILED;
    case FILE_FAILED:
        return NOTIFICATION_FAILED;
    default:
        return NOTIFICATION_SUBMITTED;
    }
}

static struct notification notice_of(const struct job *job)
{
    const struct file_record *record = &job->record;
    const struct file_config *config = &job->config;
    return (struct notification){
        .kind = kind_of(record->state),
        .before_load = record->load_started_at.size == 0,
        .file_id = record->file_id,
        .bucket = record->bucket,
        .key = record->key,
        .interface_id = config->interface_id,
        .target = config->table.size > 0
                      ? arena_format(job->arena, "%.*s.%.*s", SLICE_ARG(config->schema),
                                     SLICE_ARG(config->table))
                      : SLICE(""),
        .reason = record->reason,
        .archived_key = record->is_archived ? record->archived_key : SLICE(""),
        .is_archived = record->is_archived,
        .custom_error_msg = job->services->settings.custom_error_msg,
        .rows_loaded = record->rows_loaded,
    };
}

static int publish(struct job *job, struct error *err)
{
    struct notification notice = notice_of(job);
    struct strbuf subject = STRBUF_INIT;
    struct strbuf message = STRBUF_INIT;
    struct slice message_id;
    int result;
    notification_text_subject(&subject, &notice);
    notification_text_message(&message, &notice);
    result = sns_publish(&job->services->aws,
                         &(struct sns_message){
                             .topic_arn = job->services->settings.sns_topic_arn,
                             .subject = strbuf_slice(&subject),
                             .message = strbuf_slice(&message),
                             .is_json = true,
                         },
                         job->arena, &message_id, err);
    strbuf_release(&subject);
    strbuf_release(&message);
    if (result == 0) {
        log_info("notice sent", LOG_TEXT("message_id", message_id));
    }
    return result == 0 ? 0 : error_prefix(err, "notice");
}

int notice_outcome(struct job *job, struct error *err)
{
    if (job->record.is_noticed) {
        return 0;
    }
    if (publish(job, err) != 0) {
        return -1;
    }
    const struct file_value values[] = {
        FILE_TIME("noticed_at", clock_now_ms(job->services->clock))};
    struct file_change change = {.to = job->record.state, .values = values, .value_count = 1};
    if (job_change(job, &change, err) != 0) {
        return -1;
    }
    job->record.is_noticed = true;
    return 0;
}

void notice_submission(struct job *job)
{
    struct error failure;
    if (job->config.notifies_submission && publish(job, &failure) != 0) {
        log_warn("the notice of the submission was not sent", LOG_CAUSE(&failure));
    }
}
