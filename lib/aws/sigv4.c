#include "aws/sigv4.h"

#include "base/array.h"
#include "base/encode.h"
#include "base/hex.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_SIZE 8 /* of YYYYMMDD, the start of a timestamp */

/* --- Hashing --- */

/* OpenSSL fails here only without memory or with a broken installation: no request can be signed.
 */
static void require(bool worked)
{
    if (!worked) {
        fputs("sigv4: OpenSSL cannot compute SHA-256\n", stderr);
        abort();
    }
}

/* Looking the algorithm up by name takes longer than hashing a small request: once is enough. */
static const EVP_MD *sha256(void)
{
    static EVP_MD *algorithm;
    if (algorithm == NULL) {
        algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
        require(algorithm != NULL);
    }
    return algorithm;
}

static void digest(struct slice bytes, unsigned char hash[SIGV4_HASH_SIZE])
{
    require(EVP_Digest(bytes.data, bytes.size, hash, NULL, sha256(), NULL) == 1);
}

static void hmac(struct slice key, struct slice bytes, unsigned char mac[SIGV4_HASH_SIZE])
{
    require(key.size <= INT32_MAX);
    require(HMAC(sha256(), key.data, (int)key.size, (const unsigned char *)bytes.data, bytes.size,
                 mac, NULL) != NULL);
}

static void to_hex(const unsigned char hash[SIGV4_HASH_SIZE], char hex[SIGV4_HEX_SIZE])
{
    hex_write(slice_of(hash, SIGV4_HASH_SIZE), hex);
    hex[SIGV4_HEX_SIZE - 1] = '\0';
}

void sigv4_hash(struct slice bytes, char hex[SIGV4_HEX_SIZE])
{
    unsigned char hash[SIGV4_HASH_SIZE];
    digest(bytes, hash);
    to_hex(hash, hex);
}

/* --- Path --- */

/* What a server makes of the text: escapes decoded, then all encoded in the one canonical way. A
 * '%' that starts no escape stands for itself. The result is in the arena. */
static struct slice reencode(struct arena *arena, struct slice text, bool keep_slash)
{
    struct strbuf decoded = STRBUF_INIT;
    struct strbuf encoded = STRBUF_INIT;
    for (size_t i = 0; i < text.size; i++) {
        bool is_escape = text.data[i] == '%' && text.size - i > 2;
        int byte = is_escape ? hex_pair_value(text.data + i + 1) : -1;
        if (byte >= 0) {
            strbuf_append_char(&decoded, (char)byte);
            i += 2;
        } else {
            strbuf_append_char(&decoded, text.data[i]);
        }
    }
    if (keep_slash) {
        encode_uri_path(&encoded, strbuf_slice(&decoded));
    } else {
        encode_uri(&encoded, strbuf_slice(&decoded));
    }
    struct slice result = arena_copy(arena, strbuf_slice(&encoded));
    strbuf_release(&decoded);
    strbuf_release(&encoded);
    return result;
}

/* RFC 3986 section 5.2.4, and several slashes become one. */
static void normalize_path(struct slice path, struct strbuf *out)
{
    size_t start = out->size;
    bool directory = true; /* does the path end in a slash so far? */
    struct slice segment;
    while (path.size > 0) {
        bool more = slice_cut(path, '/', &segment, &path);
        directory = more;
        if (segment.size == 0) {
            continue;
        }
        if (slice_equal(segment, SLICE(".."))) {
            size_t parent = slice_find_last(slice_skip(strbuf_slice(out), start), '/');
            strbuf_truncate(out, start + (parent == SLICE_NONE ? 0 : parent));
            directory = true;
        } else if (slice_equal(segment, SLICE("."))) {
            directory = true;
        } else {
            strbuf_append_char(out, '/');
            strbuf_append(out, segment);
        }
    }
    if (directory || out->size == start) {
        strbuf_append_char(out, '/');
    }
}

