/* lib/aws, source_s3 and sink_s3 over real connections, against a scripted peer. */
#include "unit/unit.h"

#include "aws/s3/s3.h"
#include "aws/s3/s3_copy.h"
#include "aws/secrets_manager.h"
#include "aws/sns.h"
#include "http/http_curl.h"
#include "stream/sink_s3.h"
#include "stream/source_s3.h"
#include "unit/fake_aws.h"
#include "wire/scripted_server.h"
#include "wire/slow_sink.h"

#define OBJECT_HEAD(status, length, more)                                                          \
    "HTTP/1.1 " status "\r\nETag: \"abc\"\r\nContent-Length: " length "\r\n" more "\r\n"
#define EMPTY_OK "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 0\r\n\r\n"
#define SLOW_DOWN                                                                                  \
    "HTTP/1.1 503 Slow Down\r\nContent-Length: 42\r\n\r\n"                                         \
    "<Error><Code>SlowDown</Code></Error>      "

static const struct retry_policy quick = {
    .attempts_limit = 4, .base_ms = 2, .ceiling_ms = 10, .reserve_ms = 0};

struct fixture {
    struct http *http;
    struct moved_clock moved;
    struct clock clock; /* the transport's */
    struct credentials_provider credentials;
    struct aws_client client;
    struct arena arena;
    struct error err;
    struct scripted_server *server;
    struct collector sink;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    (void)setenv("AWS_SESSION_TOKEN", "session/token+=", 1);
    log_setup(
        &(struct log_options){.fd = STDERR_FILENO, .lowest = LOG_ERROR, .clock = &clock_system});
    arena_init(&f->arena, 0);
    f->clock = (struct clock){.now_ms = moved_now_ms, .self = &f->moved};
    f->http = http_curl_new(&(struct http_curl_options){.user_agent = "test", .clock = &f->clock},
                            &f->err);
    assert_non_null(f->http);
    credentials_init(&f->credentials, f->http, &clock_system, &random_system);
    aws_client_init(&f->client, &(struct aws_client_options){.http = f->http,
                                                             .credentials = &f->credentials,
                                                             .region = SLICE("eu-west-1")});
    f->client.retry = &quick;
    f->client.deadline_ms = clock_now_ms(&clock_system) + 30000;
    collector_init(&f->sink);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    aws_client_release(&f->client);
    credentials_release(&f->credentials);
    http_curl_free(f->http);
    strbuf_release(&f->sink.bytes);
    arena_release(&f->arena);
    free(f);
    return 0;
}

static void start(struct fixture *f, const struct script_step *steps, size_t count)
{
    char url[128];
    f->server = scripted_server_start(steps, count);
    (void)snprintf(url, sizeof(url), "http://%s", scripted_server_address(f->server));
    (void)setenv("AWS_ENDPOINT_URL", url, 1);
}

static void end(struct fixture *f)
{
    scripted_server_end(f->server);
    (void)unsetenv("AWS_ENDPOINT_URL");
}

/* The call worked; else its message is shown. */
static void assert_worked(const struct fixture *f, int result)
{
    if (result != 0) {
        fail_msg("%s", f->err.message);
    }
}

static int read_object(struct fixture *f, const char *key, struct source_s3_result *result)
{
    return source_s3_read(
        &f->client,
        &(struct source_s3_options){.bucket = SLICE("in-bucket"), .key = slice_from(key)},
        &f->sink.sink, &f->arena, result, &f->err);
}

/* What is signed is what is sent: path, headers, order. */
static void test_bytes_on_the_wire(void **state)
{
    struct fixture *f = *state;
    struct source_s3_result result;
    start(f, SCRIPT(SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("GET /in-bucket/in/a%20b/../%2B//.%0A%C3%A9 HTTP/1.1\r\n"
                                   "Host: 127.0.0.1:"),
                    SCRIPT_CONTAINS("\r\nx-amz-checksum-mode: ENABLED\r\nX-Amz-Date: 20"),
                    SCRIPT_CONTAINS("\r\nX-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae"
                                    "41e4649b934ca495991b7852b855\r\n"
                                    "X-Amz-Security-Token: session/token+=\r\n"
                                    "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20"),
                    SCRIPT_CONTAINS("/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-checksum-"
                                    "mode;x-amz-content-sha256;x-amz-date;x-amz-security-token, "
                                    "Signature="),
                    SCRIPT_LACKS("\r\nAccept"), SCRIPT_LACKS("\r\nContent-"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "3", "") "abc")));
    assert_worked(f, read_object(f, "in/a b/../+//.\n\xc3\xa9", &result));
    assert_string_equal(f->sink.bytes.data, "abc");
    end(f);
}

