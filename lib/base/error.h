/*
 * What went wrong, said once where it went wrong.
 *
 * A function that can fail returns 0, or -1 with *err filled; on success *err is left alone. The
 * message is a sentence that can be printed as it is: it names the file, call, line or field and,
 * where the reader can do something, what to do. It never holds a secret.
 *
 * Callers ask one question: `retryable`. A permanent fault belongs to the file or the configuration
 * and ends in a notice; a transient one goes back to whoever can try again.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/slice.h"

enum error_kind {
    ERROR_INVALID,       /* bytes from outside break a rule: event, file, reply */
    ERROR_CONFIGURATION, /* environment, configuration row or secret is wrong */
    ERROR_NOT_FOUND,
    ERROR_CONFLICT,  /* a precondition failed: it exists already, or has changed */
    ERROR_DENIED,    /* credentials or permissions */
    ERROR_LIMIT,     /* larger, deeper or more than is allowed */
    ERROR_REMOTE,    /* a service answered that it failed */
    ERROR_BUSY,      /* throttled, too many connections; retryable */
    ERROR_NETWORK,   /* no connection, or it broke; retryable */
    ERROR_TIMEOUT,   /* a deadline passed; retryable */
    ERROR_SYSTEM,    /* the operating system refused; retryable */
    ERROR_CANCELLED, /* the caller asked to stop */
};

struct error {
    enum error_kind kind;
    bool retryable;     /* can the same call succeed later? */
    int status;         /* HTTP status behind it; 0: none */
    char code[64];      /* the service's own code (NoSuchKey, 42P01); empty: none */
    char message[1024]; /* longer ones are cut at a character boundary and end in "...";
                         * secrets went before (redact.h) */
};

/* "Invalid", "Configuration", "NotFound" …: a stable name for logs and for Lambda's errorType. */
const char *error_kind_name(enum error_kind kind);

/* Fills *err, with `retryable` as the kind implies, and returns -1. `err` may be NULL. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The service's own code, cut to what fits; an error without one keeps an empty code. */
void error_set_code(struct error *err, struct slice code);

/* Does the error carry this code? Of services: S3, SQLSTATEs, our own. */
bool error_is(const struct error *err, struct slice code);

/* Hands a failure that was looked at first on to the caller: *err = *failure. Returns -1. `err` may
 * be NULL. (Here, so that analysers see what it returns.) */
static inline int error_pass(struct error *err, const struct error *failure)
{
    if (err != NULL) {
        *err = *failure;
    }
    return -1;
}

/* Puts "<format>: " before the message, and returns -1: context is added on the way up. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
