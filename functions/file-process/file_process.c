#include "file_process.h"

#include "advance/advance.h"
#include "answer.h"
#include "base/log.h"
#include "event/envelope.h"
#include "operate/sweep.h"

#include "base/banned.h"

/* Every object gets its chance; one that can succeed later fails the event, so that Lambda tries
 * again. Each has the memory to itself: an event may hold thousands. */
static int process_event(struct services *services, const struct envelope *envelope,
                         struct arena *arena, struct strbuf *response, struct error *err)
{
    struct answer answer;
    size_t failed = 0;
    answer_begin(&answer, response, envelope->count);
    for (size_t i = 0; i < envelope->count; i++) {
        struct advance_result result;
        arena_reset(arena);
        if (advance_object(services, &envelope->items[i].object, arena, &result, err) == 0) {
            answer_add(&answer, &result);
        } else {
            log_error("the object was not finished", LOG_CAUSE(err));
            failed++;
        }
    }
    answer_end(&answer);
    return failed == 0 ? 0 : error_prefix(err, "%zu of %zu objects", failed, envelope->count);
}

/* The messages that failed come again, without the others. A batch of which none succeeded fails as
 * a whole: then nothing is lost where the event source mapping does not ask which ones failed. */
static int process_batch(struct services *services, const struct envelope *envelope,
                         struct arena *arena, struct strbuf *response, struct error *err)
{
    struct batch_answer answer;
    struct error failure = {.kind = ERROR_CANCELLED};
    answer_batch_begin(&answer, response);
    for (size_t i = 0; i < envelope->count; i++) {
        const struct envelope_item *item = &envelope->items[i];
        struct advance_result result;
        arena_reset(arena);
        log_context_set("message_id", item->message_id);
        if (advance_message(services, &item->object, arena, &result, &failure) != 0) {
            log_error("the object was not taken in", LOG_CAUSE(&failure));
            answer_batch_failed(&answer, item->message_id);
        }
    }
    answer_batch_end(&answer);
    log_context_set("message_id", SLICE(""));
    if (answer.failed == 0 || answer.failed < envelope->messages) {
        return 0;
    }
    (void)error_pass(err, &failure);
    return error_prefix(err, "all %zu messages", envelope->messages);
}

/* A person asks for one file: the answer says what happened to it. */
static int process_order(struct services *services, const struct order *order, struct arena *arena,
                         struct strbuf *response, struct error *err)
{
    struct advance_result result;
    struct answer answer;
    log_context_set("file", order->file_id);
    log_context_set("bucket", order->object.bucket);
    log_context_set("key", order->object.key);
    log_info("file ordered", LOG_TEXT("by", order->by));
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

static int process_schedule(struct services *services, struct strbuf *response, struct error *err)
{
    struct sweep sweep;
    if (sweep_run(services, &sweep, err) != 0) {
        return -1;
    }
    answer_sweep(response, &sweep);
    return 0;
}

int file_process_handle(const struct lambda_context *context, struct slice event_text,
                        struct arena *arena, struct strbuf *response, struct error *err)
{
    struct services *services = context->state;
    struct envelope envelope;
    struct arena item_arena;
    int result = -1;
    if (envelope_parse(arena, event_text, &envelope, err) != 0) {
        return -1;
    }
    services_begin(services, context->deadline_ms);
    arena_init(&item_arena, 0);
    switch (envelope.kind) {
    case ENVELOPE_OBJECTS:
        result = process_event(services, &envelope, &item_arena, response, err);
        break;
    case ENVELOPE_BATCH:
        result = process_batch(services, &envelope, &item_arena, response, err);
        break;
    case ENVELOPE_SCHEDULE:
        result = process_schedule(services, response, err);
        break;
    case ENVELOPE_ORDER:
        result = process_order(services, envelope.order, &item_arena, response, err);
        break;
    }
    arena_release(&item_arena);
    return result;
}
