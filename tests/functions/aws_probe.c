/*
 * Our AWS clients by themselves, for tests that run them against a local AWS: does what the JSON
 * object in its argument says, and prints what came of it as another one.
 *
 *     aws_probe '{"do": "head", "bucket": "b", "key": "k"}'   {"ok":true,"size":9,…}
 *
 * Endpoint, keys and region come from the environment, as in a function.
 */
#include "aws/redshift_data.h"
#include "aws/redshift_result.h"
#include "aws/s3/s3_copy.h"
#include "aws/s3/s3_list.h"
#include "aws/s3/s3_multipart.h"
#include "aws/s3/s3_uploads.h"
#include "aws/secrets_manager.h"
#include "aws/sns.h"
#include "base/array.h"
#include "base/env.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "http/http_curl.h"
#include "stream/sink_s3.h"
#include "stream/source_s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

#define ORDER_LIMIT ((size_t)1 << 20)
#define TIME_MS 120000

/* A transport and what stands on it; reading and writing at once needs two. */
struct side {
    struct http *http;
    struct credentials_provider credentials;
    struct aws_client client;
};

struct probe {
    struct side one;
    struct side other;
    struct arena arena;
    const json *order;
    struct json_writer out;
};

/* --- The order's members --- */

static struct slice text(const struct probe *probe, const char *name)
{
    struct slice value = SLICE("");
    (void)json_string(json_get(probe->order, name), &value);
    return value;
}

static uint64_t number(const struct probe *probe, const char *name)
{
    uint64_t value = 0;
    (void)json_u64(json_get(probe->order, name), &value);
    return value;
}

static bool truth(const struct probe *probe, const char *name)
{
    bool value = false;
    (void)json_bool(json_get(probe->order, name), &value);
    return value;
}

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
    const char *path = arena_text(&probe->arena, text(probe, "file"));
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
    struct s3_put_options options = {.bucket = text(probe, "bucket"),
                                     .key = text(probe, "key"),
                                     .body = text(probe, "body"),
                                     .content_type = text(probe, "type"),
                                     .if_none_match = truth(probe, "if_none_match"),
                                     .if_match = text(probe, "if_match")};
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
    const struct s3_head_options options = {.bucket = text(probe, "bucket"),
                                            .key = text(probe, "key"),
                                            .version_id = text(probe, "version"),
                                            .if_match = text(probe, "if_match"),
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
    return (struct source_s3_options){.bucket = text(probe, "bucket"),
                                      .key = text(probe, "key"),
                                      .version_id = text(probe, "version"),
                                      .if_match = text(probe, "if_match")};
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
    return sink_s3_new(&(struct sink_s3_options){.client = client,
                                                 .bucket = text(probe, "to_bucket"),
                                                 .key = text(probe, "to_key"),
                                                 .if_none_match = truth(probe, "if_none_match"),
                                                 .part_size = (size_t)number(probe, "part_size")});
}

