#include "unit/unit.h"

#include "aws/secrets_manager.h"
#include "base/array.h"
#include "base/redact.h"
#include "unit/fake_aws.h"

#define SECRET(text)                                                                               \
    {                                                                                              \
        .status = 200, .body = SLICE_INIT("{\"Name\":\"s\",\"SecretString\":\"" text "\"}")        \
    }

static int get(struct fake_aws *fake, struct secrets_manager *secrets, const char *id,
               struct slice *value)
{
    return secrets_manager_get(secrets, slice_from(id), &fake->arena, value, &fake->err);
}

static void test_get(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        SECRET("{\\\"username\\\":\\\"loader\\\",\\\"password\\\":\\\"p4ss\\\\\\\"word\\\"}")};
    struct fake_aws fake;
    struct secrets_manager secrets;
    struct slice value;
    struct strbuf text = STRBUF_INIT;
    fake_start(&fake, steps, COUNT_OF(steps));
    secrets_manager_init(&secrets, &fake.client);
    assert_int_equal(get(&fake, &secrets, "db/\"one\"", &value), 0);
    assert_request(&fake, 0,
                   "POST https://secretsmanager.eu-west-1.amazonaws.com/\n"
                   "Host: secretsmanager.eu-west-1.amazonaws.com\n"
                   "Content-Type: application/x-amz-json-1.1\n"
                   "X-Amz-Target: secretsmanager.GetSecretValue\n"
                   "\n"
                   "{\"SecretId\":\"db/\\\"one\\\"\"}");
    assert_text(value, "{\"username\":\"loader\",\"password\":\"p4ss\\\"word\"}");
    redact_append(&text, SLICE("x p4ss\"word y loader"));
    assert_string_equal(text.data, "x [redacted] y loader");
    assert_null(strstr(fake_log(&fake), "p4ss"));
    assert_int_equal(fake.client.body.capacity, 0); /* wiped */
    strbuf_release(&text);
    secrets_manager_release(&secrets);
    redact_forget_all();
    fake_end(&fake);
}

static void test_cache(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {SECRET("one-1"), SECRET("two-1"), SECRET("one-2"),
                                             SECRET("one-3"), SECRET("one-4")};
    struct fake_aws fake;
    struct secrets_manager secrets;
    struct slice value;
    fake_start(&fake, steps, COUNT_OF(steps));
    secrets_manager_init(&secrets, &fake.client);
    assert_int_equal(get(&fake, &secrets, "one", &value), 0);
    assert_int_equal(get(&fake, &secrets, "two", &value), 0);
    fake.now_ms += SECRETS_MANAGER_TTL_MS - 1;
    assert_int_equal(get(&fake, &secrets, "one", &value), 0);
    assert_text(value, "one-1");
    assert_int_equal(fake.requests, 2);
    fake.now_ms += 1; /* too old */
    assert_int_equal(get(&fake, &secrets, "one", &value), 0);
    assert_text(value, "one-2");
    secrets_manager_drop(&secrets, SLICE("one")); /* a login failed */
    secrets_manager_drop(&secrets, SLICE("three"));
    secrets_manager_drop(&secrets, SLICE(""));
    assert_int_equal(get(&fake, &secrets, "one", &value), 0);
    assert_text(value, "one-3");
    fake.now_ms -= 3600000; /* the clock is set back: nothing may be kept for an hour */
    assert_int_equal(get(&fake, &secrets, "one", &value), 0);
    assert_text(value, "one-4");
    secrets_manager_release(&secrets);
    secrets_manager_release(NULL);
    fake_end(&fake);
}

static void test_more_secrets_than_places(void **state)
{
    (void)state;
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    struct fake_step steps[COUNT_OF(ids) + 1];
    struct fake_aws fake;
    struct secrets_manager secrets;
    struct slice value;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        steps[i] = (struct fake_step)SECRET("value");
    }
    fake_start(&fake, steps, COUNT_OF(steps));
    secrets_manager_init(&secrets, &fake.client);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_int_equal(get(&fake, &secrets, ids[i], &value), 0);
    }
    assert_int_equal(get(&fake, &secrets, "b", &value), 0);
    assert_int_equal(fake.requests, COUNT_OF(ids));
    assert_int_equal(get(&fake, &secrets, "a", &value), 0); /* the oldest had to go */
    assert_int_equal(fake.requests, COUNT_OF(ids) + 1);
    secrets_manager_release(&secrets);
    fake_end(&fake);
}

