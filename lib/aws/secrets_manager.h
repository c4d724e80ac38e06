/*
 * Secrets from AWS Secrets Manager, kept for at most 5 minutes. A login that fails with a secret
 * may mean that it was rotated: drop it, get it again once, try once more.
 *
 * Values are overwritten when they are dropped; they and the passwords inside them are registered
 * with redact.h, so that no log line can hold them.
 *
 * Source: AWS Secrets Manager API reference, GetSecretValue.
 */
#ifndef AWS_SECRETS_MANAGER_H
#define AWS_SECRETS_MANAGER_H

#include "aws/aws_call.h"

#define SECRETS_MANAGER_COUNT 8                     /* secrets kept */
#define SECRETS_MANAGER_TTL_MS 300000               /* for how long */
#define SECRETS_MANAGER_VALUE_LIMIT ((size_t)65536) /* bytes of a secret */

extern const struct aws_service secrets_manager_service;

struct secrets_manager {
    struct aws_client *client; /* borrowed */
    struct secrets_manager_entry {
        struct strbuf id; /* as it was asked for; empty: free */
        struct strbuf value;
        int64_t expires_ms;
    } entries[SECRETS_MANAGER_COUNT];
    size_t next; /* the entry that goes next */
};

void secrets_manager_init(struct secrets_manager *secrets, struct aws_client *client);
/* Wipes all. Takes NULL. */
void secrets_manager_release(struct secrets_manager *secrets);

/*
 * The current value of a secret by name or ARN (then in the ARN's region): text, or the bytes of a
 * binary one. Valid until the next call with these secrets. ERROR_CONFIGURATION: the id is empty or
 * too long; ERROR_NOT_FOUND; a reply that is no secret is ERROR_REMOTE; or as aws_call.
 */
int secrets_manager_get(struct secrets_manager *secrets, struct slice id, struct arena *arena,
                        struct slice *value, struct error *err);

/* Forgets a secret, so that the next get asks the service. */
void secrets_manager_drop(struct secrets_manager *secrets, struct slice id);

int secrets_manager_request(struct slice id, struct arena *arena, struct aws_request *request,
                            struct error *err);
/* Appends the value. `scratch` holds the secret afterwards: the caller wipes it. */
int secrets_manager_parse(struct slice body, struct arena *scratch, struct strbuf *value,
                          struct error *err);

#endif
