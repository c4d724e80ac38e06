/*
 * A transport, a clock and a source of randomness that do as a test says: replies come from a
 * script, requests are kept as text, waiting moves the clock.
 *
 * For tests of lib/aws. Include it after unit/unit.h.
 */
#ifndef UNIT_FAKE_AWS_H
#define UNIT_FAKE_AWS_H

#include "aws/aws_call.h"
#include "base/array.h"
#include "base/log.h"
#include "unit/collector.h"

#include <stdio.h>
#include <unistd.h>

#define FAKE_NOW_MS INT64_C(1795206473000) /* 2026-11-20T20:27:53Z */
#define FAKE_STEPS_LIMIT 64

/* What happens to one request. */
struct fake_step {
    int status;          /* 0: the transport fails with `kind` */
    const char *headers; /* "Name: value" lines */
    struct slice body;
    enum error_kind kind;
    size_t deliver;          /* of a failing transfer: bytes of the body that arrive first */
    bool reused;             /* the connection was used before */
    uint64_t received_bytes; /* of a failing transfer */
};

struct fake_aws {
    struct http http;
    struct clock clock;
    struct random_source random;
    struct credentials_provider credentials;
    struct aws_client client;
    struct arena arena;
    struct error err;
    struct aws_reply reply;
    int64_t now_ms;
    int64_t slept_ms[FAKE_STEPS_LIMIT];
    size_t sleeps;
    uint64_t random_value;

    const struct fake_step *steps;
    size_t step_count;
    size_t requests;
    char *sent[FAKE_STEPS_LIMIT]; /* in the arena: "METHOD url\nname: value\n…\n\nbody" */
    struct http_request terms[FAKE_STEPS_LIMIT]; /* as they came; their slices may be gone */
    FILE *log;                                   /* where all log lines go */
};

static inline int64_t fake_now(void *self)
{
    return ((struct fake_aws *)self)->now_ms;
}

static inline void fake_sleep(void *self, int64_t duration_ms)
{
    struct fake_aws *fake = self;
    assert_true(fake->sleeps < FAKE_STEPS_LIMIT);
    fake->slept_ms[fake->sleeps++] = duration_ms;
    fake->now_ms += duration_ms;
}

static inline uint64_t fake_random(void *self)
{
    return ((struct fake_aws *)self)->random_value;
}

static inline void fake_record(struct fake_aws *fake, const struct http_request *request)
{
    struct strbuf text = STRBUF_INIT;
    strbuf_append_format(&text, "%.*s %.*s\n", SLICE_ARG(request->method), SLICE_ARG(request->url));
    for (size_t i = 0; i < request->header_count; i++) {
        strbuf_append_format(&text, "%.*s: %.*s\n", SLICE_ARG(request->headers[i].name),
                             SLICE_ARG(request->headers[i].value));
    }
    strbuf_append_char(&text, '\n');
    strbuf_append(&text, request->body);
    fake->terms[fake->requests] = *request;
    fake->sent[fake->requests++] = arena_text(&fake->arena, strbuf_slice(&text));
    strbuf_release(&text);
}

static inline void fake_headers(const char *text, struct arena *arena,
                                struct http_response *response)
{
    struct slice rest = slice_from(text);
    struct http_header *headers = arena_zalloc(arena, HTTP_HEADERS_LIMIT, sizeof(*headers));
    while (rest.size > 0) {
        struct slice line;
        struct http_header *header = &headers[response->header_count++];
        slice_cut(rest, '\n', &line, &rest);
        assert_true(slice_cut(line, ':', &header->name, &header->value));
        header->value = slice_trim(header->value);
    }
    response->headers = headers;
}

/* To the sink in pieces, as a network has it. */
static inline int fake_body(const struct http_request *request, struct slice body,
                            struct http_response *response, struct error *err)
{
    bool to_sink = request->body_sink != NULL && response->status / 100 == 2;
    response->body_bytes = body.size;
    while (to_sink && body.size > 0) {
        if (sink_write(request->body_sink, slice_take(body, 16384), err) != 0) {
            return -1;
        }
        body = slice_skip(body, 16384);
    }
    strbuf_append(response->body, body);
    return 0;
}

static inline int fake_reply(const struct fake_step *step, const struct http_request *request,
                             struct arena *arena, struct http_response *response, struct error *err)
{
    fake_headers(step->headers, arena, response);
    response->received_bytes = 100 + step->body.size;
    if (request->check_head != NULL &&
        request->check_head(request->check_head_self, response, err) != 0) {
        return -1;
    }
    return fake_body(request,
                     step->deliver > 0 ? slice_take(step->body, step->deliver) : step->body,
                     response, err);
}