static void append_path(const struct sigv4_request *request, struct arena *arena,
                        struct strbuf *canonical)
{
    struct slice path = request->path.size == 0 ? SLICE("/") : request->path;
    struct strbuf normal = STRBUF_INIT;
    if (request->normalize_path) {
        normalize_path(path, &normal);
        path = strbuf_slice(&normal);
    }
    if (request->encode_path_twice) {
        encode_uri_path(canonical, path);
    } else {
        strbuf_append(canonical, reencode(arena, path, true));
    }
    strbuf_release(&normal);
}

/* --- Query --- */

struct parameter {
    struct slice name;
    struct slice value;
};

static int compare_parameters(const struct parameter *a, const struct parameter *b)
{
    int by_name = slice_compare(a->name, b->name);
    return by_name != 0 ? by_name : slice_compare(a->value, b->value);
}

static void sort_parameters(struct parameter *parameters, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct parameter moving = parameters[i];
        size_t place = i;
        while (place > 0 && compare_parameters(&parameters[place - 1], &moving) > 0) {
            parameters[place] = parameters[place - 1];
            place--;
        }
        parameters[place] = moving;
    }
}

static size_t parse_query(struct slice query, struct arena *arena, struct parameter **parameters)
{
    size_t limit = 1;
    for (size_t i = 0; i < query.size; i++) {
        limit += query.data[i] == '&';
    }
    *parameters = arena_zalloc(arena, limit, sizeof(struct parameter));
    size_t count = 0;
    while (query.size > 0) {
        struct slice piece;
        struct slice name;
        struct slice value;
        slice_cut(query, '&', &piece, &query);
        if (piece.size == 0) {
            continue;
        }
        slice_cut(piece, '=', &name, &value);
        (*parameters)[count].name = reencode(arena, name, false);
        (*parameters)[count].value = reencode(arena, value, false);
        count++;
    }
    return count;
}

static void append_query(struct slice query, struct arena *arena, struct strbuf *canonical)
{
    struct parameter *parameters;
    size_t count = parse_query(query, arena, &parameters);
    sort_parameters(parameters, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            strbuf_append_char(canonical, '&');
        }
        strbuf_append(canonical, parameters[i].name);
        strbuf_append_char(canonical, '=');
        strbuf_append(canonical, parameters[i].value);
    }
}

/* --- Headers --- */

static bool is_signed(struct slice name)
{
    static const struct slice unsigned_names[] = {
        SLICE_INIT("authorization"),  SLICE_INIT("user-agent"),        SLICE_INIT("connection"),
        SLICE_INIT("expect"),         SLICE_INIT("transfer-encoding"), SLICE_INIT("upgrade"),
        SLICE_INIT("x-amzn-trace-id")};
    for (size_t i = 0; i < COUNT_OF(unsigned_names); i++) {
        if (slice_equal(name, unsigned_names[i])) {
            return false;
        }
    }
    return !slice_starts_with(name, SLICE("sec-websocket-"));
}

static struct slice lower_case(struct arena *arena, struct slice name)
{
    char *copy = arena_text(arena, name);
    for (size_t i = 0; i < name.size; i++) {
        copy[i] = (char)(copy[i] >= 'A' && copy[i] <= 'Z' ? copy[i] | 0x20 : copy[i]);
    }
    return slice_of(copy, name.size);
}

/* The headers to sign with lower-case names, sorted; headers of one name keep their order. */
static size_t sort_headers(const struct sigv4_request *request, struct arena *arena,
                           struct http_header **sorted)
{
    *sorted = arena_zalloc(arena, request->header_count + 1, sizeof(struct http_header));
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        struct slice name = lower_case(arena, slice_trim(request->headers[i].name));
        if (!is_signed(name)) {
            continue;
        }
        size_t place = count++;
        while (place > 0 && slice_compare((*sorted)[place - 1].name, name) > 0) {
            (*sorted)[place] = (*sorted)[place - 1];
            place--;
        }
        (*sorted)[place] = (struct http_header){name, request->headers[i].value};
    }
    return count;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void append_header_value(struct strbuf *canonical, struct slice value)
{
    value = slice_trim(value);
    for (size_t i = 0; i < value.size; i++) {
        if (!is_blank(value.data[i])) {
            strbuf_append_char(canonical, value.data[i]);
        } else if (!is_blank(value.data[i - 1])) {
            strbuf_append_char(canonical, ' ');
        }
    }
}

