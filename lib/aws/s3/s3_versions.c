#include "aws/s3/s3_versions.h"

#include "aws/s3/s3_request.h"
#include "aws/s3/s3_xml.h"

#include "base/banned.h"

/* 1,000 keys of 1,024 bytes, each byte as %XX, and what stands around them. */
#define REPLY_LIMIT ((size_t)8 * 1024 * 1024)

static bool is_listing(struct slice body)
{
    return s3_xml_has_root(body, "ListVersionsResult");
}

int s3_list_versions_request(const struct s3_versions_options *options, struct arena *arena,
                             struct aws_request *request, struct error *err)
{
    if (s3_request_begin(request, "ListObjectVersions", "GET", options->bucket, SLICE(""), arena,
                         err) != 0) {
        return -1;
    }
    struct strbuf query = STRBUF_INIT;
    aws_request_add_parameter(&query, "versions", SLICE(""));
    aws_request_add_parameter(&query, "encoding-type", SLICE("url"));
    if (options->prefix.size > 0) {
        aws_request_add_parameter(&query, "prefix", options->prefix);
    }
    request->query = arena_copy(arena, strbuf_slice(&query));
    strbuf_release(&query);
    request->subject = s3_name(options->bucket, options->prefix, arena);
    request->path = SLICE("/");
    request->body_limit = REPLY_LIMIT;
    request->repeatable = true;
    request->is_success = is_listing;
    return 0;
}

/* <Version> or <DeleteMarker> */
static int read_version(struct xml_reader *reader, struct arena *arena,
                        struct s3_listed_version *version, struct error *err)
{
    bool failed = false;
    *version = (struct s3_listed_version){.key = SLICE(""), .version_id = SLICE("")};
    while (s3_xml_next(reader, &failed, err)) {
        int result = 0;
        if (slice_equal(reader->name, SLICE("Key"))) {
            result = s3_xml_key(reader, arena, &version->key, err);
        } else if (slice_equal(reader->name, SLICE("VersionId"))) {
            result = s3_xml_text(reader, arena, &version->version_id, err);
        } else {
            result = xml_skip(reader, err);
        }
        if (result != 0) {
            return -1;
        }
    }
    if (!failed && (version->key.size == 0 || version->version_id.size == 0)) {
        return error_set(err, ERROR_INVALID, "the reply lists a version without key or id");
    }
    return failed ? -1 : 0;
}

static int read_child(struct xml_reader *reader, struct arena *arena, struct s3_versions_page *page,
                      struct error *err)
{
    if (slice_equal(reader->name, SLICE("IsTruncated"))) {
        return s3_xml_truth(reader, arena, &page->is_truncated, err);
    }
    if (!slice_equal(reader->name, SLICE("Version")) &&
        !slice_equal(reader->name, SLICE("DeleteMarker"))) {
        return xml_skip(reader, err);
    }
    if (page->count == S3_VERSIONS_PAGE_LIMIT) {
        return error_set(err, ERROR_INVALID, "the reply lists more than %d versions",
                         S3_VERSIONS_PAGE_LIMIT);
    }
    return read_version(reader, arena, &page->versions[page->count++], err);
}

int s3_list_versions_parse(struct slice body, struct arena *arena, struct s3_versions_page *page,
                           struct error *err)
{
    struct s3_versions_page reading = {0};
    struct xml_reader reader;
    bool failed = false;
    if (s3_xml_enter(&reader, body, "ListVersionsResult", err) != 0) {
        return -1;
    }
    reading.versions = arena_zalloc(arena, S3_VERSIONS_PAGE_LIMIT, sizeof(*reading.versions));
    while (s3_xml_next(&reader, &failed, err)) {
        if (read_child(&reader, arena, &reading, err) != 0) {
            return -1;
        }
    }
    if (failed) {
        return -1;
    }
    if (reading.is_truncated && reading.count == 0) {
        return error_set(err, ERROR_INVALID, "the reply is truncated but lists nothing");
    }
    *page = reading;
    return 0;
}

int s3_list_versions(struct aws_client *client, const struct s3_versions_options *options,
                     struct arena *arena, struct s3_versions_page *page, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (s3_list_versions_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (s3_list_versions_parse(reply.body, arena, page, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}
