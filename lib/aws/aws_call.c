#include "aws/aws_call.h"

#include "aws/aws_attempt.h"
#include "base/log.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define DEFAULT_PATIENCE_MS 20000
#define SUBJECT_LIMIT 256

/* --- The client --- */

void aws_client_init(struct aws_client *client, const struct aws_client_options *options)
{
    *client = (struct aws_client){
        .http = options->http,
        .credentials = options->credentials,
        .clock = options->clock != NULL ? options->clock : &clock_system,
        .random = options->random != NULL ? options->random : &random_system,
        .region = options->region,
        .retry = &retry_default,
        .patience_ms = DEFAULT_PATIENCE_MS,
    };
    strbuf_init(&client->body);
}

void aws_client_release(struct aws_client *client)
{
    if (client != NULL) {
        sigv4_key_cache_wipe(&client->keys);
        strbuf_wipe(&client->body);
    }
}

void aws_client_wipe_reply(struct aws_client *client)
{
    strbuf_wipe(&client->body);
}

/* --- Regions of buckets --- */

static struct slice region_of_bucket(const struct aws_client *client, struct slice bucket)
{
    for (size_t i = 0; i < AWS_BUCKET_REGIONS_COUNT && bucket.size > 0; i++) {
        const struct aws_bucket_region *known = &client->bucket_regions[i];
        if (slice_equal(slice_from(known->bucket), bucket)) {
            return slice_from(known->region);
        }
    }
    return SLICE("");
}

static void remember_region(struct aws_client *client, struct slice bucket, struct slice region)
{
    struct aws_bucket_region *entry = &client->bucket_regions[client->next_bucket_region];
    for (size_t i = 0; i < AWS_BUCKET_REGIONS_COUNT; i++) {
        if (slice_equal(slice_from(client->bucket_regions[i].bucket), bucket)) {
            entry = &client->bucket_regions[i];
        }
    }
    if (bucket.size >= sizeof(entry->bucket) || region.size >= sizeof(entry->region)) {
        return;
    }
    (void)snprintf(entry->bucket, sizeof(entry->bucket), "%.*s", SLICE_ARG(bucket));
    (void)snprintf(entry->region, sizeof(entry->region), "%.*s", SLICE_ARG(region));
    client->next_bucket_region = (client->next_bucket_region + 1) % AWS_BUCKET_REGIONS_COUNT;
}

/* --- One call --- */

struct call {
    struct aws_client *client;
    const struct aws_request *request;
    struct arena *arena;
    struct aws_reply *reply;
    struct slice region;
    int failed; /* tries that the retry policy counts */
    bool keys_reloaded;
    bool clock_corrected;
    bool region_corrected;
    bool connection_replaced;
    struct strbuf history; /* what the tries before the last one met */
};

enum verdict { SUCCEEDED, GIVE_UP, AGAIN_NOW, AGAIN_LATER };

/* --- What to do about a failure --- */

static enum verdict judge_transport(struct call *call, const struct aws_attempt *attempt)
{
    const struct aws_reply *reply = call->reply;
    enum error_kind kind = attempt->error.kind;
    bool broken = kind == ERROR_NETWORK || kind == ERROR_TIMEOUT || kind == ERROR_SYSTEM ||
                  kind == ERROR_INVALID; /* the reply was no HTTP, or cut short */
    if (!broken || !call->request->repeatable || reply->ended_by_caller || reply->delivered > 0) {
        return GIVE_UP;
    }
    /* A kept connection that was closed while nobody looked says nothing about the service. */
    bool stale =
        kind == ERROR_NETWORK && reply->response.reused && reply->response.received_bytes == 0;
    if (stale && !call->connection_replaced) {
        call->connection_replaced = true;
        return AGAIN_NOW;
    }
    return AGAIN_LATER;
}

static bool correct_clock(struct call *call, const struct aws_attempt *attempt)
{
    if (call->clock_corrected ||
        !aws_error_is_clock_skew(&attempt->remote, attempt->signed_at_ms)) {
        return false;
    }
    call->clock_corrected = true;
    call->client->skew_ms = attempt->remote.server_time_ms - clock_now_ms(call->client->clock);
    return true;
}

