/*
 * The least that a Lambda runtime can be: next, response, next … over one bare socket, without
 * errors, limits, logs or retries. What it costs is the floor that the benchmark measures from.
 */
#define _GNU_SOURCE /* strcasestr */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE 65536
#define ID_HEADER "\r\nLambda-Runtime-Aws-Request-Id: "
#define LENGTH_HEADER "\r\nContent-Length: "

static char received[BUFFER_SIZE];
static char answer[BUFFER_SIZE];

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to(const char *api)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[64];
    int on = 1;
    const char *colon = strchr(api, ':');
    if (colon == NULL || (size_t)(colon - api) >= sizeof(host)) {
        give_up("AWS_LAMBDA_RUNTIME_API");
    }
    memcpy(host, api, (size_t)(colon - api));
    host[colon - api] = '\0';
    (void)inet_pton(AF_INET, host, &address.sin_addr);
    address.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        give_up("connect");
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            give_up("send");
        }
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* One whole message into `received`; its body, whose size goes to *size. */
static const char *receive(int fd, size_t *size)
{
    size_t have = 0;
    const char *body = NULL;
    do {
        ssize_t got = recv(fd, received + have, sizeof(received) - 1 - have, 0);
        if (got <= 0) {
            exit(0); /* the bench is over */
        }
        have += (size_t)got;
        received[have] = '\0';
        const char *end = strstr(received, "\r\n\r\n");
        if (end != NULL) {
            const char *length = strcasestr(received, LENGTH_HEADER);
            *size = length == NULL ? 0 : strtoul(length + sizeof(LENGTH_HEADER) - 1, NULL, 10);
            body = end + 4;
        }
    } while (body == NULL || have < (size_t)(body - received) + *size);
    return body;
}

int main(void)
{
    char next[256];
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    int fd = connect_to(api == NULL ? "" : api);
    int next_size =
        snprintf(next, sizeof(next),
                 "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n", api);
    for (;;) {
        size_t size = 0;
        send_all(fd, next, (size_t)next_size);
        const char *body = receive(fd, &size);
        const char *id = strcasestr(received, ID_HEADER);
        id = id == NULL ? "" : id + sizeof(ID_HEADER) - 1;
        int head = snprintf(answer, sizeof(answer),
                            "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\n"
                            "Host: %s\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n",
                            (int)strcspn(id, "\r"), id, api, size);
        memcpy(answer + head, body, size);
        send_all(fd, answer, (size_t)head + size);
        (void)receive(fd, &size);
    }
}
