#include "event/statement_event.h"

#include "base/json.h"

#include "base/banned.h"

#define EVENT_BYTES_LIMIT ((size_t)1024 * 1024) /* EventBridge's own limit is lower */

int statement_event_parse(struct arena *arena, struct slice text, struct statement_event *event,
                          struct error *err)
{
    const json *document = json_parse(arena, text, EVENT_BYTES_LIMIT, err);
    const json *detail = json_get(document, "detail");
    struct slice source;
    if (document == NULL) {
        return error_prefix(err, "event");
    }
    if (!json_string(json_get(document, "source"), &source) ||
        !slice_equal(source, SLICE("aws.redshift-data"))) {
        return error_set(err, ERROR_INVALID,
                         "the event is not from aws.redshift-data; check the rule's pattern");
    }
    if (json_require_string(detail, "statementId", &event->statement_id, err) != 0 ||
        json_require_string(detail, "statementName", &event->statement_name, err) != 0 ||
        json_require_string(detail, "state", &event->state, err) != 0) {
        return error_prefix(err, "statement event, detail");
    }
    return 0;
}
