#include "job/notification.h"

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

static struct notification notification_about(const struct job *job, enum notification_kind kind)
{
    const struct file_record *record = &job->record;
    const struct file_config *config = &job->config;
    return (struct notification){
        .kind = kind,
        .before_load = !record->was_submitted,
        .file_id = record->file_id,
        .bucket = record->bucket,
        .key = record->key,
        .interface_id = config->interface_id,
        .target = config->table.size > 0
                      ? arena_format(job->arena, "%.*s.%.*s", SLICE_ARG(config->schema),
                                     SLICE_ARG(config->table))
                      : SLICE(""),
        .reason = record->reason,
        .archived_key = record->archived_key,
        .is_archived = record->is_archived,
        .custom_error_msg = job->services->settings.notification.custom_error_msg,
        .rows_loaded = record->rows_loaded,
    };
}

static int publish(struct job *job, const struct notification *notification, struct error *err)
{
    struct strbuf subject = STRBUF_INIT;
    struct strbuf message = STRBUF_INIT;
    struct slice message_id;
    int result;
    notification_text_subject(&subject, notification);
    notification_text_message(&message, notification);
    result = sns_publish(&job->services->requests,
                         &(struct sns_message){
                             .topic_arn = job->services->settings.notification.topic_arn,
                             .subject = strbuf_slice(&subject),
                             .message = strbuf_slice(&message),
                             .is_json = true,
                         },
                         job->arena, &message_id, err);
    strbuf_release(&subject);
    strbuf_release(&message);
    if (result == 0) {
        log_info("notification sent", LOG_TEXT("message_id", message_id));
    }
    return result == 0 ? 0 : error_prefix(err, "notification");
}

static int publish_once(struct job *job, const struct notification *notification, struct error *err)
{
    if (publish(job, notification, err) != 0) {
        return -1;
    }
    return job_mark(job, FILE_NOTICED, clock_now_ms(job->services->clock), err);
}

int notification_of_end(struct job *job, struct error *err)
{
    const struct notification notification = notification_about(job, kind_of(job->record.state));
    return publish_once(job, &notification, err);
}

int notification_of_submission(struct job *job, struct error *err)
{
    const struct notification notification = notification_about(job, NOTIFICATION_SUBMITTED);
    return publish(job, &notification, err);
}

int notification_of_unknown(struct job *job, struct slice reason, struct error *err)
{
    struct notification notification = notification_about(job, NOTIFICATION_UNKNOWN);
    if (job->record.is_noticed) {
        return 0;
    }
    notification.reason = job_text(job, reason);
    return publish_once(job, &notification, err);
}