static void append_headers(const struct sigv4_request *request, struct arena *arena,
                           struct strbuf *canonical, struct slice *signed_headers)
{
    struct http_header *headers;
    size_t count = sort_headers(request, arena, &headers);
    struct strbuf names = STRBUF_INIT;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && slice_equal(headers[i].name, headers[i - 1].name)) {
            strbuf_append_char(canonical, ',');
            append_header_value(canonical, headers[i].value);
            continue;
        }
        if (i > 0) {
            strbuf_append_char(canonical, '\n');
            strbuf_append_char(&names, ';');
        }
        strbuf_append(&names, headers[i].name);
        strbuf_append(canonical, headers[i].name);
        strbuf_append_char(canonical, ':');
        append_header_value(canonical, headers[i].value);
    }
    if (count > 0) {
        strbuf_append_char(canonical, '\n');
    }
    *signed_headers = arena_copy(arena, strbuf_slice(&names));
    strbuf_release(&names);
}

/* --- The stages --- */

void sigv4_canonical_request(const struct sigv4_request *request, struct arena *arena,
                             struct strbuf *canonical, struct slice *signed_headers)
{
    strbuf_append(canonical, request->method);
    strbuf_append_char(canonical, '\n');
    append_path(request, arena, canonical);
    strbuf_append_char(canonical, '\n');
    append_query(request->query, arena, canonical);
    strbuf_append_char(canonical, '\n');
    append_headers(request, arena, canonical, signed_headers);
    strbuf_append_char(canonical, '\n');
    strbuf_append(canonical, *signed_headers);
    strbuf_append_char(canonical, '\n');
    strbuf_append(canonical, request->payload_hash);
}

static void append_scope(const struct sigv4_scope *scope, struct strbuf *out)
{
    strbuf_append(out, slice_take(scope->timestamp, DATE_SIZE));
    strbuf_append_char(out, '/');
    strbuf_append(out, scope->region);
    strbuf_append_char(out, '/');
    strbuf_append(out, scope->service);
}

void sigv4_string_to_sign(const struct sigv4_scope *scope, struct slice canonical_request,
                          struct strbuf *string_to_sign)
{
    char hex[SIGV4_HEX_SIZE];
    sigv4_hash(canonical_request, hex);
    strbuf_append_text(string_to_sign, ALGORITHM "\n");
    strbuf_append(string_to_sign, scope->timestamp);
    strbuf_append_char(string_to_sign, '\n');
    append_scope(scope, string_to_sign);
    strbuf_append_text(string_to_sign, "/aws4_request\n");
    strbuf_append_text(string_to_sign, hex);
}

void sigv4_signing_key(struct slice secret_access_key, const struct sigv4_scope *scope,
                       unsigned char key[SIGV4_HASH_SIZE])
{
    struct strbuf start = STRBUF_INIT;
    strbuf_reserve(&start, sizeof("AWS4") + secret_access_key.size);
    strbuf_append_text(&start, "AWS4");
    strbuf_append(&start, secret_access_key);
    hmac(strbuf_slice(&start), slice_take(scope->timestamp, DATE_SIZE), key);
    strbuf_wipe(&start);
    const struct slice steps[] = {scope->region, scope->service, SLICE("aws4_request")};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        unsigned char previous[SIGV4_HASH_SIZE];
        memcpy(previous, key, sizeof(previous));
        hmac(slice_of(previous, sizeof(previous)), steps[i], key);
        explicit_bzero(previous, sizeof(previous));
    }
}

void sigv4_signature(const unsigned char key[SIGV4_HASH_SIZE], struct slice string_to_sign,
                     char hex[SIGV4_HEX_SIZE])
{
    unsigned char mac[SIGV4_HASH_SIZE];
    hmac(slice_of(key, SIGV4_HASH_SIZE), string_to_sign, mac);
    to_hex(mac, hex);
}

