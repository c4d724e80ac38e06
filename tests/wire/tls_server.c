#include "wire/tls_server.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct tls_server {
    pthread_t thread;
    int listener;
    int port;
    SSL_CTX *context;
    atomic_int connections;
    atomic_bool ending;
};

/* --- certificates --- */

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A certificate without signature, valid now and for an hour. */
static struct identity make_identity(const char *name, long serial)
{
    struct identity made = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    X509_NAME *subject = X509_NAME_new();
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), 3600);
    X509_set_subject_name(made.certificate, subject);
    X509_set_pubkey(made.certificate, made.key);
    X509_NAME_free(subject);
    return made;
}

static void sign(struct identity *signed_one, const struct identity *signer)
{
    X509_set_issuer_name(signed_one->certificate, X509_get_subject_name(signer->certificate));
    assert_true(X509_sign(signed_one->certificate, signer->key, EVP_sha256()) > 0);
}

static void free_identity(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

static void write_authority(const struct identity *authority, const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, authority->certificate), 1);
    assert_int_equal(fclose(file), 0);
}

SSL_CTX *tls_server_context(const struct tls_server_options *options)
{
    struct identity authority = make_identity("throwaway authority", 1);
    struct identity leaf = make_identity("throwaway server", 2);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    add_extension(authority.certificate, NID_basic_constraints, "critical,CA:TRUE");
    sign(&authority, &authority);
    add_extension(leaf.certificate, NID_subject_alt_name, options->names);
    sign(&leaf, &authority);
    write_authority(&authority, options->authority);
    SSL_CTX_use_certificate(context, leaf.certificate);
    SSL_CTX_use_PrivateKey(context, leaf.key);
    if (options->newest_version != 0) {
        /* Level 0 alone still has TLS 1.1: the refusal must be the client's. */
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, options->newest_version);
    }
    free_identity(&authority);
    free_identity(&leaf);
    return context;
}

/* --- serving --- */

static void serve(struct tls_server *server, SSL *tls)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure";
    char bytes[4096];
    bool counted = false;
    /* Requests of these tests are small: each is one record. */
    while (SSL_read(tls, bytes, sizeof(bytes)) > 0) {
        server->connections += counted ? 0 : 1;
        counted = true;
        SSL_write(tls, reply, sizeof(reply) - 1);
    }
}

static void *run(void *argument)
{
    struct tls_server *server = argument;
    int connection;
    while (!server->ending && (connection = accept(server->listener, NULL, NULL)) >= 0) {
        struct timeval limit = {.tv_sec = 10};
        SSL *tls = SSL_new(server->context);
        (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        SSL_set_fd(tls, connection);
        if (SSL_accept(tls) == 1) {
            serve(server, tls);
        }
        SSL_free(tls);
        (void)close(connection);
    }
    return NULL;
}

struct tls_server *tls_server_start(const struct tls_server_options *options)
{
    struct tls_server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->context = tls_server_context(options);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, run, server), 0);
    return server;
}

int tls_server_port(const struct tls_server *server)
{
    return server->port;
}

int tls_server_connections(const struct tls_server *server)
{
    return server->connections;
}

void tls_server_end(struct tls_server *server)
{
    server->ending = true;
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
    SSL_CTX_free(server->context);
    free(server);
}
