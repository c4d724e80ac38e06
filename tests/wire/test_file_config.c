/*
 * Configurations on a real Postgres: which one a file gets, and how its row is read. tests/e2e/
 * test_file_tables.py applies sql/postgres and runs this.
 */
#include "wire/claims.h"

/* One configuration of interface 527, with whatever else `more` sets: "column = value, …". */
static void add_config(struct fixture *f, int sid, const char *prefix, const char *more)
{
    struct pg_values values = PG_VALUES(PG_NUMBER(sid), PG_TEXT(slice_from(prefix)));
    assert_int_equal(
        run(f, &f->pg,
            "insert into rdscnfg.ext_interface (ext_interface_cid, interface_name) values "
            "(527, 'NDC_X_PA_TYPE') on conflict do nothing"),
        0);
    assert_int_equal(
        run_values(f, &f->pg,
                   "insert into rdscnfg.ext_file_config (ext_file_config_sid, ext_interface_cid, "
                   "file_prefix, file_format, file_type, header_flag, trailer_flag, "
                   "split_file_flag) values ($1::int4, 527, $2, 'txt', 'txt', 'N', 'N', 'N')",
                   values, NULL),
        0);
    if (more != NULL) {
        must_run(f, arena_format(&f->arena,
                                 "update rdscnfg.ext_file_config set %s where ext_file_config_sid "
                                 "= %d",
                                 more, sid)
                        .data);
    }
}

static int match(struct fixture *f, const char *key, struct file_config *config)
{
    return file_config_match(&f->pg, &config_tables, slice_from(key), &f->arena, config, &f->err);
}

static void assert_match(struct fixture *f, const char *key, const char *sid)
{
    struct file_config config;
    if (match(f, key, &config) != 0) {
        fail_msg("%s: %s", key, f->err.message);
    }
    if (!slice_equal(config.config_sid, slice_from(sid))) {
        fail_msg("%s is matched by %.*s, must be by %s", key, SLICE_ARG(config.config_sid), sid);
    }
}

static void assert_no_match(struct fixture *f, const char *key, const char *part)
{
    struct file_config config = {.config_sid = SLICE("untouched")};
    memset(&f->err, 0, sizeof(f->err));
    if (match(f, key, &config) == 0) {
        fail_msg("%s is matched by %.*s", key, SLICE_ARG(config.config_sid));
    }
    assert_failed(f, ERROR_CONFIGURATION, FILE_CONFIG_NO_MATCH.data, false);
    if (strstr(f->err.message, part) == NULL) {
        fail_msg("\"%s\" does not name %s", f->err.message, part);
    }
    assert_text(config.config_sid, "untouched");
}

/* --- matching --- */

static void test_the_longest_prefix_wins(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *key;
        const char *sid;
    } keys[] = {
        {"in/PROD_20151015_150510973_PA_FLAVOR_527.txt", "2"},
        {"in/FLAVOR_527.txt", "2"},
        {"in/xFLAVOR_527.txt", "1"}, /* a prefix begins at a "_" or with the name */
        {"in/PROD_flavor_527.txt", "1"},
        {"527.txt", "1"},
        {"in/527.", "1"},
        {"in/_527.txt", "1"},
        {"in/a__527.txt.gz", "1"},
        {"in/527.x_601.txt", "1"},   /* up to the first dot */
        {"in_601.x/a_527.txt", "1"}, /* folders do not count */
        {"in/a_527-01.txt", "3"},
        {"in/caf\xC3\xA9_it's \"x\".txt", "4"},
        {"in/a_%.txt", "5"},
    };
    add_config(f, 1, "527.", NULL);
    add_config(f, 2, "FLAVOR_527.", NULL);
    add_config(f, 3, "527-01.", NULL);
    add_config(f, 4, "caf\xC3\xA9_it's \"x\".", NULL);
    add_config(f, 5, "%.", NULL);
    add_config(f, 6, "PROD_20151015_150510973_PA_FLAVOR_527.", "oprtnl_flag = 'I'");
    add_config(f, 7, "PA_FLAVOR_527.", "oprtnl_flag = 'D'");
    add_config(f, 8, "601.", NULL);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_match(f, keys[i].key, keys[i].sid);
    }
}

