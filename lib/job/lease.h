/*
 * The lease of a job: who works on a file, and until when. It lasts a minute and as long as reading
 * the file may take, and is renewed between requests while work goes on: so work that progresses is
 * never taken over, and work that died is taken over soon.
 */
#ifndef JOB_LEASE_H
#define JOB_LEASE_H

#include "job/job.h"
#include "state/lease.h"

/* The terms of a new lease, with an owner of its own. */
struct lease_terms lease_terms(struct services *services, int64_t size_bytes, struct arena *arena);

/* The job has claimed its file on these terms: from now on the lease is renewed as work goes on. */
void lease_begin(struct job *job, const struct lease_terms *terms);

/* Is the lease still this job's, as far as the record tells? */
bool lease_is_ours(const struct job *job);

/* Takes the lease of a job that job_open opened; the record is the row as it then is. *taken is
 * false when another holder's is live. */
int lease_take(struct job *job, bool *taken, struct error *err);

/* Releases the lease, unless the last write did. A failure to do so is only logged: the lease
 * runs out. */
void lease_end(struct job *job);

/* The same after a failure that may pass, which the row then tells: the next attempt may begin
 * after a pause that grows with the time since the first one. */
void lease_end_waiting(struct job *job, const struct error *reason);

/* For how long the file has been failing, and for how long it may (retry_hours). */
int64_t lease_waited_ms(const struct job *job);
int64_t lease_retry_limit_ms(const struct job *job);
/* The reason of a file that has reached the limit, in the arena: "tried for 6 hours …: <cause>". */
struct slice lease_tried_text(const struct job *job, struct slice cause);

/* When to try again something that failed: for longer, the longer it has been failing. */
int64_t lease_next_attempt_ms(const struct job *job);

#endif
