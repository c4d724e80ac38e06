#include "base/log.h"

#include "base/array.h"
#include "base/json_writer.h"
#include "base/redact.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/banned.h"

#define CONTEXT_LIMIT 8
#define CONTEXT_VALUE_LIMIT 1100
#define FULL_PIPE_WAIT_MS 1000
#define CUT_MARK "... [cut]"
#define TRUNCATED "truncated" /* a member that says that others had no room */
#define LINE_ROOM (LOG_LINE_LIMIT - sizeof(",\"" TRUNCATED "\":true}"))

struct context_member {
    const char *name; /* NULL: free */
    size_t size;
    char value[CONTEXT_VALUE_LIMIT];
};

/* The buffers are kept, so that logging soon allocates nothing. */
static struct {
    struct log_options options;
    struct context_member context[CONTEXT_LIMIT];
    struct strbuf line;
    struct strbuf value;
} state = {
    .options = {.fd = STDERR_FILENO, .lowest = LOG_INFO, .clock = &clock_system},
    .line = STRBUF_INIT,
    .value = STRBUF_INIT,
};

static const struct slice level_names[] = {
    [LOG_TRACE] = SLICE_INIT("TRACE"), [LOG_DEBUG] = SLICE_INIT("DEBUG"),
    [LOG_INFO] = SLICE_INIT("INFO"),   [LOG_WARN] = SLICE_INIT("WARN"),
    [LOG_ERROR] = SLICE_INIT("ERROR"), [LOG_FATAL] = SLICE_INIT("FATAL"),
};

void log_setup(const struct log_options *options)
{
    state.options = *options;
}

enum log_level log_level_from(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++) {
        if (slice_equal_nocase(name, level_names[i])) {
            return (enum log_level)i;
        }
    }
    return LOG_INFO;
}

bool log_enabled(enum log_level level)
{
    return level >= state.options.lowest;
}

/* The member of this name, else a free one, else NULL. */
static struct context_member *context_find(const char *name)
{
    struct context_member *free_member = NULL;
    for (size_t i = 0; i < CONTEXT_LIMIT; i++) {
        struct context_member *member = &state.context[i];
        if (member->name == NULL) {
            free_member = free_member == NULL ? member : free_member;
        } else if (strcmp(member->name, name) == 0) {
            return member;
        }
    }
    return free_member;
}

void log_context_set(const char *name, struct slice value)
{
    struct context_member *member = context_find(name);
    assert(member != NULL); /* more than 8 names are a bug of ours */
    strbuf_clear(&state.value);
    redact_append(&state.value, value);
    struct slice kept = utf8_take(strbuf_slice(&state.value), CONTEXT_VALUE_LIMIT);
    member->name = kept.size == 0 ? NULL : name;
    member->size = kept.size;
    if (kept.size > 0) {
        memcpy(member->value, kept.data, kept.size);
    }
}

void log_context_clear(void)
{
    for (size_t i = 0; i < CONTEXT_LIMIT; i++) {
        state.context[i].name = NULL;
    }
}

/* Waits a moment for a reader of a full non-blocking pipe. */
static bool wait_writable(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLOUT, .revents = 0};
    int ready = poll(&waiting, 1, FULL_PIPE_WAIT_MS);
    return ready > 0 || (ready < 0 && errno == EINTR);
}

/* The line in one write(2), or in as many as a kernel that takes it in pieces makes of it. A line
 * that nobody takes is lost: there is no place left to say so. */
static void send_line(void)
{
    struct slice rest = strbuf_slice(&state.line);
    bool going = true;
    while (going && rest.size > 0) {
        ssize_t written = write(state.options.fd, rest.data, rest.size);
        if (written >= 0) {
            rest = slice_skip(rest, (size_t)written);
        } else {
            going = errno == EINTR || (errno == EAGAIN && wait_writable(state.options.fd));
        }
    }
}

/* A line in the making. */
struct log_line {
    struct json_writer writer;
    bool truncated;
};

/* The text redacted, then cut to what a value may hold, in state.value. */
static struct slice prepare_text(struct slice text)
{
    strbuf_clear(&state.value);
    redact_append(&state.value, text);
    struct slice kept = utf8_take(strbuf_slice(&state.value), LOG_VALUE_LIMIT);
    if (kept.size < state.value.size) {
        strbuf_truncate(&state.value, kept.size);
        strbuf_append_text(&state.value, CUT_MARK);
    }
    return strbuf_slice(&state.value);
}

static void put_text(struct log_line *line, const char *name, struct slice text)
{
    struct slice name_slice = slice_from(name);
    bool secret = redact_is_secret_name(name_slice);
    json_write_name(&line->writer, name_slice);
    json_write_string(&line->writer, secret ? SLICE("[redacted]") : prepare_text(text));
}

static void put_error(struct log_line *line, const struct error *error)
{
    put_text(line, "errorType", slice_from(error_kind_name(error->kind)));
    put_text(line, "errorMessage", slice_from(error->message));
    if (error->code[0] != '\0') {
        put_text(line, "errorCode", slice_from(error->code));
    }
    json_write_member_bool(&line->writer, "retryable", error->retryable);
}

/* The field, unless the line is full: then it gives way as a whole, and the line stays valid. */
static void put_field(struct log_line *line, const struct log_field *field)
{
    size_t start = state.line.size;
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        put_text(line, field->name, field->text);
        break;
    case LOG_FIELD_NUMBER:
        json_write_member_i64(&line->writer, field->name, field->number);
        break;
    case LOG_FIELD_BOOL:
        json_write_member_bool(&line->writer, field->name, field->number != 0);
        break;
    case LOG_FIELD_ERROR:
        if (field->error != NULL) {
            put_error(line, field->error);
        }
        break;
    case LOG_FIELD_NONE:
        break;
    }
    if (state.line.size > LINE_ROOM) {
        strbuf_truncate(&state.line, start);
        line->truncated = true;
    }
}

static bool has_field(const struct log_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].kind != LOG_FIELD_NONE && strcmp(fields[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void put_context(struct log_line *line, const struct log_field *fields, size_t count)
{
    for (size_t i = 0; i < CONTEXT_LIMIT; i++) {
        const struct context_member *member = &state.context[i];
        if (member->name != NULL && !has_field(fields, count, member->name)) {
            put_field(line, &LOG_TEXT(member->name, slice_of(member->value, member->size)));
        }
    }
}

static void put_head(struct log_line *line, enum log_level level, const char *message)
{
    char timestamp[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(clock_now_ms(state.options.clock), timestamp);
    json_write_member_string(&line->writer, "timestamp", slice_from(timestamp));
    json_write_member_string(&line->writer, "level", level_names[level]);
    put_text(line, "message", slice_from(message));
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    if (!log_enabled(level)) {
        return;
    }
    int saved_errno = errno; /* a caller may log before it looks at it */
    struct log_line line = {.writer = json_writer_to(&state.line), .truncated = false};
    strbuf_clear(&state.line);
    json_write_object(&line.writer);
    put_head(&line, level, message);
    put_context(&line, fields, count);
    for (size_t i = 0; i < count; i++) {
        put_field(&line, &fields[i]);
    }
    if (line.truncated) {
        json_write_member_bool(&line.writer, TRUNCATED, true);
    }
    json_write_object_end(&line.writer);
    strbuf_append_char(&state.line, '\n');
    send_line();
    errno = saved_errno;
}
