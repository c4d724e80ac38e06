#include "wire/scripted_postgres.h"

#include "base/memory.h"
#include "base/strbuf.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP_LIMIT_MS 30000
#define MESSAGE_LIMIT 65536
#define PROTOCOL_3 196608
#define TLS_REQUEST 80877103

struct scripted_postgres {
    void (*script)(struct scripted_postgres *server);
    pthread_t thread;
    int listener;
    int peer;   /* -1: none */
    SSL *tls;   /* of the peer, or NULL */
    int signal; /* eventfd: the test says to go on */
    uint16_t port;
    char failure[256]; /* empty: none yet */
    struct strbuf out; /* the message in the making */
    char in[MESSAGE_LIMIT];
};

static void set_failure(struct scripted_postgres *server, const char *what, const char *detail)
{
    if (server->failure[0] == '\0') {
        (void)snprintf(server->failure, sizeof(server->failure), "%s: %s", what, detail);
    }
}

static bool is_good(const struct scripted_postgres *server)
{
    return server->failure[0] == '\0';
}

static bool await(struct scripted_postgres *server, int fd, const char *what)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN, .revents = 0};
    int ready = poll(&waiting, 1, STEP_LIMIT_MS);
    if (ready != 1) {
        set_failure(server, what, ready == 0 ? "nothing came in time" : strerror(errno));
    }
    return ready == 1;
}

/* --- reading --- */

/* What came may be decrypted already. */
static ssize_t receive(struct scripted_postgres *server, char *bytes, size_t size)
{
    if (server->tls == NULL) {
        return recv(server->peer, bytes, size, 0);
    }
    return SSL_read(server->tls, bytes, (int)size);
}

static bool await_bytes(struct scripted_postgres *server, const char *what)
{
    return (server->tls != NULL && SSL_pending(server->tls) > 0) ||
           await(server, server->peer, what);
}

static void read_exactly(struct scripted_postgres *server, char *bytes, size_t size)
{
    size_t done = 0;
    while (is_good(server) && done < size) {
        if (!await_bytes(server, "reading")) {
            return;
        }
        ssize_t received = receive(server, bytes + done, size - done);
        if (received <= 0) {
            set_failure(server, "reading", received == 0 ? "the peer closed" : strerror(errno));
            return;
        }
        done += (size_t)received;
    }
}

static uint32_t read_u32(struct scripted_postgres *server)
{
    uint32_t number = 0;
    read_exactly(server, (char *)&number, sizeof(number));
    return ntohl(number);
}

/* The rest of a message, whose length counts itself; with a NUL behind. */
static struct slice read_body(struct scripted_postgres *server)
{
    uint32_t size = read_u32(server);
    if (!is_good(server) || size < 4 || size - 4 >= MESSAGE_LIMIT) {
        set_failure(server, "reading", "a message of impossible size");
        return SLICE("");
    }
    read_exactly(server, server->in, size - 4);
    server->in[size - 4] = '\0';
    return slice_of(server->in, size - 4);
}

