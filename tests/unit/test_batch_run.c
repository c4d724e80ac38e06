#include "unit/unit.h"

#include "base/array.h"
#include "redshift/batch_run.h"
#include "unit/fake_aws.h"

#define ID "dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a"
#define FILE_ID "0b9e7a52-5c5e-4a4f-8a63-2f9f3f1f7a11"
#define ANSWER(text)                                                                               \
    {                                                                                              \
        .status = 200, .body = SLICE_INIT(text)                                                    \
    }
#define TAKEN ANSWER("{\"Id\":\"" ID "\"}")
#define DESCRIBED(status) ANSWER("{\"Id\":\"" ID "\",\"Status\":\"" status "\"}")
#define FAILED(error) ANSWER("{\"Id\":\"" ID "\",\"Status\":\"FAILED\",\"Error\":\"" error "\"}")
#define RESULT ANSWER("{\"Records\":[[{\"longValue\":7}]],\"ColumnMetadata\":[{\"name\":\"n\"}]}")

static const struct redshift_target cluster = {
    .cluster = SLICE_INIT("dw"), .database = SLICE_INIT("dev"), .db_user = SLICE_INIT("loader")};
static const struct slice two[] = {SLICE_INIT("LOCK t"), SLICE_INIT("SELECT 1")};
static const struct slice three[] = {SLICE_INIT("LOCK t"), SLICE_INIT("INSERT"),
                                     SLICE_INIT("SELECT 1")};

static struct statement_name name_of(const char *kind, uint64_t number)
{
    return (struct statement_name){.work_id = SLICE(FILE_ID),
                                   .kind = slice_from(kind),
                                   .number = number,
                                   .interface_id = SLICE("527"),
                                   .target = SLICE("s.t")};
}

/* --- batches --- */

/* The token follows from file, kind and number alone: what differs in these is another statement.
 */
static void test_a_batch_is_known_by_its_name(void **state)
{
    static const struct fake_step steps[] = {TAKEN, TAKEN, TAKEN};
    static const struct {
        const char *kind;
        uint64_t number;
        const char *token;
    } rows[] = {
        {"load", 1, "\"ClientToken\":\"" FILE_ID "-load-1\""},
        {"load", 12, "\"ClientToken\":\"" FILE_ID "-load-12\""},
        {"transform", 1, "\"ClientToken\":\"" FILE_ID "-transform-1\""},
    };
    const struct batch batch = {.target = &cluster, .statements = two, .count = COUNT_OF(two)};
    struct fake_aws fake;
    (void)state;
    fake_start(&fake, steps, COUNT_OF(steps));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct statement_name name = name_of(rows[i].kind, rows[i].number);
        struct strbuf text = STRBUF_INIT;
        struct slice id;
        statement_name_build(&text, &name);
        assert_int_equal(batch_submit(&fake.client, &batch, strbuf_slice(&text),
                                      statement_name_token(&fake.arena, &name), &fake.arena, &id,
                                      &fake.err),
                         0);
        assert_text(id, ID);
        assert_says(fake.sent[i], "BatchExecuteStatement");
        assert_says(fake.sent[i], "\"Sqls\":[\"LOCK t\",\"SELECT 1\"]");
        assert_says(fake.sent[i], rows[i].token);
        assert_says(fake.sent[i], "\"WithEvent\":true");
        assert_says(fake.sent[i], "|527|s.t|external_file_framework\"");
        strbuf_release(&text);
    }
    fake_end(&fake);
}

