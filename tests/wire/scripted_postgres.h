/*
 * A Postgres server that plays a script, so that a test decides about every message and break.
 *
 *     static void refuse(struct scripted_postgres *server)
 *     {
 *         scripted_postgres_accept(server);
 *         scripted_postgres_expect_startup(server);
 *         scripted_postgres_send_error(server, "FATAL", "53300", "too many clients");
 *     }
 *
 * The script runs in a thread, on a free port of 127.0.0.1. Each step has half a minute; after the
 * first one that fails all others do nothing, and scripted_postgres_end fails the test.
 */
#ifndef WIRE_SCRIPTED_POSTGRES_H
#define WIRE_SCRIPTED_POSTGRES_H

#include "base/slice.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct scripted_postgres;

struct scripted_postgres *scripted_postgres_start(void (*script)(struct scripted_postgres *server));
uint16_t scripted_postgres_port(const struct scripted_postgres *server);
/* Waits for the script's end, fails the test if a step did, and frees the server. */
void scripted_postgres_end(struct scripted_postgres *server);

/* --- steps of a script --- */

/* Waits for a connection; one that is still open is closed first. */
void scripted_postgres_accept(struct scripted_postgres *server);
/* Reads the start-up message, which asks for no TLS. */
void scripted_postgres_expect_startup(struct scripted_postgres *server);
/* Reads a request for TLS and answers 'S' or 'N'. */
void scripted_postgres_expect_tls(struct scripted_postgres *server, char answer);
/* Reads a request for TLS and takes it: from here on all is encrypted, and what one step sends is
 * one record, or as few as it needs. */
void scripted_postgres_start_tls(struct scripted_postgres *server, struct ssl_ctx_st *context);
/* Accept, start-up and all that a good login needs. */
void scripted_postgres_log_in(struct scripted_postgres *server);
/* The same over TLS. */
void scripted_postgres_log_in_tls(struct scripted_postgres *server, struct ssl_ctx_st *context);
/* The same without TLS, but asks for the password, which must be this one. */
void scripted_postgres_ask_password(struct scripted_postgres *server, const char *password);

/* Reads a statement, simple or with values, whose SQL begins so. */
void scripted_postgres_expect(struct scripted_postgres *server, const char *sql);

/* One message each. */
void scripted_postgres_send(struct scripted_postgres *server, char type, struct slice body);
void scripted_postgres_send_error(struct scripted_postgres *server, const char *severity,
                                  const char *sqlstate, const char *message);
void scripted_postgres_send_complete(struct scripted_postgres *server, const char *tag);
void scripted_postgres_send_ready(struct scripted_postgres *server, char status); /* I, T or E */
void scripted_postgres_send_columns(struct scripted_postgres *server);            /* one: "text" */
void scripted_postgres_send_row(struct scripted_postgres *server, struct slice text);
/* Bytes that need be no message. */
void scripted_postgres_send_bytes(struct scripted_postgres *server, struct slice bytes);

/* In good order, or so that the peer gets a reset. */
void scripted_postgres_close(struct scripted_postgres *server);
void scripted_postgres_reset(struct scripted_postgres *server);
/* Waits until the peer closes, and reads what it still sends. */
void scripted_postgres_await_close(struct scripted_postgres *server);
/* Nothing may arrive but the peer's end. */
void scripted_postgres_expect_silence(struct scripted_postgres *server);
/* Waits for scripted_postgres_go_on of the test, which may come before. */
void scripted_postgres_wait(struct scripted_postgres *server);

/* --- for the test --- */

void scripted_postgres_go_on(struct scripted_postgres *server);

#endif
