#include "aws/s3/s3.h"

#include "aws/s3/s3_error.h"
#include "base/crc32.h"

#include "base/banned.h"

#define METADATA_PREFIX SLICE("x-amz-meta-")
#define ETAG_LIMIT 128
#define PUT_LIMIT UINT64_C(5000000000)

/* --- What headers tell of an object --- */

static void read_metadata(const struct http_response *response, struct arena *arena,
                          struct s3_object *object)
{
    struct http_header *metadata =
        arena_zalloc(arena, response->header_count + 1, sizeof(*metadata));
    for (size_t i = 0; i < response->header_count; i++) {
        const struct http_header *header = &response->headers[i];
        if (slice_equal_nocase(slice_take(header->name, METADATA_PREFIX.size), METADATA_PREFIX)) {
            metadata[object->metadata_count++] =
                (struct http_header){slice_skip(header->name, METADATA_PREFIX.size), header->value};
        }
    }
    object->metadata = metadata;
}

/* A checksum that covers the whole object; one made of the parts' has "-N" behind it. */
static void read_crc32(const struct http_response *response, struct s3_object *object)
{
    struct slice type = http_header_text(response, "x-amz-checksum-type");
    bool whole = type.size == 0 || slice_equal(type, SLICE("FULL_OBJECT"));
    object->has_crc32 =
        whole && s3_crc32_read(http_header_text(response, "x-amz-checksum-crc32"), &object->crc32);
}

/* All but the size. The texts stay in the arena that the response is in. */
static int read_object(const struct http_response *response, struct arena *arena,
                       struct s3_object *object, struct error *err)
{
    *object = (struct s3_object){
        .etag = s3_etag_bare(http_header_text(response, "etag")),
        .version_id = http_header_text(response, "x-amz-version-id"),
        .content_type = http_header_text(response, "content-type"),
    };
    (void)clock_parse_http(http_header_text(response, "last-modified"), &object->modified_ms);
    if (object->etag.size == 0 || object->etag.size > ETAG_LIMIT) {
        return error_set(err, ERROR_INVALID, "the reply has no ETag");
    }
    read_crc32(response, object);
    read_metadata(response, arena, object);
    return 0;
}

static void add_version(struct aws_request *request, struct slice version_id, struct arena *arena)
{
    if (version_id.size == 0) {
        return;
    }
    struct strbuf query = STRBUF_INIT;
    aws_request_add_parameter(&query, "versionId", version_id);
    request->query = arena_copy(arena, strbuf_slice(&query));
    strbuf_release(&query);
}

/* --- HeadObject --- */

int s3_head_request(const struct s3_head_options *options, struct arena *arena,
                    struct aws_request *request, struct error *err)
{
    if (s3_request_begin_object(request, "HeadObject", "HEAD", options->bucket, options->key, arena,
                                err) != 0) {
        return -1;
    }
    add_version(request, options->version_id, arena);
    aws_request_add_header(request, "If-Match", s3_etag_quoted(options->if_match, arena));
    if (options->checksum) {
        aws_request_add_header(request, "x-amz-checksum-mode", SLICE("ENABLED"));
    }
    request->repeatable = true;
    return 0;
}

int s3_head_parse(const struct aws_reply *reply, struct arena *arena, struct s3_object *object,
                  struct error *err)
{
    struct s3_object parsed;
    if (read_object(&reply->response, arena, &parsed, err) != 0) {
        return -1;
    }
    if (!http_header_number(&reply->response, "content-length", &parsed.size)) {
        return error_set(err, ERROR_INVALID, "the reply has no Content-Length");
    }
    *object = parsed;
    return 0;
}

