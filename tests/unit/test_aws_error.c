#include "unit/unit.h"

#include "aws/aws_error.h"
#include "base/redact.h"

struct row {
    const char *name;
    int status;
    struct http_header headers[3];
    const char *body;
    enum aws_error_class class;
    enum error_kind kind;
    bool retryable;
    const char *message; /* of the struct error */
};

#define HEADER(name, value)                                                                        \
    {                                                                                              \
        SLICE_INIT(name), SLICE_INIT(value)                                                        \
    }

static const struct row rows[] = {
    {.name = "JSON, namespaced type, lower-case message",
     .status = 400,
     .headers = {HEADER("x-amzn-RequestId", "R1")},
     .body = "{\"__type\":\"com.amazonaws.redshift#ValidationException\",\"message\":\"Bad SQL\"}",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_REMOTE,
     .message = "ValidationException: Bad SQL (HTTP 400, request id R1)"},
    {.name = "JSON, bare type, upper-case message",
     .status = 400,
     .body = "{\"__type\":\"ActiveStatementsExceededException\",\"Message\":\"Too many\"}",
     .class = AWS_ERROR_THROTTLE,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "ActiveStatementsExceededException: Too many (HTTP 400)"},
    {.name = "type in a header",
     .status = 400,
     .headers = {HEADER("X-Amzn-ErrorType", "ResourceNotFoundException:http://internal/x")},
     .body = "{\"Message\":\"Secrets Manager can't find it.\"}",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_NOT_FOUND,
     .message = "ResourceNotFoundException: Secrets Manager can't find it. (HTTP 400)"},
    {.name = "query XML",
     .status = 403,
     .body = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>"
             "<Type>Sender</Type><Code>AuthorizationError</Code><Message>No &amp; no</Message>"
             "</Error><RequestId>R2</RequestId></ErrorResponse>",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_DENIED,
     .message = "AuthorizationError: No & no (HTTP 403, request id R2)"},
    {.name = "S3 XML",
     .status = 503,
     .headers = {HEADER("x-amz-request-id", "R3")},
     .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code>"
             "<Message>Reduce your request rate.</Message><RequestId>R3</RequestId></Error>",
     .class = AWS_ERROR_THROTTLE,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "SlowDown: Reduce your request rate. (HTTP 503, request id R3)"},
    {.name = "an error behind white space in a 200",
     .status = 200,
     .body = "\n\n  <Error><Code>InternalError</Code><Message>We failed.</Message></Error>",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_REMOTE,
     .retryable = true,
     .message = "InternalError: We failed. (HTTP 200)"},
    {.name = "a 200 that is not what was asked for",
     .status = 200,
     .body = "",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_REMOTE,
     .retryable = true,
     .message = "UnexpectedReply (HTTP 200)"},
    {.name = "HEAD of what is not there",
     .status = 404,
     .body = "",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_NOT_FOUND,
     .message = "NotFound (HTTP 404)"},
    {.name = "HEAD that is not allowed",
     .status = 403,
     .body = "",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_DENIED,
     .message = "Forbidden (HTTP 403)"},
    {.name = "HEAD with a condition",
     .status = 412,
     .body = "",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_CONFLICT,
     .message = "PreconditionFailed (HTTP 412)"},
    {.name = "a lost race",
     .status = 409,
     .body = "<Error><Code>ConditionalRequestConflict</Code><Message>Again</Message></Error>",
     .class = AWS_ERROR_RACE,
     .kind = ERROR_CONFLICT,
     .retryable = true,
     .message = "ConditionalRequestConflict: Again (HTTP 409)"},
    {.name = "a proxy's page",
     .status = 502,
     .body = "<html><head><title>502 Bad Gateway</title></head></html>",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_REMOTE,
     .retryable = true,
     .message = "HttpError (HTTP 502)"},
    {.name = "a 503 that says nothing",
     .status = 503,
     .body = "no",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "ServiceUnavailable (HTTP 503)"},
    {.name = "S3 does not offer what was asked for",
     .status = 501,
     .body = "<Error><Code>NotImplemented</Code><Message>Not offered here</Message></Error>",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_REMOTE,
     .message = "NotImplemented: Not offered here (HTTP 501)"},
    {.name = "a 501 is final, whatever its code",
     .status = 501,
     .body = "{\"__type\":\"InternalFailure\",\"message\":\"No such operation\"}",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_REMOTE,
     .message = "InternalFailure: No such operation (HTTP 501)"},
    {.name = "an unknown code goes by its status",
     .status = 500,
     .body = "{\"__type\":\"ExecuteStatementException\",\"Message\":\"gone\"}",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_REMOTE,
     .retryable = true,
     .message = "ExecuteStatementException: gone (HTTP 500)"},
    {.name = "no connection to the database, whatever the status",
     .status = 400,
     .body = "{\"__type\":\"DatabaseConnectionException\",\"Message\":\"gone\"}",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_REMOTE,
     .retryable = true,
     .message = "DatabaseConnectionException: gone (HTTP 400)"},
    {.name = "too many sessions",
     .status = 400,
     .body = "{\"__type\":\"ActiveSessionsExceededException\",\"Message\":\"Too many\"}",
     .class = AWS_ERROR_THROTTLE,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "ActiveSessionsExceededException: Too many (HTTP 400)"},
    {.name = "KMS throttles SNS",
     .status = 400,
     .body = "<ErrorResponse><Error><Code>KMSThrottling</Code></Error></ErrorResponse>",
     .class = AWS_ERROR_THROTTLE,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "KMSThrottling (HTTP 400)"},
    {.name = "KMS throttles SQS",
     .status = 400,
     .body = "{\"__type\":\"com.amazonaws.sqs#KmsThrottled\"}",
     .class = AWS_ERROR_THROTTLE,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "KmsThrottled (HTTP 400)"},
    {.name = "KMS throttles SQS, by its older name",
     .status = 400,
     .body = "{\"__type\":\"KMS.ThrottlingException\"}",
     .class = AWS_ERROR_THROTTLE,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "KMS.ThrottlingException (HTTP 400)"},
    {.name = "KMS throttles Kinesis",
     .status = 400,
     .body = "{\"__type\":\"KMSThrottlingException\"}",
     .class = AWS_ERROR_THROTTLE,
     .kind = ERROR_BUSY,
     .retryable = true,
     .message = "KMSThrottlingException (HTTP 400)"},
    {.name = "timeout of a slow body",
     .status = 400,
     .body = "<Error><Code>RequestTimeout</Code><Message>Idle</Message></Error>",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_TIMEOUT,
     .retryable = true,
     .message = "RequestTimeout: Idle (HTTP 400)"},
    {.name = "expired token",
     .status = 400,
     .body = "<Error><Code>ExpiredToken</Code><Message>Old</Message></Error>",
     .class = AWS_ERROR_EXPIRED_TOKEN,
     .kind = ERROR_DENIED,
     .retryable = true,
     .message = "ExpiredToken: Old (HTTP 400)"},
    {.name = "one line of a long message",
     .status = 403,
     .body = "{\"__type\":\"InvalidSignatureException\",\"message\":\"Does not match.\\n\\nThe "
             "Canonical String should have been x-amz-security-token:TOKEN\"}",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_DENIED,
     .message = "InvalidSignatureException: Does not match. (HTTP 403)"},
    {.name = "control characters",
     .status = 400,
     .body = "{\"__type\":\"X\\u0007\",\"message\":\"a\\tb\"}",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_REMOTE,
     .message = "X: a b (HTTP 400)"},
    {.name = "bad JSON",
     .status = 400,
     .body = "{\"__type\":",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_REMOTE,
     .message = "BadRequest (HTTP 400)"},
    {.name = "too large",
     .status = 400,
     .body = "<Error><Code>EntityTooLarge</Code></Error>",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_LIMIT,
     .message = "EntityTooLarge (HTTP 400)"},
    {.name = "another region, by header",
     .status = 400,
     .headers = {HEADER("x-amz-bucket-region", "eu-central-1")},
     .body = "",
     .class = AWS_ERROR_WRONG_REGION,
     .kind = ERROR_REMOTE,
     .message = "BadRequest (HTTP 400)"},
    {.name = "another region, by body",
     .status = 400,
     .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong</Message>"
             "<Region>eu-central-1</Region></Error>",
     .class = AWS_ERROR_WRONG_REGION,
     .kind = ERROR_DENIED,
     .message = "AuthorizationHeaderMalformed: wrong (HTTP 400)"},
    {.name = "a redirect to where the request was",
     .status = 301,
     .headers = {HEADER("x-amz-bucket-region", "eu-west-1")},
     .body = "",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_REMOTE,
     .message = "PermanentRedirect (HTTP 301)"},
    {.name = "a temporary redirect inside the region",
     .status = 307,
     .body = "<Error><Code>TemporaryRedirect</Code></Error>",
     .class = AWS_ERROR_TRANSIENT,
     .kind = ERROR_REMOTE,
     .retryable = true,
     .message = "TemporaryRedirect (HTTP 307)"},
    {.name = "a region that is none",
     .status = 301,
     .headers = {HEADER("x-amz-bucket-region", "evil.example/")},
     .body = "",
     .class = AWS_ERROR_PERMANENT,
     .kind = ERROR_REMOTE,
     .message = "PermanentRedirect (HTTP 301)"},
};

