#include "unit/unit.h"

#include "http/http_request.h"

static void test_urls(void **state)
{
    (void)state;
    const struct {
        const char *url;
        bool tls;
        const char *location;
        const char *host;
    } cases[] = {
        {"http://host", false, "host", "host"},
        {"https://host/", true, "host", "host"},
        {"HTTPS://Host.Name/a", true, "Host.Name", "Host.Name"},
        {"http://127.0.0.1:9001/2018-06-01/x", false, "127.0.0.1:9001", "127.0.0.1"},
        {"http://host?a=b/c:d", false, "host", "host"},
        {"https://bucket.s3.eu-west-1.amazonaws.com/a%20b/~'()*!$&,;=:@?x", true,
         "bucket.s3.eu-west-1.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com"},
        {"http://[::1]/", false, "[::1]", "::1"},
        {"http://[fe80::1:2]:65535/", false, "[fe80::1:2]:65535", "fe80::1:2"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_target target;
        struct error err = {.message = ""};
        if (http_target_parse(slice_from(cases[i].url), &target, &err) != 0) {
            fail_msg("%s: %s", cases[i].url, err.message);
        }
        assert_int_equal(target.tls, cases[i].tls);
        assert_true(slice_equal(target.location, slice_from(cases[i].location)));
        assert_true(slice_equal(target.host, slice_from(cases[i].host)));
    }
}

static const char *const bad_urls[] = {
    "",
    "host/s3cret",
    "//host/s3cret",
    "ftp://host/s3cret",
    "file:///s3cret",
    "https:/host",
    "http://",
    "http:///s3cret",
    "http://?s3cret",
    "http://:80/",
    "http://host:/",
    "http://host:0/",
    "http://host:65536/",
    "http://host:80a/",
    "http://host:-1/",
    "http://user@host/",
    "http://user:s3cret@host/",
    "http://ho st/",
    "http://ho\\st/",
    "http://h\xc3\xa9/",
    "http://[::1",
    "http://[]/",
    "http://[::1]80/",
    "http://[::g]/",
    "http://[1.2.3.4]/",
    "http://[::1]:/",
    "http://host/s3cret b",
    "http://host/s3cret\r\n",
    "http://host/s3cret\t",
    "http://host/s3cret#fragment",
    "http://host/\"s3cret\"",
    "http://host/s3cret\xc3\xa9",
    "http://host/s3cret\x7f",
};

static void test_urls_that_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_urls); i++) {
        struct http_target target;
        struct error err = {.message = ""};
        if (http_target_parse(slice_from(bad_urls[i]), &target, &err) != -1) {
            fail_msg("%s was taken", bad_urls[i]);
        }
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_null(strstr(err.message, "s3cret"));
    }
}

static void test_a_url_that_is_too_long(void **state)
{
    (void)state;
    struct http_target target;
    struct error err;
    struct strbuf url = STRBUF_INIT;
    strbuf_append_text(&url, "http://host/");
    while (url.size < HTTP_URL_LIMIT) {
        strbuf_append_char(&url, 'a');
    }
    assert_int_equal(http_target_parse(strbuf_slice(&url), &target, &err), 0);
    strbuf_append_char(&url, 'a');
    assert_int_equal(http_target_parse(strbuf_slice(&url), &target, &err), -1);
    assert_int_equal(err.kind, ERROR_LIMIT);
    strbuf_release(&url);
}

static int check(const char *method, struct slice name, struct slice value, const char *body,
                 struct error *err)
{
    const struct http_header header = {name, value};
    const struct http_request request = {
        .method = slice_from(method),
        .headers = &header,
        .header_count = 1,
        .body = slice_from(body),
    };
    *err = (struct error){.message = ""};
    return http_request_check(&request, err);
}

static void test_requests(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(check("GET", SLICE("X-A"), SLICE(""), "", &err), 0);
    assert_int_equal(check("M-SEARCH", SLICE("!#$%&'*+-.^_`|~09"), SLICE("\t \xe9"), "x", &err), 0);

    assert_int_equal(check("", SLICE("X"), SLICE("y"), "", &err), -1);
    assert_int_equal(check("GE T", SLICE("X"), SLICE("y"), "", &err), -1);
    assert_int_equal(check("GET\r\n", SLICE("X"), SLICE("y"), "", &err), -1);
    assert_int_equal(check("ABCDEFGHIJKLMNOPQRSTU", SLICE("X"), SLICE("y"), "", &err), -1);
    assert_int_equal(check("GET", SLICE(""), SLICE("y"), "", &err), -1);
    assert_int_equal(check("GET", SLICE("X:"), SLICE("y"), "", &err), -1);
    assert_int_equal(check("GET", SLICE("X"), SLICE("a\0b"), "", &err), -1);
    assert_int_equal(check("GET", SLICE("X"), SLICE("s3cret\nY: z"), "", &err), -1);
    assert_string_equal(err.message, "request header X has a control character");
    assert_int_equal(check("GET", SLICE("X"), SLICE("y"), "body", &err), -1);
    assert_string_equal(err.message, "a GET request has a body");
    assert_int_equal(check("HEAD", SLICE("X"), SLICE("y"), "body", &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_urls_that_are_none),
        cmocka_unit_test(test_a_url_that_is_too_long),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
