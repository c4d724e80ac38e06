#include "pipelines/load/plan.h"

#include "base/array.h"
#include "config/file_match.h"

#include "base/banned.h"

static int check_size(uint64_t size_bytes, uint64_t threshold_bytes, struct error *err)
{
    if (size_bytes == 0) {
        return error_set(err, ERROR_INVALID, "the file is empty");
    }
    if (size_bytes < threshold_bytes) {
        return error_set(err, ERROR_INVALID,
                         "the file has %llu bytes, fewer than threshold_file_size_bytes (%llu)",
                         (unsigned long long)size_bytes, (unsigned long long)threshold_bytes);
    }
    return 0;
}

static int check_suffix(struct slice key, struct slice file_type, struct error *err)
{
    struct slice name = file_match_name(key);
    size_t dot = slice_find_last(name, '.');
    struct slice suffix = dot == SLICE_NONE ? SLICE("") : slice_skip(name, dot + 1);
    if (!slice_equal(suffix, file_type)) {
        return error_set(err, ERROR_INVALID,
                         "the file's suffix is \"%.*s\", and its configuration wants \"%.*s\" "
                         "(file_type)",
                         SLICE_ARG(slice_take(suffix, 50)), SLICE_ARG(file_type));
    }
    return 0;
}

static bool find_compression(struct slice name, enum copy_compression *compression)
{
    static const struct {
        struct slice name;
        enum copy_compression compression;
    } known[] = {
        {SLICE_INIT("gz"), COPY_GZIP},   {SLICE_INIT("gzip"), COPY_GZIP},
        {SLICE_INIT("bz2"), COPY_BZIP2}, {SLICE_INIT("bzip2"), COPY_BZIP2},
        {SLICE_INIT("lzo"), COPY_LZOP},  {SLICE_INIT("lzop"), COPY_LZOP},
    };

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (slice_equal_nocase(name, known[i].name)) {
            *compression = known[i].compression;
            return true;
        }
    }
    return false;
}

/* Any word has always stood for delimited text; but these cannot be meant so. */
static bool is_no_text(struct slice format)
{
    static const struct slice names[] = {
        SLICE_INIT("json"), SLICE_INIT("jsonl"), SLICE_INIT("ndjson"),  SLICE_INIT("xml"),
        SLICE_INIT("avro"), SLICE_INIT("orc"),   SLICE_INIT("parquet"), SLICE_INIT("xls"),
        SLICE_INIT("xlsx"), SLICE_INIT("zip"),   SLICE_INIT("zst"),     SLICE_INIT("zstd"),
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (slice_equal_nocase(format, names[i])) {
            return true;
        }
    }
    return false;
}

/* file_format says how the file is made; file_type tells a compressed one where it does not. */
static int read_format(const struct file_config *config, struct plan *plan, struct error *err)
{
    struct slice format = config->file_format;
    plan->layout = config->quote_char.size > 0 ? COPY_CSV : COPY_DELIMITED;
    if (find_compression(format, &plan->compression)) {
        return 0;
    }
    (void)find_compression(config->file_type, &plan->compression);
    if (is_no_text(format)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "file_format \"%.*s\" is none of txt, csv, gz, bz2, lzo, fixed_width",
                         SLICE_ARG(format));
    }
    if (slice_equal_nocase(format, SLICE("fixed_width"))) {
        plan->layout = COPY_FIXED_WIDTH;
    }
    return 0;
}

static bool has_option(struct slice options, struct slice wanted)
{
    struct slice option;
    while (options.size > 0) {
        (void)slice_cut(options, ',', &option, &options);
        if (slice_equal_nocase(slice_trim(option), wanted)) {
            return true;
        }
    }
    return false;
}

static void read_records(const struct file_config *config, struct plan *plan)
{
    plan->records = RECORDS_LINES;
    if (plan->layout == COPY_CSV) {
        plan->records = RECORDS_CSV;
        plan->quote = config->quote_char.data[0];
        plan->delimiter = copy_sql_delimiter_end(config->delimiter, plan->layout);
    } else if (has_option(config->copy_options, SLICE("ESCAPE"))) {
        plan->records = RECORDS_ESCAPED;
    }
}

static int read_trailer(const struct file_config *config, struct plan *plan, struct error *err)
{
    struct slice start;
    struct slice end;
    if (!config->has_trailer) {
        return 0;
    }
    if (!slice_cut(config->trailer_pstn, ':', &start, &end) ||
        !slice_to_u64(slice_trim(start), &plan->trailer_start) ||
        !slice_to_u64(slice_trim(end), &plan->trailer_end) || plan->trailer_start == 0 ||
        plan->trailer_end <= plan->trailer_start) {
        return error_set(err, ERROR_CONFIGURATION,
                         "trailer_flag is Y, but trailer_pstn \"%.*s\" is not start:end with "
                         "1 <= start < end",
                         SLICE_ARG(config->trailer_pstn));
    }
    if (plan->compression != COPY_PLAIN && plan->compression != COPY_GZIP) {
        return error_set(err, ERROR_CONFIGURATION,
                         "trailer_flag is Y, but only plain and gzip files can have a trailer");
    }
    if (config->encoding.size > 0 && !slice_equal_nocase(config->encoding, SLICE("UTF8"))) {
        return error_set(err, ERROR_CONFIGURATION,
                         "trailer_flag is Y, but only UTF8 files can have a trailer (encoding is "
                         "%.*s)",
                         SLICE_ARG(config->encoding));
    }
    plan->takes_trailer_off = true;
    return 0;
}

int plan_make(const struct file_config *config, struct slice key, uint64_t size_bytes,
              uint64_t threshold_bytes, struct plan *plan, struct error *err)
{
    *plan = (struct plan){0};
    if (check_size(size_bytes, threshold_bytes, err) != 0 ||
        check_suffix(key, config->file_type, err) != 0 || read_format(config, plan, err) != 0) {
        return -1;
    }
    if (config->is_split) {
        return error_set(err, ERROR_CONFIGURATION,
                         "split_file_flag is Y, and splitting is not available in this version");
    }
    read_records(config, plan);
    return read_trailer(config, plan, err);
}