static void test_a_download_is_taken_up_again(void **state)
{
    struct fixture *f = *state;
    struct source_s3_result result;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY(
                        OBJECT_HEAD("200 OK", "9", "x-amz-checksum-crc32: y/Q5Jg==\r\n") "123"),
                    SCRIPT_CLOSE, SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_CONTAINS("\r\nIf-Match: \"abc\"\r\nRange: bytes=3-\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("206 Partial Content", "6",
                                             "Content-Range: bytes 3-8/9\r\n") "45678"),
                    SCRIPT_RESET, SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_CONTAINS("\r\nRange: bytes=8-\r\n"), SCRIPT_REPLY(SLOW_DOWN),
                    SCRIPT_REQUEST("Range: bytes=8-\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("206 Partial Content", "1",
                                             "Content-Range: bytes 8-8/9\r\n") "9")));
    assert_worked(f, read_object(f, "k", &result));
    assert_string_equal(f->sink.bytes.data, "123456789");
    assert_int_equal(result.bytes, 9);
    assert_int_equal(result.resumed, 2);
    end(f);
}

static void test_a_download_byte_by_byte(void **state)
{
    struct fixture *f = *state;
    struct source_s3_result result;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_TRICKLE(OBJECT_HEAD("200 OK", "9",
                                               "x-amz-checksum-crc32: y/Q5Jg==\r\n") "123456789",
                                   1)));
    assert_worked(f, read_object(f, "k", &result));
    assert_string_equal(f->sink.bytes.data, "123456789");
    end(f);
}

/* Nothing of such a reply is taken. */
static void test_a_range_that_is_ignored(void **state)
{
    struct fixture *f = *state;
    struct source_s3_result result;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", "") "123"), SCRIPT_CLOSE, SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("Range: bytes=3-\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", "") "123456789"), SCRIPT_AWAIT_CLOSE,
                    SCRIPT_ACCEPT, SCRIPT_REQUEST("Range: bytes=3-\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("206 Partial Content", "6",
                                             "Content-Range: bytes 3-8/9\r\n") "456789")));
    assert_worked(f, read_object(f, "k", &result));
    assert_string_equal(f->sink.bytes.data, "123456789");
    assert_int_equal(result.resumed, 2);
    end(f);
}

/* --- Puts, copies and what only looks like success --- */

static struct s3_put_options put_options(void)
{
    return (struct s3_put_options){.bucket = SLICE("in-bucket"),
                                   .key = SLICE("k"),
                                   .body = SLICE("123456789"),
                                   .if_none_match = true};
}

