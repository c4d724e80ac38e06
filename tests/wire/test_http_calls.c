/* Both transports: what they send, and their connections. */
#include "wire/http_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what is sent --- */

static void test_get_sends_the_url_as_it_stands(void **state)
{
    struct fixture *f = *state;
    start(f,
          SCRIPT(SCRIPT_ACCEPT,
                 SCRIPT_EXACTLY("GET /a%2fb%2F../c//d%C3%a9?x=%7e&y=a+b&z HTTP/1.1\r\n"
                                "Host: <host>\r\n\r\n"),
                 SCRIPT_REPLY("HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\nhello")));
    (void)snprintf(f->url, sizeof(f->url), "http://%s/a%%2fb%%2F../c//d%%C3%%a9?x=%%7e&y=a+b&z",
                   scripted_server_address(f->server));
    assert_int_equal(send_get(f), 0);
    assert_int_equal(f->response.status, 200);
    assert_body(f, "hello");
    assert_int_equal(f->response.body_bytes, 5);
    assert_int_equal(f->response.received_bytes, 17 + 11 + 19 + 2 + 5);
    assert_false(f->response.reused);
    assert_int_equal(f->response.header_count, 2);
    struct slice etag;
    assert_true(http_header_find(&f->response, "etag", &etag));
    assert_true(slice_equal(etag, SLICE("\"x\"")));
    end(f);
}

static void test_post_sends_headers_in_order_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    const struct http_header headers[] = {{SLICE("X-One"), SLICE("1")},
                                          {SLICE("X-Empty"), SLICE("")},
                                          {SLICE("X-Two"), SLICE("a b")}};
    start(f, SCRIPT(SCRIPT_ACCEPT,
                    SCRIPT_EXACTLY("POST /path?key=s3cret HTTP/1.1\r\nHost: <host>\r\n"
                                   "X-One: 1\r\nX-Empty:\r\nX-Two: a b\r\n"
                                   "Content-Length: 4\r\n\r\nbody"),
                    SCRIPT_REPLY(OK_REPLY)));
    struct http_request request = get(f);
    request.method = SLICE("POST");
    request.headers = headers;
    request.header_count = 3;
    request.body = SLICE("body");
    assert_int_equal(send_request(f, &request), 0);
    assert_body(f, "ok");
    end(f);
}

static void test_methods_follow_each_other_on_one_connection(void **state)
{
    struct fixture *f = *state;
    const struct http_header type = {SLICE("Content-Type"), SLICE("text/plain")};
    start(f, SCRIPT(SCRIPT_ACCEPT,
                    SCRIPT_EXACTLY("PUT /path?key=s3cret HTTP/1.1\r\nHost: <host>\r\n"
                                   "Content-Type: text/plain\r\n"
                                   "Content-Length: 3\r\n\r\nput"),
                    SCRIPT_REPLY(OK_REPLY),
                    SCRIPT_EXACTLY("HEAD /path?key=s3cret HTTP/1.1\r\nHost: <host>\r\n\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"),
                    SCRIPT_EXACTLY("DELETE /path?key=s3cret HTTP/1.1\r\nHost: <host>\r\n"
                                   "Content-Length: 0\r\n\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 204 No Content\r\n\r\n"),
                    SCRIPT_EXACTLY("GET /path?key=s3cret HTTP/1.1\r\nHost: <host>\r\n\r\n"),
                    SCRIPT_REPLY(OK_REPLY)));
    struct http_request request = get(f);
    request.method = SLICE("PUT");
    request.body = SLICE("put");
    request.headers = &type;
    request.header_count = 1;
    assert_int_equal(send_request(f, &request), 0);
    assert_false(f->response.reused);
    request = get(f);
    request.method = SLICE("HEAD");
    assert_int_equal(send_request(f, &request), 0);
    uint64_t length = 0;
    assert_true(http_header_number(&f->response, "Content-Length", &length));
    assert_true(length == UINT64_C(5000000000));
    assert_body(f, "");
    assert_true(f->response.reused);
    request.method = SLICE("DELETE");
    assert_int_equal(send_request(f, &request), 0);
    assert_int_equal(f->response.status, 204);
    assert_true(f->response.reused);
    assert_int_equal(send_get(f), 0);
    assert_body(f, "ok");
    assert_true(f->response.reused);
    end(f);
}

static void test_large_bodies_in_both_directions(void **state)
{
    struct fixture *f = *state;
    const size_t size = 7000000;
    char *sent = malloc(size);
    struct strbuf reply = STRBUF_INIT;
    memset(sent, 'x', size);
    strbuf_append_format(&reply, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    strbuf_append(&reply, slice_of(sent, size));
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("Content-Length: 7000000\r\n\r\nxxxx"),
                    SCRIPT_LACKS("Expect"), SCRIPT_REPLY_BYTES(reply.data, reply.size)));
    struct http_request request = get(f);
    request.method = SLICE("POST");
    request.body = slice_of(sent, size);
    request.body_limit = size;
    assert_int_equal(send_request(f, &request), 0);
    assert_int_equal(f->body.size, size);
    assert_memory_equal(f->body.data, sent, size);
    end(f);
    strbuf_release(&reply);
    free(sent);
}

