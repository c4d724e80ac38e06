#include "http/http_roots.h"

#include "base/array.h"
#include "base/env.h"
#include "base/memory.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

/* layers/certs/amazon-roots.pem, put into the program by http_roots_amazon.S. */
extern const char http_roots_amazon[];
extern const uint32_t http_roots_amazon_size; /* bytes */

static const char *const system_bundles[] = {
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Amazon Linux 2023 and 2 */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* the same by its older name */
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian */
    "/etc/ssl/cert.pem",                                 /* Alpine */
};

struct http_roots {
    X509_STORE *amazon; /* NULL until needed, like the next */
    X509_STORE *bundle; /* the named file or the system's */
};

struct http_roots *http_roots_new(void)
{
    struct http_roots *roots = memory_allocate(sizeof(*roots));
    *roots = (struct http_roots){.amazon = NULL, .bundle = NULL};
    return roots;
}

void http_roots_free(struct http_roots *roots)
{
    if (roots == NULL) {
        return;
    }
    X509_STORE_free(roots->amazon);
    X509_STORE_free(roots->bundle);
    free(roots);
}

bool http_roots_is_aws(struct slice host)
{
    static const struct slice suffixes[] = {SLICE_INIT(".amazonaws.com"),
                                            SLICE_INIT(".amazonaws.eu"), SLICE_INIT(".api.aws")};
    bool found = false;
    for (size_t i = 0; !found && i < COUNT_OF(suffixes); i++) {
        size_t size = suffixes[i].size;
        found =
            host.size > size && slice_equal_nocase(slice_skip(host, host.size - size), suffixes[i]);
    }
    return found;
}

/* Reads certificates until there are no more. How many, or -1 when one is not readable. */
static int add_certificates(X509_STORE *store, BIO *pem)
{
    int count = 0;
    X509 *certificate;
    while ((certificate = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL)) != NULL) {
        int added = X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
        if (added != 1) {
            return -1;
        }
        count++;
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return at_end ? count : -1;
}

/* A store of what is in `pem`, or NULL. Takes `pem` (which may be NULL) over. */
static X509_STORE *read_store(BIO *pem)
{
    X509_STORE *store = X509_STORE_new();
    int count = pem == NULL || store == NULL ? -1 : add_certificates(store, pem);
    BIO_free(pem);
    if (count <= 0) {
        X509_STORE_free(store);
        store = NULL;
    }
    ERR_clear_error();
    return store;
}

static X509_STORE *read_named(const char *variable, const char *path, struct error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        error_set(err, ERROR_CONFIGURATION, "%s: cannot read %s: %s", variable, path,
                  strerror(errno));
        return NULL;
    }
    X509_STORE *store = read_store(BIO_new_fp(file, BIO_CLOSE));
    if (store == NULL) {
        error_set(err, ERROR_CONFIGURATION, "%s: %s holds no readable PEM certificates", variable,
                  path);
    }
    return store;
}

/* The first of the system's bundles that can be opened and is one. */
static X509_STORE *read_system(struct error *err)
{
    X509_STORE *store = NULL;
    for (size_t i = 0; store == NULL && i < COUNT_OF(system_bundles); i++) {
        FILE *file = fopen(system_bundles[i], "re");
        store = file == NULL ? NULL : read_store(BIO_new_fp(file, BIO_CLOSE));
    }
    if (store == NULL) {
        error_set(err, ERROR_CONFIGURATION,
                  "no roots of trust for TLS: %s, %s and others are not there; set SSL_CERT_FILE "
                  "to a file of PEM certificates",
                  system_bundles[0], system_bundles[2]);
    }
    return store;
}

/* The variable that names a file, or NULL. */
static const char *named_by(void)
{
    if (env_get("AWS_CA_BUNDLE", NULL) != NULL) {
        return "AWS_CA_BUNDLE";
    }
    return env_get("SSL_CERT_FILE", NULL) != NULL ? "SSL_CERT_FILE" : NULL;
}

static X509_STORE *read_amazon(struct error *err)
{
    X509_STORE *store = read_store(BIO_new_mem_buf(http_roots_amazon, (int)http_roots_amazon_size));
    if (store == NULL) {
        error_set(err, ERROR_CONFIGURATION, "the roots of trust in this program are damaged");
    }
    return store;
}

struct x509_store_st *http_roots_for(struct http_roots *roots, struct slice host, struct error *err)
{
    const char *variable = named_by();
    if (variable == NULL && http_roots_is_aws(host)) {
        roots->amazon = roots->amazon == NULL ? read_amazon(err) : roots->amazon;
        return roots->amazon;
    }
    if (roots->bundle == NULL) {
        roots->bundle =
            variable == NULL ? read_system(err) : read_named(variable, env_get(variable, ""), err);
    }
    return roots->bundle;
}
