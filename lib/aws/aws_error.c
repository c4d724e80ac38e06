#include "aws/aws_error.h"

#include "aws/aws_endpoint.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/xml.h"

#include "base/banned.h"

#define BODY_LIMIT ((size_t)64 * 1024) /* of an error that is read; longer ones are not errors */
#define CODE_LIMIT 63
#define MESSAGE_LIMIT 400
#define SKEW_LIMIT_MS ((int64_t)4 * 60 * 1000) /* AWS refuses 5 (SigV4) or 15 minutes (S3) */
#define RETRY_AFTER_LIMIT_MS ((int64_t)15 * 60 * 1000) /* no Lambda function runs longer */

/* --- What the codes mean --- */

struct meaning {
    struct slice code;
    enum aws_error_class class;
    enum error_kind kind;
};

#define MEANS(code, class, kind)                                                                   \
    {                                                                                              \
        SLICE_INIT(code), AWS_ERROR_##class, ERROR_##kind                                          \
    }

static const struct meaning meanings[] = {
    MEANS("BandwidthLimitExceeded", THROTTLE, BUSY),
    MEANS("EC2ThrottledException", THROTTLE, BUSY),
    MEANS("LimitExceededException", THROTTLE, BUSY),
    MEANS("PriorRequestNotComplete", THROTTLE, BUSY),
    MEANS("ProvisionedThroughputExceededException", THROTTLE, BUSY),
    MEANS("RequestLimitExceeded", THROTTLE, BUSY),
    MEANS("RequestThrottled", THROTTLE, BUSY),
    MEANS("RequestThrottledException", THROTTLE, BUSY),
    MEANS("SlowDown", THROTTLE, BUSY),
    MEANS("Throttled", THROTTLE, BUSY),
    MEANS("ThrottledException", THROTTLE, BUSY),
    MEANS("Throttling", THROTTLE, BUSY),
    MEANS("ThrottlingException", THROTTLE, BUSY),
    MEANS("TooManyRequestsException", THROTTLE, BUSY),
    MEANS("TransactionInProgressException", THROTTLE, BUSY),
    /* A service whose calls to KMS are throttled says so in its own way, with HTTP 400. */
    MEANS("KMS.ThrottlingException", THROTTLE, BUSY),
    MEANS("KMSThrottling", THROTTLE, BUSY),
    MEANS("KMSThrottlingException", THROTTLE, BUSY),
    MEANS("KmsThrottled", THROTTLE, BUSY),
    MEANS("ActiveSessionsExceededException", THROTTLE, BUSY),
    MEANS("ActiveStatementsExceededException", THROTTLE, BUSY),
    MEANS("ActiveWaitingRequestsExceededException", THROTTLE, BUSY),
    MEANS("ConcurrentRunsExceededException", THROTTLE, BUSY),

    MEANS("DatabaseConnectionException", TRANSIENT, REMOTE),
    MEANS("InternalError", TRANSIENT, REMOTE),
    MEANS("InternalFailure", TRANSIENT, REMOTE),
    MEANS("InternalServerError", TRANSIENT, REMOTE),
    MEANS("InternalServerException", TRANSIENT, REMOTE),
    MEANS("InternalServiceError", TRANSIENT, REMOTE),
    MEANS("ServiceUnavailable", TRANSIENT, BUSY),
    MEANS("ServiceUnavailableException", TRANSIENT, BUSY),
    MEANS("OperationAborted", TRANSIENT, REMOTE),
    MEANS("QueryTimeoutException", TRANSIENT, REMOTE),
    MEANS("RequestTimeout", TRANSIENT, TIMEOUT),
    MEANS("RequestTimeoutException", TRANSIENT, TIMEOUT),
    MEANS("BadDigest", TRANSIENT, REMOTE), /* the body was damaged on its way */
    MEANS("XAmzContentSHA256Mismatch", TRANSIENT, REMOTE),
    MEANS("XAmzContentChecksumMismatch", TRANSIENT, REMOTE),

    MEANS("ExpiredToken", EXPIRED_TOKEN, DENIED),
    MEANS("ExpiredTokenException", EXPIRED_TOKEN, DENIED),
    MEANS("TokenRefreshRequired", EXPIRED_TOKEN, DENIED),

    MEANS("RequestExpired", CLOCK_SKEW, DENIED),
    MEANS("RequestInTheFuture", CLOCK_SKEW, DENIED),
    MEANS("RequestTimeTooSkewed", CLOCK_SKEW, DENIED),

    MEANS("AuthorizationHeaderMalformed", WRONG_REGION, DENIED),
    MEANS("IllegalLocationConstraintException", WRONG_REGION, REMOTE),
    MEANS("PermanentRedirect", WRONG_REGION, REMOTE),
    MEANS("TemporaryRedirect", WRONG_REGION, REMOTE),

    MEANS("ConditionalRequestConflict", RACE, CONFLICT),
    MEANS("PreconditionFailed", PERMANENT, CONFLICT),
    MEANS("ResourceExistsException", PERMANENT, CONFLICT),

    MEANS("NoSuchBucket", PERMANENT, NOT_FOUND),
    MEANS("NoSuchKey", PERMANENT, NOT_FOUND),
    MEANS("NoSuchUpload", PERMANENT, NOT_FOUND),
    MEANS("NoSuchVersion", PERMANENT, NOT_FOUND),
    MEANS("ResourceNotFoundException", PERMANENT, NOT_FOUND),

    MEANS("AccessDenied", PERMANENT, DENIED),
    MEANS("AccessDeniedException", PERMANENT, DENIED),
    MEANS("AuthorizationError", PERMANENT, DENIED),
    MEANS("DecryptionFailure", PERMANENT, DENIED),
    MEANS("IncompleteSignature", PERMANENT, DENIED),
    MEANS("InvalidAccessKeyId", PERMANENT, DENIED),
    MEANS("InvalidClientTokenId", PERMANENT, DENIED),
    MEANS("InvalidSignatureException", PERMANENT, DENIED),
    MEANS("InvalidToken", PERMANENT, DENIED),
    MEANS("MissingAuthenticationToken", PERMANENT, DENIED),
    MEANS("SignatureDoesNotMatch", PERMANENT, DENIED),
    MEANS("UnrecognizedClientException", PERMANENT, DENIED),

    MEANS("EntityTooLarge", PERMANENT, LIMIT),
    MEANS("RequestEntityTooLarge", PERMANENT, LIMIT),
};

