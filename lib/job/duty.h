/*
 * What is still due for a file that came to its end, or whose rows are in: each duty has a mark of
 * its own in the row, and none waits for another unless it says so. So all may be tried again at
 * any time.
 */
#ifndef JOB_DUTY_H
#define JOB_DUTY_H

#include "job/job.h"

struct duty {
    const char *name;
    bool (*is_due)(const struct job *job);
    int (*fulfil)(struct job *job, struct error *err);
};

struct duties {
    const struct duty *items; /* in the order in which they are tried */
    size_t count;
};

bool duties_are_due(const struct duties *duties, const struct job *job);

/* Tries each that is due. One that fails keeps no other from being tried; the first error is
 * returned at the end, or at once when the file was taken over. */
int duties_fulfil(const struct duties *duties, struct job *job, struct error *err);

#endif
