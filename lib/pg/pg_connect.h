/* One try to connect with one login, never blocking past a moment of the wall clock. */
#ifndef PG_PG_CONNECT_H
#define PG_PG_CONNECT_H

#include "pg/pg.h"

/*
 * A connection that is ready for statements, non-blocking, or NULL with *err: ERROR_TIMEOUT when
 * `until_ms` came first, else as pg_connect says. It names the server, never the password. *ended,
 * which lives as long as the connection, is set once the server ends the session unasked.
 */
struct pg_conn *pg_connect_open(const struct pg_options *options, const struct pg_login *login,
                                int64_t until_ms, bool *ended, struct arena *arena,
                                struct error *err);

#endif
