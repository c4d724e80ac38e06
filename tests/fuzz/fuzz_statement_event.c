/*
 * Statement events: any bytes give an event or an error, and three strings that were put into one
 * come out of it as they were.
 */
#include "event/statement_event.h"

#include "base/json_writer.h"
#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_any_text(struct arena *arena, struct slice text)
{
    struct statement_event event;
    struct error err = {.kind = ERROR_CANCELLED};
    int result = statement_event_parse(arena, text, &event, &err);
    assert(result == 0 ? err.kind == ERROR_CANCELLED : !err.retryable && err.message[0] != '\0');
    if (result != 0) {
        return;
    }
    assert(utf8_find_invalid(event.statement_id) == SLICE_NONE);
    assert(utf8_find_invalid(event.statement_name) == SLICE_NONE);
    assert(utf8_find_invalid(event.state) == SLICE_NONE);
}

static void check_strings(struct arena *arena, struct slice id, struct slice name,
                          struct slice state)
{
    struct strbuf text = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&text);
    struct statement_event event;
    struct error err;
    json_write_object(&writer);
    json_write_member_string(&writer, "source", SLICE("aws.redshift-data"));
    json_write_name(&writer, SLICE("detail"));
    json_write_object(&writer);
    json_write_member_string(&writer, "statementId", id);
    json_write_member_string(&writer, "statementName", name);
    json_write_member_string(&writer, "state", state);
    json_write_object_end(&writer);
    json_write_object_end(&writer);
    assert(statement_event_parse(arena, strbuf_slice(&text), &event, &err) == 0);
    assert(slice_equal(event.statement_id, id));
    assert(slice_equal(event.statement_name, name));
    assert(slice_equal(event.state, state));
    strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct slice id;
    struct slice name;
    struct slice state;
    struct arena arena;
    arena_init(&arena, 4096);
    check_any_text(&arena, text);
    (void)slice_cut(text, '\n', &id, &text);
    (void)slice_cut(text, '\n', &name, &state);
    if (slice_find(slice_of(data, size), '\0') == SLICE_NONE &&
        utf8_find_invalid(slice_of(data, size)) == SLICE_NONE) {
        check_strings(&arena, id, name, state);
    }
    arena_release(&arena);
    return 0;
}
