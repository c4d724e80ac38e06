/* The pure part of file.h, apart so that it links without Postgres. */
#include "state/file.h"

#include "base/banned.h"

#define STATE_NAME(name) [FILE_##name] = #name,

static const char *const state_names[FILE_STATES] = {FILE_STATE_LIST(STATE_NAME)};

static const char *const outcome_names[STATEMENT_OUTCOMES] = {
    [STATEMENT_OPEN] = "",
    [STATEMENT_IN] = "IN",
    [STATEMENT_NOTHING] = "NOTHING",
};

const char *file_state_name(enum file_state state)
{
    return state_names[state];
}

bool file_state_is_end(enum file_state state)
{
    return state >= FILE_DONE;
}

const char *statement_outcome_name(enum statement_outcome outcome)
{
    return outcome_names[outcome];
}
