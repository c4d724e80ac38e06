#include "unit/unit.h"

#include "config/file_match.h"

static void test_candidates_come_longest_first(void **state)
{
    static const struct {
        const char *key;
        const char *candidates[6];
    } cases[] = {
        {"in/PROD_PA_527.txt", {"PROD_PA_527.", "PA_527.", "527."}},
        {"1527.txt", {"1527."}},
        {"a/b_c/527.tar.gz", {"527."}},
        {"no_dot", {NULL}},
        {"in/_527.txt", {"_527.", "527."}},
        {"in/527_.txt", {"527_.", "."}},
        {"folder.d/", {NULL}},
        {".hidden", {"."}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice rest = file_match_stem(slice_from(cases[i].key));
        struct slice candidate;
        for (size_t j = 0; cases[i].candidates[j] != NULL; j++) {
            assert_true(file_match_next(&rest, &candidate));
            assert_true(slice_equal(candidate, slice_from(cases[i].candidates[j])));
        }
        assert_false(file_match_next(&rest, &candidate));
    }
}

static void test_names_stand_behind_the_last_slash(void **state)
{
    (void)state;
    assert_true(slice_equal(file_match_name(SLICE("a/b/c_1.txt")), SLICE("c_1.txt")));
    assert_true(slice_equal(file_match_name(SLICE("c_1.txt")), SLICE("c_1.txt")));
    assert_int_equal(file_match_name(SLICE("folder/")).size, 0);
}

static void test_globs(void **state)
{
    static const struct {
        const char *pattern;
        const char *key;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "abc", true},
        {"*", "a/b", false},
        {"**", "a/b/c", true},
        {"in/*.txt", "in/a.txt", true},
        {"in/*.txt", "in/a/b.txt", false},
        {"in/**/x_*.gz", "in/a/b/x_1.gz", true},
        {"in/**x_*.gz", "in/x_1.gz", true},
        {"in/**/x_*.gz", "in/x_1.gz", false},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"*a*b*c*", "xxaxxbxxcxx", true},
        {"*a*b*c*", "xxaxxcxxbxx", false},
        {"**/a*", "x/ab/cd/ae", true},
        {"**/a*", "x/ab/cd/be", false},
        {"[a]", "[a]", true},
        {"a*", "a", true},
        {"a?c", "aéc", true},
        {"?", "日", true},
        {"??", "é", false},
        {"*??", "日", false},
        {"*é", "éé", true},
        {"?", "?", true},
        {"**", "", true},
        {"***", "a/b", true},
        {"*/*", "a/b/c", false},
        {"**.txt", "a/b.c/d.txt", true},
        {"a/**/**/b", "a/x/b", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(file_match_glob(slice_from(cases[i].pattern), slice_from(cases[i].key)),
                         cases[i].matches);
    }
}

static void test_a_hostile_glob_ends(void **state)
{
    char pattern[401];
    char key[1025];
    (void)state;
    for (size_t i = 0; i < 400; i++) {
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    }
    pattern[400] = '\0';
    memset(key, 'a', 1024);
    key[1023] = 'b';
    key[1024] = '\0';
    assert_false(file_match_glob(slice_from(pattern), slice_from(key)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_candidates_come_longest_first),
        cmocka_unit_test(test_names_stand_behind_the_last_slash),
        cmocka_unit_test(test_globs),
        cmocka_unit_test(test_a_hostile_glob_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