static void test_files_that_nobody_configured(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *key;
        const char *part; /* of the message */
    } keys[] = {
        {"in/1527.txt", "\"1527.txt\""},
        {"in/a_1527.txt", "\"1527.\""},
        {"in/a_527", "\"a_527\": it has no dot"},
        {"in/a_527_.txt", "\"a_527_.txt\""},
        {"in/a_527x.txt", "\"527x.\""},
        {"in/a_528.txt", "\"528.\""},
        {"in/a_FLAVOR.527.txt", "\"FLAVOR.\""},
        {"in/", "\"\": its key ends in \"/\""},
        {"", "\"\""},
        {".txt", "\".txt\""},
        {"in/_.txt", "\"_.txt\""},
    };
    assert_no_match(f, "in/a_527.txt", "\"527.\""); /* there is none at all */
    add_config(f, 1, "527.", NULL);
    add_config(f, 2, "", NULL);
    add_config(f, 3, "*", NULL); /* matches by key_glob alone, and has none */
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_no_match(f, keys[i].key, keys[i].part);
    }
}

static void test_only_active_rows_count(void **state)
{
    struct fixture *f = *state;
    add_config(f, 1, "527.", NULL);
    assert_match(f, "in/a_527.txt", "1");
    must_run(f, "update rdscnfg.ext_file_config set oprtnl_flag = 'I'");
    assert_no_match(f, "in/a_527.txt", "no active configuration");
    must_run(f, "update rdscnfg.ext_file_config set oprtnl_flag = 'A'");
    must_run(f, "update rdscnfg.ext_interface set oprtnl_flag = 'D'");
    assert_no_match(f, "in/a_527.txt", "no active configuration");
    must_run(f, "update rdscnfg.ext_interface set oprtnl_flag = 'A'");
    assert_match(f, "in/a_527.txt", "1");
}

static void test_two_that_match_alike_are_both_named(void **state)
{
    struct fixture *f = *state;
    add_config(f, 30, "527.", NULL);
    add_config(f, 4, "527.", NULL);
    add_config(f, 5, "527.", "oprtnl_flag = 'I'");
    add_config(f, 6, "X_527.", NULL);
    assert_no_match(f, "in/a_527.txt", "configurations 4, 30 match");
    assert_match(f, "in/X_527.txt", "6");
    must_run(f,
             "update rdscnfg.ext_file_config set oprtnl_flag = 'D' where ext_file_config_sid = 4");
    assert_match(f, "in/a_527.txt", "30");
    /* As many as there may be: the message stays a message. */
    for (int sid = 100; sid < 400; sid++) {
        add_config(f, sid, "601.", NULL);
    }
    assert_no_match(f, "in/a_601.txt", "configurations 100, 101, 102");
}

static void test_globs(void **state)
{
    struct fixture *f = *state;
    add_config(f, 1, "527.", NULL);
    add_config(f, 2, "*", "key_glob = 'in/acme/**'");
    add_config(f, 3, "601.", "key_glob = 'in/acme/*'");
    add_config(f, 4, "*", "key_glob = 'in/caf\xC3\xA9/?.csv'");
    add_config(f, 5, "527.", "key_glob = 'in/it''s \"x\"/*'");
    add_config(f, 6, "", "key_glob = '**'"); /* an empty prefix is none */
    assert_match(f, "in/a_527.txt", "1");
    assert_match(f, "in/acme/a_527.txt", "2"); /* by a glob before any prefix */
    assert_match(f, "in/acme/deep/no dot", "2");
    assert_match(f, "in/acme/a_601.txt", "3"); /* by both */
    assert_no_match(f, "in/a_601.txt", "\"a_601.txt\": the key_glob of 3 does not match its key");
    assert_match(f, "in/caf\xC3\xA9/\xE6\x97\xA5.csv", "4");
    assert_no_match(f, "in/caf\xC3\xA9/ab.csv", "\"ab.\"");
    assert_match(f, "in/it's \"x\"/a_527.txt", "5");
    add_config(f, 7, "*", "key_glob = 'in/**'");
    assert_no_match(f, "in/acme/a_527.txt", "configurations 2, 7 match");
}

static void test_a_name_made_of_boundaries(void **state)
{
    struct fixture *f = *state;
    char key[1025];
    memset(key, '_', sizeof(key));
    memcpy(key + sizeof(key) - 9, "_527.txt", 9); /* with its NUL */
    add_config(f, 1, "527.", NULL);
    add_config(f, 2, "_527.", NULL);
    assert_match(f, key, "2");
}

/* --- reading --- */