static void test_requests_that_are_refused_before_they_are_sent(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *method, *url, *name, *value, *says;
    } cases[] = {
        {"GET", "ftp://host/s3cret", "A", "b", "neither http:// nor https://"},
        {"GET", "http://host/a b?s3cret", "A", "b", "of host host has bytes"},
        {"GET", "http://host/a\r\nX: y?s3cret", "A", "b", "percent-encoded"},
        {"GET", "http://host/a#s3cret", "A", "b", "percent-encoded"},
        {"GET", "http://user:s3cret@host/", "A", "b", "no valid host"},
        {"GET", "http://host:70000/", "A", "b", "no valid host"},
        {"GET", "http:///x", "A", "b", "no valid host"},
        {"G ET", "http://host/", "A", "b", "method"},
        {"", "http://host/", "A", "b", "method"},
        {"GET", "http://host/", "A b", "s3cret", "name that is none"},
        {"GET", "http://host/", "A", "s3cret\r\nX: y", "header A has a control character"},
        {"GET", "http://host/", "A", "s3cret\x01", "header A has a control character"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header header = {slice_from(cases[i].name), slice_from(cases[i].value)};
        struct http_request request = get(f);
        request.method = slice_from(cases[i].method);
        request.url = slice_from(cases[i].url);
        request.headers = &header;
        request.header_count = 1;
        assert_fails(f, send_request(f, &request), ERROR_INVALID, cases[i].says);
        assert_int_equal(f->response.received_bytes, 0);
        assert_int_equal(f->response.status, 0);
    }
}

/* --- connections --- */

static void test_a_connection_that_was_closed_meanwhile_is_replaced(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY), SCRIPT_CLOSE,
                    SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    usleep(20000);
    assert_int_equal(send_get(f), 0);
    assert_false(f->response.reused);
    end(f);
}

/* The race that a thaw brings: the request goes out on a connection that is just closing. */
static void test_a_repeatable_request_survives_a_stale_connection(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY),
                    SCRIPT_REQUEST("POST"), SCRIPT_CLOSE, SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("\r\n\r\nbody"), SCRIPT_REPLY(OK_REPLY), SCRIPT_REQUEST("GET"),
                    SCRIPT_RESET, SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY),
                    SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    struct http_request request = get(f);
    request.method = SLICE("POST");
    request.body = SLICE("body");
    assert_int_equal(send_request(f, &request), 0);
    assert_false(f->response.reused);
    assert_true(f->response.resent);
    assert_int_equal(send_get(f), 0);
    assert_false(f->response.reused);
    assert_true(f->response.resent);
    assert_int_equal(send_get(f), 0);
    assert_true(f->response.reused);
    assert_false(f->response.resent);
    end(f);
}

static void test_what_may_not_be_repeated_gets_a_connection_of_its_own(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY), SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("POST"), SCRIPT_CLOSE));
    assert_int_equal(send_get(f), 0);
    struct http_request request = get(f);
    request.method = SLICE("POST");
    request.repeatable = false;
    assert_fails(f, send_request(f, &request), ERROR_NETWORK, "POST 127.0.0.1:");
    assert_false(f->response.reused);
    assert_int_equal(f->response.received_bytes, 0);
    end(f);
}

static void await_flag(const volatile sig_atomic_t *flag)
{
    for (int i = 0; *flag == 0 && i < 5000; i++) {
        usleep(1000);
    }
    assert_int_equal(*flag, 1);
}

/* Bytes on an idle connection would be taken for the next reply. */
static void test_what_nobody_asked_for_is_never_read(void **state)
{
    struct fixture *f = *state;
    volatile sig_atomic_t sent = 0;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY), SCRIPT_SLEEP(20),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
                    SCRIPT_CALL(set_flag, (void *)&sent), SCRIPT_AWAIT_CLOSE, SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    await_flag(&sent);
    assert_int_equal(send_get(f), 0);
    assert_body(f, "ok");
    assert_false(f->response.reused);
    end(f);
}

static void test_a_spoilt_connection_and_no_other(void **state)
{
    struct fixture *f = *state;
    volatile sig_atomic_t sent = 0;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY), SCRIPT_SLEEP(20),
                    SCRIPT_REPLY("HTTP/1.1 408 Request Timeout\r\n\r\n"), SCRIPT_CLOSE,
                    SCRIPT_CALL(set_flag, (void *)&sent), SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_CLOSE));
    assert_int_equal(send_get(f), 0);
    await_flag(&sent);
    assert_fails(f, send_get(f), ERROR_NETWORK, "GET 127.0.0.1:");
    assert_int_equal(f->response.status, 0);
    assert_int_equal(f->response.received_bytes, 0);
    end(f);
}

static void test_a_connection_that_the_server_will_close(void **state)
{
    struct fixture *f = *state;
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                 SCRIPT_REPLY("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n"
                              "Content-Length: 2\r\n\r\nok"),
                 SCRIPT_AWAIT_CLOSE, SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                 SCRIPT_REPLY("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), SCRIPT_AWAIT_CLOSE,
                 SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send_get(f), 0);
        assert_body(f, "ok");
        assert_false(f->response.reused);
    }
    end(f);
}

