#include "config/file_config.h"

#include "base/array.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "config/file_match.h"
#include "pg/pg.h"

#include "base/banned.h"

#define CANDIDATES_BYTES_LIMIT ((size_t)1024 * 1024)
#define COLUMNS_BYTES_LIMIT ((size_t)4 * 1024 * 1024)

/* Configurations with their interface, and their columns as one JSON array in the file's order. */
static void append_select(struct strbuf *sql, const struct config_tables *tables)
{
    strbuf_append_format(
        sql,
        "select c.ext_file_config_sid::text as config_sid, c.ext_interface_cid::text as "
        "interface_id, i.interface_name, c.tgt_schema_name, c.tgt_table_name, c.file_prefix, "
        "c.file_format, c.file_type, c.delimiter, c.header_flag, c.trailer_flag, "
        "c.split_file_flag, c.query, c.split_prefix, c.escape_char, c.trailer_pstn, c.key_glob, "
        "c.quote_char, c.null_marker, c.encoding, c.date_format, c.time_format, c.copy_options, "
        "c.file_name_column, c.load_id_column, c.notify_submission, "
        "(select json_agg(json_build_array(d.column_name, d.column_width_fixed) "
        "order by d.column_order_sqnc, d.ext_file_config_dtl_sid)::text from %.*s d "
        "where d.ext_file_config_sid = c.ext_file_config_sid and d.oprtnl_flag = 'A') as columns "
        "from %.*s c join %.*s i on i.ext_interface_cid = c.ext_interface_cid ",
        SLICE_ARG(tables->detail), SLICE_ARG(tables->config), SLICE_ARG(tables->interface));
}

static int read_text(const struct pg_result *result, size_t row, const char *column,
                     struct slice *text, struct error *err)
{
    if (pg_read_text_or(result, row, column, SLICE(""), text, err) != 0) {
        return -1;
    }
    *text = slice_trim(*text);
    return 0;
}

/* The framework pasted names into its SQL, so they may stand there in quotes. */
static struct slice without_quotes(struct slice text)
{
    struct slice name = slice_trim(text);
    struct slice inner;
    if (name.size < 3 || name.data[0] != '"' || name.data[name.size - 1] != '"') {
        return name;
    }
    inner = slice_of(name.data + 1, name.size - 2);
    return slice_find(inner, '"') == SLICE_NONE ? inner : name;
}

static int read_flag(const struct pg_result *result, size_t row, const char *column, bool *flag,
                     struct error *err)
{
    struct slice text;
    if (read_text(result, row, column, &text, err) != 0) {
        return -1;
    }
    *flag = slice_equal_nocase(text, SLICE("Y"));
    return 0;
}

static int read_columns(const struct pg_result *result, size_t row, struct arena *arena,
                        struct file_config *config, struct error *err)
{
    struct slice text;
    const json *list;
    size_t i = 0;
    if (read_text(result, row, "columns", &text, err) != 0) {
        return -1;
    }
    config->columns = NULL;
    config->column_count = 0;
    if (text.size == 0) {
        return 0;
    }
    list = json_parse(arena, text, COLUMNS_BYTES_LIMIT, err);
    if (list == NULL) {
        return error_prefix(err, "columns of configuration %.*s", SLICE_ARG(config->config_sid));
    }
    config->columns = arena_zalloc(arena, json_count(list), sizeof(*config->columns));
    for (const json *column = json_first(list); column != NULL; column = json_next(column)) {
        const json *name = json_first(column);
        (void)json_string(name, &config->columns[i].name);
        config->columns[i].name = without_quotes(config->columns[i].name);
        (void)json_u64(json_next(name), &config->columns[i].width);
        i++;
    }
    config->column_count = i;
    return 0;
}

