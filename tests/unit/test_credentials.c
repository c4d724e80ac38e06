#include "unit/unit.h"

#include "aws/credentials.h"
#include "base/redact.h"
#include "unit/fake_aws.h"

#include <unistd.h>

#define REPLY(id, expiration)                                                                      \
    SLICE("{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"secret of " id                        \
          "\",\"Token\":\"token of " id "\",\"Expiration\":\"" expiration "\"}")

static void clear_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        (void)unsetenv(names[i]);
    }
}

/* A fake without keys in the environment but for the endpoint's variable. */
static void start(struct fake_aws *fake, const struct fake_step *steps, size_t count,
                  const char *full_uri)
{
    fake_start(fake, steps, count);
    clear_environment();
    if (full_uri != NULL) {
        (void)setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", full_uri, 1);
    }
}

static int get(struct fake_aws *fake, const struct credentials **keys)
{
    return credentials_get(&fake->credentials, 0, keys, &fake->err);
}

static void assert_keys(const struct credentials *keys, const char *id, const char *secret,
                        const char *token)
{
    assert_string_equal(keys->access_key_id.data, id);
    assert_string_equal(keys->secret_access_key.data, secret);
    assert_string_equal(keys->session_token.data, token);
}

static void assert_get_fails(struct fake_aws *fake, enum error_kind kind, const char *part)
{
    const struct credentials *keys = NULL;
    assert_int_equal(get(fake, &keys), -1);
    assert_int_equal(fake->err.kind, kind);
    assert_message(&fake->err, part);
}

static void test_environment(void **state)
{
    (void)state;
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    bool changed = true;
    struct strbuf text = STRBUF_INIT;
    start(&fake, NULL, 0, "http://localhost/never-asked");
    (void)setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "the secret key", 1);
    assert_int_equal(get(&fake, &keys), 0);
    assert_keys(keys, "AKID", "the secret key", "");
    assert_int_equal(keys->expires_ms, 0);

    assert_int_equal(credentials_reload(&fake.credentials, 0, &changed, &fake.err), 0);
    assert_false(changed);
    (void)setenv("AWS_SESSION_TOKEN", "the session token", 1);
    assert_int_equal(credentials_reload(&fake.credentials, 0, &changed, &fake.err), 0);
    assert_true(changed);
    assert_int_equal(get(&fake, &keys), 0);
    assert_keys(keys, "AKID", "the secret key", "the session token");

    redact_append(&text, SLICE("a the secret key b the session token"));
    assert_string_equal(text.data, "a [redacted] b [redacted]");
    strbuf_release(&text);
    fake_end(&fake);
}

static void test_half_an_environment(void **state)
{
    (void)state;
    struct fake_aws fake;
    start(&fake, NULL, 0, "http://localhost/never-asked");
    (void)setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "", 1);
    assert_get_fails(&fake, ERROR_CONFIGURATION, "AWS_SECRET_ACCESS_KEY");
    (void)setenv("AWS_SECRET_ACCESS_KEY", "a\nb: c", 1);
    assert_get_fails(&fake, ERROR_CONFIGURATION, "printable ASCII");
    assert_null(strstr(fake.err.message, "b: c"));
    fake_end(&fake);
}

static void test_nothing_is_set(void **state)
{
    (void)state;
    struct fake_aws fake;
    start(&fake, NULL, 0, NULL);
    assert_get_fails(&fake, ERROR_CONFIGURATION, "no AWS credentials");
    assert_message(&fake.err, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    fake.credentials.http = NULL;
    assert_get_fails(&fake, ERROR_CONFIGURATION, "AWS_ACCESS_KEY_ID");
    fake_end(&fake);
}

static void test_endpoint_and_refresh(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .body = REPLY("A", "2026-11-20T21:27:53Z")},
        {.status = 200, .body = REPLY("B", "2026-11-20T22:27:53Z")}};
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    start(&fake, steps, 2, "http://127.0.0.1:9001/2021-04-23/credentials?x=1");
    (void)setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "endpoint token", 1);

    assert_int_equal(get(&fake, &keys), 0);
    assert_keys(keys, "A", "secret of A", "token of A");
    assert_int_equal(keys->expires_ms, FAKE_NOW_MS + 3600000);
    assert_string_equal(fake.sent[0], "GET http://127.0.0.1:9001/2021-04-23/credentials?x=1\n"
                                      "Authorization: endpoint token\n\n");
    assert_true(fake.terms[0].no_proxy);
    assert_true(fake.terms[0].repeatable);

    fake.now_ms += (int64_t)55 * 60000 - 1; /* five minutes and a bit before the end */
    assert_int_equal(get(&fake, &keys), 0);
    assert_keys(keys, "A", "secret of A", "token of A");
    fake.now_ms += 1;
    assert_int_equal(get(&fake, &keys), 0);
    assert_keys(keys, "B", "secret of B", "token of B");
    fake_end(&fake);
}

