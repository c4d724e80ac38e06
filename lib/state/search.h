/* The search for objects without a row: what a page of a listing holds, and how far it has come. */
#ifndef STATE_SEARCH_H
#define STATE_SEARCH_H

#include "state/store.h"

/* An object as a listing shows it: its current version. */
struct listed_object {
    struct slice key;
    struct slice etag;
    int64_t modified_ms;
};

/*
 * is_new[i]: does no row of the bucket know objects[i] or a later upload of its key? That is a row
 * of the same second with its etag, or of a later second. One round trip for all of them.
 */
int search_find_new(const struct state_store *store, struct slice bucket,
                    const struct listed_object *objects, size_t count, bool *is_new,
                    struct arena *arena, struct error *err);

/* How far the search of a prefix has come. */
struct search_position {
    struct slice after; /* the key after which it goes on; empty: with a new round */
    int64_t began_ms;   /* of the newest round; 0: none ever began */
};

struct search_move {
    struct slice bucket;
    struct slice prefix;
    struct search_position from;
    struct search_position to;
    bool is_ended; /* the round came to the last key */
    int64_t now_ms;
};

/* *moved: the row was where `from` says. If not, another sweep has moved it, or the row is gone. */
int search_store_move(const struct state_store *store, const struct search_move *move,
                      struct arena *arena, bool *moved, struct error *err);

#endif
