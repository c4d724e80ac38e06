/*
 * What is known of a server by its name: whether it is this machine, and who vouches for it.
 *
 * RDS and Aurora have certificates of Amazon's private RDS authorities, which no system trusts by
 * itself: their bundle comes with the certs layer. RDS Proxy has certificates of Amazon's public
 * authorities. Anything else is trusted as the system trusts it.
 */
#ifndef PG_PG_SERVER_H
#define PG_PG_SERVER_H

#include "base/error.h"
#include "base/slice.h"

#define PG_SERVER_RDS_ROOTS "/opt/certs/rds-bundle.pem"
#define PG_SERVER_AMAZON_ROOTS "/opt/certs/amazon-roots.pem"

/* A loopback address, "localhost", or the folder of a Unix socket? */
bool pg_server_is_local(struct slice host);

enum pg_server_kind { PG_SERVER_OTHER, PG_SERVER_RDS, PG_SERVER_RDS_PROXY };
enum pg_server_kind pg_server_kind(struct slice host);

/*
 * The file of PEM roots for a host: `root_file`, else PGSSLROOTCERT, else by kind
 *   RDS: PG_SERVER_RDS_ROOTS;
 *   RDS Proxy: SSL_CERT_FILE, PG_SERVER_AMAZON_ROOTS, the system's bundle;
 *   other: SSL_CERT_FILE, the system's bundle.
 * *path is borrowed. A file that is not readable, or none found, is ERROR_CONFIGURATION that says
 * what to do.
 */
int pg_server_roots(struct slice host, const char *root_file, const char **path, struct error *err);

#endif