void sigv4_authorization(const struct sigv4_scope *scope, struct slice access_key_id,
                         struct slice signed_headers, struct slice signature, struct strbuf *value)
{
    strbuf_append_text(value, ALGORITHM " Credential=");
    strbuf_append(value, access_key_id);
    strbuf_append_char(value, '/');
    append_scope(scope, value);
    strbuf_append_text(value, "/aws4_request, SignedHeaders=");
    strbuf_append(value, signed_headers);
    strbuf_append_text(value, ", Signature=");
    strbuf_append(value, signature);
}

/* --- Key cache --- */

static struct sigv4_cached_key *find_key(struct sigv4_key_cache *cache, struct slice scope,
                                         const unsigned char secret_hash[SIGV4_HASH_SIZE])
{
    for (size_t i = 0; i < SIGV4_KEY_CACHE_COUNT; i++) {
        struct sigv4_cached_key *entry = &cache->keys[i];
        if (slice_equal(slice_from(entry->scope), scope) &&
            CRYPTO_memcmp(entry->secret_hash, secret_hash, SIGV4_HASH_SIZE) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void keep_key(struct sigv4_key_cache *cache, struct slice scope,
                     const unsigned char secret_hash[SIGV4_HASH_SIZE],
                     const unsigned char key[SIGV4_HASH_SIZE])
{
    struct sigv4_cached_key *entry = &cache->keys[cache->next];
    if (scope.size >= sizeof(entry->scope)) {
        return;
    }
    memcpy(entry->scope, scope.data, scope.size);
    entry->scope[scope.size] = '\0';
    memcpy(entry->secret_hash, secret_hash, SIGV4_HASH_SIZE);
    memcpy(entry->key, key, SIGV4_HASH_SIZE);
    cache->next = (cache->next + 1) % SIGV4_KEY_CACHE_COUNT;
}

void sigv4_cached_signing_key(struct sigv4_key_cache *cache, struct slice secret_access_key,
                              const struct sigv4_scope *scope, unsigned char key[SIGV4_HASH_SIZE])
{
    struct strbuf name = STRBUF_INIT;
    append_scope(scope, &name);
    unsigned char secret_hash[SIGV4_HASH_SIZE];
    digest(secret_access_key, secret_hash);
    const struct sigv4_cached_key *found = find_key(cache, strbuf_slice(&name), secret_hash);
    if (found != NULL) {
        memcpy(key, found->key, SIGV4_HASH_SIZE);
    } else {
        sigv4_signing_key(secret_access_key, scope, key);
        keep_key(cache, strbuf_slice(&name), secret_hash, key);
    }
    explicit_bzero(secret_hash, sizeof(secret_hash));
    strbuf_release(&name);
}

void sigv4_key_cache_wipe(struct sigv4_key_cache *cache)
{
    explicit_bzero(cache, sizeof(*cache));
}

void sigv4_sign(struct sigv4_key_cache *cache, const struct sigv4_credentials *credentials,
                const struct sigv4_scope *scope, const struct sigv4_request *request,
                struct arena *arena, struct strbuf *authorization)
{
    struct strbuf canonical = STRBUF_INIT;
    struct strbuf string_to_sign = STRBUF_INIT;
    struct slice signed_headers;
    unsigned char key[SIGV4_HASH_SIZE];
    char signature[SIGV4_HEX_SIZE];
    sigv4_canonical_request(request, arena, &canonical, &signed_headers);
    sigv4_string_to_sign(scope, strbuf_slice(&canonical), &string_to_sign);
    sigv4_cached_signing_key(cache, credentials->secret_access_key, scope, key);
    sigv4_signature(key, strbuf_slice(&string_to_sign), signature);
    sigv4_authorization(scope, credentials->access_key_id, signed_headers, slice_from(signature),
                        authorization);

    explicit_bzero(key, sizeof(key));
    strbuf_wipe(&canonical); /* holds the session token */
    strbuf_release(&string_to_sign);
}
