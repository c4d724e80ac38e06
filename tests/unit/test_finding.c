#include "unit/unit.h"

#include "base/array.h"
#include "operate/finding.h"

#define LATEST_MS INT64_C(1795206473000)

static const struct folder_settings folders = {.archive = SLICE_INIT("archive"),
                                               .processing = SLICE_INIT("work/processing")};

static void test_which_listed_object_is_wanted(void **state)
{
    (void)state;
    static const struct {
        struct slice key;
        uint64_t size;
        int64_t modified_ms;
        enum finding finding;
    } rows[] = {
        {SLICE_INIT("in/PROD_527.txt"), 60, LATEST_MS, FINDING_WANTED},
        {SLICE_INIT("in/PROD_527.txt"), 60, LATEST_MS + 1, FINDING_YOUNG},
        {SLICE_INIT("in/PROD_527.txt"), 60, 0, FINDING_WANTED},
        {SLICE_INIT("in/EMPTY_527.txt"), 0, LATEST_MS, FINDING_WANTED}, /* it is rejected */
        {SLICE_INIT("in/caf\xC3\xA9 (1)'.txt"), 60, LATEST_MS, FINDING_WANTED},
        {SLICE_INIT("in/"), 0, LATEST_MS, FINDING_IGNORED},
        {SLICE_INIT("in/"), 1, LATEST_MS, FINDING_WANTED},
        {SLICE_INIT("in/"), 1, LATEST_MS + 1, FINDING_YOUNG},
        {SLICE_INIT("archive/527/x.txt"), 60, LATEST_MS, FINDING_IGNORED},
        {SLICE_INIT("work/processing/id/data-1"), 60, LATEST_MS, FINDING_IGNORED},
        {SLICE_INIT("in/a\0b_527.txt"), 60, LATEST_MS, FINDING_UNUSABLE},
        {SLICE_INIT("in/a\xFF_527.txt"), 60, LATEST_MS, FINDING_UNUSABLE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct s3_list_entry entry = {
            .key = rows[i].key, .size = rows[i].size, .modified_ms = rows[i].modified_ms};
        struct error problem;
        if (finding_judge(&folders, SLICE("landing"), &entry, LATEST_MS, &problem) !=
            rows[i].finding) {
            fail_msg("row %zu: %s", i, rows[i].key.data);
        }
    }
}

static void test_an_object_is_what_its_event_would_have_named(void **state)
{
    (void)state;
    const struct s3_list_entry entry = {SLICE("in/A_527.txt"), SLICE("e1"), 60, LATEST_MS};
    const struct s3_object_event object = finding_object(SLICE("landing"), &entry);
    assert_int_equal(object.origin, S3_OBJECT_OF_SEARCH);
    assert_text(object.bucket, "landing");
    assert_text(object.key, "in/A_527.txt");
    assert_text(object.etag, "e1");
    assert_int_equal(object.size_bytes, 60);
    assert_true(object.is_creation);
    assert_int_equal(object.version_id.size + object.sequencer.size, 0);
    assert_null(object.problem);
}

static void test_where_the_search_goes_on(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *after;
    } rows[] = {
        {"in/A_527.txt", "in/A_527.txt"},
        {"archive", "archive"},
        {"archive/527/x.txt", "archive/\xF4\x8F\xBF\xBF"},
        {"work/processing/id/data-1", "work/processing/\xF4\x8F\xBF\xBF"},
    };
    struct strbuf after = STRBUF_INIT;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        finding_go_on_after(&folders, slice_from(rows[i].key), &after);
        assert_text(strbuf_slice(&after), rows[i].after);
        assert_true(strcmp(rows[i].key, after.data) <= 0);
    }
    strbuf_release(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_listed_object_is_wanted),
        cmocka_unit_test(test_an_object_is_what_its_event_would_have_named),
        cmocka_unit_test(test_where_the_search_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
