/*
 * What a small AWS call costs this process: DescribeStatement signed, sent over a kept connection
 * and read, against a server in a process of its own that answers at once. CPU time, because the
 * wall's is mostly the peer's. Prints microseconds a call, all in all and of signing alone.
 *
 *     sign_call <calls>   {"call_us": 40.1, "sign_us": 6.2}
 */
#include "aws/aws_sign.h"
#include "aws/redshift_data.h"
#include "http/http_curl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WARM_UP 200
#define ID "dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a"
#define REPLY                                                                                      \
    "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 6f1c0f0a-1111-4222-8333-444455556666\r\n"                \
    "Content-Type: application/x-amz-json-1.1\r\nContent-Length: 139\r\n"                          \
    "Date: Fri, 20 Nov 2026 20:27:53 GMT\r\n\r\n"                                                  \
    "{\"Id\":\"" ID "\",\"Status\":\"STARTED\",\"CreatedAt\":1795206473.104,"                      \
    "\"UpdatedAt\":1795206473.5,\"ResultRows\":-1,\"x\":\"\"}"

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "sign_call: %s\n", what);
    exit(1);
}

/* --- The server --- */

/* Answers every request whose head and body have come; requests do not overlap. */
static void serve(int connection)
{
    static char bytes[65536];
    size_t size = 0;
    for (;;) {
        ssize_t got = recv(connection, bytes + size, sizeof(bytes) - 1 - size, 0);
        if (got <= 0) {
            return;
        }
        size += (size_t)got;
        bytes[size] = '\0';
        const char *body = strstr(bytes, "\r\n\r\n");
        const char *length = strstr(bytes, "Content-Length: ");
        if (body == NULL || length == NULL ||
            (size_t)(bytes + size - body) - 4 < strtoul(length + 16, NULL, 10)) {
            continue;
        }
        size = 0;
        if (send(connection, REPLY, sizeof(REPLY) - 1, MSG_NOSIGNAL) < 0) {
            return;
        }
    }
}

static int listen_somewhere(char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        give_up("cannot listen");
    }
    (void)snprintf(url, 64, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return listener;
}

static pid_t start_server(char url[64])
{
    int listener = listen_somewhere(url);
    pid_t child = fork();
    if (child < 0) {
        give_up("cannot fork");
    }
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            int on = 1;
            int connection = accept(listener, NULL, NULL);
            (void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            serve(connection);
            (void)close(connection);
        }
    }
    (void)close(listener);
    return child;
}

/* --- The measurement --- */

static double cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void describe(struct aws_client *client, struct arena *arena)
{
    struct redshift_statement statement;
    struct error err;
    arena_reset(arena);
    if (redshift_describe(client, SLICE(ID), arena, &statement, &err) != 0) {
        give_up(err.message);
    }
}

static double measure_calls(struct aws_client *client, struct arena *arena, int calls)
{
    for (int i = 0; i < WARM_UP; i++) {
        describe(client, arena);
    }
    double before = cpu_us();
    for (int i = 0; i < calls; i++) {
        describe(client, arena);
    }
    return (cpu_us() - before) / calls;
}

static double measure_signing(struct aws_client *client, struct arena *arena, const char *url,
                              int calls)
{
    struct error err = {.message = ""};
    const struct credentials *keys = NULL;
    if (credentials_get(client->credentials, 0, &keys, &err) != 0) {
        give_up(err.message);
    }
    double before = cpu_us();
    for (int i = 0; i < calls; i++) {
        struct aws_request request;
        struct http_request http = {.deadline_ms = 0};
        arena_reset(arena);
        const struct aws_sign_options options = {.request = &request,
                                                 .credentials = keys,
                                                 .region = client->region,
                                                 .custom_url = slice_from(url),
                                                 .signed_at_ms = 1795206473000,
                                                 .keys = &client->keys};
        if (redshift_describe_request(SLICE(ID), arena, &request, &err) != 0 ||
            aws_sign(&options, arena, &http, &err) != 0) {
            give_up(err.message);
        }
    }
    return (cpu_us() - before) / calls;
}

int main(int count, char **arguments)
{
    char url[64];
    struct error err;
    struct arena arena;
    struct credentials_provider credentials;
    struct aws_client client;
    int calls = count == 2 ? (int)strtol(arguments[1], NULL, 10) : 0;
    if (calls <= 0) {
        give_up("usage: sign_call <calls>");
    }
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    (void)setenv("AWS_SESSION_TOKEN", "a session token as long as those that functions get", 1);
    pid_t server = start_server(url);
    (void)setenv("AWS_ENDPOINT_URL", url, 1);
    struct http *http = http_curl_new(&(struct http_curl_options){.user_agent = "bench"}, &err);
    if (http == NULL) {
        give_up(err.message);
    }
    arena_init(&arena, 0);
    credentials_init(&credentials, http, &clock_system, &random_system);
    aws_client_init(&client, &(struct aws_client_options){.http = http,
                                                          .credentials = &credentials,
                                                          .region = SLICE("eu-west-1")});
    double call_us = measure_calls(&client, &arena, calls);
    double sign_us = measure_signing(&client, &arena, url, calls);
    (void)printf("{\"call_us\": %.1f, \"sign_us\": %.1f}\n", call_us, sign_us);
    aws_client_release(&client);
    credentials_release(&credentials);
    http_curl_free(http);
    arena_release(&arena);
    (void)kill(server, SIGKILL);
    return 0;
}
