#include "statement/rules.h"

#include "redshift/load_batch.h"
#include "redshift/transform_batch.h"

#include "base/banned.h"

uint32_t statement_waiting_states(const struct statement_rules *rules)
{
    return FILE_IN(rules->numbered) | FILE_IN(rules->submitted);
}

const struct statement_rules statement_load = {
    .kind = SLICE_INIT("load"),
    .noun = "the load",
    .numbered = FILE_PREPARED,
    .submitted = FILE_SUBMITTED,
    .failed = FILE_FAILED,
    .may_reject = true,
    .lock = LOAD_LOCK,
    .guard = LOAD_GUARD,
    .copy = LOAD_COPY,
    .balance = LOAD_BALANCE,
    .insert = LOAD_INSERT,
};

const struct statement_rules statement_transform = {
    .kind = SLICE_INIT("transform"),
    .noun = "the transformation",
    .numbered = FILE_LOADED,
    .submitted = FILE_TRANSFORMING,
    .failed = FILE_TRANSFORM_FAILED,
    .keeps_lease = true, /* the archive comes after it */
    .lock = TRANSFORM_LOCK,
    .guard = TRANSFORM_GUARD,
    .copy = RULES_NO_PART,
    .balance = RULES_NO_PART,
    .insert = RULES_NO_PART,
};
