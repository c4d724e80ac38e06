/*
 * The only way that names and values from configuration become part of SQL text. Values are bound
 * wherever binding works; it does not inside Redshift's COPY, and never for names.
 */
#ifndef BASE_SQL_QUOTE_H
#define BASE_SQL_QUOTE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define SQL_IDENTIFIER_LIMIT 127 /* bytes; Redshift's limit, Postgres cuts at 63 */

/*
 * Appends an identifier in double quotes, ASCII letters folded to lower case as an unquoted name
 * would be. Empty, over-long, not UTF-8 or with a NUL: ERROR_CONFIGURATION that names it.
 */
int sql_quote_identifier(struct strbuf *out, struct slice name, struct error *err);

/* The same for "name" or "schema.name", each part quoted by itself. */
int sql_quote_dotted(struct strbuf *out, struct slice dotted, struct error *err);

/*
 * Appends a string literal for Redshift: quotes are doubled, and so are backslashes, which
 * Redshift reads as escapes in plain literals. A NUL is ERROR_INVALID. Not for Postgres, where
 * values are bound.
 */
int sql_quote_literal(struct strbuf *out, struct slice text, struct error *err);

/* One of the functions above, and its result in the arena. */
typedef int sql_quoter(struct strbuf *out, struct slice text, struct error *err);
int sql_quote_copy(struct arena *arena, sql_quoter *quoter, struct slice text, struct slice *quoted,
                   struct error *err);

#endif