static inline int fake_send(struct http *http, const struct http_request *request,
                            struct arena *arena, struct http_response *response, struct error *err)
{
    struct fake_aws *fake = (struct fake_aws *)http;
    assert_true(fake->requests < FAKE_STEPS_LIMIT);
    if (fake->requests >= fake->step_count) {
        fail_msg("request %zu was not expected: %.*s %.*s", fake->requests + 1,
                 SLICE_ARG(request->method), SLICE_ARG(request->url));
    }
    const struct fake_step *step = &fake->steps[fake->requests];
    fake_record(fake, request);
    response->reused = step->reused;
    strbuf_clear(response->body);
    response->status = step->status;
    response->received_bytes = step->received_bytes;
    if (step->status != 0 && fake_reply(step, request, arena, response, err) != 0) {
        return -1;
    }
    bool is_broken = step->status == 0 || step->deliver > 0;
    return is_broken ? error_set(err, step->kind, "fake: broken") : 0;
}

/* Credentials are those of the environment, set here; the region is eu-west-1. */
static inline void fake_start(struct fake_aws *fake, const struct fake_step *steps, size_t count)
{
    *fake = (struct fake_aws){.http.send = fake_send,
                              .clock = {fake_now, fake_sleep, fake},
                              .random = {fake_random, fake},
                              .now_ms = FAKE_NOW_MS,
                              .steps = steps,
                              .step_count = count};
    (void)unsetenv("AWS_ENDPOINT_URL");
    (void)unsetenv("AWS_ENDPOINT_URL_S3");
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    (void)unsetenv("AWS_SESSION_TOKEN");
    arena_init(&fake->arena, 0);
    fake->log = tmpfile();
    assert_non_null(fake->log);
    log_setup(&(struct log_options){
        .fd = fileno(fake->log), .lowest = LOG_DEBUG, .clock = &clock_system});
    credentials_init(&fake->credentials, &fake->http, &fake->clock, &fake->random);
    aws_client_init(&fake->client, &(struct aws_client_options){.http = &fake->http,
                                                                .credentials = &fake->credentials,
                                                                .clock = &fake->clock,
                                                                .random = &fake->random,
                                                                .region = SLICE("eu-west-1")});
}

static inline void fake_end(struct fake_aws *fake)
{
    assert_int_equal(fake->requests, fake->step_count); /* the whole script was played */
    aws_client_release(&fake->client);
    credentials_release(&fake->credentials);
    arena_release(&fake->arena);
    log_setup(
        &(struct log_options){.fd = STDERR_FILENO, .lowest = LOG_INFO, .clock = &clock_system});
    (void)fclose(fake->log);
}

/* What was logged so far. */
static inline char *fake_log(struct fake_aws *fake)
{
    off_t size = lseek(fileno(fake->log), 0, SEEK_END);
    assert_true(size >= 0);
    char *text = arena_alloc(&fake->arena, (size_t)size + 1);
    assert_int_equal(pread(fileno(fake->log), text, (size_t)size, 0), size);
    text[size] = '\0';
    return text;
}

/* A reply kept as a file of tests/data/aws (tests run in the root of the repository). */
static inline struct slice fake_file(struct arena *arena, const char *name)
{
    struct slice path = arena_format(arena, "tests/data/aws/%s", name);
    FILE *file = fopen(path.data, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path.data);
    }
    char *text = arena_alloc(arena, 65536);
    size_t size = fread(text, 1, 65536, file);
    (void)fclose(file);
    return slice_of(text, size);
}

/* The request without what signing adds but Host: what a service file decides. */
static inline char *fake_request_text(struct fake_aws *fake, size_t number)
{
    static const char *const added[] = {"X-Amz-Date:", "X-Amz-Content-Sha256:", "Authorization:"};
    assert_true(number < fake->requests);
    struct strbuf kept = STRBUF_INIT;
    struct slice rest = slice_from(fake->sent[number]);
    bool in_head = true;
    while (rest.size > 0 && in_head) {
        struct slice line;
        bool drop = false;
        slice_cut(rest, '\n', &line, &rest);
        for (size_t i = 0; i < COUNT_OF(added); i++) {
            drop = drop || slice_starts_with(line, slice_from(added[i]));
        }
        in_head = line.size > 0;
        if (!drop) {
            strbuf_append(&kept, line);
            strbuf_append_char(&kept, '\n');
        }
    }
    strbuf_append(&kept, rest);
    char *text = arena_text(&fake->arena, strbuf_slice(&kept));
    strbuf_release(&kept);
    return text;
}

static inline void assert_request(struct fake_aws *fake, size_t number, const char *expected)
{
    assert_string_equal(fake_request_text(fake, number), expected);
}

static inline void assert_message(const struct error *err, const char *part)
{
    assert_says(err->message, part);
}

#endif
