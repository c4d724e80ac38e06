/* What the Redshift Data API takes in one batch; pure. */
#ifndef REDSHIFT_BATCH_LIMITS_H
#define REDSHIFT_BATCH_LIMITS_H

#include "base/error.h"
#include "base/slice.h"

#define BATCH_STATEMENTS_LIMIT 40
#define BATCH_STATEMENT_BYTES 100000

/* ERROR_CONFIGURATION says what is over its limit. */
int batch_limits_check(const struct slice *statements, size_t count, struct error *err);

#endif