/* A page may be empty and yet not be the last. */
static void test_a_statement_is_looked_for_on_every_page(void **state)
{
    static const struct fake_step steps[] = {
        ANSWER("{\"Statements\":[],\"NextToken\":\"more\"}"),
        ANSWER("{\"Statements\":[{\"Id\":\"newest\",\"Status\":\"FAILED\"},"
               "{\"Id\":\"older\",\"Status\":\"FINISHED\"}],\"NextToken\":\"more\"}"),
        ANSWER("{\"Statements\":[]}"),
    };
    const struct statement_name name = name_of("load", 1);
    struct fake_aws fake;
    struct slice prefix;
    struct slice id;
    (void)state;
    fake_start(&fake, steps, COUNT_OF(steps));
    prefix = statement_name_prefix(&fake.arena, &name);
    assert_int_equal(batch_find(&fake.client, prefix, &fake.arena, &id, &fake.err), 0);
    assert_text(id, "newest");
    assert_says(fake.sent[0], "\"StatementName\":\"" FILE_ID "|load|1|\"");
    assert_says(fake.sent[1], "\"NextToken\":\"more\"");
    assert_int_equal(batch_find(&fake.client, prefix, &fake.arena, &id, &fake.err), 0);
    assert_int_equal(id.size, 0);
    fake_end(&fake);
}

/* --- stored --- */

static void test_stored_statements(void **state)
{
    static const char *const others[] = {"", "{}x", "[\"a\", 1]", "[null]"};
    const struct slice statements[] = {SLICE("SELECT '\"\\\n'"), SLICE("")};
    struct slice *unpacked;
    struct arena arena;
    struct error err;
    size_t count;
    (void)state;
    arena_init(&arena, 0);
    struct slice packed = batch_pack(&arena, statements, COUNT_OF(statements));
    assert_text(packed, "[\"SELECT '\\\"\\\\\\n'\",\"\"]");
    assert_int_equal(batch_unpack(&arena, packed, &unpacked, &count, &err), 0);
    assert_int_equal(count, COUNT_OF(statements));
    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        assert_text(unpacked[i], statements[i].data);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(batch_unpack(&arena, slice_from(others[i]), &unpacked, &count, &err), -1);
        assert_message(&err, "the stored statements");
    }
    arena_release(&arena);
}

static void test_stored_targets(void **state)
{
    static const struct {
        struct redshift_target target;
        const char *packed;
    } rows[] = {
        {{.cluster = SLICE_INIT("dw"), .database = SLICE_INIT("dev"), .db_user = SLICE_INIT("u")},
         "{\"cluster\":\"dw\",\"database\":\"dev\",\"db_user\":\"u\"}"},
        {{.workgroup = SLICE_INIT("wg"),
          .database = SLICE_INIT("d\"v"),
          .secret_arn = SLICE_INIT("arn:aws:secretsmanager:eu-west-1:1:secret:s")},
         "{\"workgroup\":\"wg\",\"database\":\"d\\\"v\","
         "\"secret_arn\":\"arn:aws:secretsmanager:eu-west-1:1:secret:s\"}"},
    };
    struct arena arena;
    struct error err;
    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct redshift_target *target = &rows[i].target;
        struct redshift_target unpacked;
        struct slice packed = batch_pack_target(&arena, target);
        assert_text(packed, rows[i].packed);
        assert_int_equal(batch_unpack_target(&arena, packed, &unpacked, &err), 0);
        assert_true(slice_equal(unpacked.cluster, target->cluster));
        assert_true(slice_equal(unpacked.workgroup, target->workgroup));
        assert_true(slice_equal(unpacked.database, target->database));
        assert_true(slice_equal(unpacked.secret_arn, target->secret_arn));
        assert_true(slice_equal(unpacked.db_user, target->db_user));
    }
    arena_release(&arena);
}

/* What a later release stores is ignored; what is no JSON is an error. */
static void test_stored_targets_of_others(void **state)
{
    struct redshift_target target;
    struct arena arena;
    struct error err;
    (void)state;
    arena_init(&arena, 0);
    assert_int_equal(
        batch_unpack_target(&arena, SLICE("{\"database\":\"dev\",\"new\":1}"), &target, &err), 0);
    assert_text(target.database, "dev");
    assert_int_equal(target.cluster.size, 0);
    assert_int_equal(batch_unpack_target(&arena, SLICE("dw"), &target, &err), -1);
    assert_message(&err, "the stored target");
    arena_release(&arena);
}