static int read_texts(const struct pg_result *result, size_t row, struct file_config *config,
                      struct error *err)
{
    const struct {
        const char *column;
        struct slice *text;
    } texts[] = {
        {"config_sid", &config->config_sid},
        {"interface_id", &config->interface_id},
        {"interface_name", &config->interface_name},
        {"tgt_schema_name", &config->schema},
        {"tgt_table_name", &config->table},
        {"file_prefix", &config->file_prefix},
        {"file_format", &config->file_format},
        {"file_type", &config->file_type},
        {"query", &config->query},
        {"split_prefix", &config->split_prefix},
        {"escape_char", &config->escape_char},
        {"trailer_pstn", &config->trailer_pstn},
        {"key_glob", &config->key_glob},
        {"quote_char", &config->quote_char},
        {"null_marker", &config->null_marker},
        {"encoding", &config->encoding},
        {"date_format", &config->date_format},
        {"time_format", &config->time_format},
        {"copy_options", &config->copy_options},
        {"file_name_column", &config->file_name_column},
        {"load_id_column", &config->load_id_column},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (read_text(result, row, texts[i].column, texts[i].text, err) != 0) {
            return -1;
        }
    }
    config->schema = without_quotes(config->schema);
    config->table = without_quotes(config->table);
    return pg_read_text_or(result, row, "delimiter", SLICE(""), &config->delimiter, err);
}

static int read_config(const struct pg_result *result, size_t row, struct arena *arena,
                       struct file_config *config, struct error *err)
{
    if (read_texts(result, row, config, err) != 0 ||
        read_flag(result, row, "header_flag", &config->has_header, err) != 0 ||
        read_flag(result, row, "trailer_flag", &config->has_trailer, err) != 0 ||
        read_flag(result, row, "split_file_flag", &config->is_split, err) != 0 ||
        read_flag(result, row, "notify_submission", &config->notifies_submission, err) != 0) {
        return -1;
    }
    return read_columns(result, row, arena, config, err);
}

/* The candidates for file_prefix, with slashes between, which no file name holds. */
static struct slice candidates_of(struct arena *arena, struct slice key)
{
    struct strbuf text = STRBUF_INIT;
    struct slice rest = file_match_stem(key);
    struct slice candidate;
    struct slice copy;
    while (file_match_next(&rest, &candidate) && text.size < CANDIDATES_BYTES_LIMIT) {
        strbuf_append_text(&text, text.size > 0 ? "/" : "");
        strbuf_append(&text, candidate);
    }
    copy = arena_copy(arena, strbuf_slice(&text));
    strbuf_release(&text);
    return copy;
}

/* How well a row matches: by a glob before any prefix, then the longer prefix; 0: not at all. */
static size_t rank(const struct file_config *config, struct slice key)
{
    bool any = slice_equal(config->file_prefix, FILE_MATCH_ANY);
    if (config->key_glob.size > 0) {
        return file_match_glob(config->key_glob, key) ? 1000 + (any ? 0 : config->file_prefix.size)
                                                      : 0;
    }
    return any ? 0 : config->file_prefix.size;
}

/* Names what was looked for, the shortest file_prefix that would do, or the configurations that
 * have it and want another key. */
static void say_no_match(struct slice key, struct slice other_keys, struct error *err)
{
    struct slice rest = file_match_stem(key);
    struct slice shortest = SLICE("");
    struct strbuf why = STRBUF_INIT;
    while (file_match_next(&rest, &shortest)) {
    }
    if (other_keys.size > 0) {
        strbuf_append_format(&why, "the key_glob of %.*s does not match its key",
                             SLICE_ARG(utf8_take(other_keys, 200)));
    } else if (file_match_name(key).size == 0) {
        strbuf_append_text(&why, "its key ends in \"/\"");
    } else if (shortest.size == 0) {
        strbuf_append_text(&why, "it has no dot, and a file_prefix ends with one");
    } else {
        strbuf_append_format(&why,
                             "none has the file_prefix \"%.*s\", or more of the name before it",
                             SLICE_ARG(utf8_take(shortest, 100)));
    }
    (void)error_set(err, ERROR_CONFIGURATION,
                    "no active configuration matches the file name \"%.*s\": %.*s",
                    SLICE_ARG(utf8_take(file_match_name(key), 300)), SLICE_ARG(strbuf_slice(&why)));
    error_set_code(err, FILE_CONFIG_NO_MATCH);
    strbuf_release(&why);
}

