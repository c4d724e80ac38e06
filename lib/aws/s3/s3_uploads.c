#include "aws/s3/s3_uploads.h"

#include "aws/s3/s3_request.h"
#include "aws/s3/s3_xml.h"

#include "base/banned.h"

#define REPLY_LIMIT ((size_t)8 * 1024 * 1024)

static bool is_list_of_uploads(struct slice body)
{
    return s3_xml_has_root(body, "ListMultipartUploadsResult");
}

int s3_list_uploads_request(const struct s3_list_uploads_options *options, struct arena *arena,
                            struct aws_request *request, struct error *err)
{
    if (s3_request_begin(request, "ListMultipartUploads", "GET", options->bucket, SLICE(""), arena,
                         err) != 0) {
        return -1;
    }
    struct strbuf query = STRBUF_INIT;
    aws_request_add_parameter(&query, "uploads", SLICE(""));
    aws_request_add_parameter(&query, "encoding-type", SLICE("url"));
    if (options->prefix.size > 0) {
        aws_request_add_parameter(&query, "prefix", options->prefix);
    }
    if (options->key_marker.size > 0) {
        aws_request_add_parameter(&query, "key-marker", options->key_marker);
        aws_request_add_parameter(&query, "upload-id-marker", options->id_marker);
    }
    request->query = arena_copy(arena, strbuf_slice(&query));
    strbuf_release(&query);
    request->subject = s3_name(options->bucket, options->prefix, arena);
    request->path = SLICE("/");
    request->body_limit = REPLY_LIMIT;
    request->repeatable = true;
    request->is_success = is_list_of_uploads;
    return 0;
}

/* <Upload> */
static int read_upload(struct xml_reader *reader, struct arena *arena,
                       struct s3_listed_upload *upload, struct error *err)
{
    bool failed = false;
    *upload = (struct s3_listed_upload){.key = SLICE(""), .id = SLICE("")};
    while (s3_xml_next(reader, &failed, err)) {
        int result = 0;
        if (slice_equal(reader->name, SLICE("Key"))) {
            result = s3_xml_key(reader, arena, &upload->key, err);
        } else if (slice_equal(reader->name, SLICE("UploadId"))) {
            result = s3_xml_text(reader, arena, &upload->id, err);
        } else if (slice_equal(reader->name, SLICE("Initiated"))) {
            result = s3_xml_time(reader, arena, &upload->initiated_ms, err);
        } else {
            result = xml_skip(reader, err);
        }
        if (result != 0) {
            return -1;
        }
    }
    if (!failed && (upload->key.size == 0 || upload->id.size == 0)) {
        return error_set(err, ERROR_INVALID, "the reply lists an upload without key or id");
    }
    return failed ? -1 : 0;
}

struct listing {
    struct xml_reader reader;
    struct arena *arena;
    struct s3_uploads_page page;
    bool truncated;
};

static int read_child(struct listing *listing, struct error *err)
{
    struct xml_reader *reader = &listing->reader;
    struct s3_uploads_page *page = &listing->page;
    if (slice_equal(reader->name, SLICE("Upload"))) {
        if (page->count == S3_LIST_PAGE_LIMIT) {
            return error_set(err, ERROR_INVALID, "the reply lists more than %d uploads",
                             S3_LIST_PAGE_LIMIT);
        }
        return read_upload(reader, listing->arena, &page->uploads[page->count++], err);
    }
    if (slice_equal(reader->name, SLICE("IsTruncated"))) {
        return s3_xml_truth(reader, listing->arena, &listing->truncated, err);
    }
    if (slice_equal(reader->name, SLICE("NextKeyMarker"))) {
        return s3_xml_key(reader, listing->arena, &page->next_key_marker, err);
    }
    if (slice_equal(reader->name, SLICE("NextUploadIdMarker"))) {
        return s3_xml_text(reader, listing->arena, &page->next_id_marker, err);
    }
    return xml_skip(reader, err);
}

int s3_list_uploads_parse(struct slice body, struct arena *arena, struct s3_uploads_page *page,
                          struct error *err)
{
    struct listing listing = {.arena = arena,
                              .page = {.next_key_marker = SLICE(""), .next_id_marker = SLICE("")}};
    bool failed = false;
    if (s3_xml_enter(&listing.reader, body, "ListMultipartUploadsResult", err) != 0) {
        return -1;
    }
    listing.page.uploads = arena_zalloc(arena, S3_LIST_PAGE_LIMIT, sizeof(*listing.page.uploads));
    while (s3_xml_next(&listing.reader, &failed, err)) {
        if (read_child(&listing, err) != 0) {
            return -1;
        }
    }
    if (failed) {
        return -1;
    }
    if (!listing.truncated) { /* the markers of a last page lead nowhere */
        listing.page.next_key_marker = SLICE("");
        listing.page.next_id_marker = SLICE("");
    } else if (listing.page.next_key_marker.size == 0) {
        return error_set(err, ERROR_INVALID, "the reply is truncated but has no <NextKeyMarker>");
    }
    *page = listing.page;
    return 0;
}

int s3_list_uploads(struct aws_client *client, const struct s3_list_uploads_options *options,
                    struct arena *arena, struct s3_uploads_page *page, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (s3_list_uploads_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    return s3_list_uploads_parse(reply.body, arena, page, err) == 0
               ? 0
               : aws_call_bad_reply(&request, err);
}