static void test_every_column_is_read(void **state)
{
    struct fixture *f = *state;
    struct file_config config;
    add_config(f, 7, "527.",
               "tgt_schema_name = ' rdsftetl ', tgt_table_name = E'dc_x_pa_flavor\\n', "
               "file_format = ' fixed_width', file_type = 'dat ', delimiter = E'\\t', "
               "header_flag = 'Y', trailer_flag = 'y', split_file_flag = 'Y', "
               "query = E' call it(''caf\\u00E9'', \"x\", \\'\\\\\\');\\n', "
               "split_prefix = '01,02', escape_char = '\"', trailer_pstn = '3:13', "
               "key_glob = '**', quote_char = '''', null_marker = E'\\\\N', encoding = 'UTF16', "
               "date_format = 'YYYYMMDD', time_format = 'epochsecs', copy_options = 'TRIMBLANKS', "
               "file_name_column = 'source', load_id_column = 'load_id', notify_submission = 'Y'");
    assert_int_equal(match(f, "in/a_527.txt", &config), 0);
    assert_text(config.config_sid, "7");
    assert_text(config.interface_id, "527");
    assert_text(config.interface_name, "NDC_X_PA_TYPE");
    assert_text(config.schema, "rdsftetl");
    assert_text(config.table, "dc_x_pa_flavor");
    assert_text(config.file_prefix, "527.");
    assert_text(config.file_format, "fixed_width");
    assert_text(config.file_type, "dat");
    assert_text(config.delimiter, "\t");
    assert_true(config.has_header && config.has_trailer && config.is_split);
    assert_text(config.query, "call it('caf\xC3\xA9', \"x\", '\\');");
    assert_text(config.split_prefix, "01,02");
    assert_text(config.escape_char, "\"");
    assert_text(config.trailer_pstn, "3:13");
    assert_text(config.key_glob, "**");
    assert_text(config.quote_char, "'");
    assert_text(config.null_marker, "\\N");
    assert_text(config.encoding, "UTF16");
    assert_text(config.date_format, "YYYYMMDD");
    assert_text(config.time_format, "epochsecs");
    assert_text(config.copy_options, "TRIMBLANKS");
    assert_text(config.file_name_column, "source");
    assert_text(config.load_id_column, "load_id");
    assert_true(config.notifies_submission);
    assert_int_equal(config.column_count, 0);
}

static void test_what_a_row_leaves_out(void **state)
{
    struct fixture *f = *state;
    struct file_config config;
    add_config(f, 7, "527.", "delimiter = ' ', header_flag = 'N', trailer_flag = ' '");
    memset(&config, 0xA5, sizeof(config));
    assert_int_equal(match(f, "in/a_527.txt", &config), 0);
    const struct slice empty[] = {config.schema,       config.table,         config.query,
                                  config.split_prefix, config.escape_char,   config.key_glob,
                                  config.quote_char,   config.trailer_pstn,  config.null_marker,
                                  config.encoding,     config.date_format,   config.time_format,
                                  config.copy_options, config.load_id_column};
    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        assert_text(empty[i], "");
    }
    assert_text(config.delimiter, " "); /* a blank is one */
    assert_text(config.file_name_column, "");
    assert_false(config.has_header || config.has_trailer || config.is_split ||
                 config.notifies_submission);
    assert_int_equal(config.column_count, 0);
    assert_null(config.columns);
    must_run(f, "update rdscnfg.ext_file_config set delimiter = null");
    assert_int_equal(match(f, "in/a_527.txt", &config), 0);
    assert_text(config.delimiter, "");
}

