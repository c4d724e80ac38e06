/* Uploads that were removed or replaced before anybody here could look at them: all that is known
 * is what their event tells. */
#ifndef STATE_FILE_END_H
#define STATE_FILE_END_H

#include "state/file_state.h"

/* An upload that was never loaded and never will be. */
struct file_end {
    struct file_identity identity; /* as the event told it: size and time need not be known */
    struct slice new_file_id;
    enum file_state state; /* GONE or SUPERSEDED */
    struct slice reason;
    int64_t now_ms;
};

/*
 * Makes its row, for which nothing is due. An upload that is known keeps its row, and *recorded is
 * false: by its version, without one by its etag and its place among the events of the key. Of what
 * event or row do not tell, any may be meant.
 */
int file_end_record(struct pg *pg, const struct file_tables *tables, const struct file_end *end,
                    struct arena *arena, bool *recorded, struct error *err);

#endif
