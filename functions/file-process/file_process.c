#include "file_process.h"

#include "advance/advance.h"
#include "answer.h"
#include "base/log.h"
#include "event/s3_event.h"

#include "base/banned.h"

/* Every object gets its chance; what can succeed later is reported, so that Lambda tries again.
 * Each has the memory to itself: an event may hold thousands. */
static int process_objects(struct services *services, const struct s3_event *event,
                           struct answer *answer, struct error *err)
{
    struct arena arena;
    size_t failed = 0;
    arena_init(&arena, 0);
    for (size_t i = 0; i < event->count; i++) {
        const struct s3_object_event *object = &event->objects[i];
        struct advance_result result;
        struct error object_error;
        arena_reset(&arena);
        if (advance_object(services, object, &arena, &result, &object_error) == 0) {
            answer_add(answer, &result);
            continue;
        }
        log_error("the object was not finished", LOG_CAUSE(&object_error));
        *err = object_error;
        failed++;
    }
    arena_release(&arena);
    return failed == 0 ? 0 : error_prefix(err, "%zu of %zu objects", failed, event->count);
}

static int process_event(struct services *services, const struct s3_event *event,
                         struct strbuf *response, struct error *err)
{
    struct answer answer;
    answer_begin(&answer, response, event->count);
    if (process_objects(services, event, &answer, err) != 0) {
        return -1;
    }
    answer_end(&answer);
    return 0;
}

/* A person asks for one file: the answer says what happened to it. */
static int process_order(struct services *services, const struct order *order, struct arena *arena,
                         struct strbuf *response, struct error *err)
{
    struct advance_result result;
    struct answer answer;
    log_info("file ordered", LOG_TEXT("file", order->file_id),
             LOG_TEXT("bucket", order->object.bucket), LOG_TEXT("key", order->object.key),
             LOG_TEXT("by", order->by));
    int status = order->file_id.size > 0
                     ? advance_file(services, order->file_id, arena, &result, err)
                     : advance_object(services, &order->object, arena, &result, err);
    if (status != 0) {
        return -1;
    }
    answer_begin(&answer, response, 1);
    answer_add(&answer, &result);
    answer_end(&answer);
    return 0;
}

static int process_due(struct services *services, struct strbuf *response, struct error *err)
{
    struct advance_sweep sweep;
    if (advance_due(services, &sweep, err) != 0) {
        return -1;
    }
    answer_sweep(response, &sweep);
    return 0;
}

int file_process_handle(const struct lambda_context *context, struct slice event_text,
                        struct arena *arena, struct strbuf *response, struct error *err)
{
    struct services *services = context->state;
    struct s3_event event;
    if (s3_event_parse(arena, event_text, &event, err) != 0) {
        return -1;
    }
    services_begin(services, context->deadline_ms);
    switch (event.kind) {
    case S3_EVENT_SCHEDULE:
        return process_due(services, response, err);
    case S3_EVENT_ORDER:
        return process_order(services, event.order, arena, response, err);
    case S3_EVENT_OBJECTS:
    case S3_EVENT_TEST:
        break;
    }
    return process_event(services, &event, response, err);
}
