/* The pure part of file.h, apart so that it links without Postgres. */
#include "state/file.h"

#include "base/banned.h"

static const char *const state_names[FILE_STATES] = {
    [FILE_RECEIVED] = "RECEIVED",
    [FILE_PREPARED] = "PREPARED",
    [FILE_SUBMITTED] = "SUBMITTED",
    [FILE_LOADED] = "LOADED",
    [FILE_TRANSFORMING] = "TRANSFORMING",
    [FILE_DONE] = "DONE",
    [FILE_REJECTED] = "REJECTED",
    [FILE_FAILED] = "FAILED",
    [FILE_TRANSFORM_FAILED] = "TRANSFORM_FAILED",
    [FILE_GONE] = "GONE",
    [FILE_SUPERSEDED] = "SUPERSEDED",
    [FILE_SPLIT] = "SPLIT",
};

const char *file_state_name(enum file_state state)
{
    return state_names[state];
}

bool file_state_is_end(enum file_state state)
{
    return state >= FILE_DONE;
}
