#include "unit/redshift_fixture.h"

#include "aws/redshift_data.h"

static const struct redshift_target cluster = {
    .cluster = SLICE_INIT("dw"), .database = SLICE_INIT("dev"), .db_user = SLICE_INIT("loader")};
static const struct slice statements[] = {SLICE_INIT("LOCK \"t\""), SLICE_INIT("SELECT 'a\n'")};

static struct redshift_execute_options batch(void)
{
    return (struct redshift_execute_options){.target = &cluster,
                                             .statements = statements,
                                             .count = 2,
                                             .name = SLICE("17|load|1"),
                                             .client_token = SLICE("token-1"),
                                             .with_event = true};
}

static void test_submissions_byte_by_byte(void **state)
{
    (void)state;
    static const struct redshift_target workgroup = {
        .workgroup = SLICE_INIT("dw-serverless"),
        .database = SLICE_INIT("dev"),
        .secret_arn = SLICE_INIT("arn:aws:secretsmanager:eu-west-1:111122223333:secret:rs")};
    static const struct redshift_target identity = {.cluster = SLICE_INIT("dw"),
                                                    .database = SLICE_INIT("dev")};
    static const struct fake_step steps[] = {TAKEN, TAKEN, TAKEN};
    struct fake_aws fake;
    struct slice id;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct redshift_execute_options options = batch();
    assert_int_equal(redshift_execute(&fake.client, &options, &fake.arena, &id, &fake.err), 0);
    assert_text(id, ID);
    assert_request(
        &fake, 0,
        HEAD("BatchExecuteStatement") "{\"Sqls\":[\"LOCK \\\"t\\\"\",\"SELECT 'a\\n'\"],"
                                      "\"ExecutionMode\":\"TRANSACTION\","
                                      "\"ClusterIdentifier\":\"dw\",\"Database\":\"dev\","
                                      "\"DbUser\":\"loader\",\"StatementName\":"
                                      "\"17|load|1\",\"ClientToken\":\"token-1\","
                                      "\"WithEvent\":true}");
    assert_true(fake.terms[0].repeatable);

    options = (struct redshift_execute_options){
        .target = &workgroup, .statements = statements, .count = 1};
    assert_int_equal(redshift_execute(&fake.client, &options, &fake.arena, &id, &fake.err), 0);
    assert_request(&fake, 1,
                   HEAD("ExecuteStatement") "{\"Sql\":\"LOCK \\\"t\\\"\",\"WorkgroupName\":"
                                            "\"dw-serverless\",\"Database\":\"dev\",\"SecretArn\":"
                                            "\"arn:aws:secretsmanager:eu-west-1:111122223333:"
                                            "secret:rs\"}");
    assert_false(fake.terms[1].repeatable); /* no token: a second one would run too */

    options.target = &identity;
    assert_int_equal(redshift_execute(&fake.client, &options, &fake.arena, &id, &fake.err), 0);
    assert_request(&fake, 2,
                   HEAD("ExecuteStatement") "{\"Sql\":\"LOCK \\\"t\\\"\",\"ClusterIdentifier\":"
                                            "\"dw\",\"Database\":\"dev\"}");
    fake_end(&fake);
}

static void test_lost_submissions_are_repeated_with_their_token(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.kind = ERROR_NETWORK},
        {.status = 500, .body = SLICE_INIT("{\"__type\":\"BatchExecuteStatementException\"}")},
        {.status = 400, .body = SLICE_INIT("{\"__type\":\"ActiveStatementsExceededException\"}")},
        TAKEN,
        {.kind = ERROR_NETWORK}};
    struct fake_aws fake;
    struct slice id;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct redshift_execute_options options = batch();
    assert_int_equal(redshift_execute(&fake.client, &options, &fake.arena, &id, &fake.err), 0);
    assert_string_equal(fake_request_text(&fake, 0), fake_request_text(&fake, 3));
    options.client_token = SLICE("");
    assert_int_equal(redshift_execute(&fake.client, &options, &fake.arena, &id, &fake.err), -1);
    assert_int_equal(fake.err.kind, ERROR_NETWORK);
    assert_message(&fake.err, "redshift-data BatchExecuteStatement 17|load|1: fake: broken");
    fake_end(&fake);
}

