/* Calls whose reply streams to the caller: what was delivered, and whose error an error is. */
#include "unit/aws_call_fixture.h"
#include "base/array.h"

/* --- Streams --- */

static void test_streams_are_not_repeated_once_delivered(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 503, .body = SLICE_INIT("<Error><Code>SlowDown</Code></Error>")},
        {.kind = ERROR_NETWORK},
        {.status = 200, .body = SLICE_INIT("abcdef"), .deliver = 3, .kind = ERROR_NETWORK}};
    struct fake_aws fake;
    struct collector sink;
    collector_init(&sink);
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    request.body_sink = &sink.sink;
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(sink.bytes.data, "abc");
    assert_int_equal(fake.reply.delivered, 3);
    assert_false(fake.reply.ended_by_caller);
    assert_int_equal(fake.err.kind, ERROR_NETWORK);
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

static int refuse(void *self, const struct http_response *head, struct error *err)
{
    (void)self;
    return error_set(err, ERROR_CONFLICT, "changed: %d", head->status);
}

static void test_errors_of_sink_and_head_check_pass_untouched(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .body = SLICE_INIT("abc")},
        {.status = 500}, /* the check sees only replies that succeed */
        {.status = 206, .body = SLICE_INIT("abc")}};
    struct fake_aws fake;
    struct collector sink;
    collector_init(&sink);
    sink.refuse_after = 1;
    fake_start(&fake, steps, COUNT_OF(steps));
    struct aws_request request = get_object();
    request.body_sink = &sink.sink;
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(fake.err.message, "the collector is full");
    assert_true(fake.reply.ended_by_caller);
    request.check_head = refuse;
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(fake.err.message, "changed: 206");
    assert_int_equal(fake.reply.delivered, 0);
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_are_not_repeated_once_delivered),
        cmocka_unit_test(test_errors_of_sink_and_head_check_pass_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
