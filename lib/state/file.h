/*
 * The life of every file: one row of ext_file for each object version, written only by the holder
 * of the right fence, and the statement of Redshift that it waits for (ext_statement).
 *
 *     RECEIVED -> PREPARED -> SUBMITTED -> LOADED -> TRANSFORMING -> DONE
 *         |           |            |                      |
 *         |           |            +-> FAILED, REJECTED   +-> TRANSFORM_FAILED
 *         |           +-> REJECTED, FAILED
 *         +-> REJECTED, FAILED, GONE, SUPERSEDED, SPLIT
 *
 * Each call is one statement and one round trip; the history row is written with it, and the row as
 * it then is comes back: that is the record.
 */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include "state/store.h"

/* In the order of a file's life, as the check constraint of ext_file has them. */
/* clang-format off */
#define FILE_STATE_LIST(X) \
    X(RECEIVED) X(PREPARED) X(SUBMITTED) X(LOADED) X(TRANSFORMING) \
    X(DONE) X(REJECTED) X(FAILED) X(TRANSFORM_FAILED) X(GONE) X(SUPERSEDED) X(SPLIT)
/* clang-format on */

/* FILE_RECEIVED, FILE_PREPARED … FILE_SPLIT, and their number. */
#define FILE_STATE_MEMBER(name) FILE_##name,
enum file_state { FILE_STATE_LIST(FILE_STATE_MEMBER) FILE_STATES };
#undef FILE_STATE_MEMBER

const char *file_state_name(enum file_state state); /* "RECEIVED" … */
/* Is nothing more to be loaded or transformed? DONE and all after it. */
bool file_state_is_end(enum file_state state);

#define FILE_COUNT_UNKNOWN (-1)
#define FILE_TIME_UNKNOWN (-1)

/* How a statement ended; NULL in the row until that is known. */
enum statement_outcome {
    STATEMENT_OPEN,    /* numbered, perhaps submitted, perhaps running */
    STATEMENT_IN,      /* committed: its effect is there */
    STATEMENT_NOTHING, /* ended without effect: a further number may be given */
    STATEMENT_OUTCOMES,
};

const char *statement_outcome_name(enum statement_outcome outcome); /* "", "IN", "NOTHING" */

/* A row of ext_statement. */
struct statement_record {
    struct slice kind;         /* "load", "transform" …; empty: the unit has no statement yet */
    int64_t number;            /* from 1; 0: none */
    struct slice name;         /* StatementName, as it is submitted */
    struct slice target;       /* where it runs: JSON */
    struct slice sql;          /* JSON array of its parts; empty for one of the Python framework */
    struct slice statement_id; /* of the Data API; empty: not known to be submitted */
    struct slice started_at;   /* CreatedAt and UpdatedAt: "2026-11-20 20:27:53.104", UTC */
    struct slice ended_at;
    int64_t rows;
    enum statement_outcome outcome;
};

/* What the rows say. Slices live in the arena given to the call; NULL is an empty slice, and
 * FILE_COUNT_UNKNOWN or FILE_TIME_UNKNOWN. Times are milliseconds since 1970. */