static void assert_refused(const struct redshift_execute_options *options, enum error_kind kind,
                           const char *part)
{
    struct arena arena;
    struct aws_request request;
    struct error err;
    arena_init(&arena, 0);
    assert_int_equal(redshift_execute_request(options, &arena, &request, &err), -1);
    assert_int_equal(err.kind, kind);
    assert_message(&err, part);
    arena_release(&arena);
}

/* A refusal behind a lost reply says nothing of the try before it. */
static void test_a_submission_that_may_have_been_taken_is_never_given_up(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.kind = ERROR_TIMEOUT},
        {.status = 403, .body = SLICE_INIT("{\"__type\":\"AccessDeniedException\"}")},
        {.status = 403, .body = SLICE_INIT("{\"__type\":\"AccessDeniedException\"}")},
        {.status = 200, .body = SLICE_INIT("{\"Status\":\"SUBMITTED\"}")},
        {.kind = ERROR_INVALID},
        {.status = 200, .body = SLICE_INIT("{}")},
        {.status = 400,
         .body = SLICE_INIT(REFUSED("Redshift endpoint doesn't exist in this region."))},
        {.status = 400, .body = SLICE_INIT(REFUSED("The statement is empty."))},
    };
    static const enum error_kind kinds[] = {ERROR_DENIED, ERROR_DENIED, ERROR_REMOTE,
                                            ERROR_REMOTE, ERROR_REMOTE, ERROR_REMOTE};
    static const bool retryable[] = {true, false, true, true, true, false};
    const struct slice sql = SLICE_INIT("SELECT 1");
    const struct redshift_target target = {
        .cluster = SLICE("dw"), .database = SLICE("dev"), .db_user = SLICE("loader")};
    const struct redshift_execute_options options = {
        .target = &target, .statements = &sql, .count = 1, .client_token = SLICE("token")};
    struct fake_aws fake;
    struct slice id;
    fake_start(&fake, steps, COUNT_OF(steps));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        assert_int_equal(redshift_execute(&fake.client, &options, &fake.arena, &id, &fake.err), -1);
        assert_int_equal(fake.err.kind, kinds[i]);
        assert_int_equal(fake.err.retryable, retryable[i]);
        assert_int_equal(error_is(&fake.err, REDSHIFT_NO_ENDPOINT), i == 4);
    }
    fake_end(&fake);
}