void scripted_postgres_accept(struct scripted_postgres *server)
{
    scripted_postgres_close(server);
    if (is_good(server) && await(server, server->listener, "accept")) {
        server->peer = accept(server->listener, NULL, NULL);
        if (server->peer == -1) {
            set_failure(server, "accept", strerror(errno));
        }
        int at_once = 1; /* small messages follow each other */
        (void)setsockopt(server->peer, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
    }
}

static void expect_first(struct scripted_postgres *server, uint32_t wanted)
{
    uint32_t code = 0;
    struct slice body = read_body(server);
    if (is_good(server) && body.size >= sizeof(code)) {
        memcpy(&code, body.data, sizeof(code));
    }
    if (is_good(server) && ntohl(code) != wanted) {
        set_failure(server, "start", "the peer began with another message");
    }
}

void scripted_postgres_expect_startup(struct scripted_postgres *server)
{
    expect_first(server, PROTOCOL_3);
}

void scripted_postgres_expect_tls(struct scripted_postgres *server, char answer)
{
    expect_first(server, TLS_REQUEST);
    scripted_postgres_send_bytes(server, slice_of(&answer, 1));
}

void scripted_postgres_start_tls(struct scripted_postgres *server, SSL_CTX *context)
{
    scripted_postgres_expect_tls(server, 'S');
    if (is_good(server)) {
        server->tls = SSL_new(context);
        SSL_set_fd(server->tls, server->peer);
        if (SSL_accept(server->tls) != 1) {
            set_failure(server, "tls", "no handshake");
        }
    }
}

static void welcome(struct scripted_postgres *server)
{
    scripted_postgres_expect_startup(server);
    scripted_postgres_send(server, 'R', SLICE("\0\0\0\0"));
    scripted_postgres_send(server, 'S', SLICE("client_encoding\0UTF8\0"));
    scripted_postgres_send_ready(server, 'I');
}

void scripted_postgres_log_in(struct scripted_postgres *server)
{
    scripted_postgres_accept(server);
    welcome(server);
}

void scripted_postgres_log_in_tls(struct scripted_postgres *server, SSL_CTX *context)
{
    scripted_postgres_accept(server);
    scripted_postgres_start_tls(server, context);
    welcome(server);
}

void scripted_postgres_ask_password(struct scripted_postgres *server, const char *password)
{
    char type = '\0';
    scripted_postgres_accept(server);
    scripted_postgres_expect_startup(server);
    scripted_postgres_send(server, 'R', SLICE("\0\0\0\3")); /* in clear text */
    read_exactly(server, &type, 1);
    struct slice given = read_body(server);
    if (is_good(server) && (type != 'p' || strcmp(given.data, password) != 0)) {
        set_failure(server, "password", "another one was given");
    }
}

/* The SQL of Query, or of Parse after the statement's name. */
void scripted_postgres_expect(struct scripted_postgres *server, const char *sql)
{
    char type = '\0';
    read_exactly(server, &type, 1);
    struct slice body = read_body(server);
    const char *text = type == 'P' ? body.data + strlen(body.data) + 1 : body.data;
    if (is_good(server) && ((type != 'Q' && type != 'P') || strncmp(text, sql, strlen(sql)) != 0)) {
        set_failure(server, sql, text);
    }
    while (is_good(server) && type != 'Q' && type != 'S') {
        read_exactly(server, &type, 1);
        (void)read_body(server);
    }
}

/* --- writing --- */

static ssize_t send_some(struct scripted_postgres *server, struct slice bytes)
{
    if (server->tls == NULL) {
        return send(server->peer, bytes.data, bytes.size, MSG_NOSIGNAL);
    }
    return SSL_write(server->tls, bytes.data, (int)bytes.size);
}

void scripted_postgres_send_bytes(struct scripted_postgres *server, struct slice bytes)
{
    while (is_good(server) && bytes.size > 0) {
        ssize_t sent = send_some(server, bytes);
        if (sent <= 0) {
            return; /* a peer that has gone away is no failure of the script */
        }
        bytes = slice_skip(bytes, (size_t)sent);
    }
}

void scripted_postgres_send(struct scripted_postgres *server, char type, struct slice body)
{
    uint32_t size = htonl((uint32_t)body.size + 4);
    struct strbuf message = STRBUF_INIT;
    strbuf_append_char(&message, type);
    strbuf_append(&message, slice_of(&size, sizeof(size)));
    strbuf_append(&message, body);
    scripted_postgres_send_bytes(server, strbuf_slice(&message));
    strbuf_release(&message);
}

/* A field with its NUL. */
static void append_field(struct strbuf *out, char type, const char *text)
{
    strbuf_append_char(out, type);
    strbuf_append(out, slice_of(text, strlen(text) + 1));
}

void scripted_postgres_send_error(struct scripted_postgres *server, const char *severity,
                                  const char *sqlstate, const char *message)
{
    strbuf_clear(&server->out);
    append_field(&server->out, 'S', severity);
    append_field(&server->out, 'V', severity);
    append_field(&server->out, 'C', sqlstate);
    append_field(&server->out, 'M', message);
    strbuf_append_char(&server->out, '\0');
    scripted_postgres_send(server, 'E', strbuf_slice(&server->out));
}

void scripted_postgres_send_complete(struct scripted_postgres *server, const char *tag)
{
    scripted_postgres_send(server, 'C', slice_of(tag, strlen(tag) + 1));
}

void scripted_postgres_send_ready(struct scripted_postgres *server, char status)
{
    scripted_postgres_send(server, 'Z', slice_of(&status, 1));
}

void scripted_postgres_send_columns(struct scripted_postgres *server)
{
    scripted_postgres_send(server, '1', SLICE("")); /* parsed */
    scripted_postgres_send(server, '2', SLICE("")); /* bound */
    scripted_postgres_send(server, 'T',
                           SLICE("\0\1text\0\0\0\0\0\0\0\0\0\0\x19\xFF\xFF\xFF\xFF\xFF\xFF\0\0"));
}

void scripted_postgres_send_row(struct scripted_postgres *server, struct slice text)
{
    uint32_t size = htonl((uint32_t)text.size);
    strbuf_clear(&server->out);
    strbuf_append(&server->out, SLICE("\0\1"));
    strbuf_append(&server->out, slice_of(&size, sizeof(size)));
    strbuf_append(&server->out, text);
    scripted_postgres_send(server, 'D', strbuf_slice(&server->out));
}

/* --- ending --- */

void scripted_postgres_close(struct scripted_postgres *server)
{
    SSL_free(server->tls);
    server->tls = NULL;
    if (server->peer != -1) {
        (void)close(server->peer);
        server->peer = -1;
    }
}

void scripted_postgres_reset(struct scripted_postgres *server)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(server->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    scripted_postgres_close(server);
}

/* How many bytes the peer sends until it closes. */
static size_t drain(struct scripted_postgres *server)
{
    size_t total = 0;
    ssize_t received = 1;
    while (is_good(server) && received > 0 && await_bytes(server, "awaiting the end")) {
        received = receive(server, server->in, sizeof(server->in));
        total += received > 0 ? (size_t)received : 0;
    }
    return total;
}

void scripted_postgres_await_close(struct scripted_postgres *server)
{
    (void)drain(server);
}

void scripted_postgres_expect_silence(struct scripted_postgres *server)
{
    if (drain(server) > 0) {
        set_failure(server, "silence", "the peer went on");
    }
}

void scripted_postgres_wait(struct scripted_postgres *server)
{
    eventfd_t count = 0;
    if (is_good(server) && await(server, server->signal, "waiting for the test")) {
        (void)eventfd_read(server->signal, &count);
    }
}

void scripted_postgres_go_on(struct scripted_postgres *server)
{
    (void)eventfd_write(server->signal, 1);
}

/* --- life --- */

static void *play(void *argument)
{
    struct scripted_postgres *server = argument;
    server->script(server);
    scripted_postgres_close(server);
    return NULL;
}

struct scripted_postgres *scripted_postgres_start(void (*script)(struct scripted_postgres *server))
{
    struct scripted_postgres *server = memory_allocate(sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    memset(server, 0, sizeof(*server));
    strbuf_init(&server->out);
    server->script = script;
    server->peer = -1;
    server->signal = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, play, server), 0);
    return server;
}

uint16_t scripted_postgres_port(const struct scripted_postgres *server)
{
    return server->port;
}

void scripted_postgres_end(struct scripted_postgres *server)
{
    char failure[sizeof(server->failure)];
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
    (void)close(server->signal);
    memcpy(failure, server->failure, sizeof(failure));
    strbuf_release(&server->out);
    free(server);
    assert_string_equal(failure, "");
}
