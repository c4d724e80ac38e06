/*
 * AWS Signature Version 4 in the Authorization header, stage by stage; pure. The signer adds
 * nothing to a request: the caller puts host, x-amz-date, x-amz-security-token and
 * x-amz-content-sha256 among the headers before it signs.
 *
 * Source: "Signature Version 4" in the AWS General Reference, and its official test suite.
 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "http/http.h"

#define SIGV4_HASH_SIZE 32 /* bytes of SHA-256 */
#define SIGV4_HEX_SIZE 65  /* the same in hexadecimal, with a NUL */

/* Stands for the hash of a body that is not hashed. S3 accepts it, over https. */
#define SIGV4_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

struct sigv4_credentials {
    struct slice access_key_id;
    struct slice secret_access_key;
};

/* What a signature is good for. */
struct sigv4_scope {
    struct slice timestamp; /* 20261120T202753Z, as in x-amz-date */
    struct slice region;
    struct slice service; /* signing name */
};

struct sigv4_request {
    struct slice method;
    struct slice path;  /* as it stands in the URL; empty: "/" */
    struct slice query; /* as it stands in the URL, without '?' */
    const struct http_header *headers;
    size_t header_count;
    struct slice payload_hash; /* of sigv4_hash, or SIGV4_UNSIGNED_PAYLOAD */

    /* S3 signs the path as its server decodes it. All others remove dot segments and double
     * slashes and encode the path, which is encoded already, once more. */
    bool normalize_path;
    bool encode_path_twice;
};

/* Lower-case hexadecimal SHA-256. */
void sigv4_hash(struct slice bytes, char hex[SIGV4_HEX_SIZE]);

/*
 * Stage 1. Appends the canonical request; *signed_headers ("host;x-amz-date") is in the arena. All
 * headers are signed but those that a transport or proxy may change (user-agent, connection,
 * expect, transfer-encoding, upgrade, x-amzn-trace-id, sec-websocket-*) and authorization.
 */
void sigv4_canonical_request(const struct sigv4_request *request, struct arena *arena,
                             struct strbuf *canonical, struct slice *signed_headers);

/* Stage 2. */
void sigv4_string_to_sign(const struct sigv4_scope *scope, struct slice canonical_request,
                          struct strbuf *string_to_sign);

/* Stage 3. The key is a secret of one day, region and service: the caller wipes it. */
void sigv4_signing_key(struct slice secret_access_key, const struct sigv4_scope *scope,
                       unsigned char key[SIGV4_HASH_SIZE]);
void sigv4_signature(const unsigned char key[SIGV4_HASH_SIZE], struct slice string_to_sign,
                     char hex[SIGV4_HEX_SIZE]);

/* Stage 4. Appends the value of the Authorization header. */
void sigv4_authorization(const struct sigv4_scope *scope, struct slice access_key_id,
                         struct slice signed_headers, struct slice signature, struct strbuf *value);

/*
 * Signing keys of the last few scopes; a key costs four HMACs and is good for a day. Starts zeroed.
 * A scope with unusually long names is not kept.
 */
#define SIGV4_KEY_CACHE_COUNT 8
struct sigv4_key_cache {
    struct sigv4_cached_key {
        char scope[96]; /* date/region/service; empty: free */
        unsigned char secret_hash[SIGV4_HASH_SIZE];
        unsigned char key[SIGV4_HASH_SIZE];
    } keys[SIGV4_KEY_CACHE_COUNT];
    size_t next; /* the entry that goes next */
};

/* Stage 3 through the cache. */
void sigv4_cached_signing_key(struct sigv4_key_cache *cache, struct slice secret_access_key,
                              const struct sigv4_scope *scope, unsigned char key[SIGV4_HASH_SIZE]);
void sigv4_key_cache_wipe(struct sigv4_key_cache *cache);

/* All stages: appends the value of the Authorization header. */
void sigv4_sign(struct sigv4_key_cache *cache, const struct sigv4_credentials *credentials,
                const struct sigv4_scope *scope, const struct sigv4_request *request,
                struct arena *arena, struct strbuf *authorization);

#endif
