#include "file_process_logging.h"

#include "advance/outcome.h"
#include "event/statement_event.h"

#include "base/banned.h"

int file_process_logging_handle(const struct lambda_context *context, struct slice event_text,
                                struct arena *arena, struct strbuf *response, struct error *err)
{
    struct statement_event event;
    (void)response; /* EventBridge does not read it */
    if (statement_event_parse(arena, event_text, &event, err) != 0) {
        return -1;
    }
    services_begin(context->state, context->deadline_ms);
    return advance_outcome(context->state, &event, arena, err);
}