static void test_a_put_whose_reply_gets_lost(void **state)
{
    struct fixture *f = *state;
    struct s3_written written;
    start(f,
          SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("PUT /in-bucket/k HTTP/1.1\r\n"), SCRIPT_CLOSE,
                 SCRIPT_ACCEPT, SCRIPT_REQUEST("PUT /in-bucket/k HTTP/1.1\r\n"),
                 SCRIPT_CONTAINS("\r\nIf-None-Match: *\r\nx-amz-checksum-crc32: y/Q5Jg==\r\n"),
                 SCRIPT_CONTAINS("\r\nContent-Length: 9\r\n"), SCRIPT_CONTAINS("\r\n\r\n123456789"),
                 SCRIPT_REPLY("HTTP/1.1 412 Precondition Failed\r\nContent-Length: 46\r\n\r\n"
                              "<Error><Code>PreconditionFailed</Code></Error>"),
                 SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                 SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", "x-amz-checksum-crc32: y/Q5Jg==\r\n"))));
    const struct s3_put_options options = put_options();
    assert_worked(f, s3_put(&f->client, &options, &f->arena, &written, &f->err));
    assert_text(written.etag, "abc");
    end(f);
}

static void test_a_copy_that_fails_behind_a_200(void **state)
{
    struct fixture *f = *state;
    struct s3_written written;
    const struct s3_copy_options options = {.source_bucket = SLICE("src"),
                                            .source_key = SLICE("a b"),
                                            .has_size = true,
                                            .bucket = SLICE("in-bucket"),
                                            .key = SLICE("k")};
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("PUT /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_CONTAINS("\r\nx-amz-copy-source: src/a%20b\r\n"),
                    SCRIPT_CONTAINS("\r\nContent-Length: 0\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "2\r\n \n\r\n"),
                    SCRIPT_SLEEP(20),
                    SCRIPT_REPLY("29\r\n<Error><Code>InternalError</Code></Error>\r\n0\r\n\r\n"),
                    SCRIPT_REQUEST("PUT /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                    SCRIPT_REQUEST("PUT /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 59\r\n\r\n"
                                 "<CopyObjectResult><ETag>\"copied\"</ETag></CopyObjectResult> ")));
    assert_worked(f, s3_copy(&f->client, &options, &f->arena, &written, &f->err));
    assert_text(written.etag, "copied");
    end(f);
}

static void test_a_whole_upload(void **state)
{
    struct fixture *f = *state;
    static char text[6 * 1024 * 1024];
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("POST /in-bucket/k?uploads= HTTP/1.1\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 85\r\n\r\n"
                                 "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                                 "</InitiateMultipartUploadResult>"),
                    SCRIPT_REQUEST("PUT /in-bucket/k?partNumber=1&uploadId=u HTTP/1.1\r\n"),
                    SCRIPT_CONTAINS("\r\nContent-Length: 5242880\r\n"),
                    SCRIPT_LACKS("100-continue"), SCRIPT_REPLY(EMPTY_OK),
                    SCRIPT_REQUEST("PUT /in-bucket/k?partNumber=2&uploadId=u HTTP/1.1\r\n"),
                    SCRIPT_CONTAINS("\r\nContent-Length: 1048576\r\n"), SCRIPT_CLOSE, SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("PUT /in-bucket/k?partNumber=2&uploadId=u HTTP/1.1\r\n"),
                    SCRIPT_REPLY(EMPTY_OK),
                    SCRIPT_REQUEST("POST /in-bucket/k?uploadId=u HTTP/1.1\r\n"), SCRIPT_CLOSE,
                    SCRIPT_ACCEPT, SCRIPT_REQUEST("POST /in-bucket/k?uploadId=u HTTP/1.1\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 404 Not Found\r\nContent-Length: 40\r\n\r\n"
                                 "<Error><Code>NoSuchUpload</Code></Error>"),
                    SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nETag: \"joined-2\"\r\n"
                                 "Content-Length: 6291456\r\n\r\n")));
    struct sink_s3 *sink =
        sink_s3_new(&(struct sink_s3_options){.client = &f->client,
                                              .bucket = SLICE("in-bucket"),
                                              .key = SLICE("k"),
                                              .part_size = (size_t)5 * 1024 * 1024});
    memset(text, 'x', sizeof(text));
    assert_worked(f, sink_write(sink_s3_sink(sink), slice_of(text, sizeof(text)), &f->err));
    assert_worked(f, sink_close(sink_s3_sink(sink), &f->err));
    assert_text(sink_s3_etag(sink), "joined-2");
    sink_s3_free(sink);
    end(f);
}

/* --- Connections --- */

static void test_a_connection_that_died_in_a_freeze(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    const struct s3_head_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", "")), SCRIPT_CLOSE, SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", "")),
                    SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"), SCRIPT_RESET, SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", ""))));
    for (int i = 0; i < 3; i++) {
        assert_worked(f, s3_head(&f->client, &options, &f->arena, &object, &f->err));
        assert_int_equal(object.size, 9);
    }
    end(f);
}

static void test_what_must_not_happen_twice_happens_once(void **state)
{
    struct fixture *f = *state;
    struct slice id;
    const struct sns_message message = {.topic_arn = SLICE("arn:aws:sns:eu-west-1:1:t"),
                                        .message = SLICE("hello")};
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("POST / HTTP/1.1\r\n"),
                    SCRIPT_REPLY("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n"), SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("Action=Publish&"), SCRIPT_CLOSE));
    assert_int_equal(sns_publish(&f->client, &message, &f->arena, &id, &f->err), -1);
    assert_int_equal(f->err.kind, ERROR_NETWORK);
    assert_message(&f->err,
                   "sns Publish arn:aws:sns:eu-west-1:1:t: 2 tries: TooManyRequests, then");
    end(f);
}

