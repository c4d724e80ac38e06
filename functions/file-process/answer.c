#include "answer.h"

#include "base/clock.h"

#include "base/banned.h"

static void write_text(struct json_writer *writer, const char *name, struct slice text)
{
    if (text.size > 0) {
        json_write_member_string(writer, name, text);
    }
}

static void write_item(struct json_writer *writer, const struct advance_result *result)
{
    char until[CLOCK_ISO8601_SIZE];
    json_write_object(writer);
    write_text(writer, "bucket", result->bucket);
    write_text(writer, "key", result->key);
    write_text(writer, "file_id", result->file_id);
    if (result->file_id.size > 0) {
        write_text(writer, "state", slice_from(file_state_name(result->state)));
    }
    write_text(writer, "result", slice_from(advance_outcome_name(result->outcome)));
    if (result->until_ms > 0) {
        clock_format_iso8601(result->until_ms, until);
        write_text(writer, "until", slice_from(until));
    }
    write_text(writer, "message", result->message);
    json_write_object_end(writer);
}

void answer_begin(struct answer *answer, struct strbuf *response, size_t objects)
{
    *answer = (struct answer){.writer = json_writer_to(response)};
    json_write_object(&answer->writer);
    json_write_member_i64(&answer->writer, "objects", (int64_t)objects);
    json_write_name(&answer->writer, SLICE("items"));
    json_write_array(&answer->writer);
}

void answer_add(struct answer *answer, const struct advance_result *result)
{
    if (answer->items++ < ANSWER_ITEMS_LIMIT) {
        write_item(&answer->writer, result);
    }
}

void answer_end(struct answer *answer)
{
    json_write_array_end(&answer->writer);
    json_write_object_end(&answer->writer);
}

/* --- batches --- */

void answer_batch_begin(struct batch_answer *answer, struct strbuf *response)
{
    *answer = (struct batch_answer){.writer = json_writer_to(response), .last_id = SLICE("")};
    json_write_object(&answer->writer);
    json_write_name(&answer->writer, SLICE("batchItemFailures"));
    json_write_array(&answer->writer);
}

void answer_batch_failed(struct batch_answer *answer, struct slice message_id)
{
    if (slice_equal(answer->last_id, message_id)) {
        return;
    }
    json_write_object(&answer->writer);
    json_write_member_string(&answer->writer, "itemIdentifier", message_id);
    json_write_object_end(&answer->writer);
    answer->last_id = message_id;
    answer->failed++;
}

void answer_batch_end(struct batch_answer *answer)
{
    json_write_array_end(&answer->writer);
    json_write_object_end(&answer->writer);
}

/* --- the schedule --- */

void answer_sweep(struct strbuf *response, const struct sweep *sweep)
{
    struct json_writer writer = json_writer_to(response);
    json_write_object(&writer);
    json_write_member_i64(&writer, "due", (int64_t)sweep->due);
    json_write_member_i64(&writer, "failed", (int64_t)sweep->failed);
    json_write_member_i64(&writer, "left", (int64_t)sweep->left);
    json_write_member_i64(&writer, "searched", (int64_t)sweep->searched);
    json_write_member_i64(&writer, "found", (int64_t)sweep->found);
    json_write_object_end(&writer);
}
