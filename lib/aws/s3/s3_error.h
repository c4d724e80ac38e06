/*
 * What S3's refusals mean for an object or an upload, by S3's codes; pure. A HEAD has no body: its
 * code is made from the status (aws_error.h).
 *
 * Source: "Error responses" in the Amazon S3 API reference.
 */
#ifndef AWS_S3_ERROR_H
#define AWS_S3_ERROR_H

#include "base/error.h"

/* A condition did not hold. We also set it when we find another ETag than we asked for. */
#define S3_PRECONDITION_FAILED SLICE("PreconditionFailed")

/* There is no such key: on a DELETE, nothing is left to do. */
bool s3_error_is_missing_key(const struct error *err);

/* The key or this version does not exist, or a HEAD found nothing. A bucket that is missing is
 * another matter, unless a HEAD reports it: S3 does not tell the two apart there. */
bool s3_error_is_missing_object(const struct error *err);

/* The object is not the one that the condition asked for: it was replaced. */
bool s3_error_is_replaced_object(const struct error *err);

/* The upload by parts is unknown: it never began, was aborted, or is completed already. */
bool s3_error_is_missing_upload(const struct error *err);

#endif
