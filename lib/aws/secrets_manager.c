#include "aws/secrets_manager.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/redact.h"

#include "base/banned.h"

#define ID_LIMIT 2048
#define REPLY_LIMIT ((size_t)256 * 1024)
#define BASE64_LIMIT ((SECRETS_MANAGER_VALUE_LIMIT + 2) / 3 * 4)

const struct aws_service secrets_manager_service = {
    .name = "secretsmanager",
    .signing_name = "secretsmanager",
    .host_prefix = "secretsmanager",
    .endpoint_variable = "AWS_ENDPOINT_URL_SECRETS_MANAGER",
};

/* --- The call --- */

int secrets_manager_request(struct slice id, struct arena *arena, struct aws_request *request,
                            struct error *err)
{
    if (id.size == 0 || id.size > ID_LIMIT) {
        return error_set(err, ERROR_CONFIGURATION,
                         "secretsmanager GetSecretValue: the secret's name has %zu bytes, not 1 to "
                         "%d",
                         id.size, ID_LIMIT);
    }
    struct strbuf body = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&body);
    json_write_object(&writer);
    json_write_member_string(&writer, "SecretId", id);
    json_write_object_end(&writer);
    *request = aws_request_json(&secrets_manager_service, "1.1", "secretsmanager.GetSecretValue",
                                arena_copy(arena, strbuf_slice(&body)));
    strbuf_release(&body);
    request->subject = id;
    request->region = aws_endpoint_region_of_arn(id);
    request->repeatable = true;
    request->secret_reply = true;
    return 0;
}

static int too_large(struct error *err)
{
    return error_set(err, ERROR_LIMIT, "the secret has over %zu bytes",
                     SECRETS_MANAGER_VALUE_LIMIT);
}

int secrets_manager_parse(struct slice body, struct arena *scratch, struct strbuf *value,
                          struct error *err)
{
    struct slice text;
    const json *document = json_parse(scratch, body, REPLY_LIMIT, err);
    if (document == NULL) {
        return -1;
    }
    /* Growing would leave a copy behind; base64 comes in groups of three bytes. */
    strbuf_reserve(value, SECRETS_MANAGER_VALUE_LIMIT + 2);
    if (json_string(json_get(document, "SecretString"), &text)) {
        if (text.size > SECRETS_MANAGER_VALUE_LIMIT) {
            return too_large(err);
        }
        strbuf_append(value, text);
        return 0;
    }
    if (!json_string(json_get(document, "SecretBinary"), &text) || text.size > BASE64_LIMIT) {
        return error_set(err, ERROR_INVALID,
                         "the reply has neither SecretString nor a fitting SecretBinary");
    }
    if (decode_base64(value, text, err) != 0) {
        return -1;
    }
    return value->size <= SECRETS_MANAGER_VALUE_LIMIT ? 0 : too_large(err);
}

/* The value as a whole, and what is secret in it when it is an object. */
static void register_secrets(struct slice value, struct arena *scratch)
{
    redact_register(value);
    const json *document = json_parse(scratch, value, SECRETS_MANAGER_VALUE_LIMIT, NULL);
    for (const json *member = json_first(document); member != NULL; member = json_next(member)) {
        struct slice text;
        if (redact_is_secret_name(json_name(member)) && json_string(member, &text)) {
            redact_register(text);
        }
    }
}

static int fetch(struct aws_client *client, struct slice id, struct arena *arena,
                 struct strbuf *value, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (secrets_manager_request(id, arena, &request, err) != 0) {
        return -1;
    }
    struct arena scratch; /* apart from the caller's, so that it can be wiped */
    arena_init(&scratch, 0);
    int result = aws_call(client, &request, arena, &reply, err);
    if (result == 0) {
        result = secrets_manager_parse(reply.body, &scratch, value, err);
        if (result != 0) {
            (void)aws_call_bad_reply(&request, err);
        } else {
            register_secrets(strbuf_slice(value), &scratch);
        }
    }
    aws_client_wipe_reply(client);
    arena_wipe(&scratch);
    arena_release(&scratch);
    return result;
}

/* --- The cache --- */

static void forget(struct secrets_manager_entry *entry)
{
    strbuf_wipe(&entry->value);
    strbuf_release(&entry->id);
    entry->expires_ms = 0;
}

static struct secrets_manager_entry *find(struct secrets_manager *secrets, struct slice id)
{
    for (size_t i = 0; i < SECRETS_MANAGER_COUNT && id.size > 0; i++) {
        if (slice_equal(strbuf_slice(&secrets->entries[i].id), id)) {
            return &secrets->entries[i];
        }
    }
    return NULL;
}

void secrets_manager_init(struct secrets_manager *secrets, struct aws_client *client)
{
    *secrets = (struct secrets_manager){.client = client};
    for (size_t i = 0; i < SECRETS_MANAGER_COUNT; i++) {
        strbuf_init(&secrets->entries[i].id);
        strbuf_init(&secrets->entries[i].value);
    }
}

void secrets_manager_release(struct secrets_manager *secrets)
{
    if (secrets != NULL) {
        for (size_t i = 0; i < SECRETS_MANAGER_COUNT; i++) {
            forget(&secrets->entries[i]);
        }
    }
}

void secrets_manager_drop(struct secrets_manager *secrets, struct slice id)
{
    struct secrets_manager_entry *entry = find(secrets, id);
    if (entry != NULL) {
        forget(entry);
    }
}

int secrets_manager_get(struct secrets_manager *secrets, struct slice id, struct arena *arena,
                        struct slice *value, struct error *err)
{
    int64_t now_ms = clock_now_ms(secrets->client->clock);
    struct secrets_manager_entry *entry = find(secrets, id);
    if (entry != NULL && now_ms < entry->expires_ms &&
        entry->expires_ms - now_ms <= SECRETS_MANAGER_TTL_MS) { /* more: the clock went back */
        *value = strbuf_slice(&entry->value);
        return 0;
    }
    struct strbuf fresh = STRBUF_INIT;
    if (fetch(secrets->client, id, arena, &fresh, err) != 0) {
        strbuf_wipe(&fresh);
        return -1;
    }
    if (entry == NULL) {
        entry = &secrets->entries[secrets->next];
        secrets->next = (secrets->next + 1) % SECRETS_MANAGER_COUNT;
    }
    forget(entry);
    strbuf_append(&entry->id, id);
    entry->value = fresh;
    entry->expires_ms = now_ms + SECRETS_MANAGER_TTL_MS;
    *value = strbuf_slice(&entry->value);
    return 0;
}
