/* Orders about objects, for aws_probe.c. */
#include "functions/aws_probe.h"

#include "aws/s3/s3_copy.h"
#include "aws/s3/s3_list.h"
#include "aws/s3/s3_multipart.h"
#include "aws/s3/s3_uploads.h"
#include "stream/sink_s3.h"
#include "stream/source_s3.h"

#include <stdio.h>

#include "base/banned.h"

/* The members of an object, as header fields. */
static struct http_header *fields(struct probe *probe, const char *name, size_t *count)
{
    const json *object = json_get(probe->order, name);
    struct http_header *list = arena_zalloc(&probe->arena, json_count(object) + 1, sizeof(*list));
    *count = 0;
    for (const json *member = json_first(object); member != NULL; member = json_next(member)) {
        list[*count].name = json_name(member);
        (void)json_string(member, &list[(*count)++].value);
    }
    return list;
}

static FILE *open_file(struct probe *probe, const char *mode, struct error *err)
{
    const char *path = arena_text(&probe->arena, probe_text(probe, "file"));
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        (void)error_set(err, ERROR_SYSTEM, "cannot open %s", path);
    }
    return file;
}

static void tell_object(struct probe *probe, const struct s3_object *object)
{
    json_write_member_i64(&probe->out, "size", (int64_t)object->size);
    json_write_member_string(&probe->out, "etag", object->etag);
    json_write_member_string(&probe->out, "version", object->version_id);
    json_write_member_string(&probe->out, "type", object->content_type);
    json_write_member_bool(&probe->out, "has_crc32", object->has_crc32);
    json_write_member_i64(&probe->out, "crc32", object->crc32);
    json_write_name(&probe->out, SLICE("metadata"));
    json_write_object(&probe->out);
    for (size_t i = 0; i < object->metadata_count; i++) {
        json_write_name(&probe->out, object->metadata[i].name);
        json_write_string(&probe->out, object->metadata[i].value);
    }
    json_write_object_end(&probe->out);
}

static void tell_written(struct probe *probe, const struct s3_written *written)
{
    json_write_member_string(&probe->out, "etag", written->etag);
    json_write_member_string(&probe->out, "version", written->version_id);
}

/* --- Objects --- */

static int do_put(struct probe *probe, struct error *err)
{
    struct s3_put_options options = {.bucket = probe_text(probe, "bucket"),
                                     .key = probe_text(probe, "key"),
                                     .body = probe_text(probe, "body"),
                                     .content_type = probe_text(probe, "type"),
                                     .if_none_match = probe_truth(probe, "if_none_match"),
                                     .if_match = probe_text(probe, "if_match")};
    struct s3_written written;
    options.metadata = fields(probe, "metadata", &options.metadata_count);
    if (s3_put(&probe->one.client, &options, &probe->arena, &written, err) != 0) {
        return -1;
    }
    tell_written(probe, &written);
    return 0;
}

static int do_head(struct probe *probe, struct error *err)
{
    const struct s3_head_options options = {.bucket = probe_text(probe, "bucket"),
                                            .key = probe_text(probe, "key"),
                                            .version_id = probe_text(probe, "version"),
                                            .if_match = probe_text(probe, "if_match"),
                                            .checksum = true};
    struct s3_object object;
    if (s3_head(&probe->one.client, &options, &probe->arena, &object, err) != 0) {
        return -1;
    }
    tell_object(probe, &object);
    return 0;
}

struct file_sink {
    struct sink sink;
    FILE *file;
};

static int write_file(struct sink *sink, struct slice bytes, struct error *err)
{
    FILE *file = ((struct file_sink *)(void *)sink)->file;
    return fwrite(bytes.data, 1, bytes.size, file) == bytes.size
               ? 0
               : error_set(err, ERROR_SYSTEM, "cannot write the file");
}

static const struct sink_operations file_operations = {.write = write_file};

static struct source_s3_options source_of(const struct probe *probe)
{
    return (struct source_s3_options){.bucket = probe_text(probe, "bucket"),
                                      .key = probe_text(probe, "key"),
                                      .version_id = probe_text(probe, "version"),
                                      .if_match = probe_text(probe, "if_match")};
}

static int do_get(struct probe *probe, struct error *err)
{
    const struct source_s3_options options = source_of(probe);
    struct source_s3_result result;
    struct file_sink sink = {.sink.operations = &file_operations};
    sink.file = open_file(probe, "wb", err);
    if (sink.file == NULL) {
        return -1;
    }
    int status =
        source_s3_read(&probe->one.client, &options, &sink.sink, &probe->arena, &result, err);
    if (fclose(sink.file) != 0 && status == 0) {
        status = error_set(err, ERROR_SYSTEM, "cannot write the file");
    }
    if (status == 0) {
        json_write_member_i64(&probe->out, "size", (int64_t)result.bytes);
        json_write_member_i64(&probe->out, "resumed", result.resumed);
        json_write_member_string(&probe->out, "etag", result.etag);
    }
    return status;
}

static struct sink_s3 *new_sink(struct probe *probe, struct aws_client *client)
{
    return sink_s3_new(
        &(struct sink_s3_options){.client = client,
                                  .bucket = probe_text(probe, "to_bucket"),
                                  .key = probe_text(probe, "to_key"),
                                  .if_none_match = probe_truth(probe, "if_none_match"),
                                  .part_size = (size_t)probe_number(probe, "part_size")});
}

