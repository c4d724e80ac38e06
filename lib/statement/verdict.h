/*
 * What becomes of a statement: from its kind, what was stored and what Redshift says, to what
 * follows, who has to act, and in which words. Pure, so that every case is a row of a test.
 *
 * Redshift is believed only where it cannot be wrong: FINISHED with all parts there, and FAILED in
 * a part before the last, because then the transaction cannot have reached its COMMIT. In every
 * other case the ledger in Redshift decides.
 */
#ifndef STATEMENT_VERDICT_H
#define STATEMENT_VERDICT_H

#include "aws/redshift_data.h"
#include "base/arena.h"
#include "statement/rules.h"

enum verdict_answer {
    VERDICT_NOT_ENDED,     /* ask again later */
    VERDICT_IN,            /* it committed */
    VERDICT_ASK_LEDGER,    /* only the ledger can tell */
    VERDICT_AGAIN_AT_ONCE, /* nothing happened, and another number may succeed now */
    VERDICT_AGAIN_LATER,   /* nothing happened, and another number may succeed after a pause */
    VERDICT_REFUSED,       /* nothing happened: the rows do not fit; the sender has to act */
    VERDICT_FAILED,        /* nothing happened: an operator has to act */
};

/* Where what Redshift says comes from. */
enum verdict_source {
    VERDICT_DESCRIBED, /* DescribeStatement of the recorded statement, or the first one seen */
    VERDICT_FORGOTTEN, /* Redshift does not know the statement any more */
    VERDICT_HIDDEN,    /* this role may not describe it, and its event says that it ended */
};

struct verdict_question {
    const struct statement_rules *rules;
    enum verdict_source source;
    const struct redshift_statement *said; /* of VERDICT_DESCRIBED */
    /* The batch as it was stored; none of a statement of the Python framework, which is not ours to
     * repeat and is in no ledger: what Redshift says of it counts. */
    const struct slice *parts;
    size_t part_count;
    int64_t number;
    struct slice schema; /* the target */
    struct slice table;
    int64_t promised_records; /* of a trailer; or FILE_COUNT_UNKNOWN */
    int64_t blank_records;
    int64_t loadable_records;
    /* What sys_load_error_detail tells of the rows; empty when it tells nothing. See
     * verdict_wants_load_errors. */
    struct slice load_errors;
};

struct verdict {
    enum verdict_answer answer;
    struct slice reason; /* in the arena; empty of NOT_ENDED and IN */
};

/* Should load_errors be filled in before the verdict? */
bool verdict_wants_load_errors(const struct verdict_question *question);

struct verdict verdict_of(struct arena *arena, const struct verdict_question *question);

/* After VERDICT_ASK_LEDGER, when the ledger does not have it, or there is no ledger: AGAIN_AT_ONCE,
 * AGAIN_LATER or FAILED. */
struct verdict verdict_not_in_ledger(struct arena *arena, const struct verdict_question *question);

#endif
