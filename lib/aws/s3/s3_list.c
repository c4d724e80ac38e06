#include "aws/s3/s3_list.h"

#include "aws/s3/s3_request.h"
#include "aws/s3/s3_xml.h"
#include "base/array.h"

#include "base/banned.h"

/* 1,000 keys of 1,024 bytes, each byte as %XX, and what stands around them. */
#define REPLY_LIMIT ((size_t)8 * 1024 * 1024)

static bool is_listing(struct slice body)
{
    return s3_xml_has_root(body, "ListBucketResult");
}

int s3_list_request(const struct s3_list_options *options, struct arena *arena,
                    struct aws_request *request, struct error *err)
{
    if (s3_request_begin(request, "ListObjectsV2", "GET", options->bucket, SLICE(""), arena, err) !=
        0) {
        return -1;
    }
    struct strbuf query = STRBUF_INIT;
    aws_request_add_parameter(&query, "list-type", SLICE("2"));
    aws_request_add_parameter(&query, "encoding-type", SLICE("url"));
    if (options->page_size > 0) {
        aws_request_add_parameter(&query, "max-keys",
                                  arena_format(arena, "%u", options->page_size));
    }
    const struct {
        const char *name;
        struct slice value;
    } optional[] = {{"prefix", options->prefix},
                    {"delimiter", options->delimiter},
                    {"start-after", options->start_after},
                    {"continuation-token", options->token}};
    for (size_t i = 0; i < COUNT_OF(optional); i++) {
        if (optional[i].value.size > 0) {
            aws_request_add_parameter(&query, optional[i].name, optional[i].value);
        }
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

static int read_entry_child(struct xml_reader *reader, struct arena *arena,
                            struct s3_list_entry *entry, struct error *err)
{
    if (slice_equal(reader->name, SLICE("Key"))) {
        return s3_xml_key(reader, arena, &entry->key, err);
    }
    if (slice_equal(reader->name, SLICE("ETag"))) {
        int result = s3_xml_text(reader, arena, &entry->etag, err);
        entry->etag = s3_etag_bare(entry->etag);
        return result;
    }
    if (slice_equal(reader->name, SLICE("Size"))) {
        return s3_xml_number(reader, arena, &entry->size, err);
    }
    if (slice_equal(reader->name, SLICE("LastModified"))) {
        return s3_xml_time(reader, arena, &entry->modified_ms, err);
    }
    return xml_skip(reader, err);
}

/* <Contents> */
static int read_entry(struct xml_reader *reader, struct arena *arena, struct s3_list_entry *entry,
                      struct error *err)
{
    bool failed = false;
    *entry = (struct s3_list_entry){.key = SLICE(""), .etag = SLICE("")};
    while (s3_xml_next(reader, &failed, err)) {
        if (read_entry_child(reader, arena, entry, err) != 0) {
            return -1;
        }
    }
    if (!failed && entry->key.size == 0) {
        return error_set(err, ERROR_INVALID, "the reply lists an object without <Key>");
    }
    return failed ? -1 : 0;
}

/* <CommonPrefixes> */
static int read_prefix(struct xml_reader *reader, struct arena *arena, struct slice *prefix,
                       struct error *err)
{
    bool failed = false;
    *prefix = SLICE("");
    while (s3_xml_next(reader, &failed, err)) {
        int result = slice_equal(reader->name, SLICE("Prefix"))
                         ? s3_xml_key(reader, arena, prefix, err)
                         : xml_skip(reader, err);
        if (result != 0) {
            return -1;
        }
    }
    return failed ? -1 : 0;
}

struct reading {
    struct xml_reader reader;
    struct arena *arena;
    struct s3_list_page page;
    bool truncated;
};

static int read_child(struct reading *reading, struct error *err)
{
    struct xml_reader *reader = &reading->reader;
    struct s3_list_page *page = &reading->page;
    bool is_entry = slice_equal(reader->name, SLICE("Contents"));
    bool is_prefix = slice_equal(reader->name, SLICE("CommonPrefixes"));
    if ((is_entry || is_prefix) && page->entry_count + page->prefix_count == S3_LIST_PAGE_LIMIT) {
        return error_set(err, ERROR_INVALID, "the reply lists more than %d entries",
                         S3_LIST_PAGE_LIMIT);
    }
    if (is_entry) {
        return read_entry(reader, reading->arena, &page->entries[page->entry_count++], err);
    }
    if (is_prefix) {
        return read_prefix(reader, reading->arena, &page->prefixes[page->prefix_count++], err);
    }
    if (slice_equal(reader->name, SLICE("IsTruncated"))) {
        return s3_xml_truth(reader, reading->arena, &reading->truncated, err);
    }
    if (slice_equal(reader->name, SLICE("NextContinuationToken"))) {
        return s3_xml_text(reader, reading->arena, &page->next_token, err);
    }
    return xml_skip(reader, err);
}

int s3_list_parse(struct slice body, struct arena *arena, struct s3_list_page *page,
                  struct error *err)
{
    struct reading reading = {.arena = arena, .page.next_token = SLICE("")};
    bool failed = false;
    if (s3_xml_enter(&reading.reader, body, "ListBucketResult", err) != 0) {
        return -1;
    }
    reading.page.entries = arena_zalloc(arena, S3_LIST_PAGE_LIMIT, sizeof(*reading.page.entries));
    reading.page.prefixes = arena_zalloc(arena, S3_LIST_PAGE_LIMIT, sizeof(*reading.page.prefixes));
    while (s3_xml_next(&reading.reader, &failed, err)) {
        if (read_child(&reading, err) != 0) {
            return -1;
        }
    }
    if (failed) {
        return -1;
    }
    if (reading.truncated != (reading.page.next_token.size > 0)) {
        return error_set(err, ERROR_INVALID,
                         "the reply's <IsTruncated> and <NextContinuationToken> do not fit");
    }
    *page = reading.page;
    return 0;
}

int s3_list(struct aws_client *client, const struct s3_list_options *options, struct arena *arena,
            struct s3_list_page *page, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (s3_list_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (s3_list_parse(reply.body, arena, page, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}
