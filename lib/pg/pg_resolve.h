/*
 * Names to addresses under a deadline. libpq would resolve a name by itself, but blocking: a name
 * server that does not answer would hold the function for 10 s and more.
 */
#ifndef PG_PG_RESOLVE_H
#define PG_PG_RESOLVE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/slice.h"

#define PG_RESOLVE_LIMIT 4 /* addresses; further ones are left out */
#define PG_RESOLVE_TEXT 64 /* bytes of one, with its NUL */

struct pg_addresses {
    size_t count;
    char text[PG_RESOLVE_LIMIT][PG_RESOLVE_TEXT]; /* numeric */
};

/* At least one address. ERROR_NETWORK when the name has none, ERROR_TIMEOUT when `until_ms` comes
 * first; both name the host. */
int pg_resolve(const char *host, int64_t until_ms, const struct clock *clock,
               struct pg_addresses *addresses, struct error *err);

#endif
