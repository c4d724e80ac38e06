#include "http/http_plain.h"

#include "base/memory.h"
#include "http/http_body.h"
#include "http/http_call.h"
#include "http/http_dial.h"

#include <errno.h>
#include <nss.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/banned.h"

#define BUFFER_SIZE ((size_t)64 * 1024) /* of received bytes; no line may be longer */

struct http_plain {
    struct http http; /* first: whoever has one has the other */
    const struct clock *clock;
    struct http_body body;

    int fd;                 /* -1: no connection */
    struct strbuf location; /* host:port of the connection */
    int64_t receive_ms;     /* SO_RCVTIMEO of the connection */
    bool spent;             /* no other call may use it */

    struct strbuf request_head;
    struct slice unsent_head; /* of the request under way */
    struct slice unsent_body;

    size_t start; /* received and not yet looked at: bytes [start, end) */
    size_t end;
    struct http_head head; /* from here on pages are not touched before they are used */
    char bytes[BUFFER_SIZE];
};

/* --- the connection --- */

static void disconnect(struct http_plain *self)
{
    if (self->fd >= 0) {
        (void)close(self->fd);
        self->fd = -1;
    }
    self->start = 0;
    self->end = 0;
}

static int connect_host(struct http_plain *self, struct http_call *call, struct error *err)
{
    self->fd = http_dial(call, err);
    if (self->fd < 0) {
        return -1;
    }
    self->receive_ms = 0;
    strbuf_clear(&self->location);
    strbuf_append(&self->location, call->target.location);
    return 0;
}

/* Is there a connection to this host on which nothing has happened since? A peer that has closed
 * it, or sent what nobody asked for, makes it useless. */
