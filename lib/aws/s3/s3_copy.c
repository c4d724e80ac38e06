#include "aws/s3/s3_copy.h"

#include "aws/s3/s3_multipart.h"
#include "aws/s3/s3_xml.h"
#include "base/log.h"

#include "base/banned.h"

#define SLOW_MS ((int64_t)180000) /* S3 copies gigabytes before it says a word */
#define MIB (UINT64_C(1024) * 1024)
#define USUAL_PART_SIZE (512 * MIB)

/* --- In one request --- */

static bool is_copied(struct slice body)
{
    return s3_xml_has_root(body, "CopyObjectResult");
}

int s3_copy_request(const struct s3_copy_options *options, struct arena *arena,
                    struct aws_request *request, struct error *err)
{
    if (s3_request_begin_object(request, "CopyObject", "PUT", options->bucket, options->key, arena,
                                err) != 0) {
        return -1;
    }
    if (options->source_bucket.size == 0 || options->source_key.size == 0) {
        return error_set(err, ERROR_INVALID, "s3 CopyObject %.*s: no source is given",
                         SLICE_ARG(request->subject));
    }
    aws_request_add_header(request, "x-amz-copy-source",
                           s3_copy_source(options->source_bucket, options->source_key,
                                          options->source_version_id, arena));
    aws_request_add_header(request, "x-amz-copy-source-if-match",
                           s3_etag_quoted(options->source_if_match, arena));
    if (options->content_type.size > 0 || options->metadata_count > 0) {
        aws_request_add_header(request, "x-amz-metadata-directive", SLICE("REPLACE"));
        aws_request_add_header(request, "Content-Type", options->content_type);
    }
    request->repeatable = true;
    request->patience_ms = SLOW_MS;
    request->is_success = is_copied;
    return s3_request_add_metadata(request, options->metadata, options->metadata_count, arena, err);
}

int s3_copy_parse(const struct aws_reply *reply, struct arena *arena, struct s3_written *written,
                  struct error *err)
{
    struct slice etag = SLICE("");
    struct slice version_id = http_header_text(&reply->response, "x-amz-version-id");
    if (!xml_find_text(arena, reply->body, "CopyObjectResult/ETag", &etag) ||
        s3_etag_bare(etag).size == 0) {
        return error_set(err, ERROR_INVALID, "the reply has no ETag");
    }
    *written = (struct s3_written){.etag = s3_etag_bare(etag), .version_id = version_id};
    return 0;
}

static int copy_at_once(struct aws_client *client, const struct s3_copy_options *options,
                        struct arena *arena, struct s3_written *written, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (s3_copy_request(options, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (s3_copy_parse(&reply, arena, written, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}

/* --- By parts --- */

uint64_t s3_copy_part_size(uint64_t size)
{
    uint64_t least = size / S3_PARTS_LIMIT + (size % S3_PARTS_LIMIT != 0);
    uint64_t rounded = (least / MIB + (least % MIB != 0)) * MIB;
    return rounded > USUAL_PART_SIZE ? rounded : USUAL_PART_SIZE;
}

/* The source's metadata, but for what a sender wrote into it that cannot be sent as it is. */
static size_t keep_metadata(const struct s3_object *source, struct arena *arena,
                            struct http_header **kept)
{
    size_t count = 0;
    *kept = arena_zalloc(arena, source->metadata_count, sizeof(**kept));
    for (size_t i = 0; i < source->metadata_count; i++) {
        if (s3_is_metadata(&source->metadata[i])) {
            (*kept)[count++] = source->metadata[i];
        }
    }
    if (count < source->metadata_count) {
        log_warn("a copy by parts is made without metadata that is not plain ASCII",
                 LOG_NUMBER("fields", source->metadata_count - count));
    }
    return count;
}

static int create(struct aws_client *client, const struct s3_copy_options *options,
                  const struct s3_object *source, struct arena *arena, struct s3_upload *upload,
                  struct error *err)
{
    struct s3_create_upload_options create_options = {.bucket = options->bucket,
                                                      .key = options->key,
                                                      .content_type = options->content_type,
                                                      .metadata = options->metadata,
                                                      .metadata_count = options->metadata_count};
    if (options->content_type.size == 0 && options->metadata_count == 0) {
        struct http_header *metadata;
        create_options.content_type = source->content_type;
        create_options.metadata_count = keep_metadata(source, arena, &metadata);
        create_options.metadata = metadata;
    }
    return s3_create_upload(client, &create_options, arena, upload, err);
}

/* Copies all parts of an upload that is created already. What a part needs is forgotten after it.
 */
static int copy_parts(struct aws_client *client, const struct s3_copy_options *options,
                      const struct s3_object *source, const struct s3_upload *upload,
                      struct strbuf *parts, unsigned *count, struct error *err)
{
    uint64_t part_size =
        options->part_size > 0 ? options->part_size : s3_copy_part_size(source->size);
    struct arena scratch;
    int result = 0;
    arena_init(&scratch, 0);
    for (uint64_t offset = 0; offset < source->size && result == 0; offset += part_size) {
        uint64_t left = source->size - offset;
        const struct s3_copy_part_options part_options = {
            .upload = *upload,
            .number = ++*count,
            .source_bucket = options->source_bucket,
            .source_key = options->source_key,
            .source_version_id = options->source_version_id,
            .source_if_match = source->etag, /* all parts of the same object */
            .offset = offset,
            .length = left < part_size ? left : part_size};
        struct s3_part part;
        result = s3_copy_part(client, &part_options, &scratch, &part, err);
        if (result == 0) {
            s3_parts_append(parts, &part);
        }
        arena_reset(&scratch);
    }
    arena_release(&scratch);
    return result;
}

static int fill(struct aws_client *client, const struct s3_copy_options *options,
                const struct s3_object *source, const struct s3_upload *upload, struct arena *arena,
                struct s3_written *written, struct error *err)
{
    struct s3_complete_options complete = {.upload = *upload, .size = source->size};
    struct strbuf parts = STRBUF_INIT;
    int result = copy_parts(client, options, source, upload, &parts, &complete.part_count, err);
    if (result == 0) {
        complete.parts = strbuf_slice(&parts);
        result = s3_complete(client, &complete, arena, written, err);
    }
    strbuf_release(&parts);
    return result;
}

static int copy_by_parts(struct aws_client *client, const struct s3_copy_options *options,
                         const struct s3_object *source, struct arena *arena,
                         struct s3_written *written, struct error *err)
{
    struct s3_upload upload;
    if (create(client, options, source, arena, &upload, err) != 0) {
        return -1;
    }
    int result = fill(client, options, source, &upload, arena, written, err);
    if (result != 0) {
        s3_give_up_upload(client, &upload, arena);
    }
    return result;
}

int s3_copy(struct aws_client *client, const struct s3_copy_options *options, struct arena *arena,
            struct s3_written *written, struct error *err)
{
    uint64_t limit = options->single_limit > 0 ? options->single_limit : S3_COPY_LIMIT;
    if (options->has_size && options->size <= limit) {
        return copy_at_once(client, options, arena, written, err);
    }
    const struct s3_head_options head = {.bucket = options->source_bucket,
                                         .key = options->source_key,
                                         .version_id = options->source_version_id,
                                         .if_match = options->source_if_match};
    struct s3_object source;
    if (s3_head(client, &head, arena, &source, err) != 0) {
        return -1;
    }
    return source.size <= limit ? copy_at_once(client, options, arena, written, err)
                                : copy_by_parts(client, options, &source, arena, written, err);
}
