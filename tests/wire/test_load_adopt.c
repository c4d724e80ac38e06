/* Loads that the Python framework submitted: taken over, or left alone. */
#include "wire/job_fixture.h"

#include "pipelines/load/adopt.h"

static int try_adopt(struct fixture *f, const char *path, struct slice *file_id)
{
    const struct legacy_statement_name name = {.interface_id = SLICE("527"),
                                               .schema = SLICE("s2"),
                                               .table = SLICE("t2"),
                                               .s3_path = slice_from(path)};
    *file_id = SLICE("");
    return adopt_statement(&local.services, &name, SLICE("p1"), &f->arena, file_id, &f->err);
}

static struct slice adopt(struct fixture *f, const char *path)
{
    struct slice file_id;
    must(f, try_adopt(f, path, &file_id));
    assert_played();
    return file_id;
}

#define PATH "s3://landing/" FILE_KEY

/* In one write it is where it would be had we submitted the load. */
static void test_a_statement_is_taken_over(void **state)
{
    struct fixture *f = *state;
    static const struct step described[] = {
        {"DescribeStatement", NULL,
         REPLY(200, "{\"Id\":\"p1\",\"Status\":\"STARTED\",\"CreatedAt\":1795206470}")},
        {"DescribeStatement", NULL, HIDDEN},
        {"DescribeStatement", NULL, FORGOTTEN},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(described); i++) {
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        play_steps(&described[i], 1);
        if (i == 0) {
            play_steps(&(struct step){"HeadObject", NULL, OBJECT}, 1);
        }
        play_steps(&(struct step){"HeadObject", NULL, OBJECT}, 1);
        assert_int_equal(adopt(f, PATH).size, 36);
        assert_file(f, "state, target_schema, target_table, lease_owner", "SUBMITTED|s2|t2");
        assert_tells(f, "select statement_id as t from rdscnfg.ext_statement", "p1");
    }
    assert_tells(f, "select file_id::text as t from rdscnfg.ext_file", adopt(f, PATH).data);
}

static void test_what_is_not_taken_over(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *file; /* its state; NULL: there is none */
        const char *path;
        struct step steps[3];
        size_t count;
        const char *log;
    } rows[] = {
        {NULL, "s3://landing", {NO_STEP}, 0, "names no object"},
        {NULL, "s3:///key", {NO_STEP}, 0, "names no object"},
        {NULL, "s3://landing/in/OTHER_1.txt", {NO_STEP}, 0, "cannot be taken over"},
        {NULL,
         PATH,
         {{"DescribeStatement", NULL, STILL_RUNS("p1")}, {"HeadObject", NULL, OBJECT}},
         2,
         "the object is newer"},
        {NULL,
         PATH,
         {{"DescribeStatement", NULL, STILL_RUNS("p1")},
          {"HeadObject", NULL, NO_OBJECT},
          {"HeadObject", NULL, NO_OBJECT}},
         3,
         "the object is not there any more"},
        {"SUBMITTED",
         PATH,
         {{"DescribeStatement", NULL, FORGOTTEN}, {"HeadObject", NULL, OBJECT}},
         2,
         "nothing is to be done"},
    };
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
        if (rows[i].file != NULL) {
            given_file(f, rows[i].file);
        }
        play_steps(rows[i].steps, rows[i].count);
        assert_int_equal(adopt(f, rows[i].path).size, 0);
        assert_logged(rows[i].log);
    }
}

static void test_failures_bring_the_event_again(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct step steps[2];
        size_t count;
    } rows[] = {
        {{{"DescribeStatement", NULL, THROTTLED}}, 1},
        {{{"DescribeStatement", NULL, FORGOTTEN}, {"HeadObject", NULL, BROKEN}}, 2},
        {{{"DescribeStatement", NULL, FORGOTTEN},
          {"HeadObject", NULL, OBJECT, .meanwhile = break_tables}},
         2},
    };
    struct slice file_id;
    given_config(f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        play_steps(rows[i].steps, rows[i].count);
        assert_int_equal(try_adopt(f, PATH, &file_id), -1);
        assert_played();
    }
    assert_int_equal(try_adopt(f, PATH, &file_id), -1); /* the tables are still broken */
    mend_tables(f);
    must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history, rdscnfg.ext_statement");
    local.services.config_tables.config = SLICE("rdscnfg.nowhere");
    must_fail(f, try_adopt(f, PATH, &file_id), "nowhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_JOB(test_a_statement_is_taken_over),
        CASE_JOB(test_what_is_not_taken_over),
        CASE_JOB(test_failures_bring_the_event_again),
    };
    return RUN_ON_SERVER("load_adopt", tests);
}