static const struct meaning *meaning_of(struct slice code)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (slice_equal(meanings[i].code, code)) {
            return &meanings[i];
        }
    }
    return NULL;
}

static enum error_kind kind_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
        return ERROR_DENIED;
    case 404:
    case 410:
        return ERROR_NOT_FOUND;
    case 408:
        return ERROR_TIMEOUT;
    case 304:
    case 409:
    case 412:
        return ERROR_CONFLICT;
    case 413:
        return ERROR_LIMIT;
    case 429:
    case 503:
        return ERROR_BUSY;
    default:
        return ERROR_REMOTE;
    }
}

static enum aws_error_class class_of_status(int status)
{
    switch (status) {
    case 429:
        return AWS_ERROR_THROTTLE;
    case 301:
    case 307:
    case 308:
        return AWS_ERROR_WRONG_REGION;
    case 408:
        return AWS_ERROR_TRANSIENT;
    default:
        return status >= 500 || status < 300 ? AWS_ERROR_TRANSIENT : AWS_ERROR_PERMANENT;
    }
}

/* A code for a reply that has none: to a HEAD, or from something on the way that is not AWS. */
static const char *code_of_status(int status)
{
    switch (status) {
    case 301:
        return "PermanentRedirect";
    case 304:
        return "NotModified";
    case 307:
        return "TemporaryRedirect";
    case 400:
        return "BadRequest";
    case 401:
    case 403:
        return "Forbidden";
    case 404:
        return "NotFound";
    case 405:
        return "MethodNotAllowed";
    case 409:
        return "Conflict";
    case 412:
        return "PreconditionFailed";
    case 413:
        return "EntityTooLarge";
    case 416:
        return "InvalidRange";
    case 429:
        return "TooManyRequests";
    case 501:
        return "NotImplemented";
    case 503:
        return "ServiceUnavailable";
    default:
        return status < 300 ? "UnexpectedReply" : "HttpError";
    }
}

