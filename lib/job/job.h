/*
 * One file under work in one invocation: its row, its configuration, and the fence under which it
 * is written.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "services/services.h"
#include "state/file.h"

struct job_lease {
    bool is_held; /* it was taken here, and not released here */
    struct slice owner;
    /* Fences every write, besides the file's state and its current statement. 0: nothing was
     * claimed here; an event is followed while the holder may be at work. */
    int64_t claim_no;
    int64_t until_ms;
    int64_t renew_ms; /* when it is renewed, if work still goes on */
};

struct job {
    struct services *services;
    struct arena *arena; /* of the invocation, or of the item */
    struct file_record record;
    /* config_sid is empty when none matched, or it was deleted. Interface and target are those that
     * the file began with. */
    struct file_config config;
    struct slice file_name; /* the key after its last '/' */
    /* The object that this claim prepares, before the row names it with the first load. */
    struct slice prepared_key;
    struct job_lease lease;
};

/* The job of a file that is known; ERROR_NOT_FOUND when it is not. */
int job_open(struct job *job, struct services *services, struct slice file_id, struct arena *arena,
             struct error *err);

/* Reads the configuration that the record names. One that was deleted is no error. */
int job_read_config(struct job *job, struct error *err);
/* For work that cannot do without: ERROR_CONFIGURATION when it was deleted. */
int job_need_config(const struct job *job, struct error *err);
/* Puts the number of the configuration before an error that is the configuration's; returns -1. */
int job_name_config(const struct job *job, struct error *err);

/* --- writing --- */

/* The fence of a write from one of these states (FILE_IN). */
struct file_fence job_fence(const struct job *job, uint32_t states);

/* err->code: another invocation has the file by now, and does what is due. */
#define JOB_TAKEN_OVER SLICE("TakenOver")
/* For writes whose fence must hold: ERROR_CANCELLED, JOB_TAKEN_OVER, if `done` is false. */
int job_check_written(const struct job *job, bool done, struct error *err);

/*
 * A reason as people will read it and the columns take it, in the arena: without secrets, valid
 * UTF-8 (it may quote bytes of the file), cut to 4,000 bytes (Redshift may quote whole values). No
 * text may keep a file from ending.
 */
struct slice job_text(const struct job *job, struct slice text);

/* Ends the file in this state; a silent end notifies nobody. `reason` is what people will read. */
int job_end(struct job *job, enum file_state to, struct slice reason, bool is_silent,
            struct error *err);

/* Marks a duty as done, at this time. */
int job_mark(struct job *job, enum file_duty duty, int64_t time_ms, struct error *err);

/* --- private objects: <processing_folder>/<file id>/<name>, in the arena --- */

struct slice job_private_key(const struct job *job, const char *name);
#define JOB_PRIVATE_DATA "data-" /* the name of what COPY reads begins so */
/* Of a claim, so that a holder that was frozen cannot overwrite what another one checked. */
struct slice job_data_key(const struct job *job, int64_t claim_no);
struct slice job_manifest_key(const struct job *job, int64_t claim_no);

/* Where the bytes of the file are: under its own key, or in the archive. */
struct slice job_source_key(const struct job *job);

#endif
