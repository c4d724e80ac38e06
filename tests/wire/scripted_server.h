/*
 * An HTTP peer that plays a script, so that a test decides about every byte, pause and break.
 *
 *     struct scripted_server *server = scripted_server_start(SCRIPT(
 *         SCRIPT_ACCEPT,
 *         SCRIPT_REQUEST("GET /a HTTP/1.1\r\n"),
 *         SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")));
 *     … http://<scripted_server_address(server)>/a …
 *     scripted_server_end(server);
 *
 * It runs in a thread of its own on a free port of 127.0.0.1. Every step has SCRIPT_LIMIT_MS: the
 * first one that fails or takes longer ends the script, and scripted_server_end fails the test.
 */
#ifndef WIRE_SCRIPTED_SERVER_H
#define WIRE_SCRIPTED_SERVER_H

#include <stddef.h>
#include <stdint.h>

#define SCRIPT_LIMIT_MS 30000

enum script_action {
    SCRIPT_DO_ACCEPT,
    SCRIPT_DO_REQUEST,
    SCRIPT_DO_EXACTLY,
    SCRIPT_DO_HEAD,
    SCRIPT_DO_CONTAINS,
    SCRIPT_DO_LACKS,
    SCRIPT_DO_REPLY,
    SCRIPT_DO_TRICKLE,
    SCRIPT_DO_SLEEP,
    SCRIPT_DO_CALL,
    SCRIPT_DO_AWAIT_CLOSE,
    SCRIPT_DO_CLOSE,
    SCRIPT_DO_RESET,
};

struct script_step {
    enum script_action action;
    const void *bytes;
    size_t size;
    int ms;
    void (*call)(void *argument);
    void *argument;
};

/* Waits for a connection; one that is still open is closed first. */
#define SCRIPT_ACCEPT ((struct script_step){.action = SCRIPT_DO_ACCEPT})
/* Reads a whole request, head and Content-Length body, which must contain the text. */
#define SCRIPT_REQUEST(text) SCRIPT_STEP(SCRIPT_DO_REQUEST, (text), sizeof(text) - 1, 0)
/* The same, and it must be these bytes, no more and no less; "<host>" stands for host:port. */
#define SCRIPT_EXACTLY(text) SCRIPT_STEP(SCRIPT_DO_EXACTLY, (text), sizeof(text) - 1, 0)
/* Reads the head of a request only, whose body stays where it is. */
#define SCRIPT_HEAD ((struct script_step){.action = SCRIPT_DO_HEAD})
/* What else the last request must contain, or must not. */
#define SCRIPT_CONTAINS(text) SCRIPT_STEP(SCRIPT_DO_CONTAINS, (text), sizeof(text) - 1, 0)
#define SCRIPT_LACKS(text) SCRIPT_STEP(SCRIPT_DO_LACKS, (text), sizeof(text) - 1, 0)
/* Sends bytes; a peer that has gone away is no failure of the script. */
#define SCRIPT_REPLY(text) SCRIPT_STEP(SCRIPT_DO_REPLY, (text), sizeof(text) - 1, 0)
#define SCRIPT_REPLY_BYTES(data, length) SCRIPT_STEP(SCRIPT_DO_REPLY, (data), (length), 0)
/* The same, one byte every so many ms. */
#define SCRIPT_TRICKLE(text, pause) SCRIPT_STEP(SCRIPT_DO_TRICKLE, (text), sizeof(text) - 1, pause)
#define SCRIPT_SLEEP(pause) SCRIPT_STEP(SCRIPT_DO_SLEEP, "", 0, (pause))
/* Calls back, in the server's thread. */
#define SCRIPT_CALL(function, value)                                                               \
    ((struct script_step){.action = SCRIPT_DO_CALL, .call = (function), .argument = (value)})
/* Tells this process to end (SIGTERM); the server's thread does not take the signal. */
#define SCRIPT_TERMINATE SCRIPT_CALL(scripted_server_terminate, NULL)
/* Waits until the peer closes, whatever it still sends. */
#define SCRIPT_AWAIT_CLOSE ((struct script_step){.action = SCRIPT_DO_AWAIT_CLOSE})
/* In good order (FIN), or so that the peer gets a reset (RST). */
#define SCRIPT_CLOSE ((struct script_step){.action = SCRIPT_DO_CLOSE})
#define SCRIPT_RESET ((struct script_step){.action = SCRIPT_DO_RESET})

#define SCRIPT_STEP(what, data, length, pause)                                                     \
    ((struct script_step){.action = (what), .bytes = (data), .size = (length), .ms = (pause)})
/* The two arguments of scripted_server_start. */
#define SCRIPT(...)                                                                                \
    ((const struct script_step[]){__VA_ARGS__}),                                                   \
        sizeof((const struct script_step[]){__VA_ARGS__}) / sizeof(struct script_step)

struct scripted_server;

/* The steps are copied, what they point to is borrowed until the end. */
struct scripted_server *scripted_server_start(const struct script_step *steps, size_t count);
/* "127.0.0.1:<port>". */
const char *scripted_server_address(const struct scripted_server *server);
void scripted_server_terminate(void *unused);
/* Waits for the script's end, and fails the test if a step did. Frees the server. */
void scripted_server_end(struct scripted_server *server);

#endif
