#include "base/error.h"

#include "base/array.h"
#include "base/redact.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <stdio.h>

#include "base/banned.h"

#define CUT_MARK "..."

static const char *const kind_names[] = {
    [ERROR_INVALID] = "Invalid",    [ERROR_CONFIGURATION] = "Configuration",
    [ERROR_NOT_FOUND] = "NotFound", [ERROR_CONFLICT] = "Conflict",
    [ERROR_DENIED] = "Denied",      [ERROR_LIMIT] = "Limit",
    [ERROR_REMOTE] = "Remote",      [ERROR_BUSY] = "Busy",
    [ERROR_NETWORK] = "Network",    [ERROR_TIMEOUT] = "Timeout",
    [ERROR_SYSTEM] = "System",      [ERROR_CANCELLED] = "Cancelled",
};

const char *error_kind_name(enum error_kind kind)
{
    size_t index = (size_t)kind;
    return index < COUNT_OF(kind_names) ? kind_names[index] : "Unknown";
}

static bool is_retryable(enum error_kind kind)
{
    return kind == ERROR_BUSY || kind == ERROR_NETWORK || kind == ERROR_TIMEOUT ||
           kind == ERROR_SYSTEM;
}

/*
 * The message, or as much of it as fits. Secrets go before it is cut: the beginning of one, shorter
 * than what would be known again, must not be left.
 */
static void keep_message(struct error *err, struct slice whole)
{
    const size_t size = sizeof(err->message);
    struct strbuf redacted = STRBUF_INIT;
    struct slice kept = whole;
    if (whole.size >= size) {
        redact_append(&redacted, whole);
        kept = strbuf_slice(&redacted);
    }
    bool cut = kept.size >= size;
    if (cut) {
        kept = utf8_take(kept, size - sizeof(CUT_MARK));
    }
    (void)snprintf(err->message, size, "%.*s%s", SLICE_ARG(kept), cut ? CUT_MARK : "");
    strbuf_release(&redacted);
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (err != NULL) {
        struct error filled = {.kind = kind, .retryable = is_retryable(kind)};
        struct strbuf message = STRBUF_INIT; /* the arguments may be text of the old one */
        va_list arguments;
        va_start(arguments, format);
        strbuf_append_format_list(&message, format, arguments);
        va_end(arguments);
        keep_message(&filled, strbuf_slice(&message));
        strbuf_release(&message);
        *err = filled;
    }
    return -1;
}

void error_set_code(struct error *err, struct slice code)
{
    if (err != NULL) {
        (void)snprintf(err->code, sizeof(err->code), "%.*s", SLICE_ARG(code));
    }
}

bool error_is(const struct error *err, struct slice code)
{
    return slice_equal(slice_from(err->code), code);
}

int error_prefix(struct error *err, const char *format, ...)
{
    if (err != NULL) {
        struct strbuf message = STRBUF_INIT;
        va_list arguments;
        va_start(arguments, format);
        strbuf_append_format_list(&message, format, arguments);
        va_end(arguments);
        strbuf_append_text(&message, ": ");
        strbuf_append_text(&message, err->message);
        keep_message(err, strbuf_slice(&message));
        strbuf_release(&message);
    }
    return -1;
}
