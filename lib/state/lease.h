/*
 * The lease of a unit of work, the same for every table of units: only its random owner holds it,
 * and every claim has a number of its own that fences what is written.
 */
#ifndef STATE_LEASE_H
#define STATE_LEASE_H

#include "state/file.h"

struct lease_terms {
    struct slice owner; /* random: of one claim of one invocation */
    int64_t now_ms;
    int64_t until_ms;
};

/* Takes the lease of the file of this id, whatever its state. *taken is false when another holder's
 * is live. *record is the row in either case. ERROR_NOT_FOUND: there is no such file. */
int lease_take_file(const struct state_store *store, struct slice file_id,
                    const struct lease_terms *terms, struct arena *arena, bool *taken,
                    struct file_record *record, struct error *err);

/* *held is false when it was taken over. */
int lease_renew_file(const struct state_store *store, struct slice file_id, struct slice owner,
                     int64_t until_ms, struct arena *arena, bool *held, struct error *err);

/* Releases it, whatever the state of the file is by now. After a failure that may pass,
 * next_attempt_ms (else 0) says when to try again, waiting_since is set if it was not, and
 * waiting_reason is what people will read. */
struct lease_release {
    struct slice file_id;
    int64_t claim_no;
    int64_t next_attempt_ms;
    struct slice waiting_reason;
    int64_t now_ms;
};

int lease_release_file(const struct state_store *store, const struct lease_release *release,
                       struct arena *arena, struct error *err);

#endif
