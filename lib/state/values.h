/* The values of one statement, collected by their names in the .sql file. */
#ifndef STATE_VALUES_H
#define STATE_VALUES_H

#include "state/store.h"

#define VALUES_LIMIT 48

struct values {
    struct state_value items[VALUES_LIMIT];
    size_t count;
};

void values_text(struct values *values, const char *name, struct slice text);
void values_number(struct values *values, const char *name, int64_t number);
void values_flag(struct values *values, const char *name, bool flag);

#endif
