#include "unit/unit.h"

#include "pipelines/load/plan.h"

/* A delimited text file without header and trailer. */
static struct file_config plain(void)
{
    return (struct file_config){
        .file_format = SLICE("txt"), .file_type = SLICE("txt"), .delimiter = SLICE("|")};
}

static int make(const struct file_config *config, struct plan *plan, struct error *err)
{
    struct slice key = SLICE("in/A_527.txt");
    if (!slice_equal(config->file_type, SLICE("txt"))) {
        key = SLICE("in/A_527.txt.gz");
    }
    return plan_make(config, key, 100, 0, plan, err);
}

static void assert_refused(const struct file_config *config, enum error_kind kind, const char *part)
{
    struct plan plan;
    struct error err;
    assert_int_equal(make(config, &plan, &err), -1);
    assert_int_equal(err.kind, kind);
    assert_false(err.retryable);
    assert_says(err.message, part);
}

/* --- the file --- */

static void test_sizes(void **state)
{
    static const struct {
        uint64_t size;
        uint64_t threshold;
        const char *refusal; /* NULL: none */
    } rows[] = {
        {1, 0, NULL},
        {50, 50, NULL},
        {51, 50, NULL},
        {0, 0, "the file is empty"},
        {0, 50, "the file is empty"},
        {49, 50, "the file has 49 bytes, fewer than threshold_file_size_bytes (50)"},
    };
    struct file_config config = plain();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct plan plan;
        struct error err;
        int result =
            plan_make(&config, SLICE("in/A_527.txt"), rows[i].size, rows[i].threshold, &plan, &err);
        assert_int_equal(result, rows[i].refusal == NULL ? 0 : -1);
        if (result != 0) {
            assert_int_equal(err.kind, ERROR_INVALID);
            assert_string_equal(err.message, rows[i].refusal);
        }
    }
}

static void test_suffixes(void **state)
{
    static const struct {
        const char *key;
        const char *file_type;
        bool fits;
    } rows[] = {
        {"in/A_527.txt", "txt", true},
        {"in/A_527.txt.gz", "gz", true},
        {"in/A_527.txt.gz", "txt", false},
        {"in/A_527.TXT", "txt", false},
        {"in/A_527.xtxt", "txt", false},
        {"in.txt/A_527", "txt", false},
        {"in/A_527", "", true},
        {"in/A_527.txt", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct file_config config = plain();
        struct plan plan;
        struct error err;
        config.file_type = slice_from(rows[i].file_type);
        assert_int_equal(plan_make(&config, slice_from(rows[i].key), 1, 0, &plan, &err),
                         rows[i].fits ? 0 : -1);
        if (!rows[i].fits) {
            assert_int_equal(err.kind, ERROR_INVALID);
            assert_says(err.message, "the file's suffix is \"");
        }
    }
}

/* --- the configuration --- */

static void test_formats(void **state)
{
    static const struct {
        const char *format;
        const char *file_type;
        const char *quote;
        enum copy_layout layout;
        enum copy_compression compression;
    } rows[] = {
        {"txt", "txt", "", COPY_DELIMITED, COPY_PLAIN},
        {"TXT", "txt", "", COPY_DELIMITED, COPY_PLAIN},
        {"csv", "txt", "\"", COPY_CSV, COPY_PLAIN},
        {"txt", "gz", "", COPY_DELIMITED, COPY_GZIP},
        {"gz", "txt", "", COPY_DELIMITED, COPY_GZIP},
        {"gzip", "gz", "'", COPY_CSV, COPY_GZIP},
        {"bz2", "txt", "", COPY_DELIMITED, COPY_BZIP2},
        {"lzo", "txt", "", COPY_DELIMITED, COPY_LZOP},
        {"fixed_width", "txt", "", COPY_FIXED_WIDTH, COPY_PLAIN},
        {"Fixed_Width", "gz", "", COPY_FIXED_WIDTH, COPY_GZIP},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct file_config config = plain();
        struct plan plan;
        struct error err;
        config.file_format = slice_from(rows[i].format);
        config.file_type = slice_from(rows[i].file_type);
        config.quote_char = slice_from(rows[i].quote);
        assert_int_equal(make(&config, &plan, &err), 0);
        assert_int_equal(plan.layout, rows[i].layout);
        assert_int_equal(plan.compression, rows[i].compression);
        assert_false(plan.takes_trailer_off);
    }
}

static void test_what_cannot_be_had(void **state)
{
    struct file_config config = plain();
    (void)state;
    config.file_format = SLICE("xlsx");
    assert_refused(&config, ERROR_CONFIGURATION, "file_format \"xlsx\" is none of");
    config = plain();
    config.is_split = true;
    assert_refused(&config, ERROR_CONFIGURATION, "split_file_flag is Y");
}

static void test_records(void **state)
{
    struct file_config config = plain();
    struct plan plan;
    struct error err;
    (void)state;
    assert_int_equal(make(&config, &plan, &err), 0);
    assert_int_equal(plan.records, RECORDS_LINES);
    config.copy_options = SLICE("TRIMBLANKS, escape");
    assert_int_equal(make(&config, &plan, &err), 0);
    assert_int_equal(plan.records, RECORDS_ESCAPED);
    config.copy_options = SLICE("ESCAPED");
    assert_int_equal(make(&config, &plan, &err), 0);
    assert_int_equal(plan.records, RECORDS_LINES);
    config = plain();
    config.quote_char = SLICE("'");
    config.delimiter = SLICE("\\t");
    assert_int_equal(make(&config, &plan, &err), 0);
    assert_int_equal(plan.records, RECORDS_CSV);
    assert_int_equal(plan.quote, '\'');
    assert_int_equal(plan.delimiter, '\t');
}

static void test_trailers(void **state)
{
    static const char *const wrong[] = {"", "3", "3:", ":3", "0:3", "3:3", "3:2", "a:b", "-1:3"};
    struct file_config config = plain();
    struct plan plan;
    struct error err;
    (void)state;
    config.has_trailer = true;
    config.trailer_pstn = SLICE("3:4");
    assert_int_equal(make(&config, &plan, &err), 0);
    assert_true(plan.takes_trailer_off);
    assert_int_equal(plan.trailer_start, 3);
    assert_int_equal(plan.trailer_end, 4);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        config.trailer_pstn = slice_from(wrong[i]);
        assert_refused(&config, ERROR_CONFIGURATION, "is not start:end with 1 <= start < end");
    }
    config.has_trailer = false; /* then it does not matter */
    assert_int_equal(make(&config, &plan, &err), 0);
    assert_false(plan.takes_trailer_off);
}

/* A trailer can only be found where the file can be read. */
static void test_trailers_that_cannot_be_read(void **state)
{
    struct file_config config = plain();
    struct plan plan;
    struct error err;
    (void)state;
    config.has_trailer = true;
    config.trailer_pstn = SLICE(" 3 : 13 ");
    config.encoding = SLICE("utf8");
    config.file_format = SLICE("gz");
    assert_int_equal(make(&config, &plan, &err), 0);
    config.encoding = SLICE("UTF16");
    assert_refused(&config, ERROR_CONFIGURATION, "encoding is UTF16");
    config.encoding = SLICE("");
    config.file_format = SLICE("bz2");
    assert_refused(&config, ERROR_CONFIGURATION, "only plain and gzip files can have a trailer");
    config.file_format = SLICE("lzo");
    assert_refused(&config, ERROR_CONFIGURATION, "only plain and gzip files can have a trailer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_suffixes),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_what_cannot_be_had),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_trailers_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
