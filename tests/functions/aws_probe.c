/*
 * Our AWS clients by themselves, for tests that run them against a local AWS: does what the JSON
 * object in its argument says, and prints what came of it as another one.
 *
 *     aws_probe '{"do": "head", "bucket": "b", "key": "k"}'   {"ok":true,"size":9,…}
 *
 * Endpoint, keys and region come from the environment, as in a function.
 */
#include "functions/aws_probe.h"

#include "aws/secrets_manager.h"
#include "aws/sns.h"
#include "base/array.h"
#include "base/env.h"
#include "base/log.h"
#include "http/http_curl.h"

#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

#define ORDER_LIMIT ((size_t)1 << 20)
#define TIME_MS 120000

/* --- The order's members --- */

struct slice probe_text(const struct probe *probe, const char *name)
{
    return json_text(probe->order, name);
}

uint64_t probe_number(const struct probe *probe, const char *name)
{
    uint64_t value = 0;
    (void)json_u64(json_get(probe->order, name), &value);
    return value;
}

bool probe_truth(const struct probe *probe, const char *name)
{
    bool value = false;
    (void)json_bool(json_get(probe->order, name), &value);
    return value;
}

/* --- Secrets and messages --- */

/* Twice: the second one comes from the cache, unless it is dropped. */
static int do_secret(struct probe *probe, struct error *err)
{
    struct secrets_manager secrets;
    struct slice value;
    struct slice id = probe_text(probe, "id");
    secrets_manager_init(&secrets, &probe->one.client);
    int status = secrets_manager_get(&secrets, id, &probe->arena, &value, err);
    if (status == 0 && probe_truth(probe, "drop")) {
        secrets_manager_drop(&secrets, id);
    }
    if (status == 0) {
        status = secrets_manager_get(&secrets, id, &probe->arena, &value, err);
    }
    if (status == 0) {
        json_write_member_string(&probe->out, "value", value);
    }
    secrets_manager_release(&secrets);
    return status;
}

static int do_publish(struct probe *probe, struct error *err)
{
    const struct sns_message message = {.topic_arn = probe_text(probe, "topic"),
                                        .subject = probe_text(probe, "subject"),
                                        .message = probe_text(probe, "message"),
                                        .is_json = probe_truth(probe, "json")};
    struct slice id;
    if (sns_publish(&probe->one.client, &message, &probe->arena, &id, err) != 0) {
        return -1;
    }
    json_write_member_string(&probe->out, "id", id);
    return 0;
}

/* --- The program --- */

static int run_order(struct probe *probe, struct error *err)
{
    static const struct probe_order own[] = {
        {"secret", do_secret}, {"publish", do_publish}, {NULL, NULL}};
    static const struct probe_order *const lists[] = {own, probe_s3_orders, probe_redshift_orders};
    struct slice wanted = probe_text(probe, "do");
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (const struct probe_order *order = lists[i]; order->name != NULL; order++) {
            if (slice_equal(wanted, slice_from(order->name))) {
                return order->run(probe, err);
            }
        }
    }
    return error_set(err, ERROR_INVALID, "there is no order \"%.*s\"", SLICE_ARG(wanted));
}

static int open_side(struct side *side, struct error *err)
{
    side->http = http_curl_new(&(struct http_curl_options){.user_agent = "aws_probe"}, err);
    if (side->http == NULL) {
        return -1;
    }
    credentials_init(&side->credentials, side->http, &clock_system, &random_system);
    aws_client_init(&side->client,
                    &(struct aws_client_options){.http = side->http,
                                                 .credentials = &side->credentials,
                                                 .region = slice_from(env_get("AWS_REGION", ""))});
    side->client.deadline_ms = clock_now_ms(&clock_system) + TIME_MS;
    return 0;
}

static void close_side(struct side *side)
{
    if (side->http != NULL) {
        aws_client_release(&side->client);
        credentials_release(&side->credentials);
        http_curl_free(side->http);
    }
}

static void print(struct probe *probe, const struct strbuf *told, const struct error *err)
{
    struct strbuf line = STRBUF_INIT;
    struct json_writer out = json_writer_to(&line);
    json_write_object(&out);
    json_write_member_bool(&out, "ok", err == NULL);
    if (err != NULL) {
        json_write_member_string(&out, "kind", slice_from(error_kind_name(err->kind)));
        json_write_member_string(&out, "code", slice_from(err->code));
        json_write_member_i64(&out, "status", err->status);
        json_write_member_bool(&out, "retryable", err->retryable);
        json_write_member_string(&out, "message", slice_from(err->message));
    } else {
        strbuf_append_char(&line, ',');
        strbuf_append(&line, strbuf_slice(told));
        strbuf_append_text(&line, told->size > 0 ? "," : "");
        out.comma = false;
        json_write_member_i64(&out, "tries", (int64_t)probe->one.client.tries);
    }
    json_write_object_end(&out);
    (void)puts(line.data);
    strbuf_release(&line);
}

int main(int count, char **arguments)
{
    struct error err = {.message = ""};
    struct probe probe = {.one.http = NULL};
    struct strbuf told = STRBUF_INIT;
    log_setup(
        &(struct log_options){.fd = STDERR_FILENO, .lowest = LOG_DEBUG, .clock = &clock_system});
    arena_init(&probe.arena, 0);
    probe.out = json_writer_to(&told);
    int status = open_side(&probe.one, &err) == 0 && open_side(&probe.other, &err) == 0 ? 0 : -1;
    if (status == 0) {
        probe.order =
            json_parse(&probe.arena, slice_from(count == 2 ? arguments[1] : ""), ORDER_LIMIT, &err);
        status = probe.order == NULL ? -1 : run_order(&probe, &err);
    }
    print(&probe, &told, status == 0 ? NULL : &err);
    close_side(&probe.one);
    close_side(&probe.other);
    strbuf_release(&told);
    arena_release(&probe.arena);
    return 0;
}
