#include "aws/s3/s3_error.h"

#include "base/banned.h"

bool s3_error_is_missing_key(const struct error *err)
{
    return err->status == 404 && error_is(err, SLICE("NoSuchKey"));
}

bool s3_error_is_missing_object(const struct error *err)
{
    return err->kind == ERROR_NOT_FOUND &&
           (error_is(err, SLICE("NoSuchKey")) || error_is(err, SLICE("NoSuchVersion")) ||
            error_is(err, SLICE("NotFound")));
}

bool s3_error_is_replaced_object(const struct error *err)
{
    return err->kind == ERROR_CONFLICT && error_is(err, S3_PRECONDITION_FAILED);
}

bool s3_error_is_missing_upload(const struct error *err)
{
    return error_is(err, SLICE("NoSuchUpload"));
}
