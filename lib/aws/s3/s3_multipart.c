#include "aws/s3/s3_multipart.h"

#include "aws/s3/s3_error.h"
#include "aws/s3/s3_xml.h"
#include "base/log.h"

#include "base/banned.h"

#define ID_LIMIT 1024
#define ETAG_LIMIT 128
#define SLOW_MS ((int64_t)180000) /* S3 joins or copies gigabytes before it says a word */

/* --- What the requests share --- */

/* An object's request with "uploadId=…" (and "partNumber=…" in front of it). */
static int begin(struct aws_request *request, const char *operation, const char *method,
                 const struct s3_upload *upload, unsigned number, struct arena *arena,
                 struct error *err)
{
    if (s3_request_begin_object(request, operation, method, upload->bucket, upload->key, arena,
                                err) != 0) {
        return -1;
    }
    if (upload->id.size == 0 || number > S3_PARTS_LIMIT) {
        return error_set(err, ERROR_INVALID, "s3 %s %.*s: no upload id, or part %u of at most %d",
                         operation, SLICE_ARG(request->subject), number, S3_PARTS_LIMIT);
    }
    struct strbuf query = STRBUF_INIT;
    if (number > 0) {
        aws_request_add_parameter(&query, "partNumber", arena_format(arena, "%u", number));
    }
    aws_request_add_parameter(&query, "uploadId", upload->id);
    request->query = arena_copy(arena, strbuf_slice(&query));
    strbuf_release(&query);
    request->repeatable = true;
    return 0;
}

static int read_etag(struct slice text, struct slice *etag, struct error *err)
{
    *etag = s3_etag_bare(text);
    if (etag->size == 0 || etag->size > ETAG_LIMIT) {
        return error_set(err, ERROR_INVALID, "the reply has no ETag");
    }
    return 0;
}

/* --- CreateMultipartUpload --- */

int s3_create_upload_request(const struct s3_create_upload_options *options, struct arena *arena,
                             struct aws_request *request, struct error *err)
{
    if (s3_request_begin_object(request, "CreateMultipartUpload", "POST", options->bucket,
                                options->key, arena, err) != 0) {
        return -1;
    }
    request->query = SLICE("uploads=");
    aws_request_add_header(request, "Content-Type", options->content_type);
    if (options->crc32) {
        aws_request_add_header(request, "x-amz-checksum-algorithm", SLICE("CRC32"));
        aws_request_add_header(request, "x-amz-checksum-type", SLICE("FULL_OBJECT"));
    }
    /* When a reply is lost, this leaves an upload behind that only a listing finds: that costs
     * room, not correctness. */
    request->repeatable = true;
    return s3_request_add_metadata(request, options->metadata, options->metadata_count, arena, err);
}

int s3_create_upload_parse(struct slice body, struct arena *arena, struct slice *id,
                           struct error *err)
{
    struct slice text;
    if (!xml_find_text(arena, body, "InitiateMultipartUploadResult/UploadId", &text) ||
        text.size == 0 || text.size > ID_LIMIT) {
        return error_set(err, ERROR_INVALID, "the reply has no <UploadId>");
    }
    *id = text;
    return 0;
}

