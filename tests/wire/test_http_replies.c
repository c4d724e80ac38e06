/* The transport against replies that break off, are odd, or break every rule there is. */
#include "wire/http_fixture.h"

#include "wire/slow_sink.h"

/* --- replies that break off --- */

static void test_closed_before_the_reply(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_CLOSE));
    assert_fails(f, send_get(f), ERROR_NETWORK, "GET 127.0.0.1:");
    assert_true(f->err.retryable);
    assert_int_equal(f->response.received_bytes, 0);
    end(f);
}

static void test_reset_in_the_middle_of_the_head(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Le"), SCRIPT_SLEEP(20), SCRIPT_RESET));
    assert_fails(f, send_get(f), ERROR_NETWORK, "reset");
    assert_true(f->err.retryable);
    assert_true(f->response.received_bytes >= 17); /* the server has answered */
    assert_int_equal(f->response.status, 0);
    end(f);
}

static void test_closed_in_the_middle_of_the_head(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"), SCRIPT_CLOSE));
    assert_int_equal(send_get(f), -1);
    assert_true(f->err.retryable);
    assert_int_equal(f->response.status, 0);
    end(f);
}

static void test_body_short_by_a_byte(void **state)
{
    struct fixture *f = *state;
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                 SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"), SCRIPT_CLOSE));
    assert_fails(f, send_get(f), ERROR_INVALID, "1 bytes");
    assert_true(f->err.retryable);
    assert_int_equal(f->response.status, 200); /* what was read is told */
    assert_int_equal(f->response.body_bytes, 5);
    assert_body(f, "hello");
    end(f);
}

static void test_reset_in_the_middle_of_the_body(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhel"),
                    SCRIPT_SLEEP(20), SCRIPT_RESET));
    assert_fails(f, send_get(f), ERROR_NETWORK, "reset");
    assert_true(f->err.retryable);
    assert_int_equal(f->response.body_bytes, 3);
    end(f);
}

static void test_more_than_content_length_promised(void **state)
{
    struct fixture *f = *state;
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                 SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                              "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
                 SCRIPT_AWAIT_CLOSE, SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    assert_body(f, "ok");
    assert_int_equal(send_get(f), 0); /* never the reply that nobody asked for */
    assert_body(f, "ok");
    assert_false(f->response.reused);
    end(f);
}

static void test_chunked(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n"),
                    SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    assert_body(f, "hello");
    assert_int_equal(f->response.header_count, 1); /* trailers are no headers */
    assert_int_equal(send_get(f), 0);
    assert_true(f->response.reused);
    end(f);
}

static void test_chunks_that_are_none(void **state)
{
    struct fixture *f = *state;
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    static const char *const replies[] = {
        CHUNKED "zz\r\nhello\r\n0\r\n\r\n",
        CHUNKED "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        CHUNKED "5\r\nhelloX\r\n0\r\n\r\n",
        CHUNKED "5\r\nhello\r\n",
        CHUNKED "5\r\nhel",
    };
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                        SCRIPT_REPLY_BYTES(replies[i], strlen(replies[i])), SCRIPT_CLOSE));
        assert_int_equal(send_get(f), -1);
        assert_true(f->err.retryable);
        assert_int_equal(f->response.status, 200);
        end(f);
    }
}

static void test_a_body_that_ends_with_the_connection(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.0 200 OK\r\n\r\nhello"), SCRIPT_CLOSE));
    assert_int_equal(send_get(f), 0);
    assert_body(f, "hello");
    end(f);
}

/* --- replies that are odd or wrong --- */

static void test_interim_replies_are_dropped(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("POST"),
                    SCRIPT_REPLY("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"), SCRIPT_SLEEP(20),
                    SCRIPT_REPLY("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" OK_REPLY)));
    struct http_request request = get(f);
    request.method = SLICE("POST");
    request.body = SLICE("body");
    assert_int_equal(send_request(f, &request), 0);
    assert_int_equal(f->response.status, 200);
    assert_int_equal(f->response.header_count, 1);
    assert_body(f, "ok");
    end(f);
}

static void test_every_status_is_a_reply(void **state)
{
    struct fixture *f = *state;
    static const int statuses[] = {204, 302, 304, 401, 404, 500, 503};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        char reply[200];
        int size = snprintf(reply, sizeof(reply),
                            "HTTP/1.1 %d X\r\nLocation: /elsewhere\r\nContent-Length: %d\r\n\r\n%s",
                            statuses[i], statuses[i] > 304 ? 3 : 0, statuses[i] > 304 ? "why" : "");
        start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                        SCRIPT_REPLY_BYTES(reply, (size_t)size)));
        assert_int_equal(send_get(f), 0);
        assert_int_equal(f->response.status, statuses[i]);
        assert_body(f, statuses[i] > 304 ? "why" : "");
        end(f);
    }
}

/* The length is that of a body which does not come. */
static void test_a_length_without_a_body(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 304 X\r\nContent-Length: 5000000000\r\n\r\n"),
                    SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 204 X\r\nContent-Length: 5000000000\r\n\r\n"),
                    SCRIPT_REQUEST("GET"), SCRIPT_REPLY(OK_REPLY)));
    assert_int_equal(send_get(f), 0);
    assert_int_equal(f->response.status, 304);
    assert_int_equal(send_get(f), 0);
    assert_int_equal(f->response.status, 204);
    assert_int_equal(send_get(f), 0);
    assert_body(f, "ok");
    assert_true(f->response.reused);
    end(f);
}

