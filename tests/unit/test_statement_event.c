#include "unit/arena_fixture.h"

#include "event/statement_event.h"

#include "base/array.h"
#include "base/json.h"

#define SOURCE "\"source\":\"aws.redshift-data\""
#define ID "\"statementId\":\"dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a\""

static void test_an_event_of_eventbridge(void **state)
{
    static const char text[] =
        "{\"version\":\"0\",\"id\":\"18e7079c-0000-4000-8000-000000000002\",\"detail-type\":"
        "\"Redshift Data Statement Status Change\"," SOURCE ",\"account\":\"111122223333\","
        "\"time\":\"2026-11-20T20:28:10Z\",\"region\":\"eu-west-1\",\"resources\":["
        "\"arn:aws:redshift:eu-west-1:111122223333:cluster:dw\"],\"detail\":{\"principal\":"
        "\"arn:aws:sts::111122223333:assumed-role/loader/fn\",\"statementName\":\"a|b\"," ID
        ",\"redshiftQueryId\":-1,\"state\":\"FINISHED\",\"rows\":5000,\"expireAt\":1795292890}}";
    struct statement_event event;
    struct error err;
    (void)state;
    assert_int_equal(statement_event_parse(&arena, slice_from(text), &event, &err), 0);
    assert_true(slice_equal(event.statement_id, SLICE("dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a")));
    assert_true(slice_equal(event.statement_name, SLICE("a|b")));
    assert_true(slice_equal(event.state, SLICE("FINISHED")));
}

static void test_what_is_missing_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } bad[] = {
        {"", "event: "},
        {"[]", "aws.redshift-data"},
        {"{}", "aws.redshift-data"},
        {"{\"source\":\"aws.s3\"}", "aws.redshift-data"},
        {"{" SOURCE "}", "\"statementId\" is missing"},
        {"{" SOURCE ",\"detail\":\"x\"}", "\"statementId\" is missing"},
        {"{" SOURCE ",\"detail\":{\"statementId\":7}}", "\"statementId\" must be a string"},
        {"{" SOURCE ",\"detail\":{" ID "}}", "\"statementName\" is missing"},
        {"{" SOURCE ",\"detail\":{" ID ",\"statementName\":\"n\",\"state\":null}}",
         "\"state\" must be a string"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct statement_event event;
        struct error err;
        assert_int_equal(statement_event_parse(&arena, slice_from(bad[i].text), &event, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_false(err.retryable);
        assert_says(err.message, bad[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_of_eventbridge),
        cmocka_unit_test(test_what_is_missing_is_named),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