static void read(const struct row *row, struct arena *arena, struct aws_error *error)
{
    struct http_response response = {.status = row->status, .headers = row->headers};
    while (response.header_count < 3 && row->headers[response.header_count].name.size > 0) {
        response.header_count++;
    }
    aws_error_read(&response, slice_from(row->body), SLICE("eu-west-1"), arena, error);
}

static void test_forms_and_classes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct aws_error error;
        struct error err;
        read(row, &arena, &error);
        assert_int_equal(aws_error_set(&err, &error), -1);
        if (error.class != row->class || error.kind != row->kind || err.kind != row->kind ||
            err.retryable != row->retryable || err.status != row->status ||
            strcmp(err.message, row->message) != 0) {
            fail_msg("%s: class %d, kind %s, retryable %d, \"%s\"", row->name, (int)error.class,
                     error_kind_name(err.kind), err.retryable, err.message);
        }
        assert_true(slice_equal(slice_from(err.code), error.code));
        if (row->class == AWS_ERROR_WRONG_REGION) {
            assert_string_equal(error.region.data, "eu-central-1");
        } else {
            assert_int_equal(error.region.size, 0);
        }
    }
    arena_release(&arena);
}

static void test_every_throttle_is_one(void **state)
{
    (void)state;
    static const char *const codes[] = {"Throttling",
                                        "ThrottlingException",
                                        "ThrottledException",
                                        "Throttled",
                                        "SlowDown",
                                        "RequestLimitExceeded",
                                        "TooManyRequestsException",
                                        "RequestThrottled",
                                        "RequestThrottledException",
                                        "ProvisionedThroughputExceededException",
                                        "BandwidthLimitExceeded",
                                        "PriorRequestNotComplete"};
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct http_response response = {.status = 400};
        struct aws_error error;
        struct slice body = arena_format(&arena, "{\"__type\":\"%s\"}", codes[i]);
        aws_error_read(&response, body, SLICE("eu-west-1"), &arena, &error);
        assert_int_equal(error.class, AWS_ERROR_THROTTLE);
        assert_int_equal(error.kind, ERROR_BUSY);
    }
    struct http_response response = {.status = 429};
    struct aws_error error;
    aws_error_read(&response, SLICE(""), SLICE("eu-west-1"), &arena, &error);
    assert_int_equal(error.class, AWS_ERROR_THROTTLE);
    arena_release(&arena);
}

