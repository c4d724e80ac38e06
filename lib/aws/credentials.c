#include "aws/credentials.h"

#include "aws/aws_url.h"
#include "base/array.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "base/redact.h"
#include "base/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/banned.h"

#define REFRESH_EARLY_MS ((int64_t)5 * 60 * 1000)
#define REFRESH_PAUSE_MS ((int64_t)30 * 1000) /* between attempts to refresh early */
#define REPLY_LIMIT ((size_t)64 * 1024)
#define TOKEN_FILE_LIMIT ((size_t)16 * 1024)
#define TRY_MS ((int64_t)5000) /* the endpoint is on this machine or beside it */
#define TASK_ENDPOINT "http://169.254.170.2"

static const struct retry_policy endpoint_retry = {
    .attempts_limit = 3, .base_ms = 100, .ceiling_ms = 1000, .reserve_ms = 100};

/* --- Values --- */

static void keys_init(struct credentials *keys)
{
    strbuf_init(&keys->access_key_id);
    strbuf_init(&keys->secret_access_key);
    strbuf_init(&keys->session_token);
    keys->expires_ms = 0;
}

static void keys_wipe(struct credentials *keys)
{
    strbuf_wipe(&keys->access_key_id);
    strbuf_wipe(&keys->secret_access_key);
    strbuf_wipe(&keys->session_token);
    keys->expires_ms = 0;
}

/* A header is made of them: no byte may end it. */
static bool is_header_value(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

static int keys_set(struct credentials *keys, struct slice id, struct slice secret,
                    struct slice token, struct error *err)
{
    if (!is_header_value(id) || !is_header_value(secret) || !is_header_value(token)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "AWS credentials: key or token holds a byte that is not printable ASCII");
    }
    strbuf_append(&keys->access_key_id, id);
    strbuf_append(&keys->secret_access_key, secret);
    strbuf_append(&keys->session_token, token);
    redact_register(secret);
    redact_register(token);
    return 0;
}

static bool same_text(const struct strbuf *a, const struct strbuf *b)
{
    return slice_equal(strbuf_slice(a), strbuf_slice(b));
}

/* --- The environment --- */

static bool environment_has_keys(void)
{
    return env_get("AWS_ACCESS_KEY_ID", NULL) != NULL ||
           env_get("AWS_SECRET_ACCESS_KEY", NULL) != NULL;
}

static int load_environment(struct credentials *keys, struct error *err)
{
    const char *id = NULL;
    const char *secret = NULL;
    if (env_require("AWS_ACCESS_KEY_ID", &id, err) != 0 ||
        env_require("AWS_SECRET_ACCESS_KEY", &secret, err) != 0) {
        return -1;
    }
    return keys_set(keys, slice_from(id), slice_from(secret),
                    slice_from(env_get("AWS_SESSION_TOKEN", NULL)), err);
}

/* --- The container endpoint --- */

/* The hosts to which credentials may go in the clear: this machine, and the addresses at which ECS
 * and EKS answer inside a container. */
static bool is_trusted_host(const struct aws_url *url)
{
    static const struct slice addresses[] = {
        SLICE_INIT("169.254.170.2"), SLICE_INIT("169.254.170.23"), SLICE_INIT("fd00:ec2::23")};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        if (slice_equal_nocase(url->host, addresses[i])) {
            return true;
        }
    }
    return aws_url_is_loopback(url);
}

