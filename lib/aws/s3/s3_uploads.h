/*
 * The list of uploads by parts that were neither completed nor aborted: ListMultipartUploads. S3
 * charges for their parts until somebody aborts them.
 *
 * Source: Amazon S3 API reference.
 */
#ifndef AWS_S3_S3_UPLOADS_H
#define AWS_S3_S3_UPLOADS_H

#include "aws/aws_call.h"
#include "aws/s3/s3_list.h"

struct s3_list_uploads_options {
    struct slice bucket;
    struct slice prefix;
    struct slice key_marker; /* both of the page before; empty: the first page */
    struct slice id_marker;
};

struct s3_listed_upload {
    struct slice key;
    struct slice id;
    int64_t initiated_ms;
};

struct s3_uploads_page {
    struct s3_listed_upload *uploads; /* at most S3_LIST_PAGE_LIMIT */
    size_t count;
    struct slice next_key_marker; /* empty: this was the last page */
    struct slice next_id_marker;
};

int s3_list_uploads_request(const struct s3_list_uploads_options *options, struct arena *arena,
                            struct aws_request *request, struct error *err);
int s3_list_uploads_parse(struct slice body, struct arena *arena, struct s3_uploads_page *page,
                          struct error *err);
int s3_list_uploads(struct aws_client *client, const struct s3_list_uploads_options *options,
                    struct arena *arena, struct s3_uploads_page *page, struct error *err);

#endif