static void test_targets_that_do_not_fit(void **state)
{
    (void)state;
    const struct slice x = SLICE("x");
    const struct {
        struct redshift_target target;
        const char *part;
    } rows[] = {
        {{.database = x}, "either a Redshift cluster or a workgroup"},
        {{.cluster = x, .workgroup = x, .database = x}, "either a Redshift cluster"},
        {{.cluster = x}, "name of a database"},
        {{.cluster = x, .database = x, .secret_arn = x, .db_user = x}, "not both"},
        {{.workgroup = x, .database = x, .db_user = x}, "no database user"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct redshift_execute_options options = batch();
        options.target = &rows[i].target;
        assert_refused(&options, ERROR_CONFIGURATION, rows[i].part);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static char text[REDSHIFT_SQL_LIMIT + 1];
    static struct slice many[REDSHIFT_BATCH_LIMIT + 1];
    memset(text, 'x', sizeof(text));
    struct redshift_execute_options options = batch();
    options.count = 0;
    assert_refused(&options, ERROR_LIMIT, "0 statements");
    options.statements = many;
    options.count = COUNT_OF(many);
    assert_refused(&options, ERROR_LIMIT, "41 statements");
    options.count = 1;
    assert_refused(&options, ERROR_LIMIT, "statement 1 has 0 bytes");
    many[0] = slice_of(text, sizeof(text));
    assert_refused(&options, ERROR_LIMIT, "statement 1 has 100001 bytes");
    options = batch();
    options.name = slice_of(text, REDSHIFT_NAME_LIMIT + 1);
    assert_refused(&options, ERROR_LIMIT, "the name has 501 bytes");
    options = batch();
    options.client_token = slice_of(text, REDSHIFT_TOKEN_LIMIT + 1);
    assert_refused(&options, ERROR_LIMIT, "client token 65");
}

/* --- DescribeStatement --- */

static void test_describe(void **state)
{
    (void)state;
    struct fake_step steps[] = {{.status = 200}};
    struct fake_aws fake;
    struct redshift_statement statement;
    fake_start(&fake, steps, COUNT_OF(steps));
    steps[0].body = fake_file(&fake.arena, "redshift_describe_batch.json");
    assert_int_equal(redshift_describe(&fake.client, SLICE(ID), &fake.arena, &statement, &fake.err),
                     0);
    assert_request(&fake, 0, HEAD("DescribeStatement") "{\"Id\":\"" ID "\"}");
    assert_text(statement.id, ID);
    assert_int_equal(statement.status, REDSHIFT_FAILED);
    assert_text(statement.error, "Query #2 failed with ERROR: division by zero");
    assert_int_equal(statement.created_ms, INT64_C(1795206473104));
    assert_int_equal(statement.updated_ms, INT64_C(1795206475500));
    assert_int_equal(statement.rows, REDSHIFT_ROWS_UNKNOWN);
    assert_int_equal(statement.query_id, -1);
    assert_int_equal(statement.part_count, 3);
    assert_text(statement.parts[0].id, ID ":1");
    assert_int_equal(statement.parts[0].status, REDSHIFT_FINISHED);
    assert_int_equal(statement.parts[0].rows, 0);
    assert_int_equal(statement.parts[0].query_id, 4711);
    assert_int_equal(statement.parts[0].error.size, 0);
    assert_int_equal(statement.parts[1].status, REDSHIFT_FAILED);
    assert_text(statement.parts[1].error, "ERROR: division by zero");
    assert_true(statement.parts[1].has_result);
    assert_int_equal(statement.parts[2].status, REDSHIFT_ABORTED);
    assert_int_equal(statement.parts[2].rows, INT64_C(9007199254740993));
    fake_end(&fake);
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_end;
    } rows[] = {{"SUBMITTED", false}, {"PICKED", false}, {"STARTED", false}, {"UNKNOWN", false},
                {"FINISHED", true},   {"FAILED", true},  {"ABORTED", true}};
    struct arena arena;
    struct error err;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct redshift_statement statement;
        struct slice body = arena_format(&arena, "{\"Id\":\"x\",\"Status\":\"%s\"}", rows[i].name);
        assert_int_equal(redshift_describe_parse(body, &arena, &statement, &err), 0);
        assert_string_equal(redshift_status_name(statement.status), rows[i].name);
        assert_int_equal(redshift_status_is_end(statement.status), rows[i].is_end);
        assert_int_equal(statement.part_count, 0);
        assert_int_equal(statement.created_ms, 0);
    }
    arena_release(&arena);
}

static void test_describe_of_what_is_not_there(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 404, .body = SLICE_INIT("{\"__type\":\"ResourceNotFoundException\"}")},
        ANSWER("{\"Id\":\"x\",\"Status\":\"ODD\"}")};
    struct fake_aws fake;
    struct redshift_statement statement;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(redshift_describe(&fake.client, SLICE(ID), &fake.arena, &statement, &fake.err),
                     -1);
    assert_int_equal(fake.err.kind, ERROR_NOT_FOUND);
    assert_int_equal(redshift_describe(&fake.client, SLICE(ID), &fake.arena, &statement, &fake.err),
                     -1);
    assert_message(&fake.err, "redshift-data DescribeStatement " ID ": ");
    assert_message(&fake.err, "unknown status \"ODD\"");
    fake_end(&fake);
}