static void test_refresh_that_fails(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .body = REPLY("A", "2026-11-20T20:37:53Z")}, /* ten minutes */
        {.status = 404},
        {.status = 404},
        {.status = 403},
        {.status = 200, .body = REPLY("B", "2026-11-20T21:37:53Z")}};
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    start(&fake, steps, 5, "http://localhost/c");
    assert_int_equal(get(&fake, &keys), 0);
    fake.now_ms += (int64_t)6 * 60000;
    assert_int_equal(get(&fake, &keys), 0); /* still good */
    assert_keys(keys, "A", "secret of A", "token of A");
    assert_int_equal(fake.requests, 2);
    assert_int_equal(get(&fake, &keys), 0); /* not asked again at once */
    assert_int_equal(fake.requests, 2);
    fake.now_ms += 30000;
    assert_int_equal(get(&fake, &keys), 0);
    assert_int_equal(fake.requests, 3);
    fake.now_ms += (int64_t)5 * 60000; /* expired */
    assert_get_fails(&fake, ERROR_REMOTE, "HTTP 403");
    assert_int_equal(fake.err.status, 403);
    assert_int_equal(get(&fake, &keys), 0);
    assert_keys(keys, "B", "secret of B", "token of B");
    fake_end(&fake);
}

static void test_endpoint_is_tried_again(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.kind = ERROR_NETWORK},
        {.status = 500},
        {.status = 200, .body = REPLY("A", "2026-11-20T21:27:53Z")},
        {.status = 503},
        {.status = 503},
        {.status = 503},
        {.status = 501}};
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    bool changed = false;
    start(&fake, steps, 7, "http://localhost/c");
    assert_int_equal(get(&fake, &keys), 0);
    assert_int_equal(fake.sleeps, 2);
    assert_int_equal(credentials_reload(&fake.credentials, 0, &changed, &fake.err), -1);
    assert_message(&fake.err, "container endpoint (tries: 3): HTTP 503");
    assert_true(fake.err.retryable);
    assert_int_equal(credentials_reload(&fake.credentials, 0, &changed, &fake.err), -1);
    assert_message(&fake.err, "container endpoint (tries: 1): HTTP 501");
    assert_false(fake.err.retryable);
    assert_int_equal(get(&fake, &keys), 0); /* the old ones are still there */
    assert_keys(keys, "A", "secret of A", "token of A");
    fake_end(&fake);
}

/* They are the endpoint's fault: asked again, and an error that another invocation may not meet. */
static void test_bad_replies(void **state)
{
    (void)state;
    static const struct fake_step replies[] = {
        {.status = 200, .body = SLICE_INIT("{\"AccessKeyId\":\"A\"}")},
        {.status = 200, .body = SLICE_INIT("not JSON: SecretAccessKey hidden")},
        {.status = 200, .body = REPLY("A", "tomorrow")},
        {.kind = ERROR_INVALID, .received_bytes = 7}};
    static const char *const parts[] = {"member \"SecretAccessKey\" is missing", "line 1",
                                        "Expiration", "broken"};
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        const struct fake_step steps[] = {
            replies[i],
            replies[i],
            replies[i],
            {.status = 200, .body = REPLY("A", "2026-11-20T21:27:53Z")}};
        struct fake_aws fake;
        const struct credentials *keys = NULL;
        start(&fake, steps, 4, "http://localhost/c");
        assert_get_fails(&fake, ERROR_REMOTE, "container endpoint (tries: 3)");
        assert_true(fake.err.retryable);
        assert_message(&fake.err, parts[i]);
        assert_null(strstr(fake.err.message, "hidden"));
        assert_int_equal(get(&fake, &keys), 0);
        assert_keys(keys, "A", "secret of A", "token of A");
        fake_end(&fake);
    }
}

