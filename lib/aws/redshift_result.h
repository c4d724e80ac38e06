/*
 * Results of statements of the Redshift Data API, page by page: GetStatementResult. They are kept
 * for 24 hours.
 *
 * Source: Amazon Redshift Data API reference, 2019-12-20.
 */
#ifndef AWS_REDSHIFT_RESULT_H
#define AWS_REDSHIFT_RESULT_H

#include "aws/aws_call.h"

struct redshift_cell {
    struct slice text; /* numbers and truth values as text, binary ones in base64 */
    bool is_null;
};

struct redshift_page {
    struct slice *columns;       /* their names; empty where none is told */
    struct redshift_cell **rows; /* rows[row][column] */
    size_t row_count;
    size_t column_count;
    struct slice next_token; /* empty: this was the last page */
};

int redshift_result_request(struct slice id, struct slice next_token, struct arena *arena,
                            struct aws_request *request, struct error *err);
int redshift_result_parse(struct slice body, struct arena *arena, struct redshift_page *page,
                          struct error *err);
int redshift_result(struct aws_client *client, struct slice id, struct slice next_token,
                    struct arena *arena, struct redshift_page *page, struct error *err);

#endif
