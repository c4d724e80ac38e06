/*
 * The configuration of a kind of file: rows of ext_file_config and ext_file_config_dtl, found by
 * the file's name (file_match.h). Only rows whose oprtnl_flag is 'A' count, of the interface too.
 */
#ifndef CONFIG_FILE_CONFIG_H
#define CONFIG_FILE_CONFIG_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct pg;

struct config_column {
    struct slice name;
    uint64_t width; /* 0: not stated */
};

/* Text as the row has it, trimmed; NULL is empty. Names of SQL are without the quotes that they may
 * stand in. */
struct file_config {
    struct slice config_sid;
    struct slice interface_id;
    struct slice interface_name;
    struct slice schema;
    struct slice table;
    struct slice file_prefix;
    struct slice file_format; /* txt, csv, gz, bz2, lzo, fixed_width … */
    struct slice file_type;   /* the suffix that the file must have */
    struct slice delimiter;   /* not trimmed: it may be a blank */
    bool has_header;
    bool has_trailer;
    bool is_split;
    struct slice query;
    struct slice split_prefix;
    struct slice escape_char;
    struct slice trailer_pstn;
    struct slice key_glob;
    struct slice quote_char;
    struct slice null_marker;
    struct slice encoding;
    struct slice date_format;
    struct slice time_format;
    struct slice copy_options;
    struct slice file_name_column; /* empty: file_name, and it may be a column of the file, too */
    struct slice load_id_column;
    bool notifies_submission;
    struct config_column *columns; /* in the order of the file */
    size_t column_count;
};

/* Tables, quoted for SQL; borrowed. */
struct config_tables {
    struct slice config;
    struct slice detail;
    struct slice interface;
    struct slice landing;
};

/* err->code when the file has no configuration, or no single best one. */
#define FILE_CONFIG_NO_MATCH SLICE("NoMatch")

/*
 * The configuration that matches the key best. None, or more than one best match:
 * ERROR_CONFIGURATION with the code above, and the candidates named; *config is then untouched.
 */
int file_config_match(struct pg *pg, const struct config_tables *tables, struct slice key,
                      struct arena *arena, struct file_config *config, struct error *err);

/* err->code when a configuration was deleted. */
#define FILE_CONFIG_GONE SLICE("Gone")

/* The configuration of this number, active or not; when it was deleted, ERROR_CONFIGURATION with
 * the code above. */
int file_config_read(struct pg *pg, const struct config_tables *tables, struct slice config_sid,
                     struct arena *arena, struct file_config *config, struct error *err);

#endif
