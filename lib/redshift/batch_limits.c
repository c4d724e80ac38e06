#include "redshift/batch_limits.h"

#include "base/banned.h"

int batch_limits_check(const struct slice *statements, size_t count, struct error *err)
{
    if (count > BATCH_STATEMENTS_LIMIT) {
        return error_set(err, ERROR_CONFIGURATION,
                         "the query has too many statements: with our own the batch has %zu, and "
                         "the Redshift Data API takes %d",
                         count, BATCH_STATEMENTS_LIMIT);
    }
    for (size_t i = 0; i < count; i++) {
        if (statements[i].size > BATCH_STATEMENT_BYTES) {
            return error_set(err, ERROR_CONFIGURATION,
                             "statement %zu of the batch has %zu bytes; the Redshift Data API "
                             "takes %d",
                             i + 1, statements[i].size, BATCH_STATEMENT_BYTES);
        }
    }
    return 0;
}
