/* What the functions stand on, put together as they do it, against scripted peers. */
#include "unit/unit.h"

#include "aws/sns.h"
#include "base/array.h"
#include "base/log.h"
#include "base/redact.h"
#include "http/http_curl.h"
#include "stream/source_s3.h"
#include "services/services.h"
#include "wire/scripted_server.h"
#include "wire/tls_server.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define OLD_KEYS                                                                                   \
    "{\"AccessKeyId\":\"ASIAEXPIRED\",\"SecretAccessKey\":\"s3cret-one\",\"Token\":\"token-one\"," \
    "\"Expiration\":\"2020-01-01T00:00:00Z\"}\n"
#define NEW_KEYS                                                                                   \
    "{\"AccessKeyId\":\"ASIAREFRESH\",\"SecretAccessKey\":\"s3cret-two\",\"Token\":\"token-two\"," \
    "\"Expiration\":\"2099-01-01T00:00:00Z\"}\n"
#define KEYS_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 117\r\n\r\n"
#define PUBLISHED                                                                                  \
    "<PublishResponse><PublishResult><MessageId>m1</MessageId></PublishResult></PublishResponse>"

/* Of a program that reads S3 and writes to SNS, and knows of no database. */
#define CONCERNS (SETTINGS_AWS | SETTINGS_NOTIFICATION)

static void set_url(const char *name, const struct scripted_server *server)
{
    char url[64];
    (void)snprintf(url, sizeof(url), "http://%s", scripted_server_address(server));
    (void)setenv(name, url, 1);
}

/* Writes to AWS in the middle of what it is given, as a step does that uploads what it reads. */
struct writer {
    struct sink sink;
    struct services *services;
    struct arena *arena;
    size_t bytes;
};

static int write_on(struct sink *sink, struct slice bytes, struct error *err)
{
    struct writer *writer = (struct writer *)(void *)sink;
    const struct sns_message message = {
        .topic_arn = writer->services->settings.notification.topic_arn, .message = bytes};
    struct slice id;
    writer->bytes += bytes.size;
    return sns_publish(&writer->services->requests, &message, writer->arena, &id, err);
}

static const struct sink_operations operations = {.write = write_on};

/* Keys expire while an object comes: they are fetched over a transport that is not in use. */
static void test_keys_are_refreshed_in_the_middle_of_a_download(void **state)
{
    struct scripted_server *keys = scripted_server_start(SCRIPT(
        SCRIPT_ACCEPT, SCRIPT_REQUEST("GET / HTTP/1.1\r\n"), SCRIPT_REPLY(KEYS_HEAD OLD_KEYS),
        SCRIPT_REQUEST("GET / HTTP/1.1\r\n"), SCRIPT_REPLY(KEYS_HEAD NEW_KEYS)));
    struct scripted_server *s3 = scripted_server_start(
        SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("Credential=ASIAEXPIRED/"),
               SCRIPT_REPLY("HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 3\r\n\r\nabc")));
    struct scripted_server *sns = scripted_server_start(
        SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("Credential=ASIAREFRESH/"),
               SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 91\r\n\r\n" PUBLISHED)));
    const struct source_s3_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    struct services services = {.name = "test", .concerns = CONCERNS};
    struct source_s3_result result;
    struct arena arena;
    struct error err = {.message = ""};
    (void)state;
    set_url("AWS_CONTAINER_CREDENTIALS_FULL_URI", keys);
    set_url("AWS_ENDPOINT_URL_S3", s3);
    set_url("AWS_ENDPOINT_URL_SNS", sns);
    arena_init(&arena, 0);
    assert_int_equal(services_init(&services, &err), 0);
    struct writer writer = {.sink.operations = &operations, .services = &services, .arena = &arena};
    services_begin(&services, clock_now_ms(&clock_system) + 60000);
    if (source_s3_read(&services.stream, &options, &writer.sink, &arena, &result, &err) != 0) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(writer.bytes, 3);
    services_release(&services);
    arena_release(&arena);
    scripted_server_end(keys);
    scripted_server_end(s3);
    scripted_server_end(sns);
    redact_forget_all();
}

static int get_over_tls(struct http *http, const struct tls_server *server, struct error *err)
{
    char url[64];
    struct arena arena;
    struct strbuf body = STRBUF_INIT;
    struct http_response response = {.body = &body};
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", tls_server_port(server));
    const struct http_request request = {
        .method = SLICE("GET"),
        .url = slice_from(url),
        .deadline_ms = clock_now_ms(&clock_system) + 20000,
        .no_proxy = true,
    };
    arena_init(&arena, 0);
    int result = http_send(http, &request, &arena, &response, err);
    arena_release(&arena);
    strbuf_release(&body);
    return result;
}

/* Reading them takes longer than all else that a start needs. */
static void test_roots_of_trust_are_read_once(void **state)
{
    char authority[] = "/tmp/test_services.XXXXXX";
    struct services services = {.name = "test", .concerns = CONCERNS};
    struct error err = {.message = ""};
    (void)state;
    close(mkstemp(authority));
    struct tls_server *server = tls_server_start(
        &(struct tls_server_options){.names = "IP:127.0.0.1", .authority = authority});
    (void)setenv("AWS_CA_BUNDLE", authority, 1);
    assert_int_equal(services_init(&services, &err), 0);
    int first = get_over_tls(services.stream_http, server, &err);
    assert_int_equal(unlink(authority), 0);
    http_curl_free(services.stream_http); /* its connection, for the server has one at a time */
    services.stream_http = NULL;
    int second = get_over_tls(services.requests_http, server, &err);
    services_release(&services);
    tls_server_end(server);
    (void)unsetenv("AWS_CA_BUNDLE");
    assert_string_equal(err.message, "");
    assert_int_equal(first, 0);
    assert_int_equal(second, 0);
}

/* What is left behind the deadline of all calls: a quarter to undo, then to give the lease back, a
 * half for the answer. */
static void test_the_reserve_is_shared(void **state)
{
    int64_t deadline_ms = clock_now_ms(&clock_system) + 600000;
    struct services services = {.name = "test", .concerns = CONCERNS};
    struct error err;
    (void)state;
    assert_int_equal(services_init(&services, &err), 0);
    services_begin(&services, deadline_ms);
    assert_int_equal(services.requests.deadline_ms, deadline_ms - 2000);
    assert_int_equal(services.stream.deadline_ms, deadline_ms - 2000);
    assert_int_equal(services.requests.grace_ms, 500);
    assert_int_equal(services.stream.grace_ms, 500);
    assert_int_equal(services.pg.deadline_ms, deadline_ms - 1000);
    services_begin(&services, 0);
    assert_int_equal(services.requests.deadline_ms, 0);
    assert_int_equal(services.requests.grace_ms, 0);
    services_release(&services);
}

int main(void)
{
    static const char *const unset[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_refreshed_in_the_middle_of_a_download),
        cmocka_unit_test(test_roots_of_trust_are_read_once),
        cmocka_unit_test(test_the_reserve_is_shared),
    };
    for (size_t i = 0; i < COUNT_OF(unset); i++) {
        (void)unsetenv(unset[i]);
    }
    (void)setenv("region", "eu-west-1", 1);
    (void)setenv("sns_topic_arn", "arn:aws:sns:eu-west-1:1:files", 1);
    (void)signal(SIGPIPE, SIG_IGN); /* the server's OpenSSL writes to peers that have gone */
    log_setup(
        &(struct log_options){.fd = STDERR_FILENO, .lowest = LOG_ERROR, .clock = &clock_system});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
