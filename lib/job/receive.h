/*
 * Takes in one object of an event: looks at it (HEAD), finds its configuration and claims it.
 */
#ifndef JOB_RECEIVE_H
#define JOB_RECEIVE_H

#include "event/s3_event.h"
#include "job/lease.h"

struct receive_request {
    const struct s3_object_event *object;
    struct lease_request lease;
    const struct file_adoption *adopts; /* a load that somebody else submitted; NULL: none */
};

/* Is the object none of our business: our own output, a folder marker, a removal? */
bool receive_ignores(const struct settings *settings, const struct s3_object_event *object);

/*
 * *has_work is true when the file was claimed: *job then says where it stands, and is REJECTED
 * already when no configuration matched. It is false when nothing is to be done: the object is
 * gone, another invocation has it, or it is settled or under way in Redshift. With an error it
 * tells whether the file was claimed nevertheless, so that its lease has to be given back.
 */
int receive_object(struct services *services, const struct receive_request *request,
                   struct arena *arena, struct job *job, bool *has_work, struct error *err);

#endif