/* The URL, or -1; *local: on this machine or beside it, so no proxy leads there. */
static int endpoint_url(struct arena *arena, struct slice *text, bool *local, struct error *err)
{
    struct aws_url url;
    const char *relative = env_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL);
    const char *full = env_get("AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL);
    if (relative != NULL) {
        *text = arena_format(arena, TASK_ENDPOINT "%s", relative);
        if (relative[0] != '/' || !aws_url_parse(*text, &url)) {
            return error_set(err, ERROR_CONFIGURATION,
                             "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: must be a path");
        }
        *local = true;
        return 0;
    }
    if (full == NULL) {
        return error_set(err, ERROR_CONFIGURATION,
                         "no AWS credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                         "nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
    }
    *text = slice_from(full);
    if (!aws_url_parse(*text, &url)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI: must be an http or https URL");
    }
    *local = is_trusted_host(&url);
    if (!url.secure && !*local) {
        return error_set(err, ERROR_CONFIGURATION,
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI: the host \"%.*s\" is neither this "
                         "machine nor a container endpoint, and the URL is not https",
                         SLICE_ARG(url.host));
    }
    return 0;
}

static int read_token_file(const char *path, struct arena *arena, struct slice *token,
                           struct error *err)
{
    int result = -1;
    char *text = arena_alloc(arena, TOKEN_FILE_LIMIT);
    size_t size = 0;
    ssize_t got = 1;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    while (file >= 0 && got > 0 && size < TOKEN_FILE_LIMIT) {
        got = read(file, text + size, TOKEN_FILE_LIMIT - size);
        size += got > 0 ? (size_t)got : 0;
    }
    if (file < 0 || got < 0) {
        error_set(err, ERROR_SYSTEM, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: cannot read %s: %s",
                  path, strerror(errno));
    } else if (size == TOKEN_FILE_LIMIT) {
        error_set(err, ERROR_LIMIT,
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s is not smaller than %zu bytes", path,
                  TOKEN_FILE_LIMIT);
    } else {
        *token = slice_trim(slice_of(text, size));
        result = 0;
    }
    if (file >= 0) {
        (void)close(file);
    }
    return result;
}

/* What the endpoint wants to see; empty: nothing. The file, which may change, goes first. */
static int endpoint_token(struct arena *arena, struct slice *token, struct error *err)
{
    const char *path = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL);
    *token = slice_from(env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN", NULL));
    if (path != NULL && read_token_file(path, arena, token, err) != 0) {
        return -1;
    }
    if (!is_header_value(*token)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "AWS_CONTAINER_AUTHORIZATION_TOKEN: holds a byte that is not printable "
                         "ASCII");
    }
    redact_register(*token);
    return 0;
}

static int parse_reply(struct slice body, struct arena *arena, struct credentials *keys,
                       struct error *err)
{
    struct slice id;
    struct slice secret;
    struct slice expiration;
    const json *document = json_parse(arena, body, REPLY_LIMIT, err);
    if (document == NULL || json_require_string(document, "AccessKeyId", &id, err) != 0 ||
        json_require_string(document, "SecretAccessKey", &secret, err) != 0) {
        return -1;
    }
    if (json_string(json_get(document, "Expiration"), &expiration) &&
        !clock_parse_iso8601(expiration, &keys->expires_ms)) {
        return error_set(err, ERROR_INVALID, "member \"Expiration\" is no time");
    }
    return keys_set(keys, id, secret, json_text(document, "Token"), err);
}

struct fetch {
    struct credentials_provider *provider;
    struct http_request request;
    struct http_header header;
    struct strbuf body; /* holds secrets */
    int64_t deadline_ms;
};

/* A reply that makes no sense is the endpoint's fault, never that of the file that is handled, and
 * another try may bring a better one. */
static int blame_endpoint(struct error *err)
{
    if (err->kind == ERROR_INVALID) {
        err->kind = ERROR_REMOTE;
        err->retryable = true;
    }
    return -1;
}

/* One try; the arena holds secrets afterwards. */
static int fetch_once(struct fetch *fetch, struct arena *arena, struct credentials *keys,
                      struct error *err)
{
    struct http_response response = {.body = &fetch->body};
    int64_t limit_ms = clock_now_ms(fetch->provider->clock) + TRY_MS;
    bool sooner = fetch->deadline_ms != 0 && fetch->deadline_ms < limit_ms;
    fetch->request.deadline_ms = sooner ? fetch->deadline_ms : limit_ms;
    strbuf_reserve(&fetch->body, REPLY_LIMIT); /* so that no copy is left behind by growing */
    if (http_send(fetch->provider->http, &fetch->request, arena, &response, err) != 0) {
        return response.received_bytes > 0 ? blame_endpoint(err) : -1;
    }
    if (response.status != 200) {
        error_set(err, ERROR_REMOTE, "HTTP %d", response.status);
        err->status = response.status;
        err->retryable =
            response.status == 429 || (response.status >= 500 && response.status != 501);
        return -1;
    }
    return parse_reply(strbuf_slice(&fetch->body), arena, keys, err) == 0 ? 0 : blame_endpoint(err);
}

