/* The hook that aws_call calls before each try. */
#include "unit/aws_call_fixture.h"

#include "aws/s3/s3_multipart.h"
#include "aws/s3/s3_request.h"
#include "stream/source_s3.h"
#include "base/array.h"

/* Counts its calls and remembers how many requests had been sent at each. */
struct hook {
    struct fake_aws *fake;
    size_t calls;
    size_t requests_before[FAKE_STEPS_LIMIT];
    size_t fail_at;  /* the call that fails; 0: none */
    bool asks;       /* makes a call through the same client */
    int asked;       /* what that call returned */
    bool was_in_use; /* the hook was called again while it ran */
    bool runs;
};

static int renew(void *self, struct error *err)
{
    struct hook *hook = self;
    hook->was_in_use = hook->was_in_use || hook->runs;
    hook->runs = true;
    hook->requests_before[hook->calls++] = hook->fake->requests;
    if (hook->asks) {
        struct aws_request request = describe();
        struct aws_reply reply;
        hook->asked = aws_call(&hook->fake->client, &request, &hook->fake->arena, &reply, err);
    }
    hook->runs = false;
    return hook->calls == hook->fail_at ? error_set(err, ERROR_CANCELLED, "the lease is lost") : 0;
}

static void start(struct fake_aws *fake, const struct fake_step *steps, size_t count,
                  struct hook *hook)
{
    fake_start(fake, steps, count);
    hook->fake = fake;
    fake->client.keep_alive = (struct keep_alive){.renew = renew, .self = hook};
}

static void test_the_hook_is_called_before_each_try(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {THROTTLED, {.kind = ERROR_NETWORK}, GOOD, GOOD};
    static const size_t requests_before[] = {0, 1, 2, 3};
    struct fake_aws fake;
    struct hook hook = {.calls = 0};
    start(&fake, steps, COUNT_OF(steps), &hook);
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(hook.calls, COUNT_OF(requests_before));
    assert_memory_equal(hook.requests_before, requests_before, sizeof(requests_before));
    fake_end(&fake);
}

static void test_its_error_ends_the_call_untouched(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {FAILED, GOOD};
    struct fake_aws fake;
    struct hook hook = {.fail_at = 1};
    start(&fake, steps, COUNT_OF(steps), &hook);
    struct aws_request request = describe();
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(fake.err.message, "the lease is lost");
    assert_int_equal(fake.err.kind, ERROR_CANCELLED);
    assert_int_equal(fake.reply.tries, 0);
    assert_true(fake.reply.ended_by_caller);
    assert_false(fake.reply.may_have_acted);

    hook = (struct hook){.fake = &fake, .fail_at = 2};
    assert_int_equal(call(&fake, &request), -1);
    assert_string_equal(fake.err.message, "the lease is lost");
    assert_int_equal(fake.reply.tries, 1);
    assert_true(fake.reply.ended_by_caller);
    assert_true(fake.reply.may_have_acted); /* what the first try met stays true */
    assert_int_equal(fake.reply.body.size, 0);
    assert_int_equal(hook.calls, 2);
    assert_int_equal(aws_call(&fake.client, &request, &fake.arena, &fake.reply, NULL), 0);
    fake_end(&fake);
}

static void test_its_own_calls_do_not_enter_it_again(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {THROTTLED, GOOD, THROTTLED, GOOD, {.status = 200}};
    struct fake_aws fake;
    struct hook hook = {.asks = true, .asked = -1};
    start(&fake, steps, COUNT_OF(steps), &hook);
    struct aws_request request = get_object();
    assert_int_equal(call(&fake, &request), 0);
    assert_int_equal(hook.asked, 0);
    assert_int_equal(hook.calls, 2);
    assert_false(hook.was_in_use);
    assert_says(fake.sent[0], "DescribeStatement");
    assert_says(fake.sent[1], "DescribeStatement");
    assert_says(fake.sent[2], "GET https://in-bucket.s3");
    assert_says(fake.sent[3], "DescribeStatement");
    assert_says(fake.sent[4], "GET https://in-bucket.s3");
    assert_int_equal(fake.client.calls, 3);
    fake_end(&fake);
}

/* A reader resumes downloads that break off, but not past an error of the hook. */
static void test_a_download_is_not_resumed_after_its_error(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200,
         .headers =
             "Content-Length: 6\nETag: \"e\"\nLast-Modified: Fri, 20 Nov 2026 20:27:53 GMT\n",
         .body = SLICE_INIT("abcdef"),
         .deliver = 3,
         .kind = ERROR_NETWORK}};
    struct fake_aws fake;
    struct collector sink;
    struct hook hook = {.fail_at = 2};
    struct source_s3_result result = {.bytes = 0};
    collector_init(&sink);
    start(&fake, steps, COUNT_OF(steps), &hook);
    const struct source_s3_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    assert_int_equal(
        source_s3_read(&fake.client, &options, &sink.sink, &fake.arena, &result, &fake.err), -1);
    assert_string_equal(fake.err.message, "the lease is lost");
    assert_true(result.ended_by_caller);
    assert_string_equal(sink.bytes.data, "abc");
    assert_int_equal(hook.calls, 2);
    strbuf_release(&sink.bytes);
    fake_end(&fake);
}

static void test_an_upload_is_given_up_without_the_hook(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {{.status = 204}};
    struct fake_aws fake;
    struct hook hook = {.fail_at = 1};
    start(&fake, steps, COUNT_OF(steps), &hook);
    const struct s3_upload upload = {
        .bucket = SLICE("in-bucket"), .key = SLICE("k"), .id = SLICE("u1")};
    s3_give_up_upload(&fake.client, &upload, &fake.arena);
    assert_int_equal(hook.calls, 0);
    assert_ptr_equal(fake.client.keep_alive.self, &hook);
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hook_is_called_before_each_try),
        cmocka_unit_test(test_its_error_ends_the_call_untouched),
        cmocka_unit_test(test_its_own_calls_do_not_enter_it_again),
        cmocka_unit_test(test_a_download_is_not_resumed_after_its_error),
        cmocka_unit_test(test_an_upload_is_given_up_without_the_hook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