/* Ends the sink as its writer fared. */
static int end_sink(struct probe *probe, struct sink_s3 *sink, int written, struct error *err)
{
    int status = written;
    if (status == 0 && !truth(probe, "abort")) {
        status = sink_close(sink_s3_sink(sink), err);
    }
    if (status != 0 || truth(probe, "abort")) {
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
    struct s3_copy_options options = {.source_bucket = text(probe, "bucket"),
                                      .source_key = text(probe, "key"),
                                      .source_version_id = text(probe, "version"),
                                      .source_if_match = text(probe, "if_match"),
                                      .bucket = text(probe, "to_bucket"),
                                      .key = text(probe, "to_key"),
                                      .content_type = text(probe, "type"),
                                      .single_limit = number(probe, "single_limit"),
                                      .part_size = number(probe, "part_size")};
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
    const struct s3_delete_options options = {.bucket = text(probe, "bucket"),
                                              .key = text(probe, "key"),
                                              .version_id = text(probe, "version"),
                                              .if_match = text(probe, "if_match")};
    return s3_delete(&probe->one.client, &options, &probe->arena, NULL, err);
}

/* --- Lists --- */

static int do_list(struct probe *probe, struct error *err)
{
    struct s3_list_options options = {.bucket = text(probe, "bucket"),
                                      .prefix = text(probe, "prefix"),
                                      .delimiter = text(probe, "delimiter"),
                                      .page_size = (unsigned)number(probe, "page_size")};
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
    struct s3_list_uploads_options options = {.bucket = text(probe, "bucket")};
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
            if (truth(probe, "abort") &&
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
    const struct s3_create_upload_options options = {.bucket = text(probe, "bucket"),
                                                     .key = text(probe, "key")};
    struct s3_upload upload;
    return s3_create_upload(&probe->one.client, &options, &probe->arena, &upload, err);
}

/* --- Secrets and messages --- */

/* Twice: the second one comes from the cache, unless it is dropped. */
static int do_secret(struct probe *probe, struct error *err)
{
    struct secrets_manager secrets;
    struct slice value;
    struct slice id = text(probe, "id");
    secrets_manager_init(&secrets, &probe->one.client);
    int status = secrets_manager_get(&secrets, id, &probe->arena, &value, err);
    if (status == 0 && truth(probe, "drop")) {
        secrets_manager_drop(&secrets, id);
    }
    if (status == 0) {
        status = secrets_manager_get(&secrets, id, &probe->arena, &value, err);
    }
    if (status == 0) {
        json_write_member_string(&probe->out, "value", value);
    }
    secrets_manager_release(&secrets);
    return status;
}

static int do_publish(struct probe *probe, struct error *err)
{
    const struct sns_message message = {.topic_arn = text(probe, "topic"),
                                        .subject = text(probe, "subject"),
                                        .message = text(probe, "message"),
                                        .is_json = truth(probe, "json")};
    struct slice id;
    if (sns_publish(&probe->one.client, &message, &probe->arena, &id, err) != 0) {
        return -1;
    }
    json_write_member_string(&probe->out, "id", id);
    return 0;
}

/* --- Redshift --- */

static int do_sql(struct probe *probe, struct error *err)
{
    const struct redshift_target target = {.cluster = text(probe, "cluster"),
                                           .workgroup = text(probe, "workgroup"),
                                           .database = text(probe, "database"),
                                           .secret_arn = text(probe, "secret"),
                                           .db_user = text(probe, "user")};
    const json *list = json_get(probe->order, "statements");
    struct slice *statements =
        arena_zalloc(&probe->arena, json_count(list) + 1, sizeof(*statements));
    size_t count = 0;
    for (const json *one = json_first(list); one != NULL; one = json_next(one)) {
        (void)json_string(one, &statements[count++]);
    }
    const struct redshift_execute_options options = {.target = &target,
                                                     .statements = statements,
                                                     .count = count,
                                                     .name = text(probe, "name"),
                                                     .client_token = text(probe, "token")};
    struct slice id;
    if (redshift_execute(&probe->one.client, &options, &probe->arena, &id, err) != 0) {
        return -1;
    }
    json_write_member_string(&probe->out, "id", id);
    return 0;
}

static void tell_parts(struct probe *probe, const struct redshift_statement *statement)
{
    json_write_name(&probe->out, SLICE("parts"));
    json_write_array(&probe->out);
    for (size_t i = 0; i < statement->part_count; i++) {
        json_write_object(&probe->out);
        json_write_member_string(&probe->out, "id", statement->parts[i].id);
        json_write_member_string(&probe->out, "status",
                                 slice_from(redshift_status_name(statement->parts[i].status)));
        json_write_member_string(&probe->out, "error", statement->parts[i].error);
        json_write_member_i64(&probe->out, "rows", statement->parts[i].rows);
        json_write_object_end(&probe->out);
    }
    json_write_array_end(&probe->out);
}

/* Waits for its end. */
static int do_await(struct probe *probe, struct error *err)
{
    struct redshift_statement statement;
    do {
        if (redshift_describe(&probe->one.client, text(probe, "id"), &probe->arena, &statement,
                              err) != 0) {
            return -1;
        }
        clock_sleep_ms(&clock_system, redshift_status_is_end(statement.status) ? 0 : 20);
    } while (!redshift_status_is_end(statement.status));
    json_write_member_string(&probe->out, "status",
                             slice_from(redshift_status_name(statement.status)));
    json_write_member_string(&probe->out, "error", statement.error);
    json_write_member_i64(&probe->out, "rows", statement.rows);
    json_write_member_bool(&probe->out, "has_result", statement.has_result);
    tell_parts(probe, &statement);
    return 0;
}

static void tell_rows(struct probe *probe, const struct redshift_page *page)
{
    for (size_t row = 0; row < page->row_count; row++) {
        json_write_array(&probe->out);
        for (size_t column = 0; column < page->column_count; column++) {
            const struct redshift_cell *cell = &page->rows[row][column];
            if (cell->is_null) {
                json_write_null(&probe->out);
            } else {
                json_write_string(&probe->out, cell->text);
            }
        }
        json_write_array_end(&probe->out);
    }
}

static int do_result(struct probe *probe, struct error *err)
{
    struct redshift_page page = {.next_token = SLICE("")};
    int64_t pages = 0;
    json_write_name(&probe->out, SLICE("rows"));
    json_write_array(&probe->out);
    do {
        if (redshift_result(&probe->one.client, text(probe, "id"), page.next_token, &probe->arena,
                            &page, err) != 0) {
            return -1;
        }
        tell_rows(probe, &page);
        pages++;
    } while (page.next_token.size > 0);
    json_write_array_end(&probe->out);
    json_write_member_i64(&probe->out, "pages", pages);
    return 0;
}

static int do_statements(struct probe *probe, struct error *err)
{
    struct redshift_list list = {.next_token = SLICE("")};
    json_write_name(&probe->out, SLICE("names"));
    json_write_array(&probe->out);
    do {
        if (redshift_list(&probe->one.client, text(probe, "prefix"), list.next_token, &probe->arena,
                          &list, err) != 0) {
            return -1;
        }
        for (size_t i = 0; i < list.count; i++) {
            json_write_string(&probe->out, list.entries[i].name);
        }
    } while (list.next_token.size > 0);
    json_write_array_end(&probe->out);
    return 0;
}

/* --- The program --- */

static const struct order {
    const char *name;
    int (*run)(struct probe *probe, struct error *err);
} orders[] = {
    {"put", do_put},         {"head", do_head},
    {"get", do_get},         {"upload", do_upload},
    {"pipe", do_pipe},       {"copy", do_copy},
    {"delete", do_delete},   {"list", do_list},
    {"uploads", do_uploads}, {"create_upload", do_create_upload},
    {"secret", do_secret},   {"publish", do_publish},
    {"sql", do_sql},         {"await", do_await},
    {"result", do_result},   {"statements", do_statements},
};

static int run_order(struct probe *probe, struct error *err)
{
    struct slice wanted = text(probe, "do");
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        if (slice_equal(wanted, slice_from(orders[i].name))) {
            return orders[i].run(probe, err);
        }
    }
    return error_set(err, ERROR_INVALID, "there is no order \"%.*s\"", SLICE_ARG(wanted));
}

static int open_side(struct side *side, struct error *err)
{
    side->http = http_curl_new(&(struct http_curl_options){.user_agent = "aws_probe"}, err);
    if (side->http == NULL) {
        return -1;
    }
    credentials_init(&side->credentials, side->http, &clock_system, &random_system);
    aws_client_init(&side->client,
                    &(struct aws_client_options){.http = side->http,
                                                 .credentials = &side->credentials,
                                                 .region = slice_from(env_get("AWS_REGION", ""))});
    side->client.deadline_ms = clock_now_ms(&clock_system) + TIME_MS;
    return 0;
}

static void close_side(struct side *side)
{
    if (side->http != NULL) {
        aws_client_release(&side->client);
        credentials_release(&side->credentials);
        http_curl_free(side->http);
    }
}

static void print(struct probe *probe, const struct strbuf *told, const struct error *err)
{
    struct strbuf line = STRBUF_INIT;
    struct json_writer out = json_writer_to(&line);
    json_write_object(&out);
    json_write_member_bool(&out, "ok", err == NULL);
    if (err != NULL) {
        json_write_member_string(&out, "kind", slice_from(error_kind_name(err->kind)));
        json_write_member_string(&out, "code", slice_from(err->code));
        json_write_member_i64(&out, "status", err->status);
        json_write_member_bool(&out, "retryable", err->retryable);
        json_write_member_string(&out, "message", slice_from(err->message));
    } else {
        strbuf_append_char(&line, ',');
        strbuf_append(&line, strbuf_slice(told));
        strbuf_append_text(&line, told->size > 0 ? "," : "");
        out.comma = false;
        json_write_member_i64(&out, "tries", (int64_t)probe->one.client.tries);
    }
    json_write_object_end(&out);
    (void)puts(line.data);
    strbuf_release(&line);
}

int main(int count, char **arguments)
{
    struct error err = {.message = ""};
    struct probe probe = {.one.http = NULL};
    struct strbuf told = STRBUF_INIT;
    log_setup(
        &(struct log_options){.fd = STDERR_FILENO, .lowest = LOG_DEBUG, .clock = &clock_system});
    arena_init(&probe.arena, 0);
    probe.out = json_writer_to(&told);
    int status = open_side(&probe.one, &err) == 0 && open_side(&probe.other, &err) == 0 ? 0 : -1;
    if (status == 0) {
        probe.order =
            json_parse(&probe.arena, slice_from(count == 2 ? arguments[1] : ""), ORDER_LIMIT, &err);
        status = probe.order == NULL ? -1 : run_order(&probe, &err);
    }
    print(&probe, &told, status == 0 ? NULL : &err);
    close_side(&probe.one);
    close_side(&probe.other);
    strbuf_release(&told);
    arena_release(&probe.arena);
    return 0;
}