static void test_columns_come_in_the_order_of_the_file(void **state)
{
    struct fixture *f = *state;
    static const struct config_column expected[] = {
        {SLICE_INIT("first"), 10},         {SLICE_INIT("it's \"quoted\" \\ \n caf\xC3\xA9"), 0},
        {SLICE_INIT("one and a half"), 3}, {SLICE_INIT("two"), 9007199254740993},
        {SLICE_INIT("two too"), 1},        {SLICE_INIT("ten"), 5},
    };
    struct file_config config;
    add_config(f, 7, "527.", NULL);
    add_config(f, 8, "601.", NULL);
    must_run(f, "insert into rdscnfg.ext_file_config_dtl (ext_file_config_dtl_sid, "
                "ext_file_config_sid, column_name, column_width_fixed, column_order_sqnc, "
                "oprtnl_flag) values (1, 7, 'ten', 5, 10, 'A'), (2, 7, 'two', 9007199254740993, 2, "
                "'A'), (3, 7, 'one and a half', 3, 1.5, 'A'), (4, 7, 'first', 10, 0.05, 'A'), (5, "
                "7, 'gone', 1, 1, 'D'), (6, 7, 'idle', 1, 1, 'I'), (8, 7, 'two too', 1, 2, 'A'), "
                "(9, 8, 'of another', 1, 1, 'A'), (10, 7, E'it''s \"quoted\" \\\\ \\n "
                "caf\\u00E9', null, 1.49, 'A')");
    assert_int_equal(match(f, "in/a_527.txt", &config), 0);
    assert_int_equal(config.column_count, COUNT_OF(expected));
    for (size_t i = 0; i < config.column_count; i++) {
        if (!slice_equal(config.columns[i].name, expected[i].name) ||
            config.columns[i].width != expected[i].width) {
            fail_msg("column %zu is \"%.*s\" of width %llu", i, SLICE_ARG(config.columns[i].name),
                     (unsigned long long)config.columns[i].width);
        }
    }
}

static void test_as_many_columns_as_redshift_takes(void **state)
{
    struct fixture *f = *state;
    struct file_config config;
    add_config(f, 7, "527.", NULL);
    must_run(f, "insert into rdscnfg.ext_file_config_dtl (ext_file_config_dtl_sid, "
                "ext_file_config_sid, column_name, column_order_sqnc) select i, 7, "
                "repeat('\xF0\x9F\x93\x84', 190) || i, i / 2.0 from generate_series(1, 1600) i");
    assert_int_equal(match(f, "in/a_527.txt", &config), 0);
    assert_int_equal(config.column_count, 1600);
    assert_true(slice_ends_with(config.columns[0].name, SLICE("\x84"
                                                              "1")));
    assert_true(slice_ends_with(config.columns[1599].name, SLICE("\x84"
                                                                 "1600")));
}

static void test_numbers_of_interfaces_are_exact(void **state)
{
    struct fixture *f = *state;
    struct file_config config;
    add_config(f, 2147483647, "527.", NULL);
    must_run(f, "insert into rdscnfg.ext_interface (ext_interface_cid, interface_name) values "
                "(999999999999999999999999999999, 'LONGEST'), (999999999999999999999999999998, "
                "'NEXT')");
    must_run(f, "update rdscnfg.ext_file_config set ext_interface_cid = "
                "999999999999999999999999999999");
    assert_int_equal(match(f, "in/a_527.txt", &config), 0);
    assert_text(config.interface_id, "999999999999999999999999999999");
    assert_text(config.interface_name, "LONGEST");
    assert_text(config.config_sid, "2147483647");
}

static void test_a_configuration_by_its_number(void **state)
{
    struct fixture *f = *state;
    struct file_config config = {.config_sid = SLICE("untouched")};
    add_config(f, 7, "527.", "oprtnl_flag = 'D'");
    must_run(f, "update rdscnfg.ext_interface set oprtnl_flag = 'I'");
    /* A file that began with it ends with it. */
    assert_int_equal(
        file_config_read(&f->pg, &config_tables, SLICE("7"), &f->arena, &config, &f->err), 0);
    assert_text(config.file_prefix, "527.");
    config.config_sid = SLICE("untouched");
    assert_int_equal(
        file_config_read(&f->pg, &config_tables, SLICE("8"), &f->arena, &config, &f->err), -1);
    assert_failed(f, ERROR_CONFIGURATION, FILE_CONFIG_GONE.data, false);
    assert_string_equal(f->err.message, "configuration 8 was deleted");
    assert_text(config.config_sid, "untouched");
    assert_int_equal(
        file_config_read(&f->pg, &config_tables, SLICE("7 or true"), &f->arena, &config, &f->err),
        -1);
    assert_failed(f, ERROR_INVALID, "22P02", false);
}

/* --- tables --- */