/* --- Reading the forms --- */

static bool is_code_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* "ns#Name", "Name:http://…", "Name;Sender" -> "Name". */
static struct slice bare_code(struct slice code)
{
    size_t hash = slice_find(code, '#');
    code = slice_trim(hash == SLICE_NONE ? code : slice_skip(code, hash + 1));
    size_t size = 0;
    while (size < code.size && size < CODE_LIMIT && is_code_byte(code.data[size])) {
        size++;
    }
    return slice_take(code, size);
}

static void read_json(struct slice body, struct arena *arena, struct aws_error *error)
{
    const json *document = json_parse(arena, body, BODY_LIMIT, NULL);
    struct slice code;
    if (json_string(json_get(document, "__type"), &code) ||
        json_string(json_get(document, "code"), &code)) {
        error->code = bare_code(code);
    }
    if (!json_string(json_get(document, "message"), &error->message)) {
        error->message = json_text(document, "Message");
    }
}

/* S3: <Error><Code>…; query services: <ErrorResponse><Error><Code>… and the request id beside it.
 */
static void read_xml(struct slice body, struct arena *arena, struct aws_error *error)
{
    struct slice code;
    if (xml_find_text(arena, body, "Error/Code", &code)) {
        error->code = bare_code(code);
        (void)xml_find_text(arena, body, "Error/Message", &error->message);
        (void)xml_find_text(arena, body, "Error/RequestId", &error->request_id);
        (void)xml_find_text(arena, body, "Error/Region", &error->region);
    } else if (xml_find_text(arena, body, "ErrorResponse/Error/Code", &code)) {
        error->code = bare_code(code);
        (void)xml_find_text(arena, body, "ErrorResponse/Error/Message", &error->message);
        (void)xml_find_text(arena, body, "ErrorResponse/RequestId", &error->request_id);
    }
}

static void read_body(struct slice body, struct arena *arena, struct aws_error *error)
{
    body = slice_trim(body);
    if (body.size == 0 || body.size > BODY_LIMIT) {
        return;
    }
    if (body.data[0] == '{') {
        read_json(body, arena, error);
    } else if (body.data[0] == '<') {
        read_xml(body, arena, error);
    }
}

struct slice aws_error_request_id(const struct http_response *response)
{
    struct slice id = http_header_text(response, "x-amzn-requestid");
    return slice_take(id.size > 0 ? id : http_header_text(response, "x-amz-request-id"), 128);
}

/* Seconds, or a date that Date is subtracted from. */
static int64_t read_retry_after(const struct http_response *response, int64_t server_time_ms)
{
    uint64_t seconds = 0;
    int64_t date_ms = 0;
    struct slice text;
    if (http_header_number(response, "retry-after", &seconds)) {
        uint64_t limit = (uint64_t)RETRY_AFTER_LIMIT_MS / 1000;
        return (int64_t)(seconds < limit ? seconds : limit) * 1000;
    }
    if (server_time_ms == 0 || !http_header_find(response, "retry-after", &text) ||
        !clock_parse_http(text, &date_ms) || date_ms <= server_time_ms) {
        return 0;
    }
    int64_t wait_ms = date_ms - server_time_ms;
    return wait_ms < RETRY_AFTER_LIMIT_MS ? wait_ms : RETRY_AFTER_LIMIT_MS;
}

static void read_headers(const struct http_response *response, struct aws_error *error)
{
    struct slice text;
    if (http_header_find(response, "x-amzn-errortype", &text)) {
        error->code = bare_code(text);
    }
    if (http_header_find(response, "x-amz-bucket-region", &text)) {
        error->region = text;
    }
    if (http_header_find(response, "date", &text)) {
        (void)clock_parse_http(text, &error->server_time_ms);
    }
    error->request_id = aws_error_request_id(response);
    error->retry_after_ms = read_retry_after(response, error->server_time_ms);
}

