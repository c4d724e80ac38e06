/*
 * The log: one JSON object a line, one write(2) a line, so that lines of a killed process are
 * whole. Members: timestamp (RFC 3339), level, message, then the context (requestId, file, state …)
 * and the fields of the call. Levels and format follow Lambda's advanced logging controls
 * (AWS_LAMBDA_LOG_LEVEL). Every value passes redact.h; fields with a secret name are not written.
 *
 *     log_info("file claimed", LOG_TEXT("key", key), LOG_NUMBER("claim", claim_no));
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL };

enum log_field_kind {
    LOG_FIELD_NONE,
    LOG_FIELD_TEXT,
    LOG_FIELD_NUMBER,
    LOG_FIELD_BOOL,
    LOG_FIELD_ERROR
};

struct log_field {
    enum log_field_kind kind;
    const char *name;
    struct slice text;
    int64_t number;
    const struct error *error;
};

#define LOG_TEXT(field, value) ((struct log_field){LOG_FIELD_TEXT, (field), (value), 0, NULL})
#define LOG_NUMBER(field, value)                                                                   \
    ((struct log_field){LOG_FIELD_NUMBER, (field), {NULL, 0}, (int64_t)(value), NULL})
#define LOG_BOOL(field, value)                                                                     \
    ((struct log_field){LOG_FIELD_BOOL, (field), {NULL, 0}, (value), NULL})
/* errorType, errorMessage, errorCode, retryable. */
#define LOG_CAUSE(err) ((struct log_field){LOG_FIELD_ERROR, "", {NULL, 0}, 0, (err)})

#define LOG_FIELD_LIST(...)                                                                        \
    ((const struct log_field[]){{LOG_FIELD_NONE, "", {NULL, 0}, 0, NULL}, ##__VA_ARGS__})
#define log_at(level, message, ...)                                                                \
    log_write((level), (message), LOG_FIELD_LIST(__VA_ARGS__),                                     \
              sizeof(LOG_FIELD_LIST(__VA_ARGS__)) / sizeof(struct log_field))
#define log_trace(message, ...) log_at(LOG_TRACE, message, ##__VA_ARGS__)
#define log_debug(message, ...) log_at(LOG_DEBUG, message, ##__VA_ARGS__)
#define log_info(message, ...) log_at(LOG_INFO, message, ##__VA_ARGS__)
#define log_warn(message, ...) log_at(LOG_WARN, message, ##__VA_ARGS__)
#define log_error(message, ...) log_at(LOG_ERROR, message, ##__VA_ARGS__)

struct log_options {
    int fd;                    /* where lines go; standard error when the log is never set up */
    enum log_level lowest;     /* lines below it are dropped */
    const struct clock *clock; /* borrowed */
};

#define LOG_LINE_LIMIT ((size_t)256 * 1024) /* bytes of a line; CloudWatch takes no more */
#define LOG_VALUE_LIMIT                                                                            \
    ((size_t)32 * 1024) /* bytes of one value; what is longer is cut and says so */

/* Sets up the log; without it lines of INFO and above go to standard error. */
void log_setup(const struct log_options *options);
/* "DEBUG", "info" …; anything else is LOG_INFO. */
enum log_level log_level_from(struct slice name);
bool log_enabled(enum log_level level);

/* A member on every line until it is changed; an empty value removes it. At most 8 members; values
 * are copied (and cut at 1,100 bytes, enough for an object key). `name` must be a literal. A field
 * of the same name takes its place on the field's line. */
void log_context_set(const char *name, struct slice value);
void log_context_clear(void);

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

#endif
