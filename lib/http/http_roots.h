/*
 * The roots of trust for TLS. Reading Debian's bundle costs 20 ms and more in every context of its
 * own, so each set is read once, when it is first needed, and shared by all connections.
 *
 * Whom we trust, in this order:
 *   1. the file that AWS_CA_BUNDLE or else SSL_CERT_FILE names, for every host;
 *   2. for AWS endpoints, Amazon's own five roots, which are part of the program;
 *   3. the system's bundle, where Debian and Amazon Linux keep theirs.
 * None found is an error; nothing is ever trusted unseen.
 */
#ifndef HTTP_HTTP_ROOTS_H
#define HTTP_HTTP_ROOTS_H

#include "base/error.h"
#include "base/slice.h"

struct x509_store_st; /* OpenSSL's X509_STORE */

struct http_roots;

struct http_roots *http_roots_new(void);
void http_roots_free(struct http_roots *roots);

/* Those for a host (no port), borrowed; or NULL with ERROR_CONFIGURATION, which names the file and
 * what to set. The environment must not change between calls. */
struct x509_store_st *http_roots_for(struct http_roots *roots, struct slice host,
                                     struct error *err);

/*
 * Does the host end in .amazonaws.com, .amazonaws.eu or .api.aws? Not .amazonaws.com.cn: nobody
 * promises that the certificates of the Chinese regions lead to Amazon's roots. Those of the
 * European Sovereign Cloud do: https://www.amazontrust.com/repository says that its own roots are
 * signed by Amazon Root CA 1, 3 and 4.
 */
bool http_roots_is_aws(struct slice host);

#endif
