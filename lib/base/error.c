#include "base/error.h"

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
    return index < sizeof(kind_names) / sizeof(kind_names[0]) ? kind_names[index] : "Unknown";
}

static bool is_retryable(enum error_kind kind)
{
    return kind == ERROR_BUSY || kind == ERROR_NETWORK || kind == ERROR_TIMEOUT ||
           kind == ERROR_SYSTEM;
}

/* Marks a text that snprintf cut, without leaving half a UTF-8 character before the mark. */
static void mark_cut(char *text, size_t size)
{
    size_t end = size - sizeof(CUT_MARK);
    while (end > 0 && ((unsigned char)text[end] & 0xC0U) == 0x80) {
        end--;
    }
    memcpy(text + end, CUT_MARK, sizeof(CUT_MARK));
}

static void format_message(char *text, size_t size, const char *format, va_list arguments)
{
    int length = vsnprintf(text, size, format, arguments);
    if (length < 0) {
        text[0] = '\0';
    } else if ((size_t)length >= size) {
        mark_cut(text, size);
    }
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)error_set_list(err, kind, format, arguments);
    va_end(arguments);
    return -1;
}

int error_set_list(struct error *err, enum error_kind kind, const char *format, va_list arguments)
{
    if (err != NULL) {
        struct error filled = {.kind = kind, .retryable = is_retryable(kind)};
        /* Into a fresh one, because the arguments may be text of the old one. */
        format_message(filled.message, sizeof(filled.message), format, arguments);
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

int error_prefix(struct error *err, const char *format, ...)
{
    if (err != NULL) {
        char prefix[sizeof(err->message)];
        char message[sizeof(err->message)];
        va_list arguments;
        va_start(arguments, format);
        format_message(prefix, sizeof(prefix), format, arguments);
        va_end(arguments);
        int length = snprintf(message, sizeof(message), "%s: %s", prefix, err->message);
        if ((size_t)length >= sizeof(message)) {
            mark_cut(message, sizeof(message));
        }
        memcpy(err->message, message, sizeof(message));
    }
    return -1;
}