/* A server that has heard enough answers before all of the body has been sent. */
static void test_an_answer_before_the_end_of_the_request(void **state)
{
    struct fixture *f = *state;
    const size_t size = 50000000;
    char *large = calloc(1, size);
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_HEAD,
                 SCRIPT_REPLY("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"),
                 SCRIPT_AWAIT_CLOSE, SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    struct http_request request = get(f);
    request.method = SLICE("POST");
    request.body = slice_of(large, size);
    assert_int_equal(send_request(f, &request), 0);
    assert_int_equal(f->response.status, 413);
    assert_body(f, "big");
    assert_int_equal(send_get(f), 0);
    assert_false(f->response.reused);
    end(f);
    free(large);
}

static void test_a_host_by_its_name(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /x?a HTTP/1.1\r\nHost: localhost:"),
                    SCRIPT_REPLY(OK_REPLY), SCRIPT_REQUEST("GET /?b HTTP/1.1\r\n"),
                    SCRIPT_REPLY(OK_REPLY)));
    const char *port = strchr(scripted_server_address(f->server), ':');
    (void)snprintf(f->url, sizeof(f->url), "http://localhost%s/x?a", port);
    assert_int_equal(send_get(f), 0);
    (void)snprintf(f->url, sizeof(f->url), "http://localhost%s?b", port); /* no path */
    assert_int_equal(send_get(f), 0);
    assert_true(f->response.reused);
    end(f);
}

static void test_two_hosts_in_turn(void **state)
{
    struct fixture *f = *state;
    struct scripted_server *other = scripted_server_start(
        SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /other"), SCRIPT_REPLY(OK_REPLY)));
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /path"), SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    (void)snprintf(f->url, sizeof(f->url), "http://%s/other", scripted_server_address(other));
    assert_int_equal(send_get(f), 0);
    assert_false(f->response.reused);
    end(f);
    scripted_server_end(other);
}

static void test_nobody_listens(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_SLEEP(0)));
    end(f); /* and its port is free again */
    assert_fails(f, send_get(f), ERROR_NETWORK, "GET 127.0.0.1:");
    assert_says(f, "Connection refused");
    assert_true(f->err.retryable);
    assert_int_equal(f->response.received_bytes, 0);
    assert_false(f->response.reused);
}

/* A label has 63 bytes at most: the resolver says no without asking a name server, which might be
 * slow, or not be there. */
#define NO_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid"

static void test_a_name_that_does_not_exist(void **state)
{
    struct fixture *f = *state;
    struct http_request request = get(f);
    request.url = SLICE("http://" NO_NAME "/?key=s3cret");
    request.no_proxy = true;
    assert_fails(f, send_request(f, &request), ERROR_NETWORK, "GET " NO_NAME ": ");
    assert_true(f->err.retryable);
}

/* A listener whose queue is full: SYNs are dropped, as by a host that is gone. */
static void test_connecting_takes_too_long(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct pollfd full = {.fd = listener, .events = POLLIN};
    (void)connect(filler, (struct sockaddr *)&address, size);
    (void)poll(&full, 1, 5000); /* until the one that there is room for is in */
    (void)snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
    struct http_request request = get(f);
    request.connect_timeout_ms = 150;
    int64_t before_ms = clock_now_ms(&clock_system);
    assert_fails(f, send_request(f, &request), ERROR_TIMEOUT, "no connection in time");
    request.connect_timeout_ms = 0;
    request.deadline_ms = clock_now_ms(&clock_system) + 150;
    assert_fails(f, send_request(f, &request), ERROR_TIMEOUT, "the deadline passed");
    assert_true(clock_now_ms(&clock_system) - before_ms >= 290);
    close(filler);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOTH(test_get_sends_the_url_as_it_stands),
        WITH_BOTH(test_post_sends_headers_in_order_and_nothing_else),
        WITH_BOTH(test_methods_follow_each_other_on_one_connection),
        WITH_BOTH(test_large_bodies_in_both_directions),
        WITH_BOTH(test_requests_that_are_refused_before_they_are_sent),
        WITH_BOTH(test_a_connection_that_was_closed_meanwhile_is_replaced),
        WITH_BOTH(test_a_repeatable_request_survives_a_stale_connection),
        WITH_BOTH(test_what_may_not_be_repeated_gets_a_connection_of_its_own),
        WITH_BOTH(test_what_nobody_asked_for_is_never_read),
        WITH_BOTH(test_a_spoilt_connection_and_no_other),
        WITH_BOTH(test_a_connection_that_the_server_will_close),
        WITH_BOTH(test_an_answer_before_the_end_of_the_request),
        WITH_BOTH(test_a_host_by_its_name),
        WITH_BOTH(test_two_hosts_in_turn),
        WITH_BOTH(test_nobody_listens),
        WITH_BOTH(test_a_name_that_does_not_exist),
        WITH_BOTH(test_connecting_takes_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