int s3_create_upload(struct aws_client *client, const struct s3_create_upload_options *options,
                     struct arena *arena, struct s3_upload *upload, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    struct slice id;
    if (s3_create_upload_request(options, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (s3_create_upload_parse(reply.body, arena, &id, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    *upload = (struct s3_upload){.bucket = options->bucket, .key = options->key, .id = id};
    return 0;
}

/* --- UploadPart --- */

int s3_upload_part_request(const struct s3_upload_part_options *options, struct arena *arena,
                           struct aws_request *request, struct error *err)
{
    if (begin(request, "UploadPart", "PUT", &options->upload, options->number, arena, err) != 0) {
        return -1;
    }
    aws_request_add_header(request, "x-amz-checksum-crc32", s3_crc32_text(options->crc32, arena));
    request->body = options->body;
    request->unhashed_over_tls = true;
    return 0;
}

int s3_upload_part(struct aws_client *client, const struct s3_upload_part_options *options,
                   struct arena *arena, struct s3_part *part, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (s3_upload_part_request(options, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    struct slice etag = http_header_text(&reply.response, "etag");
    *part = (struct s3_part){.number = options->number, .has_crc32 = true, .crc32 = options->crc32};
    return read_etag(etag, &part->etag, err) == 0 ? 0 : aws_call_bad_reply(&request, err);
}

/* --- UploadPartCopy --- */

static bool is_copied_part(struct slice body)
{
    return s3_xml_has_root(body, "CopyPartResult");
}

int s3_copy_part_request(const struct s3_copy_part_options *options, struct arena *arena,
                         struct aws_request *request, struct error *err)
{
    if (begin(request, "UploadPartCopy", "PUT", &options->upload, options->number, arena, err) !=
        0) {
        return -1;
    }
    uint64_t last = options->offset + options->length - 1;
    aws_request_add_header(request, "x-amz-copy-source",
                           s3_copy_source(options->source_bucket, options->source_key,
                                          options->source_version_id, arena));
    aws_request_add_header(request, "x-amz-copy-source-if-match",
                           s3_etag_quoted(options->source_if_match, arena));
    aws_request_add_header(request, "x-amz-copy-source-range",
                           arena_format(arena, "bytes=%llu-%llu",
                                        (unsigned long long)options->offset,
                                        (unsigned long long)last));
    request->patience_ms = SLOW_MS;
    request->is_success = is_copied_part;
    return 0;
}

int s3_copy_part_parse(struct slice body, struct arena *arena, struct s3_part *part,
                       struct error *err)
{
    struct slice etag = SLICE("");
    (void)xml_find_text(arena, body, "CopyPartResult/ETag", &etag);
    return read_etag(etag, &part->etag, err);
}

int s3_copy_part(struct aws_client *client, const struct s3_copy_part_options *options,
                 struct arena *arena, struct s3_part *part, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (s3_copy_part_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    *part = (struct s3_part){.number = options->number};
    return s3_copy_part_parse(reply.body, arena, part, err) == 0
               ? 0
               : aws_call_bad_reply(&request, err);
}

/* --- CompleteMultipartUpload --- */

void s3_parts_append(struct strbuf *parts, const struct s3_part *part)
{
    strbuf_append_text(parts, "<Part><PartNumber>");
    strbuf_append_u64(parts, part->number);
    strbuf_append_text(parts, "</PartNumber><ETag>&quot;");
    s3_xml_append(parts, part->etag);
    strbuf_append_text(parts, "&quot;</ETag>");
    if (part->has_crc32) {
        char text[S3_CRC32_TEXT_SIZE];
        s3_crc32_write(part->crc32, text);
        strbuf_append_text(parts, "<ChecksumCRC32>");
        strbuf_append_text(parts, text);
        strbuf_append_text(parts, "</ChecksumCRC32>");
    }
    strbuf_append_text(parts, "</Part>");
}

static bool is_completion(struct slice body)
{
    return s3_xml_has_root(body, "CompleteMultipartUploadResult");
}

int s3_complete_request(const struct s3_complete_options *options, struct arena *arena,
                        struct aws_request *request, struct error *err)
{
    if (begin(request, "CompleteMultipartUpload", "POST", &options->upload, 0, arena, err) != 0) {
        return -1;
    }
    aws_request_add_header(request, "Content-Type", SLICE("application/xml"));
    aws_request_add_header(request, "x-amz-mp-object-size",
                           arena_format(arena, "%llu", (unsigned long long)options->size));
    if (options->has_crc32) {
        aws_request_add_header(request, "x-amz-checksum-crc32",
                               s3_crc32_text(options->crc32, arena));
        aws_request_add_header(request, "x-amz-checksum-type", SLICE("FULL_OBJECT"));
    }
    if (options->if_none_match) {
        aws_request_add_header(request, "If-None-Match", SLICE("*"));
    }
    struct strbuf body = STRBUF_INIT;
    strbuf_append_text(
        &body, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    strbuf_append(&body, options->parts);
    strbuf_append_text(&body, "</CompleteMultipartUpload>");
    request->body = arena_copy(arena, strbuf_slice(&body));
    strbuf_release(&body);
    request->patience_ms = SLOW_MS;
    request->is_success = is_completion;
    return 0;
}

int s3_complete_parse(const struct aws_reply *reply, struct arena *arena,
                      struct s3_written *written, struct error *err)
{
    struct slice etag = SLICE("");
    struct slice version_id = http_header_text(&reply->response, "x-amz-version-id");
    (void)xml_find_text(arena, reply->body, "CompleteMultipartUploadResult/ETag", &etag);
    if (read_etag(etag, &etag, err) != 0) {
        return -1;
    }
    *written = (struct s3_written){.etag = etag, .version_id = version_id};
    return 0;
}

/* Is the object that stands there the one that the upload was to make? Its size tells, and its
 * CRC-32 or else the number of parts that ends its ETag. As long as S3 cannot tell, that is the
 * failure: another invocation may find the object. */
static bool is_completed(struct aws_client *client, const struct s3_complete_options *options,
                         struct arena *arena, struct s3_written *written, struct error *failure)
{
    const struct s3_head_options head = {
        .bucket = options->upload.bucket, .key = options->upload.key, .checksum = true};
    struct s3_object object;
    struct error unknown = {.kind = ERROR_SYSTEM};
    if (s3_head(client, &head, arena, &object, &unknown) != 0) {
        *failure = unknown.retryable ? unknown : *failure;
        return false;
    }
    if (object.size != options->size) {
        return false;
    }
    bool same = object.has_crc32 && options->has_crc32
                    ? object.crc32 == options->crc32
                    : slice_ends_with(object.etag, arena_format(arena, "-%u", options->part_count));
    if (same) {
        *written = (struct s3_written){.etag = object.etag, .version_id = object.version_id};
    }
    return same;
}

int s3_complete(struct aws_client *client, const struct s3_complete_options *options,
                struct arena *arena, struct s3_written *written, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    struct error failure = {.kind = ERROR_SYSTEM};
    if (s3_complete_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, &failure) == 0) {
        return s3_complete_parse(&reply, arena, written, err) == 0
                   ? 0
                   : aws_call_bad_reply(&request, err);
    }
    bool is_unknown = s3_error_is_missing_upload(&failure);
    bool is_taken = options->if_none_match && failure.status == 412;
    if ((is_unknown || is_taken) && is_completed(client, options, arena, written, &failure)) {
        return 0;
    }
    return error_pass(err, &failure);
}

/* --- AbortMultipartUpload --- */

int s3_abort_upload_request(const struct s3_upload *upload, struct arena *arena,
                            struct aws_request *request, struct error *err)
{
    return begin(request, "AbortMultipartUpload", "DELETE", upload, 0, arena, err);
}

int s3_abort_upload(struct aws_client *client, const struct s3_upload *upload, struct arena *arena,
                    struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    struct error failure = {.kind = ERROR_SYSTEM};
    if (s3_abort_upload_request(upload, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, &failure) == 0 ||
        s3_error_is_missing_upload(&failure)) {
        return 0;
    }
    return error_pass(err, &failure);
}

void s3_give_up_upload(struct aws_client *client, const struct s3_upload *upload,
                       struct arena *arena)
{
    struct error failure = {.kind = ERROR_SYSTEM};
    int64_t deadline_ms = client->deadline_ms;
    struct keep_alive keep_alive = client->keep_alive;
    if (deadline_ms != 0) {
        client->deadline_ms += client->grace_ms;
    }
    client->keep_alive =
        (struct keep_alive){.renew = NULL}; /* a lost lease must not prevent this */
    if (s3_abort_upload(client, upload, arena, &failure) != 0) {
        log_warn("an upload by parts could not be aborted", LOG_TEXT("key", upload->key),
                 LOG_TEXT("uploadId", upload->id), LOG_CAUSE(&failure));
    }
    client->deadline_ms = deadline_ms;
    client->keep_alive = keep_alive;
}
