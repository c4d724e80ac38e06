#include "unit/unit.h"

#include "base/array.h"
#include "redshift/redshift_load.h"
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

static const struct redshift_target cluster = {
    .cluster = SLICE_INIT("dw"), .database = SLICE_INIT("dev"), .db_user = SLICE_INIT("loader")};

static struct statement_name name_of(enum statement_kind kind, uint64_t number)
{
    return (struct statement_name){.file_id = SLICE(FILE_ID),
                                   .kind = kind,
                                   .number = number,
                                   .interface_id = SLICE("527"),
                                   .target = SLICE("s.t")};
}

/* ---- batches ----------------------------------------------------------------------------------
 */

/* The token follows from file, kind and number alone: what differs in these is another statement.
 */
static void test_a_batch_is_known_by_its_name(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {TAKEN, TAKEN, TAKEN};
    static const struct {
        enum statement_kind kind;
        uint64_t number;
        const char *token;
    } rows[] = {
        {STATEMENT_LOAD, 1, "\"ClientToken\":\"" FILE_ID "-load-1\""},
        {STATEMENT_LOAD, 12, "\"ClientToken\":\"" FILE_ID "-load-12\""},
        {STATEMENT_TRANSFORM, 1, "\"ClientToken\":\"" FILE_ID "-transform-1\""},
    };
    const struct slice statements[] = {SLICE("LOCK t"), SLICE("SELECT 1")};
    struct fake_aws fake;
    fake_start(&fake, steps, COUNT_OF(steps));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct redshift_batch batch = {.target = &cluster,
                                             .statements = statements,
                                             .count = COUNT_OF(statements),
                                             .name = name_of(rows[i].kind, rows[i].number)};
        struct slice id;
        assert_int_equal(redshift_load_submit(&fake.client, &batch, &fake.arena, &id, &fake.err),
                         0);
        assert_text(id, ID);
        assert_says(fake.sent[i], rows[i].token);
        assert_says(fake.sent[i], "\"WithEvent\":true");
        assert_says(fake.sent[i], "|527|s.t|external_file_framework\"");
    }
    fake_end(&fake);
}

/* A page may be empty and yet not be the last. */
static void test_a_statement_is_looked_for_on_every_page(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        ANSWER("{\"Statements\":[],\"NextToken\":\"more\"}"),
        ANSWER("{\"Statements\":[{\"Id\":\"newest\",\"Status\":\"FAILED\"},"
               "{\"Id\":\"older\",\"Status\":\"FINISHED\"}],\"NextToken\":\"more\"}"),
        ANSWER("{\"Statements\":[]}"),
    };
    const struct statement_name name = name_of(STATEMENT_LOAD, 1);
    struct fake_aws fake;
    struct slice id;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(redshift_load_find(&fake.client, &name, &fake.arena, &id, &fake.err), 0);
    assert_text(id, "newest");
    assert_says(fake.sent[0], "\"StatementName\":\"" FILE_ID "|load|1|\"");
    assert_says(fake.sent[1], "\"NextToken\":\"more\"");
    assert_int_equal(redshift_load_find(&fake.client, &name, &fake.arena, &id, &fake.err), 0);
    assert_int_equal(id.size, 0);
    fake_end(&fake);
}

static void test_stored_statements(void **state)
{
    (void)state;
    static const char *const others[] = {"", "{}x", "[\"a\", 1]", "[null]"};
    const struct slice statements[] = {SLICE("SELECT '\"\\\n'"), SLICE("")};
    struct strbuf packed = STRBUF_INIT;
    struct slice *unpacked;
    struct arena arena;
    struct error err;
    size_t count;
    arena_init(&arena, 0);
    redshift_load_pack(&packed, statements, COUNT_OF(statements));
    assert_int_equal(redshift_load_unpack(&arena, strbuf_slice(&packed), &unpacked, &count, &err),
                     0);
    assert_int_equal(count, COUNT_OF(statements));
    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        assert_text(unpacked[i], statements[i].data);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(
            redshift_load_unpack(&arena, slice_from(others[i]), &unpacked, &count, &err), -1);
        assert_message(&err, "the stored statements");
    }
    strbuf_release(&packed);
    arena_release(&arena);
}

/* ---- questions --------------------------------------------------------------------------------
 */

static int ask(struct fake_aws *fake, int64_t patience_ms, struct redshift_page *page)
{
    return redshift_load_ask(&fake->client, &cluster, SLICE("SELECT 1"), patience_ms, &fake->arena,
                             page, &fake->err);
}

static void test_a_question_waits_for_its_answer(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        TAKEN, DESCRIBED("SUBMITTED"), DESCRIBED("STARTED"), DESCRIBED("FINISHED"),
        ANSWER("{\"Records\":[[{\"longValue\":7}]],\"ColumnMetadata\":[{\"name\":\"n\"}]}")};
    struct fake_aws fake;
    struct redshift_page page;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(ask(&fake, 20000, &page), 0);
    assert_int_equal(page.row_count, 1);
    assert_text(page.rows[0][0].text, "7");
    assert_int_equal(fake.sleeps, 2);
    assert_true(fake.slept_ms[0] > 0 && fake.slept_ms[0] < fake.slept_ms[1]);
    fake_end(&fake);
}

static void test_a_question_that_fails(void **state)
{
    (void)state;
    static const struct {
        struct fake_step described;
        const char *error;
        bool retryable;
    } rows[] = {
        {FAILED("why"), "why", false},
        {FAILED("ERROR: relation does not exist"), "does not exist", true}, /* 1018 */
        {FAILED("connection refused"), "connection refused", true},
    };
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

/* Neither the patience nor the client's deadline is overstepped, whichever comes first. */
static void test_a_question_without_an_answer(void **state)
{
    (void)state;
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
        cmocka_unit_test(test_a_question_waits_for_its_answer),
        cmocka_unit_test(test_a_question_that_fails),
        cmocka_unit_test(test_a_question_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
