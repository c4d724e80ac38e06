#include "unit/unit.h"

#include "base/redact.h"
#include "runtime/lambda_wire.h"

static void test_urls(void **state)
{
    (void)state;
    const struct {
        enum lambda_call call;
        const char *request_id;
        const char *url;
    } cases[] = {
        {LAMBDA_NEXT, "", "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next"},
        {LAMBDA_INIT_ERROR, "", "http://127.0.0.1:9001/2018-06-01/runtime/init/error"},
        {LAMBDA_RESPONSE, "6f1c0f0a-1111",
         "http://127.0.0.1:9001/2018-06-01/runtime/invocation/6f1c0f0a-1111/response"},
        {LAMBDA_ERROR, "a/../b c",
         "http://127.0.0.1:9001/2018-06-01/runtime/invocation/a%2F..%2Fb%20c/error"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct strbuf url = STRBUF_INIT;
        lambda_wire_url(&url, SLICE("127.0.0.1:9001"), cases[i].call,
                        slice_from(cases[i].request_id));
        assert_string_equal(url.data, cases[i].url);
        strbuf_release(&url);
    }
}

static void test_a_full_head(void **state)
{
    (void)state;
    const struct http_header headers[] = {
        {SLICE("Lambda-Runtime-Aws-Request-Id"), SLICE("id")},
        {SLICE("lambda-runtime-deadline-ms"), SLICE("1795206473104")},
        {SLICE("Lambda-Runtime-Invoked-Function-Arn"), SLICE("arn")},
        {SLICE("Lambda-Runtime-Trace-Id"), SLICE("Root=1")},
        {SLICE("Lambda-Runtime-Client-Context"), SLICE("{}")},
        {SLICE("Lambda-Runtime-Cognito-Identity"), SLICE("[]")},
        {SLICE("Lambda-Runtime-Aws-Tenant-Id"), SLICE("tenant")},
        {SLICE("Lambda-Runtime-Invocation-Id"), SLICE("nonce")},
        {SLICE("Content-Type"), SLICE("application/json")},
    };
    const struct http_response reply = {.headers = headers, .header_count = 9};
    struct lambda_context context;
    assert_int_equal(lambda_wire_parse(&reply, &context, NULL), 0);
    assert_true(slice_equal(context.request_id, SLICE("id")));
    assert_true(context.deadline_ms == INT64_C(1795206473104));
    assert_true(slice_equal(context.function_arn, SLICE("arn")));
    assert_true(slice_equal(context.trace_id, SLICE("Root=1")));
    assert_true(slice_equal(context.client_context, SLICE("{}")));
    assert_true(slice_equal(context.cognito_identity, SLICE("[]")));
    assert_true(slice_equal(context.tenant_id, SLICE("tenant")));
    assert_true(slice_equal(context.invocation_id, SLICE("nonce")));
    assert_true(slice_equal(context.content_type, SLICE("application/json")));
}

static void test_a_bare_head(void **state)
{
    (void)state;
    const struct http_header header = {SLICE("Lambda-Runtime-Aws-Request-Id"), SLICE("id")};
    const struct http_response reply = {.headers = &header, .header_count = 1};
    struct lambda_context context;
    memset(&context, 0xA5, sizeof(context));
    assert_int_equal(lambda_wire_parse(&reply, &context, NULL), 0);
    assert_int_equal(context.deadline_ms, 0);
    assert_int_equal(context.trace_id.size, 0);
    assert_int_equal(context.invocation_id.size, 0);
    assert_null(context.state);
}

static void test_bad_request_ids(void **state)
{
    (void)state;
    char large[LAMBDA_REQUEST_ID_LIMIT + 1];
    memset(large, 'x', sizeof(large));
    const struct {
        size_t size;
        int result;
        const char *message;
    } cases[] = {
        {0, -1, "Lambda-Runtime-Aws-Request-Id is missing"},
        {1, 0, ""},
        {LAMBDA_REQUEST_ID_LIMIT, 0, ""},
        {LAMBDA_REQUEST_ID_LIMIT + 1, -1, "Lambda-Runtime-Aws-Request-Id is too long"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header header = {SLICE("Lambda-Runtime-Aws-Request-Id"),
                                           slice_of(large, cases[i].size)};
        const struct http_response reply = {.headers = &header, .header_count = 1};
        struct lambda_context context;
        struct error err = {.message = ""};
        assert_int_equal(lambda_wire_parse(&reply, &context, &err), cases[i].result);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(context.request_id.size, cases[i].result == 0 ? cases[i].size : 0);
    }
}

static void test_bad_deadlines(void **state)
{
    (void)state;
    static const char *const deadlines[] = {
        "0", "-1", "+1", "1.5", "1e3", "0x10", "12 ", "ms", "9223372036854775808"};
    for (size_t i = 0; i < COUNT_OF(deadlines); i++) {
        const struct http_header headers[] = {
            {SLICE("Lambda-Runtime-Aws-Request-Id"), SLICE("id")},
            {SLICE("Lambda-Runtime-Deadline-Ms"), slice_from(deadlines[i])},
        };
        const struct http_response reply = {.headers = headers, .header_count = 2};
        struct lambda_context context;
        struct error err = {.message = ""};
        assert_int_equal(lambda_wire_parse(&reply, &context, &err), -1);
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_says(err.message, "Lambda-Runtime-Deadline-Ms \"");
        assert_int_equal(context.deadline_ms, 0);
        assert_true(slice_equal(context.request_id, SLICE("id"))); /* who can be told */
    }
}

/* Lambda would call any other form Unknown. */
static void test_error_types_have_lambdas_form(void **state)
{
    (void)state;
    for (int kind = ERROR_INVALID; kind <= ERROR_CANCELLED + 1; kind++) {
        char type[LAMBDA_ERROR_TYPE_SIZE];
        const struct error error = {.kind = (enum error_kind)kind};
        lambda_wire_error_type(type, LAMBDA_FUNCTION, &error);
        assert_memory_equal(type, "Function.", 9);
        lambda_wire_error_type(type, LAMBDA_RUNTIME, &error);
        assert_memory_equal(type, "Runtime.", 8);
        assert_true(type[8] >= 'A' && type[8] <= 'Z');
        assert_true(strlen(type + 8) >= 2);
        assert_int_equal(strspn(type + 9, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                         strlen(type + 9));
    }
}

static void test_error_bodies(void **state)
{
    (void)state;
    struct strbuf body = STRBUF_INIT;
    struct error error;
    redact_register(SLICE("t0p\\secret"));
    (void)error_set(&error, ERROR_DENIED, "\"t0p\\secret\" \xff is\nwrong");
    lambda_wire_error_body(&body, SLICE("Function.Denied"), &error);
    assert_string_equal(body.data,
                        "{\"errorMessage\":\"\\\"[redacted]\\\" \xef\xbf\xbd is\\nwrong\","
                        "\"errorType\":\"Function.Denied\"}");
    redact_forget_all();
    strbuf_release(&body);
}

/* However long the reason, the body stays small. */
static void test_error_bodies_are_bounded(void **state)
{
    (void)state;
    struct strbuf body = STRBUF_INIT;
    struct error error;
    char reason[5000];
    memset(reason, 1, sizeof(reason)); /* six bytes each in JSON */
    (void)error_set(&error, ERROR_REMOTE, "%.*s", (int)sizeof(reason), reason);
    lambda_wire_error_body(&body, SLICE("Function.Remote"), &error);
    assert_in_range(body.size, 6000, 6300);
    assert_says(body.data, "...\",\"errorType\":\"Function.Remote\"}");
    strbuf_release(&body);
}

static void test_headers(void **state)
{
    (void)state;
    struct http_header headers[LAMBDA_HEADERS_LIMIT];
    assert_int_equal(lambda_wire_headers(headers, SLICE(""), SLICE("")), 1);
    assert_true(slice_equal(headers[0].name, SLICE("Content-Type")));
    assert_true(slice_equal(headers[0].value, SLICE("application/json")));
    assert_int_equal(lambda_wire_headers(headers, SLICE("a b"), SLICE("")), 2);
    assert_true(slice_equal(headers[1].name, SLICE("Lambda-Runtime-Invocation-Id")));
    assert_true(slice_equal(headers[1].value, SLICE("a b")));
    assert_int_equal(lambda_wire_headers(headers, SLICE("x"), SLICE("Function.X")), 3);
    assert_true(slice_equal(headers[2].name, SLICE("Lambda-Runtime-Function-Error-Type")));
    assert_true(slice_equal(headers[2].value, SLICE("Function.X")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),          cmocka_unit_test(test_a_full_head),
        cmocka_unit_test(test_a_bare_head),   cmocka_unit_test(test_bad_request_ids),
        cmocka_unit_test(test_bad_deadlines), cmocka_unit_test(test_error_types_have_lambdas_form),
        cmocka_unit_test(test_error_bodies),  cmocka_unit_test(test_error_bodies_are_bounded),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