struct file_record {
    struct slice file_id;
    struct slice bucket;
    struct slice key;
    struct slice version_id;
    struct slice etag;
    int64_t size_bytes;
    int64_t last_modified_ms;
    struct slice source_key; /* where the bytes are when not under `key`: a copy in the archive */
    enum file_state state;
    struct slice reason;
    struct slice config_sid;
    struct slice interface_id;
    bool is_leased;
    int64_t lease_until_ms;
    int64_t claim_no;
    int64_t attempts;
    int64_t next_attempt_ms;
    int64_t waiting_since_ms; /* when the failures began that may pass by themselves */
    struct slice private_key; /* what COPY reads */
    int64_t promised_records;
    int64_t file_records;
    int64_t loadable_records;
    struct slice target_schema; /* fixed with the first load */
    struct slice target_table;
    int64_t rows_loaded;
    struct slice load_started_at; /* of the load that is in: ":from" and ":to" */
    struct slice load_ended_at;
    struct slice archived_key; /* reserved, and once is_archived, taken */
    bool is_audited;
    bool is_archived;
    bool is_noticed;
    bool is_cleaned;
    bool was_submitted;                /* Redshift has or had a statement of the file */
    struct statement_record statement; /* the current one: the newest that was numbered */
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

/* --- fences --- */

#define FILE_IN(state) (1U << (state))

/* What must still hold for a write to happen. A write whose fence does not hold is no error. */
struct file_fence {
    struct slice file_id;
    int64_t claim_no;  /* 0: the writer follows an event and holds no lease */
    uint32_t states;   /* FILE_IN(…) | … */
    struct slice kind; /* the current statement */
    int64_t number;
};

/* --- statements --- */

/* What was made for the first load, and is kept for all. */
struct file_preparation {
    struct slice private_key;
    int64_t promised_records;
    int64_t file_records;
    int64_t loadable_records;
    struct slice schema;
    struct slice table;
};

/* A new number: all that determines the request is stored before it is sent. */
struct file_assignment {
    struct file_fence fence;
    enum file_state to;
    struct slice kind;
    int64_t number; /* the current one of this kind plus 1 */
    struct slice name;
    struct slice target;
    struct slice sql;
    const struct file_preparation *preparation; /* NULL: as it is */
    int64_t now_ms;
};

int file_assign_statement(const struct state_store *store, const struct file_assignment *change,
                          struct arena *arena, bool *done, struct file_record *record,
                          struct error *err);

/* Redshift took the statement, under this id. The lease is released if the fence has a claim. */
struct file_submission {
    struct file_fence fence;
    enum file_state to;
    struct slice statement_id;
    int64_t now_ms;
};

int file_note_submission(const struct state_store *store, const struct file_submission *change,
                         struct arena *arena, bool *done, struct file_record *record,
                         struct error *err);

/* The row of the Python framework's audit table. */
struct audit_row {
    struct slice interface_id; /* one that does not exist: no row is written */
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

/* The current statement ended, and the file moves on; or it waits for the next number. */
struct file_statement_end {
    struct file_fence fence;
    enum file_state to;
    enum statement_outcome outcome;
    struct slice statement_id; /* empty: what is stored stays */
    int64_t started_ms;        /* or FILE_TIME_UNKNOWN: what is stored stays */
    int64_t ended_ms;
    int64_t rows; /* or FILE_COUNT_UNKNOWN; also the file's rows_loaded, if `kind` is "load" */
    struct slice reason; /* of an end; empty clears it */
    struct slice note;   /* of the history row; empty: the reason, else the statement id */
    const struct audit_row *audit; /* NULL: none */
    int64_t next_attempt_ms;       /* the next number may be given then; 0: it is not waiting */
    int64_t now_ms;
};

/* Marks of duties that were done for another end are taken away, and so is any lease: its holder
 * has nothing left to do. */
int file_end_statement(const struct state_store *store, const struct file_statement_end *change,
                       struct arena *arena, bool *done, struct file_record *record,
                       struct error *err);

/* The file whose statement has this id; an empty slice when there is none. */
int file_find_statement(const struct state_store *store, struct slice statement_id,
                        struct arena *arena, struct slice *file_id, struct error *err);

/* --- ends and duties --- */

/* An end that no statement brings. */
struct file_end {
    struct file_fence fence;
    enum file_state to;
    struct slice reason;
    bool is_silent;                /* nobody is notified */
    const struct audit_row *audit; /* NULL: none */
    int64_t now_ms;
};

/* Without a claim in the fence, any lease is taken away. */
int file_end(const struct state_store *store, const struct file_end *change, struct arena *arena,
             bool *done, struct file_record *record, struct error *err);

enum file_duty {
    FILE_AUDITED, /* also without a row, when its interface was deleted */
    FILE_NOTICED,
    FILE_ARCHIVED, /* archived_key is taken, and the source was deleted */
    FILE_COPIED,   /* archived_key is taken, and the source was not ours to delete */
    FILE_LOST,     /* nothing was left to archive: archived_key is cleared */
    FILE_CLEANED,
};

struct file_mark {
    struct file_fence fence;
    enum file_duty duty;
    const struct audit_row *audit; /* of FILE_AUDITED */
    int64_t now_ms;                /* of FILE_ARCHIVED: when S3 had deleted the source */
};

int file_mark(const struct state_store *store, const struct file_mark *change, struct arena *arena,
              bool *done, struct file_record *record, struct error *err);

/* The first name that was reserved stays. PG_UNIQUE_VIOLATION: another file has it. */
int file_reserve_archive(const struct state_store *store, const struct file_fence *fence,
                         struct slice key, struct arena *arena, bool *done,
                         struct file_record *record, struct error *err);

/* A file whose statement still runs, and which nobody holds, is due again at that time. */
int file_postpone(const struct state_store *store, struct slice file_id, int64_t next_attempt_ms,
                  struct arena *arena, struct error *err);

/* --- reading --- */

/* ERROR_NOT_FOUND when there is none. */
int file_read(const struct state_store *store, struct slice file_id, struct arena *arena,
              struct file_record *record, struct error *err);

/* A moment as YYYY-MM-DD-HH-MM-SS in the tables' zone: Postgres knows all zones, Lambda none. */
int file_local_time(const struct state_store *store, int64_t time_ms, struct arena *arena,
                    struct slice *text, struct error *err);

/* Files that are due now (view ext_due), the longest due first; at most `limit`. */
struct file_due {
    struct slice *file_ids;
    size_t count;
};

int file_list_due(const struct state_store *store, int64_t now_ms, int64_t limit,
                  struct arena *arena, struct file_due *due, struct error *err);

#endif
