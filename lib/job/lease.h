/*
 * The lease: who works on a file, and until when. It is taken by the claim of file-process, and
 * anew for whatever is due once a statement ended, so that two events of one file never archive it
 * or send its notice twice.
 */
#ifndef JOB_LEASE_H
#define JOB_LEASE_H

#include "state/file_resume.h"
#include "job/job.h"

/* The invocation that wants to work. */
struct lease_request {
    struct slice request_id;
    int64_t deadline_ms; /* end of the lease; 0: Lambda's longest time from now */
};

/* The terms of a new lease, with an owner of its own. */
struct file_hold lease_terms(struct services *services, const struct lease_request *request,
                             struct arena *arena);

/* Takes the lease of a job that job_open opened, and reads the file anew: from then on the claim is
 * the fence. *taken is false when somebody else's is live: what is due is done there. */
int lease_take(struct job *job, const struct lease_request *request, bool *taken,
               struct error *err);

/* Gives the lease up, unless the last step did so with its own write. */
void lease_end(struct job *job);

/* Gives the lease up after a failure, and says when the next attempt may begin. That it could not
 * be given up is logged only, since it ends by itself. */
void lease_give_back(struct job *job);

#endif
