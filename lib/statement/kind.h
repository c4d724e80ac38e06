/* What a pipeline brings to a kind of statement, besides its rules. */
#ifndef STATEMENT_KIND_H
#define STATEMENT_KIND_H

#include "job/job.h"
#include "statement/rules.h"

/* A statement that came to its end. */
struct statement_ended {
    bool is_in;
    struct slice status; /* as Redshift says it: FINISHED, FAILED, ABORTED */
    struct slice reason; /* of one that did nothing */
    int64_t started_ms;
    int64_t ended_ms;
};

struct statement_kind {
    const struct statement_rules *rules;
    /* The parts of the batch of this number, in the arena. `made` is what statement_submit was
     * given. ERROR_CONFIGURATION: the configuration is wrong. */
    int (*build)(struct job *job, int64_t number, const void *made, struct slice **parts,
                 size_t *count, struct error *err);
    /* Where the file goes when the statement is in; *reason of a failure. */
    enum file_state (*state_when_in)(const struct job *job, struct slice *reason);
    /* The audit row of an end, in the arena; NULL: this kind has none. */
    const struct audit_row *(*audit)(const struct job *job, const struct statement_ended *ended);
    /* Redshift has taken it; called before that is noted. NULL: nothing is announced. */
    int (*announce)(struct job *job, struct error *err);
    /* Is this number announced? Then an end waits for its submitter. */
    bool (*is_announced)(const struct job *job);
    /* What Redshift noted of the rows that could not be loaded. NULL: there is no such thing. */
    int (*read_load_errors)(struct job *job, struct slice *text, struct error *err);
};

#endif