/* Replies to a HEAD, or of something on the way that knows nothing of AWS. */
static void test_statuses_without_a_body(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
        enum aws_error_class class;
        enum error_kind kind;
    } statuses[] = {
        {304, "NotModified", AWS_ERROR_PERMANENT, ERROR_CONFLICT},
        {400, "BadRequest", AWS_ERROR_PERMANENT, ERROR_REMOTE},
        {401, "Forbidden", AWS_ERROR_PERMANENT, ERROR_DENIED},
        {405, "MethodNotAllowed", AWS_ERROR_PERMANENT, ERROR_REMOTE},
        {408, "HttpError", AWS_ERROR_TRANSIENT, ERROR_TIMEOUT},
        {409, "Conflict", AWS_ERROR_PERMANENT, ERROR_CONFLICT},
        {410, "HttpError", AWS_ERROR_PERMANENT, ERROR_NOT_FOUND},
        {413, "EntityTooLarge", AWS_ERROR_PERMANENT, ERROR_LIMIT},
        {416, "InvalidRange", AWS_ERROR_PERMANENT, ERROR_REMOTE},
        {429, "TooManyRequests", AWS_ERROR_THROTTLE, ERROR_BUSY},
        {500, "HttpError", AWS_ERROR_TRANSIENT, ERROR_REMOTE},
        {501, "NotImplemented", AWS_ERROR_PERMANENT, ERROR_REMOTE},
        {504, "HttpError", AWS_ERROR_TRANSIENT, ERROR_REMOTE},
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct http_response response = {.status = statuses[i].status};
        struct aws_error error;
        aws_error_read(&response, SLICE(""), SLICE("eu-west-1"), &arena, &error);
        assert_string_equal(error.code.data, statuses[i].code);
        assert_int_equal(error.class, statuses[i].class);
        assert_int_equal(error.kind, statuses[i].kind);
    }
    arena_release(&arena);
}

