/* The way that production calls go: proxies of the environment, and the name it gives. */
#include "wire/http_fixture.h"

static void test_user_agent(void **state)
{
    struct fixture *f = *state;
    http_curl_free(f->http);
    f->http = http_curl_new(&(struct http_curl_options){.user_agent = "tester/1"}, &f->err);
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("\r\nUser-Agent: tester/1\r\n"),
                    SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    end(f);
}

static void set_proxy(struct fixture *f, const char *name, const char *format)
{
    char value[128];
    (void)snprintf(value, sizeof(value), format, scripted_server_address(f->server));
    assert_int_equal(setenv(name, value, 1), 0);
}

static void test_the_environment_names_a_proxy(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET http://far.invalid/x HTTP/1.1\r\n"),
                    SCRIPT_CONTAINS("Host: far.invalid\r\n"), SCRIPT_REPLY(OK_REPLY)));
    set_proxy(f, "http_proxy", "http://%s");
    struct http_request request = get(f);
    request.url = SLICE("http://far.invalid/x");
    assert_int_equal(send_request(f, &request), 0);
    assert_body(f, "ok");
    (void)unsetenv("http_proxy");
    end(f);
}

static void test_no_proxy_means_none(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /path"), SCRIPT_REPLY(OK_REPLY)));
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
    struct http_request request = get(f);
    request.no_proxy = true;
    assert_int_equal(send_request(f, &request), 0);
    (void)unsetenv("http_proxy");
    (void)unsetenv("all_proxy");
    end(f);
}

/* It would come from a request header in a CGI program: libcurl reads the lower-case one only. */
static void test_upper_case_http_proxy_is_ignored(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /path"), SCRIPT_REPLY(OK_REPLY)));
    (void)setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
    assert_int_equal(send_get(f), 0);
    (void)unsetenv("HTTP_PROXY");
    end(f);
}

static void test_https_goes_through_a_tunnel_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("CONNECT far.invalid:443 HTTP/1.1\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")));
    set_proxy(f, "https_proxy", "http://user:s3cret@%s");
    struct http_request request = get(f);
    request.url = SLICE("https://far.invalid/x");
    assert_fails(f, send_request(f, &request), ERROR_NETWORK, "GET far.invalid: ");
    assert_int_equal(f->response.received_bytes, 0); /* nothing of the server's */
    (void)unsetenv("https_proxy");
    end(f);
}

static void test_a_bad_proxy_is_not_quoted(void **state)
{
    struct fixture *f = *state;
    static const char *const proxies[] = {"gopher://user:s3cret@host:1", "http://user:s3cret@ho st",
                                          "http://user:s3cret@host:99999"};
    struct http_request request = get(f);
    request.url = SLICE("http://far.invalid/x");
    for (size_t i = 0; i < 3; i++) {
        (void)setenv("http_proxy", proxies[i], 1);
        assert_int_equal(send_request(f, &request), -1); /* looks for the secret itself */
        assert_says(f, "GET far.invalid: ");
    }
    (void)unsetenv("http_proxy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CURL(test_user_agent),
        WITH_CURL(test_the_environment_names_a_proxy),
        WITH_CURL(test_no_proxy_means_none),
        WITH_CURL(test_upper_case_http_proxy_is_ignored),
        WITH_CURL(test_https_goes_through_a_tunnel_or_not_at_all),
        WITH_CURL(test_a_bad_proxy_is_not_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
