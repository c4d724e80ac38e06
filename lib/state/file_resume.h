/*
 * Claims files that are known already, to go on with them.
 */
#ifndef STATE_FILE_RESUME_H
#define STATE_FILE_RESUME_H

#include "state/file_state.h"

/*
 * Of a file whose object is not in its place any more: whoever had claimed it died after the object
 * was archived, or before, and the sender removed or replaced the object since. Claims the newest
 * row of that upload with work left that nobody else has. The upload is known by its version,
 * without one by its etag; without that too, any upload of the key may be meant. Of the claim, the
 * time and size of the object and the configuration are not looked at. *resumed tells whether a row
 * was claimed; *record is what it says, or with an error its id and the claim only.
 */
int file_resume(struct pg *pg, const struct file_tables *tables, const struct file_claim *claim,
                struct arena *arena, bool *resumed, struct file_record *record, struct error *err);

/* A wish to work on the file of this id, whatever its state. */
struct file_hold {
    struct slice owner; /* as in a claim */
    struct slice request_id;
    int64_t now_ms;
    int64_t until_ms;
};

/* *held is false when somebody else's lease is live. */
int file_resume_hold(struct pg *pg, const struct file_tables *tables, struct slice file_id,
                     const struct file_hold *hold, struct arena *arena, bool *held,
                     struct file_record *record, struct error *err);

#endif