/* --- questions --- */

static int ask(struct fake_aws *fake, int64_t patience_ms, struct redshift_page *page)
{
    static const struct slice question = SLICE_INIT("SELECT 1");
    const struct batch batch = {.target = &cluster, .statements = &question, .count = 1};
    return batch_ask(&fake->client, &batch, SLICE(""), patience_ms, &fake->arena, page, &fake->err);
}

static int ask_three(struct fake_aws *fake, struct redshift_page *page)
{
    const struct batch batch = {.target = &cluster, .statements = three, .count = COUNT_OF(three)};
    return batch_ask(&fake->client, &batch, SLICE(""), 20000, &fake->arena, page, &fake->err);
}

static void test_a_question_waits_for_its_answer(void **state)
{
    static const struct fake_step steps[] = {TAKEN, DESCRIBED("SUBMITTED"), DESCRIBED("STARTED"),
                                             DESCRIBED("FINISHED"), RESULT};
    struct fake_aws fake;
    struct redshift_page page;
    (void)state;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(ask(&fake, 20000, &page), 0);
    assert_int_equal(page.row_count, 1);
    assert_text(page.rows[0][0].text, "7");
    assert_int_equal(fake.sleeps, 2);
    assert_true(fake.slept_ms[0] > 0 && fake.slept_ms[0] < fake.slept_ms[1]);
    assert_says(fake.sent[0], "\"Sql\":\"SELECT 1\"");
    assert_null(strstr(fake.sent[0], "WithEvent\":true"));
    assert_says(fake.sent[4], "{\"Id\":\"" ID "\"}");
    fake_end(&fake);
}

static void test_a_batch_is_answered_by_its_last_statement(void **state)
{
    static const struct fake_step steps[] = {TAKEN, DESCRIBED("UNKNOWN"), DESCRIBED("FINISHED"),
                                             RESULT};
    struct fake_aws fake;
    struct redshift_page page;
    (void)state;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(ask_three(&fake, &page), 0);
    assert_text(page.rows[0][0].text, "7");
    assert_says(fake.sent[0], "\"Sqls\":[\"LOCK t\",\"INSERT\",\"SELECT 1\"]");
    assert_null(strstr(fake.sent[0], "WithEvent\":true"));
    assert_says(fake.sent[1], "{\"Id\":\"" ID "\"}");
    assert_says(fake.sent[3], "{\"Id\":\"" ID ":3\"}");
    fake_end(&fake);
}

/* The token finds the batch that an earlier attempt asked for. If that failed, it is no answer. */
static void test_a_question_that_failed_before_is_asked_anew(void **state)
{
    static const struct fake_step steps[] = {
        TAKEN,
        ANSWER("{\"Id\":\"" ID
               "\",\"Status\":\"FAILED\",\"CreatedAt\":1500000000.0,\"Error\":\"why\"}"),
        TAKEN, DESCRIBED("FINISHED"), RESULT};
    const struct batch batch = {.target = &cluster, .statements = three, .count = COUNT_OF(three)};
    struct fake_aws fake;
    struct redshift_page page;
    (void)state;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(
        batch_ask(&fake.client, &batch, SLICE("one-c1"), 20000, &fake.arena, &page, &fake.err), 0);
    assert_text(page.rows[0][0].text, "7");
    assert_says(fake.sent[0], "\"ClientToken\":\"one-c1\"");
    assert_null(strstr(fake.sent[2], "one-c1"));
    fake_end(&fake);
}

