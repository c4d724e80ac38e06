#include "file_process.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "event/s3_event.h"
#include "advance/ask_after.h"
#include "pipelines/load/prepare.h"
#include "job/receive.h"
#include "advance/recover.h"
#include "advance/settle.h"
#include "pipelines/load/submit.h"

#include "base/banned.h"

static int begin_file(struct job *job, struct error *err)
{
    if (recover_check_attempts(job, err) != 0 || prepare_file(job, err) != 0) {
        return -1;
    }
    return submit_load(job, err);
}

/* A file from where it stands to where Redshift takes over, or to its end. */
static int process_file(struct job *job, struct error *err)
{
    int result;

    switch (job->record.state) {
    case FILE_RECEIVED:
        result = begin_file(job, err);
        break;
    case FILE_PREPARED:
        result = submit_load(job, err);
        break;
    default:
        result = ask_after_statement(job, err);
        break;
    }
    return result == 0 ? settle_file(job, err) : -1;
}

static int process_object(const struct lambda_context *context,
                          const struct s3_object_event *object, struct arena *arena,
                          struct error *err)
{
    struct services *services = context->state;
    struct receive_request request = {
        .object = object,
        .lease = {context->request_id, context->deadline_ms},
    };
    struct job job;
    bool has_work;

    if (object->problem != NULL) {
        *err = *object->problem; /* so that Lambda's failure destination gets the event */
        return -1;
    }
    if (receive_ignores(&services->settings, object)) {
        log_info("the object is left alone: a removal, a folder, or in archive_folder or "
                 "processing_folder");
        return 0;
    }
    if (receive_object(services, &request, arena, &job, &has_work, err) != 0) {
        return has_work ? recover_file(&job, err) : -1;
    }
    if (has_work && process_file(&job, err) != 0 && recover_file(&job, err) != 0) {
        return -1;
    }
    lease_end(&job);
    return 0;
}

/* Every object gets its chance; what can succeed later is reported, so that Lambda tries again.
 * Each has the memory to itself: an event may hold thousands. */
static int process_objects(const struct lambda_context *context, const struct s3_event *event,
                           struct error *err)
{
    struct arena arena;
    size_t failed = 0;

    arena_init(&arena, 0);
    for (size_t i = 0; i < event->count; i++) {
        struct error object_error;

        log_context_set("bucket", event->objects[i].bucket);
        log_context_set("key", event->objects[i].key);
        log_context_set("file", SLICE(""));
        arena_reset(&arena);
        if (process_object(context, &event->objects[i], &arena, &object_error) != 0) {
            log_error("the object was not finished", LOG_CAUSE(&object_error));
            *err = object_error;
            failed++;
        }
    }
    arena_release(&arena);
    return failed == 0 ? 0 : error_prefix(err, "%zu of %zu objects", failed, event->count);
}

int file_process_handle(const struct lambda_context *context, struct slice event_text,
                        struct arena *arena, struct strbuf *response, struct error *err)
{
    struct json_writer writer = json_writer_to(response);
    struct s3_event event;
    int result;

    if (s3_event_parse(arena, event_text, &event, err) != 0) {
        return -1;
    }
    services_begin(context->state, context->deadline_ms);
    result = process_objects(context, &event, err);
    json_write_object(&writer);
    json_write_member_i64(&writer, "objects", (int64_t)event.count);
    json_write_object_end(&writer);
    return result;
}
