/*
 * Searches one landing prefix for objects that have no row, because their event was lost: lists it
 * page by page, asks Postgres which objects of a page are new, and advances those as an event
 * would. How far it has come is stored after each page, so that it goes on there with the next
 * schedule.
 */
#ifndef OPERATE_PREFIX_SEARCH_H
#define OPERATE_PREFIX_SEARCH_H

#include "config/landing.h"
#include "services/services.h"

struct prefix_search {
    struct services *services;
    int64_t last_ms;   /* when nothing further is begun with; 0: there is no limit */
    int64_t latest_ms; /* objects that were modified later are left to their events */
    /* Counted: */
    size_t searched; /* objects that were looked at */
    size_t found;    /* of them, those without a row */
    size_t failed;   /* of these, those that were not finished; their causes are in the log */
};

/*
 * Goes on with the search of the prefix until it has come to the last key, the time is up, or
 * another sweep has gone on with it. -1: S3 or Postgres refuses; a single object never ends it.
 */
int prefix_search_run(struct prefix_search *search, const struct landing *landing,
                      struct error *err);

#endif
