/*
 * What is different between kinds of statements: one row of rules for each. All else about a
 * statement's life is the same and is written once, in this folder.
 */
#ifndef STATEMENT_RULES_H
#define STATEMENT_RULES_H

#include "state/file.h"

#define RULES_NO_PART SIZE_MAX

struct statement_rules {
    struct slice kind;         /* "load": in names, tokens, ledgers and ext_statement */
    const char *noun;          /* "the load": in messages */
    enum file_state numbered;  /* it has a number, and Redshift is not known to have it */
    enum file_state submitted; /* Redshift has it */
    enum file_state failed;    /* it cannot happen, and that is not the sender's fault */
    bool may_reject;           /* the sender's fault ends the file as REJECTED */
    bool keeps_lease;          /* its submitter has more to do for the file */
    /* Parts of the batch whose failure has a meaning of its own; the last one is the ledger row. */
    size_t lock;
    size_t guard;
    size_t copy;
    size_t balance;
    size_t insert; /* its row count is the statement's */
};

/* FILE_IN of the states in which a file has the statement ahead of it. A statement may end before
 * its submission was noted, and the note may come in between. */
uint32_t statement_waiting_states(const struct statement_rules *rules);

extern const struct statement_rules statement_load;
extern const struct statement_rules statement_transform;

#endif