/* A HEAD has no body to say that the token expired: S3 answers 400. */
static bool correct_keys(struct call *call, struct aws_attempt *attempt)
{
    bool perhaps =
        attempt->remote.status == 400 && slice_equal(call->request->method, SLICE("HEAD"));
    if (call->keys_reloaded || (attempt->remote.class != AWS_ERROR_EXPIRED_TOKEN && !perhaps)) {
        return false;
    }
    call->keys_reloaded = true;
    bool changed = false;
    struct error failure = {.kind = ERROR_SYSTEM};
    if (credentials_reload(call->client->credentials, call->client->deadline_ms, &changed,
                           &failure) != 0) {
        log_warn("credentials: cannot be reloaded", LOG_CAUSE(&failure));
    }
    return changed;
}

static bool correct_region(struct call *call, const struct aws_attempt *attempt)
{
    if (attempt->remote.class != AWS_ERROR_WRONG_REGION || call->region_corrected ||
        call->request->bucket.size == 0) {
        return false;
    }
    call->region_corrected = true;
    call->region = attempt->remote.region;
    remember_region(call->client, call->request->bucket, attempt->remote.region);
    return true;
}

static enum verdict judge_answer(struct call *call, struct aws_attempt *attempt)
{
    if (correct_region(call, attempt) || correct_clock(call, attempt) ||
        correct_keys(call, attempt)) {
        return AGAIN_NOW;
    }
    switch (attempt->remote.class) {
    case AWS_ERROR_THROTTLE:
        return AGAIN_LATER;
    case AWS_ERROR_TRANSIENT:
        return call->request->repeatable ? AGAIN_LATER : GIVE_UP;
    case AWS_ERROR_RACE:
        return call->request->repeat_races ? AGAIN_LATER : GIVE_UP;
    default:
        return GIVE_UP;
    }
}

static bool is_cancelled(const struct aws_client *client)
{
    return client->cancel != NULL && *client->cancel != 0;
}

/* Milliseconds to wait before the next try, or RETRY_GIVE_UP. */
static int64_t judge(struct call *call, struct aws_attempt *attempt)
{
    const struct aws_client *client = call->client;
    enum verdict verdict =
        attempt->answered ? judge_answer(call, attempt) : judge_transport(call, attempt);
    if (verdict == GIVE_UP || is_cancelled(client)) {
        return RETRY_GIVE_UP;
    }
    if (verdict == AGAIN_NOW) {
        return 0;
    }
    call->failed++;
    const struct retry_question question = {
        .attempt = call->failed,
        .now_ms = clock_now_ms(client->clock),
        .deadline_ms = client->deadline_ms,
        .retry_after_ms = attempt->answered ? attempt->remote.retry_after_ms : 0,
        .random = random_next(client->random)};
    return retry_delay_ms(client->retry, &question);
}

/* --- What is told --- */

static struct slice short_subject(const struct call *call)
{
    return utf8_take(call->request->subject, SUBJECT_LIMIT);
}

static void log_success(const struct call *call, const struct aws_attempt *attempt)
{
    const struct http_response *response = &call->reply->response;
    if (!log_enabled(LOG_DEBUG)) {
        return;
    }
    log_debug("aws call", LOG_TEXT("service", slice_from(call->request->service->name)),
              LOG_TEXT("operation", slice_from(call->request->operation)),
              LOG_TEXT("subject", short_subject(call)), LOG_NUMBER("attempt", call->reply->tries),
              LOG_NUMBER("status", response->status),
              LOG_NUMBER("durationMs", clock_now_ms(call->client->clock) - attempt->started_ms),
              LOG_TEXT("awsRequestId", aws_error_request_id(response)));
}

static void log_failure(const struct call *call, const struct aws_attempt *attempt, int64_t wait_ms)
{
    enum error_kind kind = attempt->error.kind;
    bool expected = kind == ERROR_NOT_FOUND || kind == ERROR_CONFLICT; /* answers, in effect */
    log_at(wait_ms == RETRY_GIVE_UP && expected ? LOG_DEBUG : LOG_WARN,
           wait_ms == RETRY_GIVE_UP ? "aws call failed" : "aws call failed, trying again",
           LOG_TEXT("service", slice_from(call->request->service->name)),
           LOG_TEXT("operation", slice_from(call->request->operation)),
           LOG_TEXT("subject", short_subject(call)), LOG_NUMBER("attempt", call->reply->tries),
           LOG_NUMBER("waitMs", wait_ms == RETRY_GIVE_UP ? 0 : wait_ms),
           LOG_NUMBER("durationMs", clock_now_ms(call->client->clock) - attempt->started_ms),
           LOG_CAUSE(&attempt->error));
}