static void test_a_question_that_fails(void **state)
{
    static const struct {
        struct fake_step described;
        const char *error;
        bool retryable;
    } rows[] = {
        {FAILED("why"), "why", false},
        {FAILED("ERROR: relation does not exist"), "does not exist", true}, /* 1018 */
        {FAILED("connection refused"), "connection refused", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct fake_step steps[] = {TAKEN, rows[i].described};
        struct fake_aws fake;
        struct redshift_page page;
        fake_start(&fake, steps, COUNT_OF(steps));
        assert_int_equal(ask(&fake, 20000, &page), -1);
        assert_message(&fake.err, "Redshift could not answer: ");
        assert_message(&fake.err, rows[i].error);
        assert_string_equal(fake.err.code, REDSHIFT_NO_ANSWER.data);
        assert_int_equal(fake.err.retryable, rows[i].retryable);
        fake_end(&fake);
    }
}

/* The words of the part that failed, not those of the whole. */
static void test_a_batch_that_fails(void **state)
{
    static const struct fake_step steps[] = {
        TAKEN,
        ANSWER("{\"Id\":\"" ID
               "\",\"Status\":\"FAILED\",\"Error\":\"the whole\",\"SubStatements\":["
               "{\"Id\":\"" ID ":1\",\"Status\":\"FINISHED\"},"
               "{\"Id\":\"" ID ":2\",\"Status\":\"FAILED\",\"Error\":\"ERROR: permission denied\"},"
               "{\"Id\":\"" ID ":3\",\"Status\":\"ABORTED\"}]}"),
    };
    struct fake_aws fake;
    struct redshift_page page;
    (void)state;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(ask_three(&fake, &page), -1);
    assert_string_equal(fake.err.message, "Redshift could not answer: ERROR: permission denied");
    assert_string_equal(fake.err.code, REDSHIFT_NO_ANSWER.data);
    assert_false(fake.err.retryable);
    fake_end(&fake);
}

static void test_a_question_that_is_aborted(void **state)
{
    static const struct fake_step steps[] = {TAKEN, DESCRIBED("ABORTED")};
    struct fake_aws fake;
    struct redshift_page page;
    (void)state;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(ask(&fake, 20000, &page), -1);
    assert_message(&fake.err, "aborted");
    assert_true(fake.err.retryable);
    assert_false(error_is(&fake.err, REDSHIFT_NO_ANSWER));
    fake_end(&fake);
}

/* Neither the patience nor the client's deadline is overstepped, whichever comes first. */
static void test_a_question_without_an_answer(void **state)
{
    static const struct {
        int64_t patience_ms;
        int64_t deadline_ms; /* from now on */
        int64_t longest_ms;
    } rows[] = {{2000, 0, 2000}, {2000, 60000, 2000}, {20000, 2000, 2000}};
    static const struct fake_step steps[] = {TAKEN,
                                             DESCRIBED("STARTED"),
                                             DESCRIBED("STARTED"),
                                             DESCRIBED("STARTED"),
                                             DESCRIBED("STARTED"),
                                             DESCRIBED("STARTED")};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fake_aws fake;
        struct redshift_page page;
        fake_start(&fake, steps, COUNT_OF(steps));
        fake.client.deadline_ms = rows[i].deadline_ms == 0 ? 0 : FAKE_NOW_MS + rows[i].deadline_ms;
        assert_int_equal(ask(&fake, rows[i].patience_ms, &page), -1);
        assert_int_equal(fake.err.kind, ERROR_TIMEOUT);
        assert_true(fake.err.retryable);
        assert_message(&fake.err, ID);
        assert_in_range(fake.now_ms - FAKE_NOW_MS, 1000, rows[i].longest_ms);
        fake_end(&fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_is_known_by_its_name),
        cmocka_unit_test(test_a_statement_is_looked_for_on_every_page),
        cmocka_unit_test(test_stored_statements),
        cmocka_unit_test(test_stored_targets),
        cmocka_unit_test(test_stored_targets_of_others),
        cmocka_unit_test(test_a_question_waits_for_its_answer),
        cmocka_unit_test(test_a_batch_is_answered_by_its_last_statement),
        cmocka_unit_test(test_a_question_that_failed_before_is_asked_anew),
        cmocka_unit_test(test_a_question_that_fails),
        cmocka_unit_test(test_a_batch_that_fails),
        cmocka_unit_test(test_a_question_that_is_aborted),
        cmocka_unit_test(test_a_question_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
