/*
 * Claims: the row of an object version, made if there is none, and its lease.
 */
#ifndef STATE_CLAIM_H
#define STATE_CLAIM_H

#include "state/file.h"
#include "state/lease.h"

/* A load that somebody else submitted before anybody here knew the file. */
struct file_adoption {
    struct slice schema;
    struct slice table;
    struct slice statement_id;
};

enum claim_scope {
    CLAIM_FOR_EVENT,    /* work before the submission, or duties of an end that had no load */
    CLAIM_FOR_ORDER,    /* also what runs in Redshift, or waits for its outcome's duties */
    CLAIM_FOR_ADOPTION, /* a file with which nothing was begun, as SUBMITTED with `adoption` */
};

struct file_claim {
    struct file_identity identity;
    struct slice new_file_id; /* for a file that is not known yet */
    struct lease_terms lease;
    struct slice config_sid; /* empty: none matched */
    struct slice interface_id;
    enum claim_scope scope;
    const struct file_adoption *adoption; /* of CLAIM_FOR_ADOPTION */
    struct slice source_key;              /* of a new row; empty: `key` itself */
};

enum claim_outcome {
    CLAIM_WON,     /* ours to work on; the record says where it is */
    CLAIM_BUSY,    /* another holder's lease is live; the record says until when */
    CLAIM_NOTHING, /* nothing is to be done here: it runs in Redshift, or is settled */
};

/* Makes the row if there is none, and claims it if there is work in the scope. *record is the row,
 * whatever the outcome. */
int claim_file(const struct state_store *store, const struct file_claim *claim, struct arena *arena,
               enum claim_outcome *outcome, struct file_record *record, struct error *err);

/*
 * Claims the newest row of an upload whose object is not in its place any more, with work left that
 * nobody else has. The upload is known by its version, without one by its etag and sequencer;
 * without these too, any upload of the key may be meant. CLAIM_NOTHING with an empty
 * record->file_id: no row fits.
 */
int claim_known_file(const struct state_store *store, const struct file_claim *claim,
                     struct arena *arena, enum claim_outcome *outcome, struct file_record *record,
                     struct error *err);

/* An upload that was removed or replaced before it could be looked at: its event is all that is
 * known. */
struct gone_upload {
    struct file_identity identity; /* size and time need not be known */
    struct slice new_file_id;
    enum file_state state; /* FILE_GONE or FILE_SUPERSEDED */
    struct slice reason;
    int64_t now_ms;
};

/* Makes its row, for which nothing is due. An upload that is known keeps its row, and *recorded is
 * false. */
int claim_record_gone(const struct state_store *store, const struct gone_upload *upload,
                      struct arena *arena, bool *recorded, struct error *err);

/*
 * Without versions: identical bytes that were put again under the key while the first upload was
 * archived are deleted with it. *twin is the upload whose copy (archived_key) still holds them: it
 * has this etag, its source was deleted at `event_ms` or later, and it is not this event's own (its
 * sequencer is an earlier one). An empty twin->file_id: there is none.
 */
int claim_find_deleted_twin(const struct state_store *store, const struct file_identity *identity,
                            int64_t event_ms, struct arena *arena, struct file_record *twin,
                            struct error *err);

#endif
