#include "unit/unit.h"

#include "redshift/copy_sql.h"

static const struct copy_column columns[] = {
    {SLICE_INIT("NDC"), 11},
    {SLICE_INIT("pa_type"), 2},
};

static const struct copy_sql plain = {
    .table = SLICE_INIT("\"temp\""),
    .columns = columns,
    .column_count = 2,
    .manifest_url = SLICE_INIT("s3://bucket/processing/id/manifest"),
    .iam_role = SLICE_INIT("arn:aws:iam::1:role/copy"),
    .region = SLICE_INIT("eu-west-1"),
    .layout = COPY_DELIMITED,
    .delimiter = SLICE_INIT("|"),
};

#define HEAD                                                                                       \
    "COPY \"temp\" (\"ndc\", \"pa_type\") FROM 's3://bucket/processing/id/manifest' "              \
    "IAM_ROLE 'arn:aws:iam::1:role/copy' MANIFEST"
#define FORMATS " IGNOREBLANKLINES DATEFORMAT 'auto' TIMEFORMAT 'auto' ACCEPTINVCHARS ACCEPTANYDATE"
#define TAIL " COMPUPDATE OFF STATUPDATE OFF REGION 'eu-west-1'"

static void assert_copy(const struct copy_sql *copy, const char *expected)
{
    struct strbuf out = STRBUF_INIT;
    struct error err;
    assert_int_equal(copy_sql_build(&out, copy, &err), 0);
    assert_string_equal(out.data, expected);
    strbuf_release(&out);
}

static void assert_refused(const struct copy_sql *copy, const char *part)
{
    struct strbuf out = STRBUF_INIT;
    struct error err;
    assert_int_equal(copy_sql_build(&out, copy, &err), -1);
    assert_int_equal(err.kind, ERROR_CONFIGURATION);
    assert_says(err.message, part);
    strbuf_release(&out);
}

static void test_delimited(void **state)
{
    struct copy_sql copy = plain;
    (void)state;
    assert_copy(&copy, HEAD " DELIMITER AS '|'" FORMATS TAIL);
    copy.remove_quotes = true;
    copy.skip_header = true;
    copy.compression = COPY_GZIP;
    assert_copy(&copy, HEAD " DELIMITER AS '|' REMOVEQUOTES IGNOREHEADER 1" FORMATS TAIL " GZIP");
    copy = plain;
    copy.delimiter = SLICE("\\t");
    assert_copy(&copy, HEAD " DELIMITER AS '\\t'" FORMATS TAIL);
    copy.delimiter = SLICE("\\001");
    assert_copy(&copy, HEAD " DELIMITER AS '\\001'" FORMATS TAIL);
    copy.delimiter = SLICE("'\\");
    assert_copy(&copy, HEAD " DELIMITER AS '''\\\\'" FORMATS TAIL);
    copy.delimiter = SLICE("");
    copy.compression = COPY_BZIP2;
    assert_copy(&copy, HEAD FORMATS TAIL " BZIP2");
    copy.compression = COPY_LZOP;
    assert_copy(&copy, HEAD FORMATS TAIL " LZOP");
}

static void test_where_a_field_begins(void **state)
{
    (void)state;
    assert_int_equal(copy_sql_delimiter_end(SLICE(""), COPY_CSV), ',');
    assert_int_equal(copy_sql_delimiter_end(SLICE(""), COPY_DELIMITED), '|');
    assert_int_equal(copy_sql_delimiter_end(SLICE(";"), COPY_CSV), ';');
    assert_int_equal(copy_sql_delimiter_end(SLICE("~|"), COPY_CSV), '|');
    assert_int_equal(copy_sql_delimiter_end(SLICE("\\t"), COPY_CSV), '\t');
    assert_int_equal(copy_sql_delimiter_end(SLICE("\\054"), COPY_CSV), ',');
    assert_int_equal(copy_sql_delimiter_end(SLICE("\\377"), COPY_CSV), '7');
}

static void test_csv_and_fixed_width(void **state)
{
    struct copy_sql copy = plain;
    (void)state;
    copy.layout = COPY_CSV;
    copy.delimiter = SLICE(",");
    copy.quote = SLICE("'");
    assert_copy(&copy, HEAD " FORMAT CSV QUOTE AS '''' DELIMITER AS ','" FORMATS TAIL);
    copy = plain;
    copy.layout = COPY_FIXED_WIDTH;
    assert_copy(&copy, HEAD " FIXEDWIDTH 'NDC:11,pa_type:2'" FORMATS TAIL);
    copy.remove_quotes = true;
    assert_copy(&copy, HEAD " FIXEDWIDTH 'NDC:11,pa_type:2' REMOVEQUOTES" FORMATS TAIL);
}

