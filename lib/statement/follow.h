/*
 * Follows a statement to its end: what Redshift says of it is judged (verdict.h), and the answer is
 * put into effect. An event is a hint that something may have happened: one that comes twice, late,
 * out of order or of another statement ends nothing by itself.
 */
#ifndef STATEMENT_FOLLOW_H
#define STATEMENT_FOLLOW_H

#include "statement/kind.h"

/* err->code: the statement still runs, or Redshift does not say that it ended. */
#define FOLLOW_NOT_ENDED SLICE("NotEnded")
/* err->code: it did nothing for a reason that passes, and the file waits for its next number. */
#define FOLLOW_WAITING SLICE("Waiting")

/* What an event says. */
struct statement_hint {
    struct slice kind;
    int64_t number;
    struct slice statement_id;
    struct slice told; /* FINISHED, FAILED, ABORTED */
};

enum hint_meaning {
    HINT_RECORDED,   /* of the statement that the file waits for */
    HINT_FIRST_SEEN, /* the same, whose id was not stored yet */
    HINT_OTHER,      /* of another statement of the file: only a success is looked into */
    HINT_NOTHING,    /* a part of a batch, or nothing that the file could still hear of */
};

/* Pure. */
enum hint_meaning follow_read_hint(const struct file_record *record,
                                   const struct statement_rules *rules,
                                   const struct statement_hint *hint);

/* After an event. job->record is the row as it then is, whoever wrote it. */
int follow_hint(struct job *job, const struct statement_kind *kind,
                const struct statement_hint *hint, struct error *err);

/* As if the event of the current statement had come; FOLLOW_NOT_ENDED if it still runs. */
int follow_current(struct job *job, const struct statement_kind *kind, struct error *err);

/* The same, where a statement that still runs is no error. */
int follow_if_ended(struct job *job, const struct statement_kind *kind, struct error *err);

#endif
