#include "job/notification_text.h"

#include "base/array.h"
#include "base/json_writer.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "config/file_match.h"

#include "base/banned.h"

static const struct {
    struct slice state;
    const char *subject; /* the word after the arrow */
    bool success;
    const char *headline;
    const char *advice;
    struct slice short_advice;
} kinds[] = {
    [NOTIFICATION_SUBMITTED] = {SLICE_INIT("SUBMITTED"), "SUCCESS", true,
                                "The load of the file was submitted to Redshift.",
                                "Nothing. Another notification will report the outcome.",
                                SLICE_INIT("")},
    [NOTIFICATION_DONE] = {SLICE_INIT("DONE"), "SUCCESS", true, "The file was loaded.", "Nothing.",
                           SLICE_INIT("")},
    [NOTIFICATION_REJECTED] = {SLICE_INIT("REJECTED"), "FAILED", false,
                               "The file was rejected. None of its rows were loaded.",
                               "Correct what the reason names, in the file or in its "
                               "configuration. Then send the file again.",
                               SLICE_INIT("; correct it, then send it again")},
    [NOTIFICATION_FAILED] = {SLICE_INIT("FAILED"), "FAILED", false,
                             "The file could not be loaded. None of its rows were loaded.",
                             "The file did not cause this. An operator must fix what the reason "
                             "names. Then send the file again.",
                             SLICE_INIT("; an operator must act, then send it again")},
    [NOTIFICATION_TRANSFORM_FAILED] = {SLICE_INIT("TRANSFORM_FAILED"), "FAILED", false,
                                       "The file was loaded, but its transformation failed. Its "
                                       "rows are in the staging table.",
                                       "Do NOT send the file again: its rows would be loaded "
                                       "twice. An operator must fix the transformation and run "
                                       "it.",
                                       SLICE_INIT("; do NOT send it again")},
    [NOTIFICATION_UNKNOWN] = {SLICE_INIT("UNKNOWN"), "UNKNOWN", false,
                              "It is unknown whether the file was loaded, because Redshift cannot "
                              "be asked.",
                              "Do NOT send the file again: its rows could be loaded twice. An "
                              "operator must fix what the reason names. Another notification will "
                              "then report the outcome.",
                              SLICE_INIT("; do NOT send it again")},
};

#define LABEL_FORMAT "%-12s"
#define LABEL_BLANK SLICE("\n            ") /* indents what goes on below a label */

/* Redacted; line feeds as `line_feed`, other control characters as blanks. */
static void append_clean(struct strbuf *out, struct slice text, struct slice line_feed)
{
    struct strbuf redacted = STRBUF_INIT;
    redact_append(&redacted, text);
    for (size_t i = 0; i < redacted.size; i++) {
        unsigned char byte = (unsigned char)redacted.data[i];
        if (byte == '\n') {
            strbuf_append(out, line_feed);
        } else {
            strbuf_append_char(out, (char)(byte < 0x20 || byte == 0x7F ? ' ' : byte));
        }
    }
    strbuf_release(&redacted);
}

static void append_on_one_line(struct strbuf *out, struct slice text)
{
    append_clean(out, text, SLICE(" "));
}

/* The name of the file; of a key that ends in '/' the whole, because the name would be empty. */
static struct slice name_of(const struct notification *notification)
{
    struct slice name = file_match_name(notification->key);
    return name.size > 0 ? name : notification->key;
}

void notification_text_subject(struct strbuf *out, const struct notification *notification)
{
    enum notification_kind kind = notification->kind;
    bool submission = kind == NOTIFICATION_SUBMITTED ||
                      (notification->before_load && kind != NOTIFICATION_UNKNOWN);
    strbuf_append_format(out, "External File Processing Framework %s --> %s: ",
                         submission ? "Submission" : "logging", kinds[kind].subject);
    append_on_one_line(out, name_of(notification));
}

static void append_line(struct strbuf *out, const char *label, struct slice text)
{
    if (text.size == 0) {
        return;
    }
    strbuf_append_format(out, LABEL_FORMAT, label);
    append_clean(out, text, LABEL_BLANK);
    strbuf_append_char(out, '\n');
}

static void append_rows(struct strbuf *out, const struct notification *notification)
{
    if (notification->rows_loaded >= 0) {
        strbuf_append_format(out, LABEL_FORMAT "%lld\n",
                             "Rows:", (long long)notification->rows_loaded);
    }
}