static void test_tables_that_were_not_migrated(void **state)
{
    struct fixture *f = *state;
    struct file_config config;
    add_config(f, 7, "527.", NULL);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    must_run(f, "alter table rdscnfg.ext_file_config drop column key_glob");
    assert_int_equal(match(f, "in/a_527.txt", &config), -1);
    assert_failed(f, ERROR_CONFIGURATION, "42703", false);
    assert_says(f->err.message, "key_glob");
    pg_rollback(&f->pg);
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    must_run(f, "alter table rdscnfg.ext_interface rename to ext_face");
    assert_int_equal(match(f, "in/a_527.txt", &config), -1);
    assert_failed(f, ERROR_CONFIGURATION, "42P01", false);
    assert_says(f->err.message, "rdscnfg.ext_interface");
    pg_rollback(&f->pg);
    assert_match(f, "in/a_527.txt", "7");
}

/* The tables under other names in a schema of their own, with the rows of the configuration. */
static void copy_tables(struct fixture *f, const char *schema)
{
    static const char *const tables[][2] = {
        {"ext_interface", "ext_interface"},
        {"ext_file_config", "config's table"},
        {"ext_file_config_dtl", "config's table_dtl"},
        {"ext_file", "ext_file"},
        {"ext_file_history", "ext_file_history"},
        {"ext_statement", "ext_statement"},
        {"ext_file_audit", "audit \"\" $1"},
    };
    must_run(f, arena_format(&f->arena, "create schema %s", schema).data);
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        const char *name = arena_format(&f->arena, "%s.\"%s\"", schema, tables[i][1]).data;
        must_run(f, arena_format(&f->arena, "create table %s (like rdscnfg.%s including all)", name,
                                 tables[i][0])
                        .data);
        if (i < 3) {
            must_run(f, arena_format(&f->arena, "insert into %s select * from rdscnfg.%s", name,
                                     tables[i][0])
                            .data);
        }
    }
}

/* From the environment variables to rows, whatever the tables are called. */
static void test_tables_of_any_name(void **state)
{
    struct fixture *f = *state;
    static const char schema[] = "\"odd\"\"; drop table caf\xC3\xA9 --\"";
    struct file_config config;
    struct file_record record;
    bool done = false;
    (void)setenv("postgres_config_table", "ODD\"; Drop Table caf\xC3\xA9 --.Config's TABLE", 1);
    (void)setenv("postgres_config_audit_table", "odd\"; DROP table caf\xC3\xA9 --.AUDIT \" $1", 1);
    name_tables(f);
    add_config(f, 7, "527.", "tgt_table_name = 'here'");
    assert_int_equal(pg_begin(&f->pg, &f->err), 0);
    copy_tables(f, schema);
    must_run(f, "update rdscnfg.ext_file_config set tgt_table_name = 'elsewhere'");
    assert_int_equal(match(f, "in/a_527.txt", &config), 0);
    assert_text(config.table, "here");
    hold_file(f, &record);
    const struct audit_row row = {
        .interface_id = SLICE("527"), .status = SLICE("FAILED"), .start_ms = 0, .end_ms = 0};
    const struct file_end end = {
        .fence = {.file_id = record.file_id, .claim_no = 1, .states = FILE_IN(FILE_RECEIVED)},
        .to = FILE_REJECTED,
        .audit = &row,
        .now_ms = NOW_MS};
    assert_int_equal(file_end(&store, &end, &f->arena, &done, &record, &f->err), 0);
    assert_true(done);
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file"), 0);
    assert_int_equal(ask_number(f, &f->pg,
                                arena_format(&f->arena,
                                             "select (select count(*) from %s.ext_file_history) + "
                                             "(select count(*) from %s.\"audit \"\" $1\") as n",
                                             schema, schema)
                                    .data),
                     3); /* RECEIVED, REJECTED, and the audit row */
    pg_rollback(&f->pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_the_longest_prefix_wins),
        CASE_TABLES(test_files_that_nobody_configured),
        CASE_TABLES(test_only_active_rows_count),
        CASE_TABLES(test_two_that_match_alike_are_both_named),
        CASE_TABLES(test_globs),
        CASE_TABLES(test_a_name_made_of_boundaries),
        CASE_TABLES(test_every_column_is_read),
        CASE_TABLES(test_what_a_row_leaves_out),
        CASE_TABLES(test_columns_come_in_the_order_of_the_file),
        CASE_TABLES(test_as_many_columns_as_redshift_takes),
        CASE_TABLES(test_numbers_of_interfaces_are_exact),
        CASE_TABLES(test_a_configuration_by_its_number),
        CASE_TABLES(test_tables_that_were_not_migrated),
        CASE_TABLES(test_tables_of_any_name),
    };
    return RUN_ON_SERVER("test_file_config", tests);
}