static void test_options_of_the_configuration(void **state)
{
    struct copy_sql copy = plain;
    (void)state;
    copy.null_marker = SLICE("\\N");
    copy.encoding = SLICE("utf16le");
    copy.date_format = SLICE("YYYYMMDD");
    copy.time_format = SLICE("epochsecs");
    copy.extra = SLICE(" trimblanks,statupdate off , ESCAPE");
    assert_copy(&copy, HEAD " DELIMITER AS '|' IGNOREBLANKLINES DATEFORMAT 'YYYYMMDD' "
                            "TIMEFORMAT 'epochsecs' ACCEPTINVCHARS ACCEPTANYDATE NULL AS '\\\\N' "
                            "ENCODING UTF16LE TRIMBLANKS ESCAPE" TAIL);
    copy = plain;
    copy.extra = SLICE("COMPUPDATE OFF, statupdate off");
    assert_copy(&copy, HEAD " DELIMITER AS '|'" FORMATS TAIL);
}

static void test_what_cannot_be_is_refused_in_the_configurations_words(void **state)
{
    static const struct copy_column no_width[] = {{SLICE_INIT("a"), 0}};
    static const struct copy_column repeated[] = {{SLICE_INIT("a"), 0}, {SLICE_INIT("A"), 0}};
    static const struct copy_column bad_name[] = {{SLICE_INIT("a:1,b"), 1}};
    struct copy_sql copy = plain;
    (void)state;
    copy.column_count = 0;
    assert_refused(&copy, "no columns");
    copy = plain;
    copy.layout = COPY_CSV;
    copy.quote = SLICE("\"");
    copy.remove_quotes = true;
    assert_refused(&copy, "quote_char and escape_char");
    copy.quote = SLICE("é");
    assert_refused(&copy, "quote_char \"é\"");
    copy.quote = SLICE("''");
    assert_refused(&copy, "quote_char \"''\"");
    copy = plain;
    copy.layout = COPY_FIXED_WIDTH;
    copy.quote = SLICE("\"");
    assert_refused(&copy, "quote_char");
    copy.quote = SLICE("");
    copy.columns = no_width;
    copy.column_count = 1;
    assert_refused(&copy, "column_width_fixed of column \"a\"");
    copy.columns = bad_name;
    assert_refused(&copy, "a:1,b");
    copy = plain;
    copy.columns = repeated;
    assert_refused(&copy, "\"A\" is listed twice");
    copy = plain;
    copy.encoding = SLICE("latin1");
    assert_refused(&copy, "encoding \"latin1\"");
    copy = plain;
    copy.extra = SLICE("TRIMBLANKS, MAXERROR 5");
    assert_refused(&copy, "MAXERROR 5");
    copy.extra = SLICE("EXPLICIT_IDS");
    assert_refused(&copy, "EXPLICIT_IDS");
    copy.extra = SLICE("TRIMBLANKS CREDENTIALS 'x'");
    assert_refused(&copy, "copy_options");
    copy.layout = COPY_FIXED_WIDTH;
    copy.extra = SLICE("ESCAPE");
    assert_refused(&copy, "ESCAPE");
}

static void test_values_cannot_leave_their_literals(void **state)
{
    struct copy_sql copy = plain;
    (void)state;
    copy.manifest_url = SLICE("s3://b/'; drop table x; --");
    copy.null_marker = SLICE("' MAXERROR 9 --");
    assert_copy(&copy, "COPY \"temp\" (\"ndc\", \"pa_type\") FROM 's3://b/''; drop table x; --' "
                       "IAM_ROLE 'arn:aws:iam::1:role/copy' MANIFEST DELIMITER AS '|'" FORMATS
                       " NULL AS ''' MAXERROR 9 --'" TAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delimited),
        cmocka_unit_test(test_where_a_field_begins),
        cmocka_unit_test(test_csv_and_fixed_width),
        cmocka_unit_test(test_options_of_the_configuration),
        cmocka_unit_test(test_what_cannot_be_is_refused_in_the_configurations_words),
        cmocka_unit_test(test_values_cannot_leave_their_literals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
