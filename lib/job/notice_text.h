/*
 * What people and machines are told about a file. Pure: texts from facts.
 *
 * Subjects begin as the Python framework's did, because people filter mail by them. The message has
 * three forms: JSON for machines (default), a text (email) and one line (sms); each says what
 * happened and what to do. Registered secrets are redacted. Keys and reasons come from outside: in
 * what people read, their control characters become blanks, and no line of theirs looks like one of
 * ours.
 */
#ifndef JOB_NOTICE_TEXT_H
#define JOB_NOTICE_TEXT_H

#include "base/slice.h"
#include "base/strbuf.h"

enum notice_kind {
    NOTICE_SUBMITTED,        /* the load was submitted; sent when the configuration asks for it */
    NOTICE_DONE,             /* loaded, and transformed if so configured */
    NOTICE_REJECTED,         /* the file or its configuration is at fault */
    NOTICE_FAILED,           /* we or AWS are */
    NOTICE_TRANSFORM_FAILED, /* the rows are in staging */
};

struct notice {
    enum notice_kind kind;
    bool before_load; /* a failure found before anything was submitted */
    struct slice file_id;
    struct slice bucket;
    struct slice key;
    struct slice interface_id; /* empty: none matched */
    struct slice target;       /* schema.table, or empty */
    struct slice reason;       /* of a failure */
    struct slice archived_key; /* where the file lies now; empty: where it was */
    struct slice custom_error_msg;
    int64_t rows_loaded; /* -1: unknown or none */
};

/* Appends the subject: one line, not yet cut to what SNS allows. */
void notice_text_subject(struct strbuf *out, const struct notice *notice);

#define NOTICE_SMS_LIMIT 140 /* bytes: what fits into one message */

/* Appends the message for MessageStructure json: an object of strings default, email and sms. */
void notice_text_message(struct strbuf *out, const struct notice *notice);

#endif
