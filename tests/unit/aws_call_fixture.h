/* Requests and replies that the tests of aws_call share. */
#ifndef UNIT_AWS_CALL_FIXTURE_H
#define UNIT_AWS_CALL_FIXTURE_H

#include "unit/unit.h"

#include "aws/aws_call.h"
#include "unit/fake_aws.h"
#include "base/array.h"

static const struct aws_service data = {.name = "redshift-data",
                                        .signing_name = "redshift-data",
                                        .host_prefix = "redshift-data",
                                        .endpoint_variable = "AWS_ENDPOINT_URL_REDSHIFT_DATA"};
static const struct aws_service s3 = {.name = "s3",
                                      .signing_name = "s3",
                                      .host_prefix = "s3",
                                      .endpoint_variable = "AWS_ENDPOINT_URL_S3",
                                      .is_s3 = true};

#define THROTTLED                                                                                  \
    {                                                                                              \
        .status = 400, .body = SLICE_INIT("{\"__type\":\"ThrottlingException\"}")                  \
    }
#define FAILED                                                                                     \
    {                                                                                              \
        .status = 500, .body = SLICE_INIT("{\"__type\":\"InternalServerException\"}")              \
    }
#define GOOD                                                                                       \
    {                                                                                              \
        .status = 200, .headers = "x-amzn-RequestId: R1\n", .body = SLICE_INIT("{}")               \
    }

static inline struct aws_request describe(void)
{
    struct aws_request request =
        aws_request_json(&data, "1.1", "RedshiftData.DescribeStatement", SLICE("{\"Id\":\"x\"}"));
    request.subject = SLICE("statement x");
    request.repeatable = true;
    return request;
}

static inline struct aws_request get_object(void)
{
    return (struct aws_request){.service = &s3,
                                .operation = "GetObject",
                                .subject = SLICE("s3://in-bucket/k"),
                                .method = SLICE("GET"),
                                .bucket = SLICE("in-bucket"),
                                .path = SLICE("/k"),
                                .repeatable = true};
}

static inline int call(struct fake_aws *fake, const struct aws_request *request)
{
    return aws_call(&fake->client, request, &fake->arena, &fake->reply, &fake->err);
}

#endif
