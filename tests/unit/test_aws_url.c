#include "unit/unit.h"

#include "aws/aws_url.h"

struct row {
    const char *text;
    const char *host;
    const char *authority;
    const char *path;
    const char *query;
    bool secure;
};

static const struct row good[] = {
    {"http://h", "h", "h", "", "", false},
    {"HTTPS://a.example:8443/x/y?z=1&u", "a.example", "a.example:8443", "/x/y", "z=1&u", true},
    {"https://h:443/", "h", "h", "/", "", true},
    {"http://h:443", "h", "h:443", "", "", false},
    {"http://127.0.0.1:80?q", "127.0.0.1", "127.0.0.1", "", "q", false},
    {"http://[fd00:ec2::23]/v1", "fd00:ec2::23", "[fd00:ec2::23]", "/v1", "", false},
    {"http://[::1]:4566", "::1", "[::1]:4566", "", "", false},
};

static void test_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct aws_url url;
        assert_true(aws_url_parse(slice_from(good[i].text), &url));
        assert_true(slice_equal(url.host, slice_from(good[i].host)));
        assert_true(slice_equal(url.authority, slice_from(good[i].authority)));
        assert_true(slice_equal(url.path, slice_from(good[i].path)));
        assert_true(slice_equal(url.query, slice_from(good[i].query)));
        assert_int_equal(url.secure, good[i].secure);
    }
}

static void test_what_is_no_url(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "h",
                                      "ftp://h",
                                      "http:/h",
                                      "http://",
                                      "http:///x",
                                      "http://u@h",
                                      "http://h:",
                                      "http://h:0",
                                      "http://h:65536",
                                      "http://h:8 0",
                                      "http://h:+80",
                                      "http://h#x",
                                      "http://h x",
                                      "http://h/\n",
                                      "http://h/\xc3\xa9",
                                      "http://[::1",
                                      "http://[x]",
                                      "http://[1.2]",
                                      "http://[::1]x",
                                      "http://a:b@h",
                                      "http://h\\x",
                                      "http://h:80:80",
                                      "http://h/{x}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct aws_url url = {.secure = true, .host = SLICE("untouched")};
        if (aws_url_parse(slice_from(bad[i]), &url)) {
            fail_msg("\"%s\" was taken for a URL", bad[i]);
        }
        assert_true(slice_equal(url.host, SLICE("untouched")));
    }
    struct aws_url url;
    assert_false(aws_url_parse(SLICE("http://h\0.example"), &url));
}

static void test_loopback(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {{"http://localhost:1", true},
                {"http://LOCALHOST", true},
                {"http://127.0.0.1", true},
                {"http://127.255.0.9", true},
                {"http://[::1]:80", true},
                {"http://127.0.0.1.evil.example", false},
                {"http://127.evil.example", false},
                {"http://127.0.0.256", false},
                {"http://127.1", false},
                {"http://128.0.0.1", false},
                {"http://localhost.example", false},
                {"http://[::2]", false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct aws_url url;
        assert_true(aws_url_parse(slice_from(rows[i].text), &url));
        assert_int_equal(aws_url_is_loopback(&url), rows[i].loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_what_is_no_url),
        cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
