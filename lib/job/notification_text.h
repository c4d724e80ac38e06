/*
 * The texts that report on a file to people and machines. Pure.
 *
 * Subjects begin as the Python framework's did, because people filter mail by them. The message has
 * three forms: JSON for machines (default), a text (email) and one line (sms). Each says what
 * happened and what to do. Registered secrets are redacted. Keys and reasons come from outside: in
 * the texts for people their control characters become blanks, and they cannot start a line that
 * looks like one of ours.
 */
#ifndef JOB_NOTIFICATION_TEXT_H
#define JOB_NOTIFICATION_TEXT_H

#include "base/slice.h"
#include "base/strbuf.h"

enum notification_kind {
    NOTIFICATION_SUBMITTED, /* the load was submitted; sent when the configuration asks for it */
    NOTIFICATION_DONE,      /* loaded, and transformed if so configured */
    NOTIFICATION_REJECTED,  /* caused by the file or its configuration */
    NOTIFICATION_FAILED,    /* caused by us or by AWS */
    NOTIFICATION_TRANSFORM_FAILED, /* the rows are in the staging table */
    NOTIFICATION_UNKNOWN, /* Redshift cannot be asked whether the rows were loaded: do not resend */
};

struct notification {
    enum notification_kind kind;
    bool before_load; /* a failure found before anything was submitted */
    struct slice file_id;
    struct slice bucket;
    struct slice key;
    struct slice interface_id; /* empty: none matched */
    struct slice target;       /* schema.table, or empty */
    struct slice reason;       /* of a failure */
    struct slice archived_key; /* empty: the file stays where it is */
    bool is_archived;          /* false: the file will be archived as archived_key */
    struct slice custom_error_msg;
    int64_t rows_loaded; /* -1: unknown or none */
};

/* Appends the subject: one line, not yet cut to what SNS allows. */
void notification_text_subject(struct strbuf *out, const struct notification *notification);

#define NOTIFICATION_SMS_LIMIT 140 /* bytes: what fits into one message */

/* Appends the message for MessageStructure json: an object of strings default, email and sms. */
void notification_text_message(struct strbuf *out, const struct notification *notification);

#endif
