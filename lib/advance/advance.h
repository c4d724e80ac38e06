/*
 * The one driver: takes a file from where it is to where Redshift goes on with it, or to its end
 * and through its duties. Events, orders and the schedule all call it. Each step that finds its
 * work done moves on, so that any step may run again at any time: that is the whole recovery.
 */
#ifndef ADVANCE_ADVANCE_H
#define ADVANCE_ADVANCE_H

#include "event/s3_object.h"
#include "job/job.h"

enum advance_outcome {
    ADVANCE_REACHED,     /* work was done: the file is in `state` now */
    ADVANCE_WAITING,     /* it waits until `until_ms` for its next try */
    ADVANCE_BUSY,        /* another invocation works on it, at most until `until_ms` */
    ADVANCE_NOTHING_DUE, /* it is settled, or runs in Redshift: `message` says so */
    ADVANCE_IGNORED,     /* no file of ours: `message` says why */
};

/* One result for each item, in the arena. */
struct advance_result {
    enum advance_outcome outcome;
    struct slice file_id; /* empty: no row */
    struct slice bucket;
    struct slice key;
    enum file_state state; /* if there is a row */
    int64_t until_ms;      /* of WAITING and BUSY; else 0 */
    struct slice message;
};

const char *advance_outcome_name(enum advance_outcome outcome); /* "advanced", "busy" … */

/* An object that an event names, or a person: then also what runs in Redshift is asked about. -1:
 * it was not finished; *err goes back to Lambda, whose own tries come soon. */
int advance_object(struct services *services, const struct s3_object_event *object,
                   struct arena *arena, struct advance_result *result, struct error *err);

/* An object that a message of a queue names. A file that has a row and waits is safely ours: the
 * schedule resumes it, and the message must not use up its tries. -1: there is no row. */
int advance_message(struct services *services, const struct s3_object_event *object,
                    struct arena *arena, struct advance_result *result, struct error *err);

/* A file by its id, whatever lies under its key by now. */
int advance_file(struct services *services, struct slice file_id, struct arena *arena,
                 struct advance_result *result, struct error *err);

/* What is due for a job whose statement was just followed; it holds no lease yet. */
int advance_after_statement(struct job *job, struct error *err);

/* After a failure of a job that holds no lease: the file waits, and its hours count. */
void advance_note_failure(struct job *job, const struct error *reason);

/* When a sweep begins with nothing further; 0: there is no limit. To be asked at its start. */
int64_t advance_last_begin_ms(const struct services *services);
bool advance_is_time_up(const struct services *services, int64_t last_ms);

/* Files that are due, the longest due first, one by one until the deadline is near. */
struct advance_sweep {
    size_t due;
    size_t failed; /* their causes are in the log */
    size_t left;   /* for the next run */
};

int advance_due(struct services *services, struct advance_sweep *sweep, struct error *err);

#endif
