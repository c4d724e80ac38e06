/* What the tests of the transports share: a transport, a scripted server, GET of its URL. */
#ifndef WIRE_HTTP_FIXTURE_H
#define WIRE_HTTP_FIXTURE_H

#include "unit/unit.h"

#include "http/http_curl.h"
#include "http/http_plain.h"
#include "wire/moved_clock.h"
#include "wire/scripted_server.h"

#include <stdio.h>

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct fixture {
    struct http *http;
    struct moved_clock moved;
    struct clock clock; /* the transport's */
    struct arena arena;
    struct strbuf body;
    struct scripted_server *server;
    struct http_response response;
    struct error err;
    char url[256];
};

static inline struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->clock = (struct clock){.now_ms = moved_now_ms, .self = &f->moved};
    arena_init(&f->arena, 0);
    strbuf_init(&f->body);
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    strbuf_release(&f->body);
    arena_release(&f->arena);
    free(f);
}

static inline int setup_curl(void **state)
{
    struct fixture *f = fixture_new();
    f->http = http_curl_new(&(struct http_curl_options){.clock = &f->clock}, &f->err);
    assert_non_null(f->http);
    *state = f;
    return 0;
}

static inline int teardown_curl(void **state)
{
    struct fixture *f = *state;
    http_curl_free(f->http);
    fixture_free(f);
    return 0;
}

static inline int setup_plain(void **state)
{
    struct fixture *f = fixture_new();
    f->http = http_plain_new(&f->clock);
    *state = f;
    return 0;
}

static inline int teardown_plain(void **state)
{
    struct fixture *f = *state;
    http_plain_free(f->http);
    fixture_free(f);
    return 0;
}

static inline void start(struct fixture *f, const struct script_step *steps, size_t count)
{
    f->server = scripted_server_start(steps, count);
    (void)snprintf(f->url, sizeof(f->url), "http://%s/path?key=s3cret",
                   scripted_server_address(f->server));
}

/* GET of f->url with what the test sets on top. */
static inline struct http_request get(struct fixture *f)
{
    return (struct http_request){
        .method = SLICE("GET"),
        .url = slice_from(f->url),
        .deadline_ms = clock_now_ms(&clock_system) + 30000,
        .repeatable = true,
    };
}

static inline int send_request(struct fixture *f, const struct http_request *request)
{
    f->err = (struct error){.message = ""};
    f->response = (struct http_response){.body = &f->body};
    int result = http_send(f->http, request, &f->arena, &f->response, &f->err);
    if (result != 0) {
        assert_null(strstr(f->err.message, "s3cret")); /* no message ever quotes a query */
    }
    return result;
}

static inline int send_get(struct fixture *f)
{
    struct http_request request = get(f);
    return send_request(f, &request);
}

static inline void end(struct fixture *f)
{
    scripted_server_end(f->server);
}

#define assert_body(f, text) assert_string_equal((f)->body.data, (text))
#define assert_says(f, text)                                                                       \
    do {                                                                                           \
        if (strstr((f)->err.message, (text)) == NULL) {                                            \
            fail_msg("\"%s\" does not say \"%s\"", (f)->err.message, (text));                      \
        }                                                                                          \
    } while (0)
#define assert_fails(f, request_result, error_kind, text)                                          \
    do {                                                                                           \
        assert_int_equal((request_result), -1);                                                    \
        assert_says((f), (text));                                                                  \
        assert_int_equal((f)->err.kind, (error_kind));                                             \
    } while (0)

#define WITH_CURL(name)                                                                            \
    {                                                                                              \
#name " (curl)", name, setup_curl, teardown_curl, NULL                                     \
    }
#define WITH_PLAIN(name)                                                                           \
    {                                                                                              \
#name " (plain)", name, setup_plain, teardown_plain, NULL                                  \
    }
/* The contract is one, so each transport passes the same tests. */
#define WITH_BOTH(name) WITH_CURL(name), WITH_PLAIN(name)

static inline void set_flag(void *flag)
{
    *(volatile sig_atomic_t *)flag = 1;
}

#endif