static bool can_reuse(const struct http_plain *self, const struct http_call *call)
{
    char byte;
    return self->fd >= 0 && call->request->repeatable &&
           slice_equal(strbuf_slice(&self->location), call->target.location) &&
           recv(self->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* --- the request --- */

static void write_target(struct strbuf *out, const struct http_call *call)
{
    struct slice url = call->request->url;
    const struct slice *location = &call->target.location;
    struct slice path = slice_skip(url, (size_t)(location->data - url.data) + location->size);
    if (!slice_starts_with(path, SLICE("/"))) {
        strbuf_append_char(out, '/');
    }
    strbuf_append(out, path);
}

static void write_head(struct http_plain *self, const struct http_call *call)
{
    const struct http_request *request = call->request;
    struct strbuf *out = &self->request_head;
    strbuf_clear(out);
    strbuf_append(out, request->method);
    strbuf_append_char(out, ' ');
    write_target(out, call);
    strbuf_append_text(out, " HTTP/1.1\r\nHost: ");
    strbuf_append(out, call->target.location);
    strbuf_append_text(out, "\r\n");
    for (size_t i = 0; i < request->header_count; i++) {
        strbuf_append(out, request->headers[i].name);
        strbuf_append_text(out, request->headers[i].value.size == 0 ? ":" : ": ");
        strbuf_append(out, request->headers[i].value);
        strbuf_append_text(out, "\r\n");
    }
    if (!call->is_head && !slice_equal(request->method, SLICE("GET"))) {
        strbuf_append_text(out, "Content-Length: ");
        strbuf_append_u64(out, request->body.size);
        strbuf_append_text(out, "\r\n");
    }
    strbuf_append_text(out, "\r\n");
}

static bool has_unsent(const struct http_plain *self)
{
    return self->unsent_head.size + self->unsent_body.size > 0;
}

static void forget_unsent(struct http_plain *self)
{
    self->unsent_head = SLICE("");
    self->unsent_body = SLICE("");
}

/* Sends as much as fits. A peer that takes no more may have answered already: its reply, or that
 * there is none, is found by receiving. */
static int send_some(struct http_plain *self, struct http_call *call, struct error *err)
{
    struct iovec parts[2] = {
        {.iov_base = (void *)self->unsent_head.data, .iov_len = self->unsent_head.size},
        {.iov_base = (void *)self->unsent_body.data, .iov_len = self->unsent_body.size},
    };
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = sendmsg(self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
        size_t of_head = slice_take(self->unsent_head, (size_t)sent).size;
        self->unsent_head = slice_skip(self->unsent_head, of_head);
        self->unsent_body = slice_skip(self->unsent_body, (size_t)sent - of_head);
        http_call_active(call);
        return 0;
    }
    if (errno == EAGAIN) {
        return http_dial_await(self->fd, call, POLLIN | POLLOUT, 0, err);
    }
    if (errno != EINTR) {
        forget_unsent(self);
        self->spent = true;
    }
    return 0;
}

/* --- the reply --- */

/* The longest wait of the next recv. It changes only when a limit is near. */
static void set_receive_timeout(struct http_plain *self, const struct http_call *call)
{
    int64_t wait_ms = http_call_wait_ms(call);
    wait_ms = wait_ms > 0 ? wait_ms : 1; /* 0 would be forever */
    if (wait_ms != self->receive_ms) {
        const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
        (void)setsockopt(self->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        self->receive_ms = wait_ms;
    }
}

static int take_close(struct http_plain *self, const struct http_call *call, struct error *err)
{
    self->spent = true;
    if (self->head.complete) {
        return http_body_close(&self->body, err);
    }
    return error_set(err, ERROR_NETWORK, "%s",
                     call->response->received_bytes == 0
                         ? "the connection was closed before a reply came"
                         : "the reply broke off in its head");
}

/* Reads what has come, and waits for it if nothing is left to send. */
static int receive_some(struct http_plain *self, struct http_call *call, struct error *err)
{
    if (self->start > 0) {
        memmove(self->bytes, self->bytes + self->start, self->end - self->start);
        self->end -= self->start;
        self->start = 0;
    }
    if (self->end == BUFFER_SIZE) {
        return error_set(err, ERROR_LIMIT, "the reply has a line of more than %zu bytes",
                         BUFFER_SIZE);
    }
    set_receive_timeout(self, call);
    ssize_t got = recv(self->fd, self->bytes + self->end, BUFFER_SIZE - self->end,
                       has_unsent(self) ? MSG_DONTWAIT : 0);
    if (got > 0) {
        self->end += (size_t)got;
        call->response->received_bytes += (size_t)got;
        http_call_active(call);
        return 0;
    }
    if (got == 0) {
        return take_close(self, call, err);
    }
    return errno == EAGAIN || errno == EINTR ? 0
                                             : http_call_broke(err, "the connection broke", errno);
}

static bool is_done(const struct http_plain *self)
{
    return self->head.complete && self->body.state == HTTP_BODY_DONE;
}

static int take_line(struct http_plain *self, struct http_call *call, struct slice line,
                     struct error *err)
{
    bool was_complete = self->head.complete;
    bool is_field = !was_complete || self->body.state == HTTP_BODY_TRAILER;
    if (is_field && http_call_line(call, line) != 0) {
        return http_call_fail(call, err);
    }
    if (was_complete) {
        return http_body_line(&self->body, line, err);
    }
    if (self->head.complete) {
        http_body_start(&self->body, call->response, call->is_head);
    }
    return 0;
}

/* 1 when a line was taken, 0 when its end has yet to come. */
static int consume_line(struct http_plain *self, struct http_call *call, struct slice received,
                        struct error *err)
{
    size_t newline = slice_find(received, '\n');
    if (newline == SLICE_NONE) {
        return 0;
    }
    self->start += newline + 1;
    return take_line(self, call, slice_take(received, newline + 1), err) == 0 ? 1 : -1;
}

static int consume_body(struct http_plain *self, struct http_call *call, struct slice received,
                        struct error *err)
{
    size_t taken = http_body_take(&self->body, received.size);
    self->start += taken;
    return http_call_body(call, slice_take(received, taken)) == 0 ? 1 : http_call_fail(call, err);
}

/* Takes what has been received to where it belongs, as far as it goes. */
static int consume(struct http_plain *self, struct http_call *call, struct error *err)
{
    int taken = 1;
    while (taken > 0 && !is_done(self) && self->start < self->end) {
        struct slice received = slice_of(self->bytes + self->start, self->end - self->start);
        bool is_line = !self->head.complete || http_body_wants_line(&self->body);
        taken = is_line ? consume_line(self, call, received, err)
                        : consume_body(self, call, received, err);
    }
    return taken < 0 ? -1 : 0;
}

static bool wants_close(const struct http_response *response)
{
    struct slice list = http_header_text(response, "connection");
    bool found = false;
    while (!found && list.size > 0) {
        struct slice token;
        (void)slice_cut(list, ',', &token, &list);
        found = slice_equal_nocase(slice_trim(token), SLICE("close"));
    }
    return found;
}

/* May the connection serve another call after this one? */
static bool can_keep(const struct http_plain *self, const struct http_call *call)
{
    return !self->spent && !has_unsent(self) && self->start == self->end &&
           self->head.minor_version == 1 && !wants_close(call->response);
}

/* --- the call --- */

/* One try on the connection that there is. */
static int exchange(struct http_plain *self, struct http_call *call, struct error *err)
{
    int result = 0;
    self->spent = false;
    self->unsent_head = strbuf_slice(&self->request_head);
    self->unsent_body = call->request->body;
    while (result == 0 && !is_done(self)) {
        result = http_call_check(call, err);
        if (result == 0 && has_unsent(self)) {
            result = send_some(self, call, err);
        }
        if (result == 0) {
            result = receive_some(self, call, err);
        }
        if (result == 0) {
            result = consume(self, call, err);
        }
    }
    if (result != 0 || !can_keep(self, call)) {
        disconnect(self);
    }
    forget_unsent(self);
    return result;
}

static int exchange_freshly(struct http_plain *self, struct http_call *call, struct error *err)
{
    disconnect(self);
    return connect_host(self, call, err) == 0 ? exchange(self, call, err) : -1;
}

/* A kept connection that dies without a byte was stale: the request is sent once more. */
static int exchange_somehow(struct http_plain *self, struct http_call *call, struct error *err)
{
    struct http_response *response = call->response;
    struct error stale = {.message = ""};
    if (!can_reuse(self, call)) {
        return exchange_freshly(self, call, err);
    }
    if (exchange(self, call, &stale) == 0) {
        response->reused = true;
        return 0;
    }
    if (stale.kind == ERROR_NETWORK && response->received_bytes == 0) {
        response->resent = true;
        return exchange_freshly(self, call, err);
    }
    response->reused = true;
    return error_pass(err, &stale);
}

static int http_plain_send(struct http *http, const struct http_request *request,
                           struct arena *arena, struct http_response *response, struct error *err)
{
    struct http_plain *self = (struct http_plain *)http;
    struct http_call call = {.request = request,
                             .response = response,
                             .arena = arena,
                             .head = &self->head,
                             .clock = self->clock};
    int result = -1;
    if (http_call_begin(&call, err) != 0) {
        return -1;
    }
    if (call.target.tls) {
        (void)error_set(err, ERROR_CONFIGURATION, "no https here: this transport has no TLS");
    } else if (http_call_check(&call, err) == 0) {
        write_head(self, &call);
        result = exchange_somehow(self, &call, err);
    }
    return http_call_name(&call, result, err);
}

/* --- the transport --- */

struct http *http_plain_new(const struct clock *clock)
{
    struct http_plain *self = memory_allocate(sizeof(*self));
    memset(self, 0, offsetof(struct http_plain, head));
    self->http.send = http_plain_send;
    self->fd = -1;
    self->clock = clock == NULL ? &clock_system : clock;
    http_head_init(&self->head);
    strbuf_init(&self->location);
    strbuf_init(&self->request_head);
    if (getauxval(AT_BASE) == 0) {
        /* Linked statically, for no dynamic loader started us: glibc must not load the host's
         * modules for names. */
        (void)__nss_configure_lookup("hosts", "files dns");
    }
    return &self->http;
}

void http_plain_free(struct http *http)
{
    struct http_plain *self = (struct http_plain *)http;
    if (self == NULL) {
        return;
    }
    disconnect(self);
    http_head_release(&self->head);
    strbuf_release(&self->location);
    strbuf_release(&self->request_head);
    free(self);
}
