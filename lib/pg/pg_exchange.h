/* One statement sent and its whole reply read, never blocking past a moment of the wall clock. */
#ifndef PG_PG_EXCHANGE_H
#define PG_PG_EXCHANGE_H

#include "pg/pg.h"

struct pg_exchange {
    const char *name; /* of the statement */
    const char *sql;  /* one statement, or without arena several */
    struct pg_values values;
    int64_t until_ms;
    size_t result_limit;
    struct arena *arena;      /* NULL: neither values nor rows */
    struct pg_result *result; /* NULL: rows are counted against the limit, not kept */
    char tag[64];             /* set: the last command tag, "COMMIT" … */
    bool sent;                /* set: did it get as far as the connection? */
};

/*
 * 0, or -1 with *err. If PQstatus is not CONNECTION_OK then, or *fatal is set, the connection is of
 * no more use. `clock` tells when `until_ms` is there.
 */
int pg_exchange_run(struct pg_conn *connection, struct pg_exchange *exchange,
                    const struct clock *clock, bool *fatal, struct error *err);

#endif
