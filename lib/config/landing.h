/*
 * Where files land: rows of ext_landing. The schedule searches these prefixes for objects without a
 * row; how far it has come is in the row too (state/search.h writes that).
 */
#ifndef CONFIG_LANDING_H
#define CONFIG_LANDING_H

#include "config/file_config.h"

struct landing {
    struct slice bucket;
    struct slice prefix;
    struct slice search_after; /* the search goes on after this key; empty: with a new round */
    int64_t search_began_ms;   /* of the newest round; 0: none ever began */
};

struct landing_list {
    struct landing *items;
    size_t count;
};

/* The active prefixes, the one first whose last complete search is the longest ago. */
int landing_list_active(struct pg *pg, const struct config_tables *tables, struct arena *arena,
                        struct landing_list *list, struct error *err);

#endif