static void test_the_deadline_holds(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    const struct s3_head_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_AWAIT_CLOSE));
    int64_t started_ms = clock_now_ms(&clock_system);
    f->client.deadline_ms = started_ms + 1500;
    assert_int_equal(s3_head(&f->client, &options, &f->arena, &object, &f->err), -1);
    int64_t took_ms = clock_now_ms(&clock_system) - started_ms;
    assert_int_equal(f->err.kind, ERROR_TIMEOUT);
    assert_true(f->err.retryable);
    assert_true(took_ms >= 1500);
    assert_message(&f->err, "s3 HeadObject s3://in-bucket/k: ");
    /* And one that has passed already sends nothing. */
    assert_int_equal(s3_head(&f->client, &options, &f->arena, &object, &f->err), -1);
    assert_int_equal(f->err.kind, ERROR_TIMEOUT);
    end(f);
}

static void test_silence_is_a_failed_try(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    const struct s3_head_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_AWAIT_CLOSE, SCRIPT_ACCEPT,
                    SCRIPT_REQUEST("HEAD /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", ""))));
    f->client.patience_ms = 2000;
    assert_worked(f, s3_head(&f->client, &options, &f->arena, &object, &f->err));
    assert_int_equal(f->client.tries, 2);
    end(f);
}

/* The peer is not to blame for the time that the sink takes. */
static void test_a_slow_sink_is_not_silence(void **state)
{
    struct fixture *f = *state;
    struct slow_sink slow = {.sink.operations = &slow_sink_operations, .moved = &f->moved};
    struct source_s3_result result;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("GET /in-bucket/k HTTP/1.1\r\n"),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "6", "") "123"),
                    SCRIPT_CALL(slow_sink_await, &slow), SCRIPT_REPLY("456")));
    f->client.deadline_ms = 0;
    f->client.patience_ms = 3000;
    const struct source_s3_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    assert_worked(f, source_s3_read(&f->client, &options, &slow.sink, &f->arena, &result, &f->err));
    assert_int_equal(result.resumed, 0);
    end(f);
}

static void test_nobody_listens(void **state)
{
    struct fixture *f = *state;
    struct s3_object object;
    const struct s3_head_options options = {.bucket = SLICE("in-bucket"), .key = SLICE("k")};
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("HEAD "),
                    SCRIPT_REPLY(OBJECT_HEAD("200 OK", "9", ""))));
    assert_worked(f, s3_head(&f->client, &options, &f->arena, &object, &f->err));
    scripted_server_end(f->server);
    assert_int_equal(s3_head(&f->client, &options, &f->arena, &object, &f->err), -1);
    (void)unsetenv("AWS_ENDPOINT_URL");
    assert_int_equal(f->err.kind, ERROR_NETWORK);
    assert_message(&f->err, "4 tries: Network, Network, Network, then: ");
}

/* --- Secrets --- */

static void test_a_secret(void **state)
{
    struct fixture *f = *state;
    struct secrets_manager secrets;
    struct slice value;
    start(f, SCRIPT(SCRIPT_ACCEPT, SCRIPT_REQUEST("POST / HTTP/1.1\r\n"),
                    SCRIPT_CONTAINS("\r\nX-Amz-Target: secretsmanager.GetSecretValue\r\n"),
                    SCRIPT_CONTAINS("\r\nContent-Type: application/x-amz-json-1.1\r\n"),
                    SCRIPT_CONTAINS("\r\n\r\n{\"SecretId\":\"db\"}"),
                    SCRIPT_LACKS("x-amz-content-sha256"),
                    SCRIPT_REPLY("HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n"
                                 "{\"SecretString\":\"abcdef\" }")));
    secrets_manager_init(&secrets, &f->client);
    assert_worked(f, secrets_manager_get(&secrets, SLICE("db"), &f->arena, &value, &f->err));
    assert_text(value, "abcdef");
    secrets_manager_release(&secrets);
    end(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bytes_on_the_wire),
        TEST(test_a_download_is_taken_up_again),
        TEST(test_a_download_byte_by_byte),
        TEST(test_a_range_that_is_ignored),
        TEST(test_a_put_whose_reply_gets_lost),
        TEST(test_a_copy_that_fails_behind_a_200),
        TEST(test_a_whole_upload),
        TEST(test_a_connection_that_died_in_a_freeze),
        TEST(test_what_must_not_happen_twice_happens_once),
        TEST(test_the_deadline_holds),
        TEST(test_silence_is_a_failed_try),
        TEST(test_a_slow_sink_is_not_silence),
        TEST(test_nobody_listens),
        TEST(test_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
