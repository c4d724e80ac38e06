/*
 * Listing a bucket, page by page (ListObjectsV2). Keys travel percent-encoded inside the XML, so
 * that every byte survives.
 *
 * Source: Amazon S3 API reference, ListObjectsV2.
 */
#ifndef AWS_S3_LIST_H
#define AWS_S3_LIST_H

#include "aws/aws_call.h"

#define S3_LIST_PAGE_LIMIT 1000 /* entries */

struct s3_list_options {
    struct slice bucket;
    struct slice prefix;
    struct slice delimiter;   /* "/" gives common prefixes; empty: none */
    struct slice start_after; /* keys above this one */
    struct slice token;       /* of the page before; empty: the first page */
    unsigned page_size;       /* 0: 1,000 */
};

struct s3_list_entry {
    struct slice key;
    struct slice etag;
    uint64_t size;
    int64_t modified_ms;
};

/* All in the arena. */
struct s3_list_page {
    struct s3_list_entry *entries;
    size_t entry_count;
    struct slice *prefixes; /* common prefixes, up to and with the delimiter */
    size_t prefix_count;
    struct slice next_token; /* empty: this was the last page */
};

int s3_list_request(const struct s3_list_options *options, struct arena *arena,
                    struct aws_request *request, struct error *err);
/* ERROR_INVALID: the reply is not a listing, or holds more than a page may. */
int s3_list_parse(struct slice body, struct arena *arena, struct s3_list_page *page,
                  struct error *err);
int s3_list(struct aws_client *client, const struct s3_list_options *options, struct arena *arena,
            struct s3_list_page *page, struct error *err);

#endif
