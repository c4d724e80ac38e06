/*
 * The life of every file, kept in Postgres (sql/postgres/003_file_state.sql): one row for each
 * object version, written only by whoever holds the right fence.
 *
 *     RECEIVED -> PREPARED -> SUBMITTED -> LOADED -> TRANSFORMING -> DONE
 *         |           |            |                      |
 *         |           |            +-> FAILED, REJECTED   +-> TRANSFORM_FAILED
 *         |           +-> REJECTED, FAILED
 *         +-> REJECTED, FAILED, GONE, SUPERSEDED, SPLIT
 *
 * Each call is one statement and one round trip; its history row is written with it.
 */
#ifndef STATE_FILE_STATE_H
#define STATE_FILE_STATE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct pg;

enum file_state {
    FILE_RECEIVED,
    FILE_PREPARED,
    FILE_SUBMITTED,
    FILE_LOADED,
    FILE_TRANSFORMING,
    FILE_DONE,
    FILE_REJECTED,
    FILE_FAILED,
    FILE_TRANSFORM_FAILED,
    FILE_GONE,
    FILE_SUPERSEDED,
    FILE_SPLIT,
    FILE_STATES,
};

const char *file_state_name(enum file_state state); /* "RECEIVED" … */

/* The tables, quoted for SQL, and the zone of audit rows. All borrowed. */
struct file_tables {
    struct slice file;
    struct slice history;
    struct slice audit;
    struct slice interface;
    struct slice timezone;
};

#define FILE_COUNT_UNKNOWN (-1)

/* What the row says. Slices live in the arena given to the call; NULL columns are empty slices,
 * and FILE_COUNT_UNKNOWN where a count is meant. */
struct file_record {
    struct slice file_id;
    struct slice bucket;
    struct slice key;
    struct slice version_id;
    struct slice etag;
    int64_t size_bytes;
    int64_t last_modified_ms;
    enum file_state state;
    struct slice reason;
    struct slice config_sid;
    struct slice interface_id;
    int64_t claim_no;
    int64_t attempts;
    struct slice private_key;
    int64_t promised_records;
    int64_t file_records;
    int64_t loadable_records;
    int64_t load_no;
    struct slice load_schema; /* the target, as load_sql has it */
    struct slice load_table;
    struct slice load_sql; /* JSON array of statements */
    struct slice load_statement_id;
    struct slice load_started_at; /* "2026-11-20 20:27:53.104", UTC */
    struct slice load_ended_at;
    int64_t rows_loaded;
    int64_t transform_no;
    struct slice transform_sql;
    struct slice transform_statement_id;
    struct slice archived_key;
    bool is_audited;
    bool is_archived;
    bool is_noticed;
    bool is_cleaned;
    bool is_transform_ended; /* is it known how the transformation ended? */
};

/* Who an object version is. */
struct file_identity {
    struct slice bucket;
    struct slice key;
    struct slice version_id; /* empty on an unversioned bucket */
    struct slice etag;
    uint64_t size_bytes;
    int64_t last_modified_ms;
    struct slice sequencer;
};

/* A load that somebody else submitted before anybody here knew the file. */
struct file_adoption {
    struct slice schema;
    struct slice table;
    struct slice statement_id;
};

/* A wish to work on a file until the invocation ends. */
struct file_claim {
    struct file_identity identity;
    struct slice new_file_id; /* for a file that is not known yet */
    struct slice owner;       /* nonce of the invocation */
    struct slice request_id;  /* a lease of the same request may be taken over at once */
    int64_t now_ms;
    int64_t until_ms;
    struct slice config_sid; /* empty: none matched */
    struct slice interface_id;
    bool also_under_way; /* also what runs in Redshift, or waits for its outcome's duties */
    /* Not NULL: the file is claimed as SUBMITTED, with this as its first load, if nothing was begun
     * with it yet. */
    const struct file_adoption *adopts;
};

enum claim_outcome {
    CLAIM_WON,     /* ours to work on; the record says where it stands */
    CLAIM_BUSY,    /* somebody else works on it, and its lease is live */
    CLAIM_NOTHING, /* nothing is to be done here: under way in Redshift, or settled */
};

