/*
 * What a program is told by its environment, by concern. A program names the concerns that it uses,
 * and needs no variable of any other. The variables are those of the Python framework, by the same
 * lower-case names, and a few new ones; README.md has the reference.
 *
 * A new concern is a pair of files like those included here, and a line in each of the three lists:
 * the two below and the one in settings.c.
 */
#ifndef SERVICES_SETTINGS_H
#define SERVICES_SETTINGS_H

#include "services/aws_settings.h"
#include "services/folder_settings.h"
#include "services/load_settings.h"
#include "services/notification_settings.h"
#include "services/postgres_settings.h"
#include "services/redshift_settings.h"
#include "services/retry_settings.h"
#include "services/search_settings.h"
#include "services/table_settings.h"

/* A set of them is their union. */
enum settings_concern {
    SETTINGS_AWS = 1 << 0,
    SETTINGS_POSTGRES = 1 << 1,
    SETTINGS_TABLES = 1 << 2,
    SETTINGS_FOLDERS = 1 << 3,
    SETTINGS_RETRY = 1 << 4,
    SETTINGS_NOTIFICATION = 1 << 5,
    SETTINGS_REDSHIFT = 1 << 6,
    SETTINGS_LOAD = 1 << 7,
    SETTINGS_SEARCH = 1 << 8,
};

/* Those of other concerns than the program's are zero. */
struct settings {
    struct aws_settings aws;
    struct postgres_settings postgres;
    struct table_settings tables;
    struct folder_settings folders;
    struct retry_settings retry;
    struct notification_settings notification;
    struct redshift_settings redshift;
    struct load_settings load;
    struct search_settings search;
};

/* Reads and checks those of the concerns. Slices are valid for as long as the arena.
 * ERROR_CONFIGURATION names the variable that is missing or wrong. */
int settings_read(unsigned concerns, struct arena *arena, struct settings *settings,
                  struct error *err);

#endif
