/* Postgres's errors in our terms; pure. Source: appendix A of the Postgres manual (SQLSTATE). */
#ifndef PG_PG_ERROR_H
#define PG_PG_ERROR_H

#include "pg/pg.h"

#define PG_SQLSTATE_SIZE 5

/*
 * A statement that the server refused, by its SQLSTATE and primary message. `what` names the
 * statement. Where the message repeats a bound value, "[value]" stands instead. Returns -1.
 */
int pg_error_from_statement(struct error *err, struct slice sqlstate, struct slice message,
                            const char *what, struct pg_values values);

/*
 * A connection that failed, by libpq's text (written with PQERRORS_VERBOSE, so that a message of
 * the server carries its SQLSTATE). Returns -1.
 */
int pg_error_from_connect(struct error *err, struct slice text, struct slice host);

/* Did the server refuse the login: is reading the secret anew worth a try? */
bool pg_error_is_login(const struct error *err);

/* Is the session of no more use after this error, though the socket may be open still? */
bool pg_error_ends_session(struct slice sqlstate);

#endif
