/* Writes how a statement ended, and where its file goes from there. */
#ifndef STATEMENT_CONCLUDE_H
#define STATEMENT_CONCLUDE_H

#include "statement/kind.h"

/* The statement that ended, as far as it is known. */
struct conclusion {
    struct slice statement_id; /* empty: what is stored stays */
    struct slice status;       /* FINISHED, FAILED, ABORTED */
    int64_t started_ms;        /* or FILE_TIME_UNKNOWN */
    int64_t ended_ms;
    int64_t rows; /* or FILE_COUNT_UNKNOWN */
    bool is_void; /* its number is void by now, or there is no ledger */
};

/* Its effect is there. */
int conclude_in(struct job *job, const struct statement_kind *kind,
                const struct conclusion *conclusion, struct error *err);

/* It did nothing, and the file ends in this state. First its number is made void if it is not,
 * unless the ledger has the unit after all: then it is in. A ledger that
 * is missing or refused is passed over: the failure is proved. An error: it cannot be asked now. */
int conclude_nothing(struct job *job, const struct statement_kind *kind,
                     const struct conclusion *conclusion, enum file_state to, struct slice reason,
                     struct error *err);

/* It did nothing, and a further number may be given: at once (0), or at that time. */
int conclude_again(struct job *job, const struct statement_kind *kind,
                   const struct conclusion *conclusion, struct slice reason,
                   int64_t next_attempt_ms, struct error *err);

/* It was numbered and not submitted: at that time the next number is given. */
int conclude_postponed(struct job *job, const struct statement_kind *kind, struct slice reason,
                       int64_t next_attempt_ms, struct error *err);

/* It was numbered and never submitted, and cannot be: the file ends as failed. */
int conclude_unsubmitted(struct job *job, const struct statement_kind *kind, struct slice reason,
                         struct error *err);

/* The same of a number that may have been submitted, or of a file that has none yet. An error: it
 * cannot be found out now whether it did something. */
int conclude_refusal(struct job *job, const struct statement_kind *kind, struct slice reason,
                     struct error *err);

#endif
