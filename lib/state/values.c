#include "state/values.h"

#include <assert.h>

#include "base/banned.h"

static void add(struct values *values, const char *name, struct pg_value value)
{
    assert(values->count < VALUES_LIMIT);
    values->items[values->count++] = (struct state_value){name, value};
}

void values_text(struct values *values, const char *name, struct slice text)
{
    add(values, name, PG_TEXT(text));
}

void values_number(struct values *values, const char *name, int64_t number)
{
    add(values, name, PG_NUMBER(number));
}

void values_flag(struct values *values, const char *name, bool flag)
{
    add(values, name, PG_BOOL(flag));
}