static void test_limits(void **state)
{
    (void)state;
    struct arena arena;
    struct aws_error error;
    struct error err;
    char body[3000];
    struct http_response response = {.status = 400};
    arena_init(&arena, 0);
    memset(body, 'x', sizeof(body));
    memcpy(body, "{\"__type\":\"", 11);
    memcpy(body + 1000, "\",\"message\":\"", 13);
    memcpy(body + sizeof(body) - 2, "\"}", 2);
    aws_error_read(&response, slice_of(body, sizeof(body)), SLICE("eu-west-1"), &arena, &error);
    assert_int_equal(error.code.size, 63);
    assert_int_equal(error.message.size, 400);
    (void)aws_error_set(&err, &error);
    assert_int_equal(strlen(err.code), 63);
    assert_int_equal(aws_error_set(NULL, &error), -1);

    char *huge = calloc(1, 100000);
    assert_non_null(huge);
    memset(huge, ' ', 100000);
    memcpy(huge, "{\"__type\":\"SlowDown\"}", 21);
    huge[99999] = 'x';
    aws_error_read(&response, slice_of(huge, 100000), SLICE("eu-west-1"), &arena, &error);
    assert_string_equal(error.code.data, "BadRequest");
    free(huge);
    arena_release(&arena);
}

/* The message is cut, and text follows it: the beginning of a secret must not be left at the cut.
 */
static void test_a_secret_at_the_cut(void **state)
{
    (void)state;
    struct arena arena;
    struct aws_error error;
    const struct http_response response = {.status = 400};
    arena_init(&arena, 0);
    redact_register(SLICE("swordfish-of-the-session"));
    struct slice body =
        arena_format(&arena, "{\"__type\":\"InvalidToken\",\"message\":\"%0390d%s\"}", 0,
                     "swordfish-of-the-session");
    aws_error_read(&response, body, SLICE("eu-west-1"), &arena, &error);
    assert_int_equal(error.message.size, 400);
    assert_true(slice_ends_with(error.message, SLICE("0[redacted]")));
    redact_forget_all();
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_and_classes),
        cmocka_unit_test(test_every_throttle_is_one),
        cmocka_unit_test(test_statuses_without_a_body),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_secret_at_the_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
