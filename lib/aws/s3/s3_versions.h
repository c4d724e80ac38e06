/*
 * Listing all versions of objects, delete markers included (ListObjectVersions). Works for a bucket
 * that keeps none, too: there the version id is "null".
 *
 * Source: Amazon S3 API reference, ListObjectVersions.
 */
#ifndef AWS_S3_VERSIONS_H
#define AWS_S3_VERSIONS_H

#include "aws/aws_call.h"

#define S3_VERSIONS_PAGE_LIMIT 1000 /* entries */

struct s3_versions_options {
    struct slice bucket;
    struct slice prefix;
};

struct s3_listed_version {
    struct slice key;
    struct slice version_id;
};

/* All in the arena. The first page: who deletes what it lists finds the rest there. */
struct s3_versions_page {
    struct s3_listed_version *versions; /* at most S3_VERSIONS_PAGE_LIMIT */
    size_t count;
    bool is_truncated; /* there are more */
};

int s3_list_versions_request(const struct s3_versions_options *options, struct arena *arena,
                             struct aws_request *request, struct error *err);
/* ERROR_INVALID: the reply is not such a listing, or holds more than a page may. */
int s3_list_versions_parse(struct slice body, struct arena *arena, struct s3_versions_page *page,
                           struct error *err);
int s3_list_versions(struct aws_client *client, const struct s3_versions_options *options,
                     struct arena *arena, struct s3_versions_page *page, struct error *err);

#endif
