/* The tables in Postgres, and the zone of the times in them. */
#ifndef SERVICES_TABLE_SETTINGS_H
#define SERVICES_TABLE_SETTINGS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* Names are quoted for SQL. */
struct table_settings {
    struct slice config;
    struct slice detail;
    struct slice interface;
    struct slice audit;
    struct slice file;
    struct slice history;
    struct slice statement;
    struct slice due; /* a view */
    struct slice landing;
    struct slice timezone; /* of audit rows and archive names; default UTC */
};

/* Names are made in the arena. */
int table_settings_read(struct arena *arena, struct table_settings *settings, struct error *err);

#endif