static void test_values_that_cannot_be_sent(void **state)
{
    (void)state;
    static const struct fake_step reply = {
        .status = 200,
        .body = SLICE_INIT("{\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"s\"}")};
    struct fake_aws fake;
    start(&fake, &reply, 1, "http://localhost/c");
    assert_get_fails(&fake, ERROR_CONFIGURATION, "printable ASCII");
    fake_end(&fake);
}

static void test_hosts(void **state)
{
    (void)state;
    static const char *const refused[] = {"http://example.com/c",
                                          "http://169.254.169.254/latest/meta-data",
                                          "ftp://localhost/c",
                                          "http://localhost@evil.example/",
                                          "http://127.0.0.1.evil.example/",
                                          "localhost:80"};
    static const char *const allowed[] = {"http://169.254.170.2/c", "http://169.254.170.23/c",
                                          "http://[fd00:ec2::23]/c", "http://[::1]:8080/c",
                                          "https://credentials.example/c"};
    static const struct fake_step step = {.status = 200,
                                          .body = REPLY("A", "2026-11-20T21:27:53Z")};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct fake_aws fake;
        start(&fake, NULL, 0, refused[i]);
        assert_get_fails(&fake, ERROR_CONFIGURATION, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        fake_end(&fake);
    }
    for (size_t i = 0; i < COUNT_OF(allowed); i++) {
        struct fake_aws fake;
        const struct credentials *keys = NULL;
        start(&fake, &step, 1, allowed[i]);
        assert_int_equal(get(&fake, &keys), 0);
        assert_int_equal(fake.terms[0].no_proxy, allowed[i][4] == ':');
        fake_end(&fake);
    }
}

static void test_relative_uri(void **state)
{
    (void)state;
    static const struct fake_step step = {.status = 200,
                                          .body = REPLY("A", "2026-11-20T21:27:53Z")};
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    start(&fake, &step, 1, NULL);
    (void)setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/v2/c", 1);
    assert_get_fails(&fake, ERROR_CONFIGURATION, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    (void)setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/c?id=1", 1);
    assert_int_equal(get(&fake, &keys), 0);
    assert_string_equal(fake.sent[0], "GET http://169.254.170.2/v2/c?id=1\n\n");
    fake_end(&fake);
}

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void test_token_file(void **state)
{
    (void)state;
    static const struct fake_step step = {.status = 200,
                                          .body = REPLY("A", "2026-11-20T21:27:53Z")};
    char path[] = "/tmp/credentials-test-XXXXXX";
    static char large[20000];
    int descriptor = mkstemp(path);
    struct fake_aws fake;
    const struct credentials *keys = NULL;
    assert_true(descriptor >= 0);
    (void)close(descriptor);
    start(&fake, &step, 1, "http://localhost/c");
    (void)setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one", 1);
    (void)setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);

    memset(large, 'x', sizeof(large));
    write_file(path, large, sizeof(large));
    assert_get_fails(&fake, ERROR_LIMIT, path);
    write_file(path, "a\nb", 3);
    assert_get_fails(&fake, ERROR_CONFIGURATION, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    write_file(path, "token in a file\n", 16);
    assert_int_equal(get(&fake, &keys), 0);
    assert_string_equal(fake.sent[0], "GET http://localhost/c\nAuthorization: token in a file\n\n");
    assert_int_equal(unlink(path), 0);
    fake.now_ms += (int64_t)24 * 3600000;
    assert_get_fails(&fake, ERROR_SYSTEM, path);
    fake_end(&fake);
    clear_environment();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_half_an_environment),
        cmocka_unit_test(test_nothing_is_set),
        cmocka_unit_test(test_endpoint_and_refresh),
        cmocka_unit_test(test_refresh_that_fails),
        cmocka_unit_test(test_endpoint_is_tried_again),
        cmocka_unit_test(test_bad_replies),
        cmocka_unit_test(test_values_that_cannot_be_sent),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_relative_uri),
        cmocka_unit_test(test_token_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
