#include "unit/unit.h"

#include "base/array.h"
#include "pipelines/pipeline.h"

/* A pipeline of three kinds, one of which no other has. */
static const struct statement_rules merge = {.kind = SLICE_INIT("merge"),
                                             .numbered = FILE_RECEIVED,
                                             .submitted = FILE_SPLIT,
                                             .failed = FILE_FAILED};
static const struct statement_kind load_kind = {.rules = &statement_load};
static const struct statement_kind transform_kind = {.rules = &statement_transform};
static const struct statement_kind merge_kind = {.rules = &merge};
static const struct statement_kind *const kinds[] = {&load_kind, &transform_kind, &merge_kind};
static const struct pipeline whole = {
    .name = "whole", .kinds = kinds, .kind_count = COUNT_OF(kinds)};
static const struct pipeline short_one = {.name = "short", .kinds = kinds, .kind_count = 1};
static const struct pipeline bare = {.name = "bare"};

static void test_the_kind_of_a_state(void **state)
{
    static const struct {
        const struct pipeline *pipeline;
        enum file_state state;
        const struct statement_kind *kind;
    } rows[] = {
        {&whole, FILE_PREPARED, &load_kind},
        {&whole, FILE_SUBMITTED, &load_kind},
        {&whole, FILE_LOADED, &transform_kind},
        {&whole, FILE_TRANSFORMING, &transform_kind},
        {&whole, FILE_RECEIVED, &merge_kind},
        {&whole, FILE_SPLIT, &merge_kind},
        {&whole, FILE_DONE, NULL},
        {&whole, FILE_FAILED, NULL},
        {&short_one, FILE_SUBMITTED, &load_kind},
        {&short_one, FILE_LOADED, NULL},
        {&bare, FILE_PREPARED, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ptr_equal(pipeline_kind_at(rows[i].pipeline, rows[i].state), rows[i].kind);
    }
}

static void test_the_kind_of_a_name(void **state)
{
    static const struct {
        const struct pipeline *pipeline;
        const char *name;
        const struct statement_kind *kind;
    } rows[] = {
        {&whole, "load", &load_kind},    {&whole, "transform", &transform_kind},
        {&whole, "merge", &merge_kind},  {&whole, "Load", NULL},
        {&whole, "loads", NULL},         {&whole, "", NULL},
        {&short_one, "transform", NULL}, {&bare, "load", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ptr_equal(pipeline_kind_named(rows[i].pipeline, slice_from(rows[i].name)),
                         rows[i].kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kind_of_a_state),
        cmocka_unit_test(test_the_kind_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