/* Ends the sink as its writer fared. */
static int end_sink(struct probe *probe, struct sink_s3 *sink, int written, struct error *err)
{
    int status = written;
    if (status == 0 && !probe_truth(probe, "abort")) {
        status = sink_close(sink_s3_sink(sink), err);
    }
    if (status != 0 || probe_truth(probe, "abort")) {
        sink_abort(sink_s3_sink(sink));
    } else {
        json_write_member_i64(&probe->out, "size", (int64_t)sink_s3_bytes(sink));
        json_write_member_string(&probe->out, "etag", sink_s3_etag(sink));
    }
    sink_s3_free(sink);
    return status;
}

static int do_upload(struct probe *probe, struct error *err)
{
    static char bytes[100000];
    FILE *file = open_file(probe, "rb", err);
    if (file == NULL) {
        return -1;
    }
    struct sink_s3 *sink = new_sink(probe, &probe->one.client);
    int status = 0;
    size_t size = 0;
    while (status == 0 && (size = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        status = sink_write(sink_s3_sink(sink), slice_of(bytes, size), err);
    }
    (void)fclose(file);
    return end_sink(probe, sink, status, err);
}

/* From one object into another, with the bytes passing through. */
static int do_pipe(struct probe *probe, struct error *err)
{
    const struct source_s3_options options = source_of(probe);
    struct source_s3_result result;
    struct sink_s3 *sink = new_sink(probe, &probe->other.client);
    int status = source_s3_read(&probe->one.client, &options, sink_s3_sink(sink), &probe->arena,
                                &result, err);
    return end_sink(probe, sink, status, err);
}

static int do_copy(struct probe *probe, struct error *err)
{
    struct s3_copy_options options = {.source_bucket = probe_text(probe, "bucket"),
                                      .source_key = probe_text(probe, "key"),
                                      .source_version_id = probe_text(probe, "version"),
                                      .source_if_match = probe_text(probe, "if_match"),
                                      .bucket = probe_text(probe, "to_bucket"),
                                      .key = probe_text(probe, "to_key"),
                                      .content_type = probe_text(probe, "type"),
                                      .single_limit = probe_number(probe, "single_limit"),
                                      .part_size = probe_number(probe, "part_size")};
    struct s3_written written;
    options.metadata = fields(probe, "metadata", &options.metadata_count);
    if (s3_copy(&probe->one.client, &options, &probe->arena, &written, err) != 0) {
        return -1;
    }
    tell_written(probe, &written);
    return 0;
}

static int do_delete(struct probe *probe, struct error *err)
{
    const struct s3_delete_options options = {.bucket = probe_text(probe, "bucket"),
                                              .key = probe_text(probe, "key"),
                                              .version_id = probe_text(probe, "version"),
                                              .if_match = probe_text(probe, "if_match")};
    return s3_delete(&probe->one.client, &options, &probe->arena, NULL, err);
}

/* --- Lists --- */

static int do_list(struct probe *probe, struct error *err)
{
    struct s3_list_options options = {.bucket = probe_text(probe, "bucket"),
                                      .prefix = probe_text(probe, "prefix"),
                                      .delimiter = probe_text(probe, "delimiter"),
                                      .page_size = (unsigned)probe_number(probe, "page_size")};
    struct s3_list_page page;
    int64_t pages = 0;
    json_write_name(&probe->out, SLICE("keys"));
    json_write_array(&probe->out);
    do {
        if (s3_list(&probe->one.client, &options, &probe->arena, &page, err) != 0) {
            return -1;
        }
        for (size_t i = 0; i < page.entry_count; i++) {
            json_write_string(&probe->out, page.entries[i].key);
        }
        for (size_t i = 0; i < page.prefix_count; i++) {
            json_write_string(&probe->out, page.prefixes[i]);
        }
        options.token = page.next_token;
        pages++;
    } while (options.token.size > 0);
    json_write_array_end(&probe->out);
    json_write_member_i64(&probe->out, "pages", pages);
    return 0;
}

/* All unfinished uploads; with "abort" they are removed. */
static int do_uploads(struct probe *probe, struct error *err)
{
    struct s3_list_uploads_options options = {.bucket = probe_text(probe, "bucket")};
    struct s3_uploads_page page;
    json_write_name(&probe->out, SLICE("keys"));
    json_write_array(&probe->out);
    do {
        if (s3_list_uploads(&probe->one.client, &options, &probe->arena, &page, err) != 0) {
            return -1;
        }
        for (size_t i = 0; i < page.count; i++) {
            const struct s3_upload upload = {options.bucket, page.uploads[i].key,
                                             page.uploads[i].id};
            json_write_string(&probe->out, upload.key);
            if (probe_truth(probe, "abort") &&
                s3_abort_upload(&probe->one.client, &upload, &probe->arena, err) != 0) {
                return -1;
            }
        }
        options.key_marker = page.next_key_marker;
        options.id_marker = page.next_id_marker;
    } while (options.key_marker.size > 0);
    json_write_array_end(&probe->out);
    return 0;
}

static int do_create_upload(struct probe *probe, struct error *err)
{
    const struct s3_create_upload_options options = {.bucket = probe_text(probe, "bucket"),
                                                     .key = probe_text(probe, "key")};
    struct s3_upload upload;
    return s3_create_upload(&probe->one.client, &options, &probe->arena, &upload, err);
}

const struct probe_order probe_s3_orders[] = {
    {"put", do_put},
    {"head", do_head},
    {"get", do_get},
    {"upload", do_upload},
    {"pipe", do_pipe},
    {"copy", do_copy},
    {"delete", do_delete},
    {"list", do_list},
    {"uploads", do_uploads},
    {"create_upload", do_create_upload},
    {NULL, NULL},
};
