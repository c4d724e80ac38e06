#include "job/notice_text.h"

#include "base/json_writer.h"
#include "base/redact.h"
#include "base/utf8.h"
#include "config/file_match.h"

#include "base/banned.h"

static const struct {
    struct slice state;
    bool success;
    const char *headline;
    const char *advice;
    struct slice short_advice;
} kinds[] = {
    [NOTICE_SUBMITTED] = {SLICE_INIT("SUBMITTED"), true, "The load of the file was submitted.",
                          "Nothing is to be done; another notice tells the outcome.",
                          SLICE_INIT("")},
    [NOTICE_DONE] = {SLICE_INIT("DONE"), true, "The file was loaded.", "Nothing is to be done.",
                     SLICE_INIT("")},
    [NOTICE_REJECTED] = {SLICE_INIT("REJECTED"), false,
                         "The file was rejected. None of its rows was loaded.",
                         "Correct what the reason names, in the file or in its configuration, and "
                         "send the file again.",
                         SLICE_INIT("; correct it, then send it again")},
    [NOTICE_FAILED] = {SLICE_INIT("FAILED"), false,
                       "The file could not be loaded. None of its rows was loaded.",
                       "The file itself was not found at fault: an operator mends what the reason "
                       "names, then the file is sent again.",
                       SLICE_INIT("; an operator acts, then send it again")},
    [NOTICE_TRANSFORM_FAILED] = {SLICE_INIT("TRANSFORM_FAILED"), false,
                                 "The file was loaded, but its transformation failed. Its rows "
                                 "are in the staging table.",
                                 "Do NOT send the file again: it would be loaded twice. An "
                                 "operator mends the transformation and runs it.",
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

void notice_text_subject(struct strbuf *out, const struct notice *notice)
{
    bool submission = notice->kind == NOTICE_SUBMITTED || notice->before_load;

    strbuf_append_format(out, "External File Processing Framework %s --> %s: ",
                         submission ? "Submission" : "logging",
                         kinds[notice->kind].success ? "SUCCESS" : "FAILED");
    append_on_one_line(out, file_match_name(notice->key));
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

static void append_rows(struct strbuf *out, const struct notice *notice)
{
    if (notice->rows_loaded >= 0) {
        strbuf_append_format(out, LABEL_FORMAT "%lld\n", "Rows:", (long long)notice->rows_loaded);
    }
}

static void append_text(struct strbuf *out, const struct notice *notice)
{
    strbuf_append_format(out, "%s\n\n", kinds[notice->kind].headline);
    append_line(out, "File:", file_match_name(notice->key));
    append_line(out, "Bucket:", notice->bucket);
    append_line(out, "Key:", notice->key);
    append_line(out, "Interface:", notice->interface_id);
    append_line(out, "Table:", notice->target);
    append_rows(out, notice);
    append_line(out, "Archive:", notice->archived_key);
    append_line(out, "File id:", notice->file_id);
    append_line(out, "Reason:", notice->reason);
    strbuf_append_format(out, "\nWhat to do: %s\n", kinds[notice->kind].advice);
    if (!kinds[notice->kind].success && notice->custom_error_msg.size > 0) {
        strbuf_append_char(out, '\n');
        redact_append(out, notice->custom_error_msg);
        strbuf_append_char(out, '\n');
    }
}

/* Cut before the advice, which is what its reader must not miss. */
static void append_short_text(struct strbuf *out, const struct notice *notice)
{
    struct slice advice = kinds[notice->kind].short_advice;
    size_t room = NOTICE_SMS_LIMIT - advice.size;
    struct strbuf text = STRBUF_INIT;

    strbuf_append(&text, kinds[notice->kind].state);
    strbuf_append_text(&text, ": ");
    append_on_one_line(&text, file_match_name(notice->key));
    if (notice->reason.size > 0) {
        strbuf_append_text(&text, ": ");
        append_on_one_line(&text, notice->reason);
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

static void append_document(struct strbuf *out, const struct notice *notice)
{
    struct json_writer writer = json_writer_to(out);

    json_write_object(&writer);
    json_write_member_string(&writer, "state", kinds[notice->kind].state);
    json_write_member_bool(&writer, "success", kinds[notice->kind].success);
    write_text_member(&writer, "file_id", notice->file_id);
    write_text_member(&writer, "bucket", notice->bucket);
    write_text_member(&writer, "key", notice->key);
    write_text_member(&writer, "interface_id", notice->interface_id);
    write_text_member(&writer, "table", notice->target);
    if (notice->rows_loaded >= 0) {
        json_write_member_i64(&writer, "rows_loaded", notice->rows_loaded);
    }
    write_text_member(&writer, "archived_key", notice->archived_key);
    write_text_member(&writer, "reason", notice->reason);
    if (!kinds[notice->kind].success) {
        write_text_member(&writer, "custom_error_msg", notice->custom_error_msg);
    }
    json_write_member_string(&writer, "what_to_do", slice_from(kinds[notice->kind].advice));
    json_write_object_end(&writer);
}

void notice_text_message(struct strbuf *out, const struct notice *notice)
{
    static const struct {
        const char *name;
        void (*append)(struct strbuf *out, const struct notice *notice);
    } forms[] = {{"default", append_document}, {"email", append_text}, {"sms", append_short_text}};
    struct json_writer writer = json_writer_to(out);
    struct strbuf text = STRBUF_INIT;

    json_write_object(&writer);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        strbuf_clear(&text);
        forms[i].append(&text, notice);
        json_write_member_string(&writer, forms[i].name, strbuf_slice(&text));
    }
    json_write_object_end(&writer);
    strbuf_release(&text);
}
