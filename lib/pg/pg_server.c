#include "pg/pg_server.h"

#include "base/array.h"
#include "base/env.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

static bool is_loopback_v4(const char *text)
{
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool is_loopback_v6(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
}

bool pg_server_is_local(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    if (slice_starts_with(host, SLICE("/")) || slice_equal_nocase(host, SLICE("localhost"))) {
        return true;
    }
    if (host.size >= sizeof(text)) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARG(host));
    return strlen(text) == host.size && (is_loopback_v4(text) || is_loopback_v6(text));
}

static bool ends_with_nocase(struct slice text, struct slice suffix)
{
    return text.size > suffix.size &&
           slice_equal_nocase(slice_skip(text, text.size - suffix.size), suffix);
}

enum pg_server_kind pg_server_kind(struct slice host)
{
    static const struct slice proxy = SLICE_INIT("proxy-");
    struct slice label;
    struct slice rest = host;
    if (!ends_with_nocase(host, SLICE(".rds.amazonaws.com")) &&
        !ends_with_nocase(host, SLICE(".rds.amazonaws.com.cn")) &&
        !ends_with_nocase(host, SLICE(".rds.amazonaws.eu"))) {
        return PG_SERVER_OTHER;
    }
    (void)slice_cut(rest, '.', &label, &rest); /* the first label is the owner's choice */
    while (rest.size > 0) {
        (void)slice_cut(rest, '.', &label, &rest);
        if (slice_equal_nocase(slice_take(label, proxy.size), proxy)) {
            return PG_SERVER_RDS_PROXY;
        }
    }
    return PG_SERVER_RDS;
}

/* A file that somebody named must be there. `named_by` says who, for the message. */
static int take_named(const char *named_by, const char *file, const char **path, struct error *err)
{
    if (access(file, R_OK) != 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "%s names the roots of trust for Postgres: cannot read %s: %s", named_by,
                         file, strerror(errno));
    }
    *path = file;
    return 0;
}

static int take_rds(struct slice host, const char **path, struct error *err)
{
    if (access(PG_SERVER_RDS_ROOTS, R_OK) != 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "cannot verify %.*s: %s is not there; attach the certs layer with the RDS "
                         "bundle, or let PGSSLROOTCERT name that bundle",
                         SLICE_ARG(host), PG_SERVER_RDS_ROOTS);
    }
    *path = PG_SERVER_RDS_ROOTS;
    return 0;
}

static int take_public(struct slice host, bool is_proxy, const char **path, struct error *err)
{
    static const char *const bundles[] = {
        PG_SERVER_AMAZON_ROOTS,               /* for RDS Proxy only */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Amazon Linux */
        "/etc/ssl/certs/ca-certificates.crt", /* Debian */
        "/etc/ssl/cert.pem",
    };
    for (size_t i = is_proxy ? 0 : 1; i < COUNT_OF(bundles); i++) {
        if (access(bundles[i], R_OK) == 0) {
            *path = bundles[i];
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIGURATION,
                     "cannot verify %.*s: the system has no roots of trust; attach the certs layer "
                     "or let SSL_CERT_FILE name a file of PEM certificates",
                     SLICE_ARG(host));
}

int pg_server_roots(struct slice host, const char *root_file, const char **path, struct error *err)
{
    enum pg_server_kind kind = pg_server_kind(host);
    const char *postgres = env_get("PGSSLROOTCERT", NULL);
    const char *public_roots = env_get("SSL_CERT_FILE", NULL);
    if (root_file != NULL) {
        return take_named("the configuration", root_file, path, err);
    }
    if (postgres != NULL) {
        return take_named("PGSSLROOTCERT", postgres, path, err);
    }
    if (kind == PG_SERVER_RDS) {
        return take_rds(host, path, err);
    }
    if (public_roots != NULL) {
        return take_named("SSL_CERT_FILE", public_roots, path, err);
    }
    return take_public(host, kind == PG_SERVER_RDS_PROXY, path, err);
}