static int fetch_with_retries(struct fetch *fetch, struct arena *arena, struct credentials *keys,
                              struct error *err)
{
    const struct clock *clock = fetch->provider->clock;
    for (int tries = 1;; tries++) {
        struct error failure = {.kind = ERROR_SYSTEM};
        if (fetch_once(fetch, arena, keys, &failure) == 0) {
            return 0;
        }
        const struct retry_question question = {.attempt = tries,
                                                .now_ms = clock_now_ms(clock),
                                                .deadline_ms = fetch->deadline_ms,
                                                .random = random_next(fetch->provider->random)};
        int64_t wait_ms =
            failure.retryable ? retry_delay_ms(&endpoint_retry, &question) : RETRY_GIVE_UP;
        if (wait_ms == RETRY_GIVE_UP) {
            (void)error_pass(err, &failure);
            return error_prefix(err, "AWS credentials from the container endpoint (tries: %d)",
                                tries);
        }
        log_warn("credentials: the container endpoint failed, trying again", LOG_CAUSE(&failure),
                 LOG_NUMBER("attempt", tries), LOG_NUMBER("waitMs", wait_ms));
        clock_sleep_ms(clock, wait_ms);
    }
}

static int load_endpoint(struct credentials_provider *provider, int64_t deadline_ms,
                         struct credentials *keys, struct error *err)
{
    struct fetch fetch = {.provider = provider, .deadline_ms = deadline_ms, .body = STRBUF_INIT};
    struct slice token;
    struct arena secrets; /* apart from the caller's, so that it can be wiped */
    arena_init(&secrets, 0);
    int result = -1;
    if (provider->http == NULL) {
        error_set(err, ERROR_CONFIGURATION,
                  "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
    } else if (endpoint_url(&secrets, &fetch.request.url, &fetch.request.no_proxy, err) == 0 &&
               endpoint_token(&secrets, &token, err) == 0) {
        fetch.header = (struct http_header){SLICE("Authorization"), token};
        fetch.request.method = SLICE("GET");
        fetch.request.headers = &fetch.header;
        fetch.request.header_count = token.size > 0;
        fetch.request.connect_timeout_ms = 1000;
        fetch.request.repeatable = true;
        fetch.request.body_limit = REPLY_LIMIT;
        result = fetch_with_retries(&fetch, &secrets, keys, err);
    }
    strbuf_wipe(&fetch.body);
    arena_wipe(&secrets);
    arena_release(&secrets);
    return result;
}

/* --- The provider --- */

void credentials_init(struct credentials_provider *provider, struct http *http,
                      const struct clock *clock, const struct random_source *random)
{
    *provider = (struct credentials_provider){.http = http, .clock = clock, .random = random};
    keys_init(&provider->current);
}

void credentials_release(struct credentials_provider *provider)
{
    if (provider != NULL) {
        keys_wipe(&provider->current);
        provider->loaded = false;
    }
}

static int load(struct credentials_provider *provider, int64_t deadline_ms, struct error *err)
{
    struct credentials fresh;
    keys_init(&fresh);
    int result = environment_has_keys() ? load_environment(&fresh, err)
                                        : load_endpoint(provider, deadline_ms, &fresh, err);
    if (result != 0) {
        keys_wipe(&fresh);
        return -1;
    }
    keys_wipe(&provider->current);
    provider->current = fresh;
    provider->loaded = true;
    return 0;
}

int credentials_get(struct credentials_provider *provider, int64_t deadline_ms,
                    const struct credentials **credentials, struct error *err)
{
    int64_t now_ms = clock_now_ms(provider->clock);
    int64_t expires_ms = provider->current.expires_ms;
    bool expired = expires_ms != 0 && expires_ms <= now_ms;
    bool due = expires_ms != 0 && expires_ms - REFRESH_EARLY_MS <= now_ms &&
               now_ms >= provider->next_load_ms;
    if (!provider->loaded || expired || due) {
        struct error failure = {.kind = ERROR_SYSTEM};
        provider->next_load_ms = now_ms + REFRESH_PAUSE_MS;
        if (load(provider, deadline_ms, &failure) != 0) {
            if (!provider->loaded || expired) {
                return error_pass(err, &failure);
            }
            log_warn("credentials: cannot be refreshed, the present ones are used until they "
                     "expire",
                     LOG_CAUSE(&failure));
        }
    }
    *credentials = &provider->current;
    return 0;
}

int credentials_reload(struct credentials_provider *provider, int64_t deadline_ms, bool *changed,
                       struct error *err)
{
    struct credentials before;
    keys_init(&before);
    strbuf_append(&before.access_key_id, strbuf_slice(&provider->current.access_key_id));
    strbuf_append(&before.session_token, strbuf_slice(&provider->current.session_token));
    int result = load(provider, deadline_ms, err);
    if (result == 0) {
        *changed = !same_text(&before.access_key_id, &provider->current.access_key_id) ||
                   !same_text(&before.session_token, &provider->current.session_token);
    }
    keys_wipe(&before);
    return result;
}
