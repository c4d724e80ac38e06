/*
 * Reads a text of several SQL statements as Redshift would: quotes, quoted names, dollar quotes,
 * line comments and nested block comments are respected.
 */
#ifndef REDSHIFT_SQL_SPLIT_H
#define REDSHIFT_SQL_SPLIT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/strbuf.h"

/*
 * The next statement of *rest, without blanks, comments before it, or its semicolon; false when
 * none is left. An unfinished quote or comment is taken up to the end: Redshift will say so.
 */
bool sql_split_next(struct slice *rest, struct slice *statement);

struct sql_parameter {
    struct slice name;    /* without the colon */
    struct slice literal; /* SQL to put in its place, quoted already */
};

/* Appends the statement with each :name that stands outside quotes and comments replaced. An
 * unknown name is left as it is, and so is "::type". */
void sql_split_bind(struct strbuf *out, struct slice statement,
                    const struct sql_parameter *parameters, size_t count);

/* Does :name stand inside a quoted text, where it is not replaced? */
bool sql_split_has_quoted(struct slice statement, struct slice name);

/* Does the statement end a transaction (TRUNCATE, COMMIT, …), so that the batch is not one? */
bool sql_split_ends_transaction(struct slice statement);

#endif
