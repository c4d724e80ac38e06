/* What becomes of a file when its work failed. Pure. */
#ifndef ADVANCE_RECOVERY_H
#define ADVANCE_RECOVERY_H

#include "base/error.h"
#include "state/file.h"

/* What failed. */
enum recovery_cause {
    RECOVERY_OF_STEP,      /* a step of the pipeline, or a duty */
    RECOVERY_OF_REFUSAL,   /* a step that says: the file or its configuration is at fault */
    RECOVERY_OF_FOLLOWING, /* it could not be found out how the statement ended */
};

struct recovery_question {
    enum file_state state;
    enum recovery_cause cause;
    const struct error *reason;
    int64_t waited_ms; /* since the failures began that may pass by themselves */
    int64_t limit_ms;
};

enum recovery {
    RECOVERY_TAKEN_OVER, /* another invocation has the file: it is not ours to judge */
    RECOVERY_WAITS,      /* it is tried again later */
    RECOVERY_REJECTS,  /* the file ends: the sender or the owner of the configuration has to act */
    RECOVERY_ENDS,     /* the file ends: an operator acts */
    RECOVERY_VANISHED, /* the object was removed while it was handled */
    RECOVERY_REPLACED, /* another upload replaced it */
    RECOVERY_GIVES_UP, /* the limit is reached: the number of its statement is made void */
};

enum recovery recovery_decide(const struct recovery_question *question);

#endif
