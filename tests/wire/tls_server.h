/*
 * An HTTPS server for tests of trust: its certificate authority and certificate are made on the
 * spot and gone with it. It answers every request with 200 and "secure".
 */
#ifndef WIRE_TLS_SERVER_H
#define WIRE_TLS_SERVER_H

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct tls_server;

struct tls_server_options {
    const char *names;     /* subjectAltName of the certificate, such as "IP:127.0.0.1" */
    int newest_version;    /* TLS1_1_VERSION …; 0: OpenSSL's newest */
    const char *authority; /* file to write the authority's certificate to */
};

/* The same identity for a server of another kind; to be freed with SSL_CTX_free. */
struct ssl_ctx_st *tls_server_context(const struct tls_server_options *options);

/* Listens on a free port of 127.0.0.1 in a thread of its own. */
struct tls_server *tls_server_start(const struct tls_server_options *options);
int tls_server_port(const struct tls_server *server);
/* Connections on which a request was answered so far. */
int tls_server_connections(const struct tls_server *server);
void tls_server_end(struct tls_server *server);

#endif
