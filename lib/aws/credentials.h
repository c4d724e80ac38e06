/*
 * The keys that requests are signed with. Sources, in this order: the environment
 * (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), then the container endpoint
 * (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI). Files and the instance metadata service
 * are never asked: Lambda has neither. Empty variables count as unset.
 *
 * The endpoint's keys are fetched again 5 minutes before they expire. Secret key and session token
 * are registered with redact.h, and wiped when they are replaced.
 *
 * Source: "Container credential provider" in the AWS SDKs and Tools Reference Guide.
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "http/http.h"

struct credentials {
    struct strbuf access_key_id;
    struct strbuf secret_access_key;
    struct strbuf session_token; /* empty: none */
    int64_t expires_ms;          /* 0: never, as far as is known */
};

struct credentials_provider {
    struct http *http; /* for the container endpoint; borrowed; may be NULL if that is not wanted */
    const struct clock *clock;          /* borrowed */
    const struct random_source *random; /* borrowed */
    struct credentials current;
    int64_t next_load_ms; /* an early refresh that failed is not tried again before */
    bool loaded;
};

void credentials_init(struct credentials_provider *provider, struct http *http,
                      const struct clock *clock, const struct random_source *random);
/* Wipes the keys. Takes NULL. */
void credentials_release(struct credentials_provider *provider);

/*
 * The keys to sign with now, valid until the next call. Asks the source when there are none yet or
 * they are about to expire; keys that still have minutes are used on if it cannot be reached.
 * `deadline_ms` 0: none. ERROR_CONFIGURATION names the variables that are unset or wrong;
 * otherwise the endpoint's failure.
 */
int credentials_get(struct credentials_provider *provider, int64_t deadline_ms,
                    const struct credentials **credentials, struct error *err);

/* Asks the source again because a service called the keys expired. *changed says whether they are
 * others now, that is whether it makes sense to try again. */
int credentials_reload(struct credentials_provider *provider, int64_t deadline_ms, bool *changed,
                       struct error *err);

#endif