static void test_binary_and_arn(void **state)
{
    (void)state;
    static const struct fake_step steps[] = {
        {.status = 200, .body = SLICE_INIT("{\"SecretBinary\":\"AAECAw==\"}")}};
    struct fake_aws fake;
    struct secrets_manager secrets;
    struct slice value;
    fake_start(&fake, steps, COUNT_OF(steps));
    secrets_manager_init(&secrets, &fake.client);
    assert_int_equal(get(&fake, &secrets,
                         "arn:aws:secretsmanager:us-east-2:111122223333:secret:x-AbCdEf", &value),
                     0);
    assert_true(slice_equal(value, slice_of("\0\1\2\3", 4)));
    assert_says(fake.sent[0], "POST https://secretsmanager.us-east-2.amazonaws.com/\n");
    secrets_manager_release(&secrets);
    fake_end(&fake);
}

/* The largest there can be, and one byte more, in whatever form. */
static void test_the_largest(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t letters; /* of 'A', which in base64 are zeros */
        const char *padding;
        size_t size; /* of the value; 0: it is refused */
    } rows[] = {
        {"SecretString", 65536, "", 65536}, {"SecretString", 65537, "", 0},
        {"SecretBinary", 87380, "", 65535}, {"SecretBinary", 87382, "==", 65536},
        {"SecretBinary", 87383, "=", 0},    {"SecretBinary", 87384, "", 0},
        {"SecretBinary", 87388, "", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena scratch;
        struct strbuf body = STRBUF_INIT;
        struct strbuf value = STRBUF_INIT;
        struct error err;
        strbuf_append_format(&body, "{\"%s\":\"", rows[i].name);
        for (size_t j = 0; j < rows[i].letters; j++) {
            strbuf_append_char(&body, 'A');
        }
        strbuf_append_format(&body, "%s\"}", rows[i].padding);
        arena_init(&scratch, 0);
        int result = secrets_manager_parse(strbuf_slice(&body), &scratch, &value, &err);
        assert_int_equal(result, rows[i].size > 0 ? 0 : -1);
        if (result == 0) {
            assert_int_equal(value.size, rows[i].size);
        }
        arena_release(&scratch);
        strbuf_release(&value);
        strbuf_release(&body);
    }
}

static void test_failures(void **state)
{
    (void)state;
    static char large[66000];
    static const struct fake_step steps[] = {
        {.status = 400,
         .body = SLICE_INIT("{\"__type\":\"ResourceNotFoundException\",\"Message\":\"gone\"}")},
        {.status = 200, .body = SLICE_INIT("{\"Name\":\"s\"}")},
        {.status = 200, .body = SLICE_INIT("{\"SecretBinary\":\"h1dden\"}")},
        {.status = 200, .body = SLICE_INIT("{\"SecretString\":\"h1dden\"")},
        {.status = 200, .body = {large, sizeof(large)}}};
    static const struct {
        enum error_kind kind;
        const char *part;
    } expected[] = {{ERROR_NOT_FOUND, "secretsmanager GetSecretValue one: "
                                      "ResourceNotFoundException: gone (HTTP 400)"},
                    {ERROR_REMOTE, "GetSecretValue one: the reply has neither SecretString"},
                    {ERROR_REMOTE, "base64"},
                    {ERROR_REMOTE, "line 1"},
                    {ERROR_REMOTE, "over 65536 bytes"}};
    struct fake_aws fake;
    struct secrets_manager secrets;
    struct slice value;
    memset(large, 'x', sizeof(large));
    memcpy(large, "{\"SecretString\":\"", 17);
    memcpy(large + sizeof(large) - 2, "\"}", 2);
    fake_start(&fake, steps, COUNT_OF(steps));
    secrets_manager_init(&secrets, &fake.client);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        assert_int_equal(get(&fake, &secrets, "one", &value), -1);
        assert_int_equal(fake.err.kind, expected[i].kind);
        assert_int_equal(fake.err.retryable, expected[i].kind == ERROR_REMOTE);
        assert_message(&fake.err, expected[i].part);
        assert_null(strstr(fake.err.message, "h1dden"));
    }
    assert_int_equal(get(&fake, &secrets, "", &value), -1);
    assert_int_equal(fake.err.kind, ERROR_CONFIGURATION);
    assert_int_equal(
        secrets_manager_get(&secrets, slice_of(large, 2049), &fake.arena, &value, &fake.err), -1);
    assert_message(&fake.err, "2049 bytes");
    secrets_manager_release(&secrets);
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_more_secrets_than_places),
        cmocka_unit_test(test_binary_and_arn),
        cmocka_unit_test(test_the_largest),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