static void test_replies_that_are_not_http(void **state)
{
    struct fixture *f = *state;
    static const char *const replies[] = {
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "<html>hello</html>\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/3.1 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 999 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBlank : x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBell: \a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                        SCRIPT_REPLY_BYTES(replies[i], strlen(replies[i])), SCRIPT_CLOSE));
        int result = send_get(f);
        if (result != -1 || f->err.kind != ERROR_INVALID) {
            fail_msg("reply %zu: %d, %s", i, result, f->err.message);
        }
        assert_says(f, "GET 127.0.0.1:");
        end(f);
    }
}

static void test_a_nul_in_the_head(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"),
                    SCRIPT_CLOSE));
    assert_fails(f, send_get(f), ERROR_INVALID, "GET 127.0.0.1:");
    end(f);
}

static void test_folded_headers(void **state)
{
    struct fixture *f = *state;
    struct slice value;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\nX-Folded: one\r\n  two\r\n\tthree\r\n"
                                 "Content-Length: 2\n\nok")));
    assert_int_equal(send_get(f), 0);
    assert_true(http_header_find(&f->response, "x-folded", &value));
    assert_true(slice_equal(value, SLICE("one two three")));
    end(f);
}

static void test_heads_that_are_too_large(void **state)
{
    struct fixture *f = *state;
    struct strbuf many = STRBUF_INIT;
    struct strbuf large = STRBUF_INIT;
    strbuf_append_text(&many, "HTTP/1.1 200 OK\r\n");
    strbuf_append_text(&large, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i <= HTTP_HEADERS_LIMIT; i++) {
        strbuf_append_format(&many, "X-%d: 1\r\n", i);
    }
    for (int i = 0; i < 70; i++) {
        strbuf_append_format(&large, "X-%d: %02000d\r\n", i, i);
    }
    strbuf_append_text(&many, "\r\n");
    strbuf_append_text(&large, "\r\n");
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY_BYTES(many.data, many.size)));
    assert_fails(f, send_get(f), ERROR_LIMIT, "more than 1000 header fields");
    end(f);
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_REPLY_BYTES(large.data, large.size)));
    assert_fails(f, send_get(f), ERROR_LIMIT, "more than 131072 bytes of header lines");
    end(f);
    strbuf_release(&many);
    strbuf_release(&large);
}

/* Interim replies without end are bounded too. */
static void test_endless_interim_replies(void **state)
{
    struct fixture *f = *state;
    struct strbuf endless = STRBUF_INIT;
    for (int i = 0; i < 8000; i++) {
        strbuf_append_text(&endless, "HTTP/1.1 102 Processing\r\n\r\n");
    }
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY_BYTES(endless.data, endless.size)));
    assert_fails(f, send_get(f), ERROR_LIMIT, "bytes of header lines");
    end(f);
    strbuf_release(&endless);
}

static void test_bodies_over_the_limit(void **state)
{
    struct fixture *f = *state;
    struct http_request request;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
                    SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "4\r\nhell\r\n1\r\no\r\n0\r\n\r\n"),
                    SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell")));
    request = get(f);
    request.body_limit = 4;
    assert_fails(f, send_request(f, &request), ERROR_LIMIT, "over the limit of 4 bytes");
    assert_int_equal(f->response.status, 200);
    assert_fails(f, send_request(f, &request), ERROR_LIMIT, "over the limit of 4 bytes");
    assert_int_equal(send_request(f, &request), 0);
    assert_body(f, "hell");
    end(f);
}

/* Accept-Encoding is never sent, and what comes encoded all the same stays as it is. */
static void test_bodies_are_not_decoded(void **state)
{
    struct fixture *f = *state;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET"), SCRIPT_LACKS("Accept"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                                 "Content-Length: 4\r\n\r\n\x1f\x8b!!")));
    assert_int_equal(send_get(f), 0);
    assert_body(f, "\x1f\x8b!!");
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOTH(test_closed_before_the_reply),
        WITH_BOTH(test_reset_in_the_middle_of_the_head),
        WITH_BOTH(test_closed_in_the_middle_of_the_head),
        WITH_BOTH(test_body_short_by_a_byte),
        WITH_BOTH(test_reset_in_the_middle_of_the_body),
        WITH_BOTH(test_more_than_content_length_promised),
        WITH_BOTH(test_chunked),
        WITH_BOTH(test_chunks_that_are_none),
        WITH_BOTH(test_a_body_that_ends_with_the_connection),
        WITH_BOTH(test_interim_replies_are_dropped),
        WITH_BOTH(test_every_status_is_a_reply),
        WITH_BOTH(test_a_length_without_a_body),
        WITH_BOTH(test_replies_that_are_not_http),
        WITH_BOTH(test_a_nul_in_the_head),
        WITH_BOTH(test_folded_headers),
        WITH_BOTH(test_heads_that_are_too_large),
        WITH_BOTH(test_endless_interim_replies),
        WITH_BOTH(test_bodies_over_the_limit),
        WITH_BOTH(test_bodies_are_not_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