static void append_sid(struct strbuf *list, const struct file_config *config)
{
    strbuf_append_format(list, "%s%.*s", list->size > 0 ? ", " : "", SLICE_ARG(config->config_sid));
}

/* The configurations that match so far. */
struct choice {
    struct file_config best;
    size_t best_rank;
    size_t count;             /* of those that match as well as the best */
    struct strbuf candidates; /* and their ids */
    struct strbuf other_keys; /* the ids of those whose file_prefix fits, but not key_glob */
};

static void consider(struct choice *choice, const struct file_config *config, struct slice key)
{
    size_t config_rank = rank(config, key);
    if (config_rank == 0 && !slice_equal(config->file_prefix, FILE_MATCH_ANY)) {
        append_sid(&choice->other_keys, config);
    }
    if (config_rank == 0 || config_rank < choice->best_rank) {
        return;
    }
    if (config_rank > choice->best_rank) {
        strbuf_clear(&choice->candidates);
        choice->best = *config;
        choice->best_rank = config_rank;
        choice->count = 0;
    }
    append_sid(&choice->candidates, config);
    choice->count++;
}

static int conclude(const struct choice *choice, struct slice key, struct file_config *config,
                    struct error *err)
{
    if (choice->count == 0) {
        say_no_match(key, strbuf_slice(&choice->other_keys), err);
        return -1;
    }
    if (choice->count > 1) {
        (void)error_set(err, ERROR_CONFIGURATION,
                        "configurations %s match the file equally well; deactivate all but one",
                        choice->candidates.data);
        error_set_code(err, FILE_CONFIG_NO_MATCH);
        return -1;
    }
    *config = choice->best;
    return 0;
}

static int pick_best(const struct pg_result *result, struct slice key, struct arena *arena,
                     struct file_config *config, struct error *err)
{
    struct choice choice = {.candidates = STRBUF_INIT, .other_keys = STRBUF_INIT};
    int status = 0;
    for (size_t row = 0; row < result->rows && status == 0; row++) {
        struct file_config current = {0};
        status = read_config(result, row, arena, &current, err);
        if (status == 0) {
            consider(&choice, &current, key);
        }
    }
    if (status == 0) {
        status = conclude(&choice, key, config, err);
    }
    strbuf_release(&choice.candidates);
    strbuf_release(&choice.other_keys);
    return status;
}

int file_config_match(struct pg *pg, const struct config_tables *tables, struct slice key,
                      struct arena *arena, struct file_config *config, struct error *err)
{
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;
    int status;
    append_select(&sql, tables);
    strbuf_append_text(&sql, "where c.oprtnl_flag = 'A' and i.oprtnl_flag = 'A' and "
                             "btrim(c.file_prefix, e' \\t\\r\\n') = "
                             "any(string_to_array($1, '/') || array['*']) "
                             "order by c.ext_file_config_sid");
    status = pg_query(pg, &(struct pg_statement){"find the configuration", sql.data},
                      PG_VALUES(PG_TEXT(candidates_of(arena, key))), arena, &result, err);
    strbuf_release(&sql);
    return status == 0 ? pick_best(&result, key, arena, config, err) : -1;
}

int file_config_read(struct pg *pg, const struct config_tables *tables, struct slice config_sid,
                     struct arena *arena, struct file_config *config, struct error *err)
{
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;
    int status;
    append_select(&sql, tables);
    strbuf_append_text(&sql, "where c.ext_file_config_sid = $1::int4");
    status = pg_query(pg, &(struct pg_statement){"read the configuration", sql.data},
                      PG_VALUES(PG_TEXT(config_sid)), arena, &result, err);
    strbuf_release(&sql);
    if (status != 0) {
        return -1;
    }
    if (result.rows == 0) {
        (void)error_set(err, ERROR_CONFIGURATION, "configuration %.*s was deleted",
                        SLICE_ARG(config_sid));
        error_set_code(err, FILE_CONFIG_GONE);
        return -1;
    }
    return read_config(&result, 0, arena, config, err);
}
