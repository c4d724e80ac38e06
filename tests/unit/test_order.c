#include "unit/arena_fixture.h"

#include "event/order.h"

#include "base/array.h"
#include "base/strbuf.h"

#define FILE_ID "0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"

static const json *document_of(const char *text)
{
    struct error err;
    const json *document = json_parse(&arena, slice_from(text), 65536, &err);
    assert_non_null(document);
    return document;
}

static struct order parsed(const char *text)
{
    struct order order;
    struct error err;
    assert_int_equal(order_parse(&arena, document_of(text), &order, &err), 0);
    return order;
}

static void test_a_file_is_named_by_its_id(void **state)
{
    (void)state;
    struct order order = parsed("{\"order\":\"advance\",\"file_id\":\"" FILE_ID "\"}");
    assert_int_equal(order.kind, ORDER_ADVANCE);
    assert_text(order.file_id, FILE_ID);
    assert_int_equal(order.object.key.size, 0);
    assert_int_equal(order.by.size, 0);
    order = parsed("{\"order\":\"advance\",\"by\":\"Ann, after the outage\","
                   "\"file_id\":\"0B54C4A2-7F0E-4A59-8C1D-5B8F4A6A9D11\"}");
    assert_text(order.file_id, FILE_ID);
    assert_text(order.by, "Ann, after the outage");
}

static void test_an_object_is_named_by_bucket_and_key(void **state)
{
    (void)state;
    struct order order =
        parsed("{\"order\":\"advance\",\"bucket\":\"landing\",\"key\":\"in/a b+c.txt\"}");
    assert_int_equal(order.file_id.size, 0);
    assert_text(order.object.bucket, "landing");
    assert_text(order.object.key, "in/a b+c.txt");
    assert_int_equal(order.object.version_id.size, 0);
    assert_true(order.object.is_creation);
    order = parsed("{\"order\":\"advance\",\"bucket\":\"landing\",\"key\":\"k\","
                   "\"version_id\":\"v7\",\"by\":\"\"}");
    assert_text(order.object.version_id, "v7");
}

static void test_a_wrong_order_names_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } wrong[] = {
        {"{\"order\":7}", "manual order: member \"order\" must be a string, not a number"},
        {"{\"order\":null}", "member \"order\" must be a string, not null"},
        {"{\"order\":\"load\"}", "\"load\" is not an order; known orders: advance"},
        {"{\"order\":\"\"}", "known orders: advance"},
        {"{\"order\":\"Advance\"}", "known orders: advance"},
        {"{\"order\":\"advance\"}",
         "order advance: name the file either by \"file_id\" or by \"bucket\" and \"key\""},
        {"{\"order\":\"advance\",\"file_id\":\"" FILE_ID "\",\"bucket\":\"bbb\",\"key\":\"k\"}",
         "and \"key\", not by both"},
        {"{\"order\":\"advance\",\"file_id\":\"" FILE_ID "\",\"version_id\":\"v\"}", "not by both"},
        {"{\"order\":\"advance\",\"file_id\":\"\"}", "member \"file_id\" must be a UUID"},
        {"{\"order\":\"advance\",\"file_id\":\"0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d1\"}",
         "must be a UUID"},
        {"{\"order\":\"advance\",\"file_id\":\"0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d1g\"}",
         "must be a UUID such as 0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11, not "
         "\"0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d1g\""},
        {"{\"order\":\"advance\",\"file_id\":\"0b54c4a2a7f0e-4a59-8c1d-5b8f4a6a9d11\"}",
         "must be a UUID"},
        {"{\"order\":\"advance\",\"file_id\":1}", "member \"file_id\" must be a string"},
        {"{\"order\":\"advance\",\"bucket\":\"bbb\"}", "member \"key\" is missing"},
        {"{\"order\":\"advance\",\"key\":\"k\"}", "member \"bucket\" is missing"},
        {"{\"order\":\"advance\",\"version_id\":\"v\"}", "member \"bucket\" is missing"},
        {"{\"order\":\"advance\",\"bucket\":\"bbb\",\"key\":\"k\",\"version_id\":2}",
         "member \"version_id\" must be a string, not a number"},
        {"{\"order\":\"advance\",\"bucket\":\"b/b\",\"key\":\"k\"}", "the name of a bucket"},
        {"{\"order\":\"advance\",\"bucket\":\"bbb\",\"key\":\"\"}", "the object key has 0 bytes"},
        {"{\"order\":\"advance\",\"file_id\":\"" FILE_ID "\",\"by\":true}",
         "order advance: member \"by\" must be a string"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct order order;
        struct error err;
        assert_int_equal(order_parse(&arena, document_of(wrong[i].text), &order, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_false(err.retryable);
        assert_says(err.message, wrong[i].part);
    }
}

static void test_the_note_is_limited_in_characters(void **state)
{
    struct strbuf text = STRBUF_INIT;
    struct order order;
    struct error err;
    (void)state;
    strbuf_append_text(&text, "{\"order\":\"advance\",\"file_id\":\"" FILE_ID "\",\"by\":\"");
    for (int i = 0; i < ORDER_BY_LIMIT; i++) {
        strbuf_append_text(&text, "日");
    }
    strbuf_append_text(&text, "\"}");
    assert_int_equal(parsed(text.data).by.size, 3 * ORDER_BY_LIMIT);
    strbuf_truncate(&text, text.size - 2);
    strbuf_append_text(&text, "x\"}");
    assert_int_equal(order_parse(&arena, document_of(text.data), &order, &err), -1);
    assert_says(err.message, "member \"by\" must have at most 200 characters; it has 201");
    strbuf_release(&text);
}

static void test_an_event_that_is_an_order(void **state)
{
    (void)state;
    assert_true(order_is(document_of("{\"bucket\":\"bbb\",\"key\":\"k\"}")));
    assert_true(order_is(document_of("{\"order\":null}")));
    assert_false(order_is(document_of("[\"order\"]")));
    assert_false(order_is(document_of("{\"Bucket\":\"bbb\",\"Event\":\"s3:TestEvent\"}")));
}

static void test_the_manual_event_of_the_framework_is_an_order(void **state)
{
    (void)state;
    struct order order = parsed("{\"bucket\":\"in-bucket\",\"key\":\"a b+c.txt\"}");
    assert_int_equal(order.kind, ORDER_ADVANCE);
    assert_int_equal(order.object.origin, S3_OBJECT_OF_ORDER);
    assert_text(order.object.bucket, "in-bucket");
    assert_text(order.object.key, "a b+c.txt");
    assert_true(order.object.is_creation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_is_named_by_its_id),
        cmocka_unit_test(test_an_object_is_named_by_bucket_and_key),
        cmocka_unit_test(test_a_wrong_order_names_what_is_wrong),
        cmocka_unit_test(test_the_note_is_limited_in_characters),
        cmocka_unit_test(test_an_event_that_is_an_order),
        cmocka_unit_test(test_the_manual_event_of_the_framework_is_an_order),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
