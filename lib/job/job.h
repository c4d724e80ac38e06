/* One file under work in one invocation: what the steps hand to each other. */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "services/services.h"

struct job {
    struct services *services;
    struct arena *arena; /* of the invocation */
    struct file_record record;
    /* config_sid is empty when none matched, or it was deleted. Interface and target are those that
     * the file began with. */
    struct file_config config;
    struct slice file_name; /* the key behind its last '/' */
    /* The fence of every write is the state with the numbers of load and transformation, and the
     * claim; without the claim for steps that follow an event, because the claimant may still be at
     * work. */
    bool without_claim;
    bool has_lease; /* to be given up at the end */
    /* Set with an error: the file or its configuration is the cause. Any other failure is ours or
     * AWS's. */
    bool at_fault;
    /* This invocation gave the load, or the transformation, its number, and has not handed it over:
     * nobody has. */
    bool load_is_new;
    bool transform_is_new;
};

/*
 * Writes a change of the file under the job's fence and takes it over into job->record. The caller
 * fills in what changes (to, values, note, audit, release), and `from` if the file may be in
 * another state than the record says; *done says whether the fence held.
 */
int job_try_change(struct job *job, struct file_change *change, bool *done, struct error *err);
/* The same, where a fence that does not hold is ERROR_CONFLICT, retryable: somebody else has the
 * file. */
int job_change(struct job *job, struct file_change *change, struct error *err);

/*
 * A reason as people will read it and the columns take it, in the arena: without secrets, valid
 * UTF-8 (it may quote bytes of the file), cut to 4,000 bytes (Redshift may quote whole values). No
 * text may keep a file from ending.
 */
struct slice job_text(const struct job *job, struct slice text);

/* Ends the file as REJECTED (its own or its configuration's fault) or FAILED (ours or AWS's). The
 * message of `reason` is what people will read. */
int job_reject(struct job *job, const struct error *reason, struct error *err);
int job_fail(struct job *job, const struct error *reason, struct error *err);

/* Reads the configuration that the record names. One that was deleted is no error. */
int job_read_config(struct job *job, struct error *err);
/* For steps that cannot do without: ERROR_CONFIGURATION when it was deleted. */
int job_need_config(const struct job *job, struct error *err);

/* Puts the number of the configuration before an error that is the configuration's; returns -1. */
int job_name_config(const struct job *job, struct error *err);

/* The job of a file that is known, fenced by its state and numbers. */
int job_open(struct job *job, struct services *services, struct slice file_id, struct arena *arena,
             struct error *err);
/* Reads the file anew, after a write of somebody's. */
int job_reread(struct job *job, struct error *err);

/* The private objects: <processing_folder>/<file id>/<name>. In the arena. */
struct slice job_private_key(const struct job *job, const char *name);
/* What COPY reads: the object of this claim, so that a claimant that was frozen cannot overwrite
 * what another one checked. */
#define JOB_PRIVATE_DATA "data-" /* its name begins so */
struct slice job_data_key(const struct job *job, int64_t claim_no);
/* The manifest of every load of the file. */
struct slice job_manifest_key(const struct job *job);

#endif