/* One line of printable text: what a log or a notice can hold. A service that refuses a signature
 * shows the whole canonical request behind the first line. Secrets go before the text is cut: the
 * beginning of one, with other text behind it, would not be known again. */
static struct slice one_line(struct arena *arena, struct slice text)
{
    struct strbuf line = STRBUF_INIT;
    struct slice rest;
    slice_cut(slice_trim(text), '\n', &text, &rest);
    redact_append(&line, slice_trim(text));
    text = utf8_take(strbuf_slice(&line), MESSAGE_LIMIT);
    char *copy = arena_text(arena, text);
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f) {
            copy[i] = ' ';
        }
    }
    strbuf_release(&line);
    return slice_of(copy, text.size);
}

/* A request may be refused because of the bucket's region in many ways (also a HEAD by 400): the
 * region that the reply names decides. */
static void judge_region(struct aws_error *error, struct slice request_region)
{
    bool other =
        aws_endpoint_is_region(error->region) && !slice_equal(error->region, request_region);
    bool can_be = error->status == 301 || error->status == 307 || error->status == 308 ||
                  error->status == 400;
    if (other && (error->class == AWS_ERROR_WRONG_REGION || can_be)) {
        error->class = AWS_ERROR_WRONG_REGION;
    } else if (error->class == AWS_ERROR_WRONG_REGION) {
        /* A new bucket's name takes time to reach every server: 307 to the same region. */
        error->class = error->status == 307 ? AWS_ERROR_TRANSIENT : AWS_ERROR_PERMANENT;
    }
    if (error->class != AWS_ERROR_WRONG_REGION) {
        error->region = SLICE("");
    }
}

static void judge(struct aws_error *error, struct slice request_region)
{
    const struct meaning *meaning = meaning_of(error->code);
    error->class = meaning != NULL ? meaning->class : class_of_status(error->status);
    error->kind = meaning != NULL ? meaning->kind : kind_of_status(error->status);
    if (error->status == 501) { /* "not implemented", whatever the code */
        error->class = AWS_ERROR_PERMANENT;
    }
    judge_region(error, request_region);
}

void aws_error_read(const struct http_response *response, struct slice body,
                    struct slice request_region, struct arena *arena, struct aws_error *error)
{
    *error = (struct aws_error){.status = response->status,
                                .code = SLICE(""),
                                .message = SLICE(""),
                                .request_id = SLICE(""),
                                .region = SLICE("")};
    read_headers(response, error);
    read_body(body, arena, error);
    if (error->code.size == 0) {
        error->code = slice_from(code_of_status(error->status));
    }
    error->code = arena_copy(arena, error->code);
    error->message = one_line(arena, error->message);
    error->request_id = one_line(arena, error->request_id);
    judge(error, request_region);
    error->region = arena_copy(arena, error->region);
}

bool aws_error_is_clock_skew(const struct aws_error *error, int64_t signed_at_ms)
{
    if (error->server_time_ms == 0) {
        return false;
    }
    if (error->class == AWS_ERROR_CLOCK_SKEW) {
        return true;
    }
    int64_t apart_ms = error->server_time_ms - signed_at_ms;
    return (error->status == 403 || error->status == 400) && error->kind == ERROR_DENIED &&
           (apart_ms > SKEW_LIMIT_MS || apart_ms < -SKEW_LIMIT_MS);
}

int aws_error_set(struct error *err, const struct aws_error *error)
{
    if (err == NULL) {
        return -1;
    }
    bool has_message = error->message.size > 0;
    bool has_id = error->request_id.size > 0;
    (void)error_set(err, error->kind, "%.*s%s%.*s (HTTP %d%s%.*s)", SLICE_ARG(error->code),
                    has_message ? ": " : "", SLICE_ARG(error->message), error->status,
                    has_id ? ", request id " : "", SLICE_ARG(error->request_id));
    err->status = error->status;
    error_set_code(err, error->code);
    err->retryable = error->class != AWS_ERROR_PERMANENT && error->class != AWS_ERROR_WRONG_REGION;
    return -1;
}