/* Makes the row if there is none, and claims it if there is work for a claimant. */
int file_state_claim(struct pg *pg, const struct file_tables *tables,
                     const struct file_claim *claim, struct arena *arena,
                     enum claim_outcome *outcome, struct file_record *record, struct error *err);

/* The row of a file by its id; ERROR_NOT_FOUND when there is none. */
int file_state_read(struct pg *pg, const struct file_tables *tables, struct slice file_id,
                    struct arena *arena, struct file_record *record, struct error *err);

/* The file whose load is this statement of the Data API; an empty id when there is none. */
int file_state_find_load(struct pg *pg, const struct file_tables *tables, struct slice statement_id,
                         struct arena *arena, struct slice *file_id, struct error *err);

/* A moment as YYYY-MM-DD-HH-MM-SS in the tables' zone: Postgres knows all zones, Lambda none. */
int file_state_local_time(struct pg *pg, const struct file_tables *tables, int64_t time_ms,
                          struct arena *arena, struct slice *text, struct error *err);

/* One column's new value. */
struct file_value {
    enum {
        FILE_VALUE_TEXT,
        FILE_VALUE_FIRST_TEXT, /* a value that is there already stays */
        FILE_VALUE_NUMBER,
        FILE_VALUE_TIME,
        FILE_VALUE_NULL,
    } kind;
    const char *column; /* a literal */
    struct slice text;
    int64_t number; /* for a time: milliseconds since 1970 */
};

#define FILE_TEXT(name, value) ((struct file_value){FILE_VALUE_TEXT, (name), (value), 0})
#define FILE_FIRST_TEXT(name, value)                                                               \
    ((struct file_value){FILE_VALUE_FIRST_TEXT, (name), (value), 0})
#define FILE_NUMBER(name, value)                                                                   \
    ((struct file_value){FILE_VALUE_NUMBER, (name), {"", 0}, (int64_t)(value)})
#define FILE_TIME(name, ms) ((struct file_value){FILE_VALUE_TIME, (name), {"", 0}, (ms)})
#define FILE_NULL(name) ((struct file_value){FILE_VALUE_NULL, (name), {"", 0}, 0})

/* The history row of the Python framework's audit table. */
struct audit_row {
    struct slice interface_id;
    struct slice schema;
    struct slice table;
    struct slice status; /* FINISHED, FAILED or ABORTED */
    struct slice merge_query;
    struct slice update_query;
    struct slice error_msg;
    struct slice escape_char;
    int64_t start_ms;
    int64_t end_ms;
};

/*
 * A change that happens only if its fence holds: the state, and the claim or the numbers of load
 * and transformation, or both. The numbers alone are for steps that follow an event while the
 * claimant may still be at work.
 */
struct file_change {
    struct slice file_id;
    int64_t claim_no;     /* 0: not fenced by the claim */
    int64_t load_no;      /* with by_load: must be this … */
    int64_t transform_no; /* … and this */
    bool by_load;
    uint32_t from;      /* bits 1 << state: the states it may start from */
    enum file_state to; /* the same state is allowed: only values change */
    int64_t now_ms;
    const struct file_value *values;
    size_t value_count;
    struct slice note; /* of the history row, written when the state changes */
    /* Written in the same statement, unless its interface was deleted; NULL: none. */
    const struct audit_row *audit;
    bool release; /* gives the lease up */
};

#define FILE_FROM(state) (1U << (state))
/* A statement may end before its submission was noted, and the note may come in between. */
#define FILE_FROM_LOADING (FILE_FROM(FILE_PREPARED) | FILE_FROM(FILE_SUBMITTED))
#define FILE_FROM_TRANSFORMING (FILE_FROM(FILE_LOADED) | FILE_FROM(FILE_TRANSFORMING))

/* *done says whether the fence held; a change that did not happen is no error. */
int file_state_change(struct pg *pg, const struct file_tables *tables,
                      const struct file_change *change, struct arena *arena, bool *done,
                      struct error *err);

/* Gives the lease up, wherever the file has come to meanwhile. After an error the attempt is
 * counted, and next_attempt_ms says when the next one may begin; 0: there was no error. */
int file_state_release(struct pg *pg, const struct file_tables *tables, struct slice file_id,
                       int64_t claim_no, int64_t next_attempt_ms, struct arena *arena,
                       struct error *err);

#endif