static void note_failure(struct call *call, const struct aws_attempt *attempt)
{
    if (call->history.size > 0) {
        strbuf_append_text(&call->history, ", ");
    }
    if (attempt->answered) {
        strbuf_append(&call->history, attempt->remote.code);
    } else {
        strbuf_append_text(&call->history, error_kind_name(attempt->error.kind));
    }
}

/* Bytes that a service sent are never the fault of who asked. */
static void blame_service(struct error *err)
{
    err->kind = ERROR_REMOTE;
    err->retryable = true;
}

int aws_call_bad_reply(const struct aws_request *request, struct error *err)
{
    if (err != NULL) {
        blame_service(err);
    }
    return error_prefix(err, "%s %s%s%.*s", request->service->name, request->operation,
                        request->subject.size > 0 ? " " : "",
                        SLICE_ARG(utf8_take(request->subject, SUBJECT_LIMIT)));
}

/* The last failure, with what it was about and what went before. */
static void tell_failure(const struct call *call, const struct aws_attempt *attempt,
                         struct error *err)
{
    if (err == NULL) {
        return;
    }
    *err = attempt->error;
    if (call->reply->ended_by_caller) {
        return;
    }
    if (call->reply->tries > 0 && !attempt->answered && err->kind == ERROR_INVALID) {
        blame_service(err);
    }
    if (call->history.size > 0) {
        (void)error_prefix(err, "%d tries: %s, then", call->reply->tries, call->history.data);
    }
    const struct aws_request *request = call->request;
    struct slice subject = short_subject(call);
    bool cut = subject.size < request->subject.size;
    (void)error_prefix(err, "%s %s%s%.*s%s", request->service->name, request->operation,
                       subject.size > 0 ? " " : "", SLICE_ARG(subject), cut ? "…" : "");
}

/* --- The loop --- */

/* The hook may use the client, so it finds it free, and itself taken out of it. */
static int renew(struct call *call, struct error *err)
{
    struct aws_client *client = call->client;
    struct keep_alive hook = client->keep_alive;
    if (hook.renew == NULL) {
        return 0;
    }
    client->keep_alive = (struct keep_alive){.renew = NULL};
    client->busy = false;
    int result = hook.renew(hook.self, err);
    client->busy = true;
    client->keep_alive = hook;
    call->reply->body = SLICE(""); /* calls of the hook reuse the buffer it was in */
    call->reply->ended_by_caller = result != 0;
    return result;
}

/* A service that failed, or did not answer, may have done what it was asked. */
static bool may_have_acted(const struct aws_attempt *attempt)
{
    return attempt->sent && (!attempt->answered || attempt->remote.class == AWS_ERROR_TRANSIENT);
}

static int run(struct call *call, struct error *err)
{
    for (;;) {
        struct aws_attempt attempt;
        if (renew(call, err) != 0) {
            return -1;
        }
        if (aws_attempt(call->client, call->request, call->region, call->arena, call->reply,
                        &attempt)) {
            log_success(call, &attempt);
            return 0;
        }
        call->reply->may_have_acted = call->reply->may_have_acted || may_have_acted(&attempt);
        int64_t wait_ms = attempt.sent ? judge(call, &attempt) : RETRY_GIVE_UP;
        log_failure(call, &attempt, wait_ms);
        if (wait_ms == RETRY_GIVE_UP) {
            tell_failure(call, &attempt, err);
            return -1;
        }
        note_failure(call, &attempt);
        if (wait_ms > 0) {
            clock_sleep_ms(call->client->clock, wait_ms);
        }
    }
}

/* Where a request goes first: where its bucket is known to be, else where it says. */
static struct slice first_region(const struct aws_client *client, const struct aws_request *request)
{
    struct slice region = region_of_bucket(client, request->bucket);
    if (region.size > 0) {
        return region;
    }
    return request->region.size > 0 ? request->region : client->region;
}

int aws_call(struct aws_client *client, const struct aws_request *request, struct arena *arena,
             struct aws_reply *reply, struct error *err)
{
    if (client->busy) {
        fputs("aws_call: a client serves one call at a time\n", stderr);
        abort();
    }
    client->busy = true;
    client->calls++;
    *reply = (struct aws_reply){.body = SLICE("")};
    struct call call = {.client = client,
                        .request = request,
                        .arena = arena,
                        .reply = reply,
                        .region = first_region(client, request),
                        .history = STRBUF_INIT};
    int result = run(&call, err);
    strbuf_release(&call.history);
    client->busy = false;
    return result;
}
