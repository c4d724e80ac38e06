/*
 * Takes in one object of an event: looks at it (HEAD), finds its configuration and claims it.
 */
#ifndef JOB_RECEIVE_H
#define JOB_RECEIVE_H

#include "event/s3_object.h"
#include "job/lease.h"
#include "state/claim.h"

struct receive_request {
    const struct s3_object_event *object;
    enum claim_scope scope;
    const struct file_adoption *adoption; /* of CLAIM_FOR_ADOPTION */
};

/*
 * CLAIM_WON: *job is claimed, and already REJECTED when no configuration matched. Otherwise
 * job->record is the row of the file that is busy or has nothing due; its file_id is empty when no
 * row is left for the object, which was removed or replaced. After an error the file may be
 * claimed nevertheless: lease_end_waiting then releases it, and does nothing if it is not.
 */
int receive_object(struct services *services, const struct receive_request *request,
                   struct arena *arena, struct job *job, enum claim_outcome *outcome,
                   struct error *err);

#endif