int s3_head(struct aws_client *client, const struct s3_head_options *options, struct arena *arena,
            struct s3_object *object, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (s3_head_request(options, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (s3_head_parse(&reply, arena, object, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}

/* --- GetObject --- */

int s3_get_request(const struct s3_get_options *options, struct arena *arena,
                   struct aws_request *request, struct error *err)
{
    if (s3_request_begin_object(request, "GetObject", "GET", options->bucket, options->key, arena,
                                err) != 0) {
        return -1;
    }
    if (options->length > UINT64_MAX - options->offset) {
        return error_set(err, ERROR_INVALID, "s3 GetObject: the range has no end");
    }
    add_version(request, options->version_id, arena);
    aws_request_add_header(request, "If-Match", s3_etag_quoted(options->if_match, arena));
    if (options->length > 0) {
        uint64_t last = options->offset + options->length - 1;
        aws_request_add_header(request, "Range",
                               arena_format(arena, "bytes=%llu-%llu",
                                            (unsigned long long)options->offset,
                                            (unsigned long long)last));
    } else if (options->offset > 0) {
        aws_request_add_header(
            request, "Range",
            arena_format(arena, "bytes=%llu-", (unsigned long long)options->offset));
    } else {
        aws_request_add_header(request, "x-amz-checksum-mode", SLICE("ENABLED"));
    }
    request->repeatable = true;
    return 0;
}

struct range {
    uint64_t first;
    uint64_t last;
    uint64_t total;
};

/* "bytes 5-9/20" */
static bool read_range(struct slice text, struct range *range)
{
    struct slice first;
    struct slice last;
    struct slice total;
    if (!slice_starts_with(text, SLICE("bytes ")) ||
        !slice_cut(slice_skip(text, 6), '-', &first, &last) ||
        !slice_cut(last, '/', &last, &total)) {
        return false;
    }
    return slice_to_u64(first, &range->first) && slice_to_u64(last, &range->last) &&
           slice_to_u64(total, &range->total) && range->first <= range->last &&
           range->last < range->total;
}

/* Is it the range that was asked for? */
static bool is_wanted(const struct s3_get_options *options, const struct range *range)
{
    uint64_t last = range->total - 1;
    if (options->length > 0 && options->offset + options->length - 1 < last) {
        last = options->offset + options->length - 1;
    }
    return range->first == options->offset && range->last == last;
}

int s3_get_parse_head(const struct s3_get_options *options, const struct http_response *head,
                      struct arena *arena, struct s3_object *object, uint64_t *length,
                      struct error *err)
{
    struct s3_object parsed;
    struct range range = {.first = 0};
    bool ranged = options->offset > 0 || options->length > 0;
    if (read_object(head, arena, &parsed, err) != 0) {
        return -1;
    }
    if (!ranged && head->status == 200 && http_header_number(head, "content-length", length)) {
        parsed.size = *length;
    } else if (ranged && head->status == 206 &&
               read_range(http_header_text(head, "content-range"), &range) &&
               is_wanted(options, &range)) {
        parsed.size = range.total;
        *length = range.last - range.first + 1;
    } else {
        return error_set(err, ERROR_INVALID,
                         "the reply (HTTP %d) does not bring the bytes that were asked for",
                         head->status);
    }
    struct slice wanted = s3_etag_bare(options->if_match);
    if (wanted.size > 0 && !slice_equal(wanted, SLICE("*")) && !slice_equal(wanted, parsed.etag)) {
        (void)error_set(err, ERROR_CONFLICT, "the object has changed: its ETag is %.*s",
                        SLICE_ARG(parsed.etag));
        error_set_code(err, S3_PRECONDITION_FAILED);
        return -1;
    }
    *object = parsed;
    return 0;
}

/* Stands before the caller's sink, to count and to sum. */
struct reading {
    struct sink sink;
    struct sink *target;
    const struct s3_get_options *options;
    struct arena *arena;
    struct s3_get_result *result;
    uint64_t length;  /* bytes announced */
    bool is_bad_head; /* the error is the reply's, not the caller's */
};

static int reading_write(struct sink *sink, struct slice bytes, struct error *err)
{
    struct reading *reading = (struct reading *)sink;
    if (reading->result->has_crc32) {
        reading->result->crc32 = crc32_update(reading->result->crc32, bytes);
    }
    return sink_write(reading->target, bytes, err);
}

static const struct sink_operations reading_operations = {.write = reading_write};

static int reading_check_head(void *self, const struct http_response *head, struct error *err)
{
    struct reading *reading = self;
    struct s3_get_result *result = reading->result;
    const struct s3_get_options *options = reading->options;
    if (s3_get_parse_head(options, head, reading->arena, &result->object, &reading->length, err) !=
        0) {
        reading->is_bad_head = true;
        if (err != NULL && err->kind == ERROR_INVALID) { /* as aws_call_bad_reply would */
            err->kind = ERROR_REMOTE;
            err->retryable = true;
        }
        return error_prefix(err, "s3 GetObject %s",
                            s3_name(options->bucket, options->key, reading->arena).data);
    }
    result->has_crc32 = options->resumes_crc32 || result->object.has_crc32;
    result->crc32 = options->resumes_crc32 ? options->crc32_so_far : 0;
    return options->check == NULL ? 0 : options->check(options->check_self, &result->object, err);
}

int s3_check_crc32(const struct s3_get_options *options, uint32_t told, uint32_t computed,
                   struct arena *arena, struct error *err)
{
    if (told == computed) {
        return 0;
    }
    return error_set(err, ERROR_NETWORK,
                     "s3 GetObject %s: its bytes were damaged on the way: their CRC-32 is %08x, "
                     "S3 says %08x",
                     s3_name(options->bucket, options->key, arena).data, computed, told);
}

/* What aws_call cannot know: that all bytes came, and that they are the right ones. */
static int verify(const struct reading *reading, struct error *err)
{
    const struct s3_get_options *options = reading->options;
    const struct s3_get_result *result = reading->result;
    if (result->delivered != reading->length) {
        return error_set(
            err, ERROR_NETWORK, "s3 GetObject %s: %llu bytes came, %llu were announced",
            s3_name(options->bucket, options->key, reading->arena).data,
            (unsigned long long)result->delivered, (unsigned long long)reading->length);
    }
    if (!result->object.has_crc32 || options->resumes_crc32) {
        return 0;
    }
    return s3_check_crc32(options, result->object.crc32, result->crc32, reading->arena, err);
}

int s3_get(struct aws_client *client, const struct s3_get_options *options, struct sink *sink,
           struct arena *arena, struct s3_get_result *result, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    *result = (struct s3_get_result){.delivered = 0};
    struct reading reading = {.sink.operations = &reading_operations,
                              .target = sink,
                              .options = options,
                              .arena = arena,
                              .result = result};
    if (s3_get_request(options, arena, &request, err) != 0) {
        return -1;
    }
    request.body_sink = &reading.sink;
    request.check_head = reading_check_head;
    request.check_head_self = &reading;
    int called = aws_call(client, &request, arena, &reply, err);
    result->delivered = reply.delivered;
    result->ended_by_caller = reply.ended_by_caller && !reading.is_bad_head;
    return called == 0 ? verify(&reading, err) : -1;
}

/* --- PutObject --- */

int s3_put_request(const struct s3_put_options *options, struct arena *arena,
                   struct aws_request *request, struct error *err)
{
    if (s3_request_begin_object(request, "PutObject", "PUT", options->bucket, options->key, arena,
                                err) != 0) {
        return -1;
    }
    if (options->body.size > PUT_LIMIT) {
        return error_set(err, ERROR_LIMIT, "s3 PutObject %.*s: over 5 GB must go by parts",
                         SLICE_ARG(request->subject));
    }
    aws_request_add_header(request, "Content-Type", options->content_type);
    if (options->if_none_match) {
        aws_request_add_header(request, "If-None-Match", SLICE("*"));
    }
    aws_request_add_header(request, "If-Match", s3_etag_quoted(options->if_match, arena));
    aws_request_add_header(request, "x-amz-checksum-crc32",
                           s3_crc32_text(crc32_update(0, options->body), arena));
    request->body = options->body;
    request->unhashed_over_tls = true;
    request->repeatable = true;
    request->repeat_races = true;
    return s3_request_add_metadata(request, options->metadata, options->metadata_count, arena, err);
}

int s3_put_parse(const struct aws_reply *reply, struct arena *arena, struct s3_written *written,
                 struct error *err)
{
    struct s3_object object;
    if (read_object(&reply->response, arena, &object, err) != 0) {
        return -1;
    }
    *written = (struct s3_written){.etag = object.etag, .version_id = object.version_id};
    return 0;
}

static bool has_metadata(const struct s3_object *object, const struct http_header *wanted)
{
    for (size_t i = 0; i < object->metadata_count; i++) {
        if (slice_equal_nocase(object->metadata[i].name, wanted->name)) {
            return slice_equal(object->metadata[i].value, wanted->value);
        }
    }
    return false;
}

/* Is the object that stands there the one that was to be put? As long as S3 cannot tell, that is
 * the failure: another invocation may find it. */
static bool is_our_own(struct aws_client *client, const struct s3_put_options *options,
                       struct arena *arena, struct s3_written *written, struct error *failure)
{
    const struct s3_head_options head = {
        .bucket = options->bucket, .key = options->key, .checksum = true};
    struct s3_object object = {.size = 0};
    struct error unknown = {.kind = ERROR_SYSTEM};
    if (s3_head(client, &head, arena, &object, &unknown) != 0) {
        *failure = unknown.retryable ? unknown : *failure;
        return false;
    }
    if (object.size != options->body.size || !object.has_crc32 ||
        object.crc32 != crc32_update(0, options->body)) {
        return false;
    }
    for (size_t i = 0; i < options->metadata_count; i++) {
        if (!has_metadata(&object, &options->metadata[i])) {
            return false;
        }
    }
    *written = (struct s3_written){.etag = object.etag, .version_id = object.version_id};
    return true;
}

int s3_put(struct aws_client *client, const struct s3_put_options *options, struct arena *arena,
           struct s3_written *written, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    struct error failure = {.kind = ERROR_SYSTEM};
    if (s3_put_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, &failure) == 0) {
        return s3_put_parse(&reply, arena, written, err) == 0 ? 0
                                                              : aws_call_bad_reply(&request, err);
    }
    bool is_conditional = options->if_none_match || options->if_match.size > 0;
    if (is_conditional && failure.status == 412 &&
        is_our_own(client, options, arena, written, &failure)) {
        return 0;
    }
    return error_pass(err, &failure);
}

/* --- DeleteObject --- */

int s3_delete_request(const struct s3_delete_options *options, struct arena *arena,
                      struct aws_request *request, struct error *err)
{
    if (s3_request_begin_object(request, "DeleteObject", "DELETE", options->bucket, options->key,
                                arena, err) != 0) {
        return -1;
    }
    add_version(request, options->version_id, arena);
    aws_request_add_header(request, "If-Match", s3_etag_quoted(options->if_match, arena));
    request->repeatable = true;
    request->repeat_races = true;
    return 0;
}

int s3_delete(struct aws_client *client, const struct s3_delete_options *options,
              struct arena *arena, bool *marker_set, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    struct error failure = {.kind = ERROR_SYSTEM};
    if (marker_set != NULL) {
        *marker_set = false;
    }
    if (s3_delete_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, &failure) == 0) {
        struct slice marker = http_header_text(&reply.response, "x-amz-delete-marker");
        if (marker_set != NULL) {
            *marker_set = options->version_id.size == 0 && slice_equal(marker, SLICE("true"));
        }
        return 0;
    }
    if (s3_error_is_missing_key(&failure)) {
        return 0;
    }
    return error_pass(err, &failure);
}