static void test_bad_descriptions(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *part;
    } rows[] = {
        {"", "line 1"},
        {"{}", "\"Id\" is missing"},
        {"{\"Id\":1}", "\"Id\" must be a string"},
        {"{\"Id\":\"x\"}", "\"Status\" is missing"},
        {"{\"Id\":\"x\",\"Status\":\"FAILED\",\"SubStatements\":[{\"Status\":\"FINISHED\"},{}]}",
         "SubStatements, number 2"},
        {"{\"Id\":\"x\",\"Status\":\"FAILED\",\"SubStatements\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
         "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}",
         "41 SubStatements"},
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct redshift_statement statement;
        struct error err;
        assert_int_equal(
            redshift_describe_parse(slice_from(rows[i].body), &arena, &statement, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_message(&err, rows[i].part);
    }
    struct redshift_statement statement;
    struct error err;
    assert_int_equal(
        redshift_describe_parse(
            SLICE("{\"Id\":\"x\",\"Status\":\"FAILED\",\"CreatedAt\":1e300,\"UpdatedAt\":-1}"),
            &arena, &statement, &err),
        0);
    assert_int_equal(statement.created_ms + statement.updated_ms, 0);
    arena_release(&arena);
}

/* --- ListStatements, CancelStatement --- */

static void test_list(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        ANSWER("{\"Statements\":[{\"Id\":\"a\",\"StatementName\":\"17|load|2\",\"Status\":"
               "\"STARTED\",\"CreatedAt\":2.5,\"QueryString\":\"x\"},{\"Id\":\"b\",\"Status\":"
               "\"FINISHED\"}],\"NextToken\":\"t\"}"),
        ANSWER("{\"Statements\":[]}"), ANSWER("{}"), ANSWER("{\"Statements\":[{\"Id\":\"a\"}]}")};
    struct fake_aws fake;
    struct redshift_list list;
    fake_start(&fake, steps, COUNT_OF(steps));
    assert_int_equal(
        redshift_list(&fake.client, SLICE("17|"), SLICE(""), &fake.arena, &list, &fake.err), 0);
    assert_request(&fake, 0,
                   HEAD("ListStatements") "{\"StatementName\":\"17|\",\"Status\":\"ALL\"}");
    assert_int_equal(list.count, 2);
    assert_text(list.entries[0].id, "a");
    assert_text(list.entries[0].name, "17|load|2");
    assert_int_equal(list.entries[0].status, REDSHIFT_STARTED);
    assert_int_equal(list.entries[0].created_ms, 2500);
    assert_text(list.entries[1].name, "");
    assert_text(list.next_token, "t");
    assert_int_equal(
        redshift_list(&fake.client, SLICE("17|"), SLICE("t"), &fake.arena, &list, &fake.err), 0);
    assert_request(&fake, 1,
                   HEAD("ListStatements") "{\"StatementName\":\"17|\",\"Status\":\"ALL\","
                                          "\"NextToken\":\"t\"}");
    assert_int_equal(list.count + list.next_token.size, 0);
    assert_int_equal(
        redshift_list(&fake.client, SLICE("17|"), SLICE(""), &fake.arena, &list, &fake.err), -1);
    assert_message(&fake.err, "redshift-data ListStatements 17|: the reply has no Statements");
    assert_int_equal(
        redshift_list(&fake.client, SLICE("17|"), SLICE(""), &fake.arena, &list, &fake.err), -1);
    assert_message(&fake.err, "Statements, number 1: member \"Status\" is missing");
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submissions_byte_by_byte),
        cmocka_unit_test(test_lost_submissions_are_repeated_with_their_token),
        cmocka_unit_test(test_a_submission_that_may_have_been_taken_is_never_given_up),
        cmocka_unit_test(test_targets_that_do_not_fit),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_describe_of_what_is_not_there),
        cmocka_unit_test(test_bad_descriptions),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
