#include "unit/unit.h"

#include "http/http_head.h"

struct fixture {
    struct http_head head;
    struct arena arena;
    struct http_response response;
    struct error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    http_head_init(&f->head);
    arena_init(&f->arena, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    http_head_release(&f->head);
    arena_release(&f->arena);
    free(f);
    return 0;
}

/* Feeds the lines of a text; the result of the first that is refused. */
static int feed(struct fixture *f, struct slice text)
{
    int result = 0;
    f->err = (struct error){.kind = ERROR_CANCELLED};
    while (result == 0 && text.size > 0) {
        size_t end = slice_find(text, '\n');
        size_t size = end == SLICE_NONE ? text.size : end + 1;
        result = http_head_line(&f->head, slice_take(text, size), &f->err);
        text = slice_skip(text, size);
    }
    return result;
}

static void take(struct fixture *f, struct slice text)
{
    http_head_start(&f->head);
    if (feed(f, text) != 0) {
        fail_msg("%s", f->err.message);
    }
    assert_true(f->head.complete);
    assert_int_equal(f->err.kind, ERROR_CANCELLED); /* left alone */
    http_head_store(&f->head, &f->arena, &f->response);
}

static void assert_header(const struct fixture *f, size_t index, const char *name,
                          const char *value)
{
    assert_true(index < f->response.header_count);
    const struct http_header *header = &f->response.headers[index];
    assert_true(slice_equal(header->name, slice_from(name)));
    assert_true(slice_equal(header->value, slice_from(value)));
}

static void test_a_plain_head(void **state)
{
    struct fixture *f = *state;
    take(f, SLICE("HTTP/1.1 200 OK\r\nContent-Type:text/plain\r\nX-Blanks: \t a  b\t \r\n"
                  "X-Empty:\r\nX-Obs: \xe9\r\n\r\n"));
    assert_int_equal(f->response.status, 200);
    assert_int_equal(f->response.header_count, 4);
    assert_header(f, 0, "Content-Type", "text/plain");
    assert_header(f, 1, "X-Blanks", "a  b");
    assert_header(f, 2, "X-Empty", "");
    assert_header(f, 3, "X-Obs", "\xe9");
    assert_int_equal(f->head.bytes, 17 + 25 + 20 + 10 + 10 + 2);
}

static void test_status_lines(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *line;
        int status; /* 0: refused */
    } cases[] = {
        {"HTTP/1.1 200 OK", 200},
        {"HTTP/1.0 404 Not Found", 404},
        {"HTTP/1.1 204 ", 204},
        {"HTTP/1.1 204", 204},
        {"HTTP/1.1 599 \xc3\xa9", 599},
        {"HTTP/1.1 600 X", 0},
        {"HTTP/1.1 099 X", 0},
        {"HTTP/1.1 20 X", 0},
        {"HTTP/1.1 2000 X", 0},
        {"HTTP/1.1 +20 X", 0},
        {"HTTP/1.1  200 X", 0},
        {"HTTP/1.1 200\tX", 0},
        {"HTTP/1.1 200 \x01", 0},
        {"HTTP/1.1", 0},
        {"HTTP/1.2 200 OK", 0},
        {"HTTP/2 200", 0},
        {"http/1.1 200 OK", 0},
        {" HTTP/1.1 200 OK", 0},
        {"", 0},
        {"HTTP/1.1 101 Switching", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        http_head_start(&f->head);
        int result = http_head_line(&f->head, slice_from(cases[i].line), &f->err);
        if (result != (cases[i].status == 0 ? -1 : 0) || f->head.status != cases[i].status) {
            fail_msg("%s: %d, status %d", cases[i].line, result, f->head.status);
        }
    }
}

static void test_lines_that_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct {
        struct slice text;
        const char *message;
    } cases[] = {
        {SLICE_INIT("no colon\r\n"), "the reply has a header line that is none"},
        {SLICE_INIT(": no name\r\n"), "the reply has a header line that is none"},
        {SLICE_INIT("Blank : b\r\n"), "the reply has a header line that is none"},
        {SLICE_INIT("Na(me: b\r\n"), "the reply has a header line that is none"},
        {SLICE_INIT("\xc3\xa9: b\r\n"), "the reply has a header line that is none"},
        {SLICE_INIT("X: a\0b\r\n"), "the reply has a control character in header X"},
        {SLICE_INIT("X: a\rb\r\n"), "the reply has a control character in header X"},
        {SLICE_INIT("X: \x7f\r\n"), "the reply has a control character in header X"},
        {SLICE_INIT(" fold\r\n"), "the reply begins with a folded header line"},
        {SLICE_INIT("X: a\r\n \x01\r\n"),
         "the reply has a control character in a folded header line"},
        {SLICE_INIT("Content-Length: \r\n\r\n"),
         "the reply has a Content-Length that is no number"},
        {SLICE_INIT("Content-Length: 5, 5\r\n\r\n"),
         "the reply has a Content-Length that is no number"},
        {SLICE_INIT("Content-Length: 0x5\r\n\r\n"),
         "the reply has a Content-Length that is no number"},
        {SLICE_INIT("Content-Length: 9223372036854775808\r\n\r\n"),
         "the reply has a Content-Length that is no number"},
        {SLICE_INIT("Content-Length: 5\r\nCONTENT-LENGTH: 6\r\n\r\n"),
         "the reply has two different lengths"},
        {SLICE_INIT("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "the reply has both a length and chunks"},
        {SLICE_INIT("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
         "the reply has both a length and chunks"},
        {SLICE_INIT("Transfer-Encoding: gzip, chunked\r\n\r\n"),
         "the reply has a Transfer-Encoding other than chunked"},
        {SLICE_INIT("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "the reply has a Transfer-Encoding other than chunked"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        http_head_start(&f->head);
        assert_int_equal(feed(f, SLICE("HTTP/1.1 200 OK\r\n")), 0);
        assert_int_equal(feed(f, cases[i].text), -1);
        assert_string_equal(f->err.message, cases[i].message);
        assert_int_equal(f->err.kind, ERROR_INVALID);
        assert_false(f->head.complete);
    }
}

static void test_the_same_length_twice_is_one(void **state)
{
    take(*state, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"));
}

static void test_folds(void **state)
{
    struct fixture *f = *state;
    take(f, SLICE("HTTP/1.1 200 OK\r\nA: one \r\n  two\r\n\t \r\n\tthree \r\nB:\r\n x\r\nC: y\r\n"
                  "\r\n"));
    assert_int_equal(f->response.header_count, 3);
    assert_header(f, 0, "A", "one two three");
    assert_header(f, 1, "B", "x");
    assert_header(f, 2, "C", "y");
}

static void test_interim_heads_are_dropped(void **state)
{
    struct fixture *f = *state;
    http_head_start(&f->head);
    assert_int_equal(feed(f, SLICE("HTTP/1.1 100 Continue\r\nA: 1\r\n\r\n")), 0);
    assert_false(f->head.complete);
    assert_int_equal(feed(f, SLICE("HTTP/1.1 103 Hints\r\nB: 1\r\n\r\n")), 0);
    assert_int_equal(feed(f, SLICE("HTTP/1.1 200 OK\r\nC: 1\r\n\r\n")), 0);
    http_head_store(&f->head, &f->arena, &f->response);
    assert_int_equal(f->response.status, 200);
    assert_int_equal(f->response.header_count, 1);
    assert_header(f, 0, "C", "1");
}

static void test_trailers_are_checked_and_dropped(void **state)
{
    struct fixture *f = *state;
    take(f, SLICE("HTTP/1.1 200 OK\r\nA: 1\r\n\r\nX-Trailer: 2\r\n\r\n"));
    assert_int_equal(f->response.header_count, 1);
    assert_int_equal(feed(f, SLICE("no trailer\r\n")), -1);
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    char line[2000];
    http_head_start(&f->head);
    assert_int_equal(feed(f, SLICE("HTTP/1.1 200 OK\r\n")), 0);
    for (int i = 0; i < HTTP_HEADERS_LIMIT; i++) {
        assert_int_equal(feed(f, SLICE("X: 1\r\n")), 0);
    }
    assert_int_equal(feed(f, SLICE("X: 1\r\n")), -1);
    assert_int_equal(f->err.kind, ERROR_LIMIT);

    memset(line, 'a', sizeof(line));
    memcpy(line, "X: ", 3);
    line[sizeof(line) - 1] = '\n';
    http_head_start(&f->head);
    assert_int_equal(feed(f, SLICE("HTTP/1.1 200 OK\r\n")), 0);
    for (size_t i = 0; i < HTTP_HEADERS_BYTES_LIMIT / sizeof(line); i++) {
        assert_int_equal(feed(f, slice_of(line, sizeof(line))), 0);
    }
    assert_int_equal(feed(f, slice_of(line, sizeof(line))), -1);
    assert_string_equal(f->err.message, "the reply has more than 131072 bytes of header lines");
}

/* The stored head does not change when the collector goes on to the next reply. */
static void test_a_stored_head_stands_by_itself(void **state)
{
    struct fixture *f = *state;
    take(f, SLICE("HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"));
    struct http_response first = f->response;
    take(f, SLICE("HTTP/1.1 404 Not Found\r\nB: 2\r\nC: 3\r\n\r\n"));
    assert_int_equal(f->response.header_count, 2);
    f->response = first;
    assert_int_equal(f->response.status, 200);
    assert_header(f, 0, "A", "1");
}

static void test_finding_headers(void **state)
{
    struct fixture *f = *state;
    struct slice value = SLICE("before");
    uint64_t number = 7;
    take(f, SLICE("HTTP/1.1 200 OK\r\nETag: a\r\netag: b\r\nAge: 12\r\nX-Signed: -1\r\n\r\n"));
    assert_true(http_header_find(&f->response, "ETAG", &value));
    assert_true(slice_equal(value, SLICE("b"))); /* the last one */
    assert_false(http_header_find(&f->response, "e", &value));
    assert_text(http_header_text(&f->response, "ETAG"), "b");
    assert_text(http_header_text(&f->response, "e"), "");
    assert_true(slice_equal(value, SLICE("b")));
    assert_false(http_header_number(&f->response, "etag", &number));
    assert_false(http_header_number(&f->response, "x-signed", &number));
    assert_false(http_header_number(&f->response, "missing", &number));
    assert_int_equal(number, 7);
    assert_true(http_header_number(&f->response, "age", &number));
    assert_int_equal(number, 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_plain_head),
        TEST(test_status_lines),
        TEST(test_lines_that_are_refused),
        TEST(test_the_same_length_twice_is_one),
        TEST(test_folds),
        TEST(test_interim_heads_are_dropped),
        TEST(test_trailers_are_checked_and_dropped),
        TEST(test_limits),
        TEST(test_a_stored_head_stands_by_itself),
        TEST(test_finding_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
