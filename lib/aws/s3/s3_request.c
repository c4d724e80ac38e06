#include "aws/s3/s3_request.h"

#include "base/encode.h"
#include "http/http_head.h"

#include "base/banned.h"

#define METADATA_BYTES_LIMIT 2048

const struct aws_service s3_service = {
    .name = "s3",
    .signing_name = "s3",
    .host_prefix = "s3",
    .endpoint_variable = "AWS_ENDPOINT_URL_S3",
    .is_s3 = true,
};

struct slice s3_name(struct slice bucket, struct slice key, struct arena *arena)
{
    struct strbuf name = STRBUF_INIT;
    strbuf_append_text(&name, "s3://");
    strbuf_append(&name, slice_take(bucket, 255));
    strbuf_append_char(&name, '/');
    strbuf_append(&name, slice_take(key, S3_KEY_LIMIT));
    for (size_t i = 0; i < name.size; i++) {
        bool is_control = (unsigned char)name.data[i] < ' ' || name.data[i] == 0x7f;
        name.data[i] = (char)(is_control ? '?' : name.data[i]);
    }
    struct slice text = arena_copy(arena, strbuf_slice(&name));
    strbuf_release(&name);
    return text;
}

static struct slice path_of(struct slice key, struct arena *arena)
{
    struct strbuf path = STRBUF_INIT;
    strbuf_append_char(&path, '/');
    encode_uri_path(&path, key);
    struct slice text = arena_copy(arena, strbuf_slice(&path));
    strbuf_release(&path);
    return text;
}

int s3_request_begin(struct aws_request *request, const char *operation, const char *method,
                     struct slice bucket, struct slice key, struct arena *arena, struct error *err)
{
    if (bucket.size == 0) {
        return error_set(err, ERROR_INVALID, "s3 %s: no bucket is given", operation);
    }
    if (key.size > S3_KEY_LIMIT) {
        return error_set(err, ERROR_INVALID, "s3 %s: the key has %zu bytes; S3 allows %d",
                         operation, key.size, S3_KEY_LIMIT);
    }
    *request = (struct aws_request){.service = &s3_service,
                                    .operation = operation,
                                    .subject = s3_name(bucket, key, arena),
                                    .bucket = bucket,
                                    .method = slice_from(method),
                                    .path = key.size > 0 ? path_of(key, arena) : SLICE("")};
    return 0;
}

int s3_request_begin_object(struct aws_request *request, const char *operation, const char *method,
                            struct slice bucket, struct slice key, struct arena *arena,
                            struct error *err)
{
    if (key.size == 0) {
        return error_set(err, ERROR_INVALID, "s3 %s: the key is empty", operation);
    }
    return s3_request_begin(request, operation, method, bucket, key, arena, err);
}

/* --- Metadata --- */

bool s3_is_metadata(const struct http_header *field)
{
    for (size_t i = 0; i < field->name.size; i++) {
        if (!http_is_token_byte(field->name.data[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < field->value.size; i++) {
        if (field->value.data[i] < ' ' || field->value.data[i] > '~') {
            return false;
        }
    }
    return field->name.size > 0 && field->name.size + field->value.size <= METADATA_BYTES_LIMIT;
}

int s3_request_add_metadata(struct aws_request *request, const struct http_header *metadata,
                            size_t count, struct arena *arena, struct error *err)
{
    if (count > S3_METADATA_LIMIT) {
        return error_set(err, ERROR_LIMIT, "s3 %s %.*s: %zu metadata fields; %d are allowed",
                         request->operation, SLICE_ARG(request->subject), count, S3_METADATA_LIMIT);
    }
    struct http_header *headers = arena_zalloc(arena, count, sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        if (!s3_is_metadata(&metadata[i])) {
            return error_set(err, ERROR_INVALID,
                             "s3 %s %.*s: metadata field %zu is not a header name and printable "
                             "ASCII",
                             request->operation, SLICE_ARG(request->subject), i + 1);
        }
        headers[i].name = arena_format(arena, "x-amz-meta-%.*s", SLICE_ARG(metadata[i].name));
        headers[i].value = metadata[i].value;
    }
    request->more_headers = headers;
    request->more_header_count = count;
    return 0;
}

/* --- ETags and checksums --- */

struct slice s3_etag_bare(struct slice etag)
{
    if (etag.size >= 2 && etag.data[0] == '"' && etag.data[etag.size - 1] == '"') {
        return slice_of(etag.data + 1, etag.size - 2);
    }
    return etag;
}

struct slice s3_etag_quoted(struct slice etag, struct arena *arena)
{
    etag = s3_etag_bare(etag);
    if (etag.size == 0 || slice_equal(etag, SLICE("*"))) {
        return etag;
    }
    return arena_format(arena, "\"%.*s\"", SLICE_ARG(etag));
}

void s3_crc32_write(uint32_t crc32, char text[S3_CRC32_TEXT_SIZE])
{
    const unsigned char bytes[4] = {(unsigned char)(crc32 >> 24), (unsigned char)(crc32 >> 16),
                                    (unsigned char)(crc32 >> 8), (unsigned char)crc32};
    struct strbuf encoded = STRBUF_INIT;
    encode_base64(&encoded, slice_of(bytes, sizeof(bytes)));
    memcpy(text, encoded.data, S3_CRC32_TEXT_SIZE);
    strbuf_release(&encoded);
}

struct slice s3_crc32_text(uint32_t crc32, struct arena *arena)
{
    char text[S3_CRC32_TEXT_SIZE];
    s3_crc32_write(crc32, text);
    return arena_copy(arena, slice_from(text));
}

bool s3_crc32_read(struct slice text, uint32_t *crc32)
{
    struct strbuf bytes = STRBUF_INIT;
    bool good = text.size == 8 && decode_base64(&bytes, text, NULL) == 0 && bytes.size == 4;
    if (good) {
        const unsigned char *b = (const unsigned char *)bytes.data;
        *crc32 = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    strbuf_release(&bytes);
    return good;
}

struct slice s3_copy_source(struct slice bucket, struct slice key, struct slice version_id,
                            struct arena *arena)
{
    struct strbuf source = STRBUF_INIT;
    encode_uri_path(&source, bucket);
    strbuf_append_char(&source, '/');
    encode_uri_path(&source, key);
    if (version_id.size > 0) {
        strbuf_append_text(&source, "?versionId=");
        encode_uri(&source, version_id);
    }
    struct slice text = arena_copy(arena, strbuf_slice(&source));
    strbuf_release(&source);
    return text;
}
