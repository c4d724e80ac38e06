/*
 * Replies of AWS services. The first byte chooses who reads the rest. What is taken keeps within
 * the limits that the headers promise; what is not leaves an error that says something.
 */
#include "aws/aws_url.h"
#include "aws/redshift_data.h"
#include "aws/redshift_result.h"
#include "aws/s3/s3_list.h"
#include "aws/s3/s3_multipart.h"
#include "aws/s3/s3_uploads.h"
#include "aws/s3/s3_versions.h"
#include "aws/secrets_manager.h"
#include "aws/sns.h"
#include "base/array.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int list_objects(struct slice body, struct arena *arena, struct error *err)
{
    struct s3_list_page page;
    if (s3_list_parse(body, arena, &page, err) != 0) {
        return -1;
    }
    assert(page.entry_count + page.prefix_count <= S3_LIST_PAGE_LIMIT);
    for (size_t i = 0; i < page.entry_count; i++) {
        assert(page.entries[i].key.size > 0 && page.entries[i].key.size <= S3_KEY_LIMIT);
    }
    return 0;
}

static int list_uploads(struct slice body, struct arena *arena, struct error *err)
{
    struct s3_uploads_page page;
    if (s3_list_uploads_parse(body, arena, &page, err) != 0) {
        return -1;
    }
    assert(page.count <= S3_LIST_PAGE_LIMIT);
    for (size_t i = 0; i < page.count; i++) {
        assert(page.uploads[i].key.size > 0 && page.uploads[i].id.size > 0);
    }
    return 0;
}

static int list_versions(struct slice body, struct arena *arena, struct error *err)
{
    struct s3_versions_page page;
    if (s3_list_versions_parse(body, arena, &page, err) != 0) {
        return -1;
    }
    assert(page.count <= S3_VERSIONS_PAGE_LIMIT && (page.count > 0 || !page.is_truncated));
    for (size_t i = 0; i < page.count; i++) {
        assert(page.versions[i].key.size > 0 && page.versions[i].version_id.size > 0);
    }
    return 0;
}

static int create_upload(struct slice body, struct arena *arena, struct error *err)
{
    struct slice id;
    int result = s3_create_upload_parse(body, arena, &id, err);
    assert(result != 0 || (id.size > 0 && id.size <= 1024));
    return result;
}

static int copy_part(struct slice body, struct arena *arena, struct error *err)
{
    struct s3_part part;
    int result = s3_copy_part_parse(body, arena, &part, err);
    assert(result != 0 || part.etag.size > 0);
    return result;
}

static int describe(struct slice body, struct arena *arena, struct error *err)
{
    struct redshift_statement statement;
    if (redshift_describe_parse(body, arena, &statement, err) != 0) {
        return -1;
    }
    assert(statement.part_count <= REDSHIFT_BATCH_LIMIT);
    assert(redshift_status_name(statement.status) != NULL);
    return 0;
}

static int result_page(struct slice body, struct arena *arena, struct error *err)
{
    struct redshift_page page;
    size_t bytes = 0;
    if (redshift_result_parse(body, arena, &page, err) != 0) {
        return -1;
    }
    for (size_t row = 0; row < page.row_count; row++) {
        for (size_t column = 0; column < page.column_count; column++) {
            bytes += page.rows[row][column].text.size;
        }
    }
    assert(bytes <= body.size);
    return 0;
}

static int list_statements(struct slice body, struct arena *arena, struct error *err)
{
    struct redshift_list list;
    return redshift_list_parse(body, arena, &list, err);
}

static int submit(struct slice body, struct arena *arena, struct error *err)
{
    struct slice id;
    return redshift_execute_parse(body, arena, &id, err);
}

static int secret(struct slice body, struct arena *arena, struct error *err)
{
    struct strbuf value = STRBUF_INIT;
    int result = secrets_manager_parse(body, arena, &value, err);
    assert(value.size <= SECRETS_MANAGER_VALUE_LIMIT);
    strbuf_wipe(&value);
    return result;
}

static int publish(struct slice body, struct arena *arena, struct error *err)
{
    struct slice id;
    return sns_publish_parse(body, arena, &id, err);
}

/* Not a reply, but from outside too. */
static int url(struct slice body, struct arena *arena, struct error *err)
{
    struct aws_url parsed;
    (void)arena;
    if (!aws_url_parse(body, &parsed)) {
        return error_set(err, ERROR_INVALID, "no URL");
    }
    (void)aws_url_is_loopback(&parsed);
    assert(parsed.host.size > 0 && slice_find(parsed.authority, '@') == SLICE_NONE);
    assert(slice_find(parsed.authority, '/') == SLICE_NONE);
    return 0;
}

static const struct reader {
    char letter;
    int (*read)(struct slice body, struct arena *arena, struct error *err);
} readers[] = {{'l', list_objects},    {'u', list_uploads}, {'c', create_upload},
               {'p', copy_part},       {'d', describe},     {'r', result_page},
               {'s', list_statements}, {'e', submit},       {'k', secret},
               {'n', publish},         {'a', url},          {'v', list_versions}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        if (size > 0 && (char)data[0] == readers[i].letter) {
            struct error err = {.message = ""};
            struct arena arena;
            arena_init(&arena, 4096);
            int result = readers[i].read(slice_of(data + 1, size - 1), &arena, &err);
            assert((result == 0) == (err.message[0] == '\0'));
            arena_release(&arena);
        }
    }
    return 0;
}
