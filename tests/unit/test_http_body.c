#include "unit/unit.h"

#include "http/http_body.h"

static struct http_body start(int status, const char *name, const char *value, bool is_head)
{
    const struct http_header header = {slice_from(name), slice_from(value)};
    const struct http_response response = {.status = status, .headers = &header, .header_count = 1};
    struct http_body body;
    memset(&body, 0xA5, sizeof(body));
    http_body_start(&body, &response, is_head);
    return body;
}

static void test_what_is_due_first(void **state)
{
    (void)state;
    const struct {
        int status;
        const char *name, *value;
        bool is_head;
        enum http_body_state expected;
    } cases[] = {
        {200, "Content-Length", "5", false, HTTP_BODY_BYTES},
        {200, "content-length", "0", false, HTTP_BODY_DONE},
        {200, "Content-Length", "5", true, HTTP_BODY_DONE},
        {204, "Content-Length", "5", false, HTTP_BODY_DONE},
        {304, "Content-Length", "5", false, HTTP_BODY_DONE},
        {404, "Content-Length", "5", false, HTTP_BODY_BYTES},
        {200, "Transfer-Encoding", "chunked", false, HTTP_BODY_CHUNK_SIZE},
        {200, "Transfer-Encoding", "chunked", true, HTTP_BODY_DONE},
        {200, "X", "y", false, HTTP_BODY_UNTIL_CLOSE},
        {200, "X", "y", true, HTTP_BODY_DONE},
        {204, "X", "y", false, HTTP_BODY_DONE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_body body =
            start(cases[i].status, cases[i].name, cases[i].value, cases[i].is_head);
        assert_int_equal(body.state, cases[i].expected);
    }
}

static void test_a_length(void **state)
{
    (void)state;
    struct error err = {.message = ""};
    struct http_body body = start(200, "Content-Length", "5", false);
    assert_false(http_body_wants_line(&body));
    assert_int_equal(http_body_take(&body, 3), 3);
    assert_int_equal(body.state, HTTP_BODY_BYTES);
    struct http_body short_body = body;
    assert_int_equal(http_body_close(&short_body, &err), -1);
    assert_string_equal(err.message, "the reply broke off 2 bytes before its end");
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_true(err.retryable);
    assert_int_equal(http_body_take(&body, 100), 2);
    assert_int_equal(body.state, HTTP_BODY_DONE);
    assert_int_equal(http_body_take(&body, 100), 0);
    assert_int_equal(http_body_close(&body, &err), 0);
}

static void test_until_close(void **state)
{
    (void)state;
    struct http_body body = start(200, "X", "y", false);
    assert_int_equal(http_body_take(&body, SIZE_MAX), SIZE_MAX);
    assert_int_equal(body.state, HTTP_BODY_UNTIL_CLOSE);
    assert_int_equal(http_body_close(&body, NULL), 0);
    assert_int_equal(body.state, HTTP_BODY_DONE);
}

static void test_chunks(void **state)
{
    (void)state;
    struct error err = {.message = ""};
    struct http_body body = start(200, "Transfer-Encoding", "chunked", false);
    assert_true(http_body_wants_line(&body));
    assert_int_equal(http_body_take(&body, 10), 0); /* not before the size */
    assert_int_equal(http_body_line(&body, SLICE("1a;x=y\r\n"), &err), 0);
    assert_int_equal(http_body_take(&body, 20), 20);
    assert_int_equal(http_body_take(&body, 20), 6);
    assert_true(http_body_wants_line(&body));
    assert_int_equal(http_body_line(&body, SLICE("\r\n"), &err), 0);
    assert_int_equal(http_body_line(&body, SLICE("1 \n"), &err), 0);
    assert_int_equal(http_body_take(&body, 20), 1);
    assert_int_equal(http_body_line(&body, SLICE("\n"), &err), 0);
    struct http_body cut = body;
    assert_int_equal(http_body_close(&cut, &err), -1);
    assert_string_equal(err.message, "the reply broke off before its last chunk");
    assert_true(err.retryable);
    assert_int_equal(http_body_line(&body, SLICE("000\r\n"), &err), 0);
    assert_int_equal(body.state, HTTP_BODY_TRAILER);
    assert_int_equal(http_body_line(&body, SLICE("X: y\r\n"), &err), 0);
    cut = body;
    assert_int_equal(http_body_close(&cut, &err), -1);
    assert_int_equal(http_body_line(&body, SLICE("\r\n"), &err), 0);
    assert_int_equal(body.state, HTTP_BODY_DONE);
}

static void test_chunk_sizes(void **state)
{
    (void)state;
    char endless[2000];
    memset(endless, '0', sizeof(endless));
    const struct {
        struct slice line;
        int result;
        uint64_t size;
    } cases[] = {
        {SLICE_INIT("7fffffffffffffff\r\n"), 0, INT64_MAX},
        {SLICE_INIT("8000000000000000\r\n"), -1, 0},
        {SLICE_INIT("fffffffffffffffff\r\n"), -1, 0},
        {SLICE_INIT("0000000000000000000005\r\n"), 0, 5},
        {SLICE_INIT("aB\t;\r\n"), 0, 0xAB},
        {SLICE_INIT("\r\n"), -1, 0},
        {SLICE_INIT(" 5\r\n"), -1, 0},
        {SLICE_INIT("-5\r\n"), -1, 0},
        {SLICE_INIT("0x5\r\n"), -1, 0},
        {SLICE_INIT("5 5\r\n"), -1, 0},
        {SLICE_INIT(";x\r\n"), -1, 0},
        {slice_of(endless, sizeof(endless)), -1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error err = {.message = ""};
        struct http_body body = start(200, "Transfer-Encoding", "chunked", false);
        if (http_body_line(&body, cases[i].line, &err) != cases[i].result) {
            fail_msg("%.*s", SLICE_ARG(cases[i].line));
        }
        if (cases[i].result == 0) {
            assert_true(body.left == cases[i].size);
        } else {
            assert_int_equal(err.kind, ERROR_INVALID);
        }
    }
}

static void test_a_chunk_longer_than_its_size(void **state)
{
    (void)state;
    struct error err = {.message = ""};
    struct http_body body = start(200, "Transfer-Encoding", "chunked", false);
    assert_int_equal(http_body_line(&body, SLICE("1\r\n"), &err), 0);
    assert_int_equal(http_body_take(&body, 5), 1);
    assert_int_equal(http_body_line(&body, SLICE("x\r\n"), &err), -1);
    assert_string_equal(err.message, "the reply has a chunk that is longer than its size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_due_first),
        cmocka_unit_test(test_a_length),
        cmocka_unit_test(test_until_close),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_chunk_sizes),
        cmocka_unit_test(test_a_chunk_longer_than_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
