#include "unit/unit.h"

#include "base/array.h"
#include "job/ignore.h"

static const struct folder_settings folders = {.archive = SLICE_INIT("archive"),
                                               .processing = SLICE_INIT("work/processing")};

static void test_what_is_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint64_t size_bytes;
        bool is_creation;
        bool is_ignored;
    } rows[] = {
        {"in/PROD_527.txt", 60, true, false},
        {"in/PROD_527.txt", 60, false, true},
        {"in/PROD_527.txt", 0, true, false}, /* an empty file is rejected */
        {"in/", 0, true, true},
        {"in/", 1, true, false}, /* no folder marker: somebody's content */
        {"in/", 1, false, true},
        {"/", 0, true, true},
        {"archive/527/x.txt", 60, true, true},
        {"archive/", 1, true, true},
        {"archived/527/x.txt", 60, true, false},
        {"archive", 60, true, false},
        {"in/archive/x.txt", 60, true, false},
        {"work/processing/id/data-1", 60, true, true},
        {"work/other", 60, true, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct s3_object_event object = {.key = slice_from(rows[i].key),
                                               .size_bytes = rows[i].size_bytes,
                                               .is_creation = rows[i].is_creation};
        if (ignore_object(&folders, &object) != rows[i].is_ignored) {
            fail_msg("row %zu: %s", i, rows[i].key);
        }
    }
}

static void test_the_folder_of_a_key(void **state)
{
    (void)state;
    assert_text(ignore_folder(&folders, SLICE("archive/527/x.txt")), "archive");
    assert_text(ignore_folder(&folders, SLICE("work/processing/id/data-1")), "work/processing");
    assert_text(ignore_folder(&folders, SLICE("work/processing")), "");
    assert_text(ignore_folder(&folders, SLICE("in/x.txt")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_ignored),
        cmocka_unit_test(test_the_folder_of_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
