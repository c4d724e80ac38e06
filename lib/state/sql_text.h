/*
 * Turns the text of a .sql file into what Postgres is sent. Pure. The text follows the rules of
 * psql, so that the same file also runs there:
 *
 *     :'name'   a value; it becomes $1, $2 …, one number for each name
 *     :"name"   a table; its quoted name is put in its place
 *     :name     a fragment; its text is put in its place and read by the same rules
 *
 * Comments go, and each run of blanks becomes one. Nothing is replaced inside '…', "…" and $tag$…;
 * `::type` is a cast. E'…' with backslashes is not supported.
 *
 * The texts are part of the program: a name that is not known, a fragment that includes itself, or
 * a quote that is not closed is a bug and ends the process.
 */
#ifndef STATE_SQL_TEXT_H
#define STATE_SQL_TEXT_H

#include "base/arena.h"
#include "base/slice.h"

/* What is put in the place of a name. */
struct sql_text_part {
    const char *name;
    struct slice text;
};

struct sql_text_parts {
    const struct sql_text_part *items;
    size_t count;
};

/* Lives in the arena. */
struct sql_text {
    const char *sql;
    const struct slice *names; /* of $1, $2 … */
    size_t count;
};

struct sql_text sql_text_read(struct slice text, const struct sql_text_parts *tables,
                              const struct sql_text_parts *fragments, struct arena *arena);

#endif
