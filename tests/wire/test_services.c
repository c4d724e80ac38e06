/* What the functions stand on, put together as they do it, against scripted peers. */
#include "unit/unit.h"
#include "unit/variables.h"

#include "aws/sns.h"
#include "base/log.h"
#include "base/redact.h"
#include "source/source_s3.h"
#include "steps/services.h"
#include "wire/scripted_server.h"

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
    const struct sns_message message = {.topic_arn = writer->services->settings.sns_topic_arn,
                                        .message = bytes};
    struct slice id;
    writer->bytes += bytes.size;
    return sns_publish(&writer->services->upload, &message, writer->arena, &id, err);
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
    struct services services = {.name = "test"};
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
    if (source_s3_read(&services.aws, &options, &writer.sink, &arena, &result, &err) != 0) {
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

/* What is left behind the deadline of all calls: a quarter to undo, then to give the lease back, a
 * half for the answer. */
static void test_the_reserve_is_shared(void **state)
{
    int64_t deadline_ms = clock_now_ms(&clock_system) + 600000;
    struct services services = {.name = "test"};
    struct error err;
    (void)state;
    assert_int_equal(services_init(&services, &err), 0);
    services_begin(&services, deadline_ms);
    assert_int_equal(services.aws.deadline_ms, deadline_ms - 2000);
    assert_int_equal(services.upload.deadline_ms, deadline_ms - 2000);
    assert_int_equal(services.aws.grace_ms, 500);
    assert_int_equal(services.upload.grace_ms, 500);
    assert_int_equal(services.pg.deadline_ms, deadline_ms - 1000);
    services_begin(&services, 0);
    assert_int_equal(services.aws.deadline_ms, 0);
    assert_int_equal(services.aws.grace_ms, 0);
    services_release(&services);
}

int main(void)
{
    static const char *const unset[] = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_refreshed_in_the_middle_of_a_download),
        cmocka_unit_test(test_the_reserve_is_shared),
    };
    for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
        (void)unsetenv(unset[i]);
    }
    set_complete();
    log_setup(
        &(struct log_options){.fd = STDERR_FILENO, .lowest = LOG_ERROR, .clock = &clock_system});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