static void append_archive(struct strbuf *out, const struct notification *notification)
{
    struct strbuf text = STRBUF_INIT;
    if (notification->archived_key.size > 0) {
        strbuf_append_text(&text, notification->is_archived ? "" : "The file will be archived as ");
        strbuf_append(&text, notification->archived_key);
    }
    append_line(out, "Archive:", strbuf_slice(&text));
    strbuf_release(&text);
}

static void append_text(struct strbuf *out, const struct notification *notification)
{
    strbuf_append_format(out, "%s\n\n", kinds[notification->kind].headline);
    append_line(out, "File:", name_of(notification));
    append_line(out, "Bucket:", notification->bucket);
    append_line(out, "Key:", notification->key);
    append_line(out, "Interface:", notification->interface_id);
    append_line(out, "Table:", notification->target);
    append_rows(out, notification);
    append_archive(out, notification);
    append_line(out, "File id:", notification->file_id);
    append_line(out, "Reason:", notification->reason);
    strbuf_append_format(out, "\nWhat to do: %s\n", kinds[notification->kind].advice);
    if (!kinds[notification->kind].success && notification->custom_error_msg.size > 0) {
        strbuf_append_char(out, '\n');
        redact_append(out, notification->custom_error_msg);
        strbuf_append_char(out, '\n');
    }
}

/* Cut before the advice, which is what its reader must not miss. */
static void append_short_text(struct strbuf *out, const struct notification *notification)
{
    struct slice advice = kinds[notification->kind].short_advice;
    size_t room = NOTIFICATION_SMS_LIMIT - advice.size;
    struct strbuf text = STRBUF_INIT;
    strbuf_append(&text, kinds[notification->kind].state);
    strbuf_append_text(&text, ": ");
    append_on_one_line(&text, name_of(notification));
    if (notification->reason.size > 0) {
        strbuf_append_text(&text, ": ");
        append_on_one_line(&text, notification->reason);
    }
    if (text.size > room) {
        strbuf_truncate(&text, utf8_take(strbuf_slice(&text), room - 3).size);
        strbuf_append_text(&text, "...");
    }
    strbuf_append(out, strbuf_slice(&text));
    strbuf_append(out, advice);
    strbuf_release(&text);
}

static void write_text_member(struct json_writer *writer, const char *name, struct slice text)
{
    struct strbuf redacted = STRBUF_INIT;
    if (text.size > 0) {
        redact_append(&redacted, text);
        json_write_member_string(writer, name, strbuf_slice(&redacted));
    }
    strbuf_release(&redacted);
}

static void append_document(struct strbuf *out, const struct notification *notification)
{
    struct json_writer writer = json_writer_to(out);
    json_write_object(&writer);
    json_write_member_string(&writer, "state", kinds[notification->kind].state);
    json_write_member_bool(&writer, "success", kinds[notification->kind].success);
    write_text_member(&writer, "file_id", notification->file_id);
    write_text_member(&writer, "bucket", notification->bucket);
    write_text_member(&writer, "key", notification->key);
    write_text_member(&writer, "interface_id", notification->interface_id);
    write_text_member(&writer, "table", notification->target);
    if (notification->rows_loaded >= 0) {
        json_write_member_i64(&writer, "rows_loaded", notification->rows_loaded);
    }
    write_text_member(&writer, "archived_key", notification->archived_key);
    write_text_member(&writer, "reason", notification->reason);
    if (!kinds[notification->kind].success) {
        write_text_member(&writer, "custom_error_msg", notification->custom_error_msg);
    }
    json_write_member_string(&writer, "what_to_do", slice_from(kinds[notification->kind].advice));
    json_write_object_end(&writer);
}

void notification_text_message(struct strbuf *out, const struct notification *notification)
{
    static const struct {
        const char *name;
        void (*append)(struct strbuf *out, const struct notification *notification);
    } forms[] = {{"default", append_document}, {"email", append_text}, {"sms", append_short_text}};
    struct json_writer writer = json_writer_to(out);
    struct strbuf text = STRBUF_INIT;

    json_write_object(&writer);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        strbuf_clear(&text);
        forms[i].append(&text, notification);
        json_write_member_string(&writer, forms[i].name, strbuf_slice(&text));
    }
    json_write_object_end(&writer);
    strbuf_release(&text);
}
