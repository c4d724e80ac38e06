#include "aws/aws_attempt.h"

#include "aws/aws_sign.h"

#include "base/banned.h"

#define SECRET_REPLY_LIMIT ((size_t)256 * 1024)

/* Stands between the transport and the caller's sink, to know what was delivered and whose error
 * an error is. */
struct guard {
    struct sink sink;
    const struct aws_request *request;
    struct aws_reply *reply;
};

static int guard_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct guard *guard = (struct guard *)sink;
    guard->reply->delivered += bytes.size;
    int result = sink_write(guard->request->body_sink, bytes, err);
    guard->reply->ended_by_caller = result != 0;
    return result;
}

static int guard_check_head(void *self, const struct http_response *head, struct error *err)
{
    struct guard *guard = self;
    if (guard->request->check_head == NULL || head->status < 200 || head->status > 299) {
        return 0;
    }
    int result = guard->request->check_head(guard->request->check_head_self, head, err);
    guard->reply->ended_by_caller = result != 0;
    return result;
}

static const struct sink_operations guard_operations = {.write = guard_write};

static int sign(struct aws_client *client, const struct aws_request *request, struct slice region,
                struct arena *arena, struct http_request *http, struct aws_attempt *attempt)
{
    const struct credentials *credentials = NULL;
    if (credentials_get(client->credentials, client->deadline_ms, &credentials, &attempt->error) !=
        0) {
        return -1;
    }
    attempt->signed_at_ms = clock_now_ms(client->clock) + client->skew_ms;
    const struct aws_sign_options options = {
        .request = request,
        .credentials = credentials,
        .region = region,
        .custom_url = slice_from(aws_endpoint_custom_url(request->service)),
        .signed_at_ms = attempt->signed_at_ms,
        .keys = &client->keys};
    return aws_sign(&options, arena, http, &attempt->error);
}

static void set_terms(const struct aws_client *client, const struct aws_request *request,
                      struct http_request *http)
{
    http->deadline_ms = client->deadline_ms;
    http->stall_timeout_ms = request->patience_ms != 0 ? request->patience_ms : client->patience_ms;
    http->repeatable = request->repeatable;
    http->cancel = client->cancel;
    http->body_limit = request->secret_reply ? SECRET_REPLY_LIMIT : request->body_limit;
}

static int send_guarded(struct aws_client *client, const struct aws_request *request,
                        const struct http_request *http, struct arena *arena,
                        struct aws_reply *reply, struct error *err)
{
    struct guard guard = {.sink.operations = &guard_operations, .request = request, .reply = reply};
    struct http_request guarded = *http;
    guarded.body_sink = request->body_sink != NULL ? &guard.sink : NULL;
    guarded.check_head = guard_check_head;
    guarded.check_head_self = &guard;
    strbuf_clear(&client->body);
    if (request->secret_reply) {
        strbuf_reserve(&client->body, SECRET_REPLY_LIMIT);
    }
    reply->response = (struct http_response){.body = &client->body};
    int result = http_send(client->http, &guarded, arena, &reply->response, err);
    reply->body = strbuf_slice(&client->body);
    return result;
}

bool aws_attempt(struct aws_client *client, const struct aws_request *request, struct slice region,
                 struct arena *arena, struct aws_reply *reply, struct aws_attempt *attempt)
{
    struct http_request http = {.deadline_ms = 0};
    *attempt =
        (struct aws_attempt){.error.kind = ERROR_SYSTEM, .started_ms = clock_now_ms(client->clock)};
    if (sign(client, request, region, arena, &http, attempt) != 0) {
        return false;
    }
    attempt->sent = true;
    reply->tries++;
    client->tries++;
    set_terms(client, request, &http);
    if (send_guarded(client, request, &http, arena, reply, &attempt->error) != 0) {
        return false;
    }
    if (reply->response.status >= 200 && reply->response.status <= 299 &&
        (request->is_success == NULL || request->is_success(reply->body))) {
        return true;
    }
    attempt->answered = true;
    aws_error_read(&reply->response, reply->body, region, arena, &attempt->remote);
    (void)aws_error_set(&attempt->error, &attempt->remote);
    return false;
}
