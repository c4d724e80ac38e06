"""The errors of S3, each in one place with the code, status and elements that S3 gives it."""

from ..core.service import ServiceError


class S3Error(ServiceError):
    """A ServiceError that may also set header fields, as Content-Range on a 416 does."""

    def __init__(self, code: str, message: str, status: int = 400, headers: dict[str, str] | None = None, **extra: str):
        super().__init__(code, message, status, **extra)
        self.headers = headers or {}


def no_such_bucket(name: str) -> S3Error:
    return S3Error("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)


def no_such_key(key: str, headers: dict[str, str] | None = None) -> S3Error:
    return S3Error("NoSuchKey", "The specified key does not exist.", 404, headers, Key=key)


def no_such_version(key: str, version_id: str) -> S3Error:
    return S3Error("NoSuchVersion", "The specified version does not exist.", 404, Key=key, VersionId=version_id)


def no_such_upload(upload_id: str) -> S3Error:
    message = "The specified upload does not exist. It may have been aborted or completed."
    return S3Error("NoSuchUpload", message, 404, UploadId=upload_id)


def invalid_argument(message: str, name: str, value: str) -> S3Error:
    return S3Error("InvalidArgument", message, 400, ArgumentName=name, ArgumentValue=value)


def invalid_request(message: str) -> S3Error:
    return S3Error("InvalidRequest", message)


def malformed_xml(detail: str) -> S3Error:
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return S3Error("MalformedXML", f"{message}: {detail}")


def not_implemented(what: str) -> S3Error:
    """What the local S3 does not do must be seen at once, never be ignored."""
    return S3Error("NotImplemented", f"The local S3 does not implement {what}.", 501)


def precondition_failed(condition: str) -> S3Error:
    message = "At least one of the pre-conditions you specified did not hold"
    return S3Error("PreconditionFailed", message, 412, Condition=condition)


def conflict(condition: str) -> S3Error:
    message = "The conditional request cannot succeed due to a conflicting operation against this resource."
    return S3Error("ConditionalRequestConflict", message, 409, Condition=condition)


def too_large(size: int, limit: int) -> S3Error:
    message = "Your proposed upload exceeds the maximum allowed size"
    return S3Error("EntityTooLarge", message, 400, ProposedSize=str(size), MaxSizeAllowed=str(limit))


def wrong_region(bucket: str, actual: str, requested: str) -> S3Error:
    """us-east-1 is also the global endpoint, which reaches the bucket and finds the signature's scope wrong;
    every other region does not have the bucket and points to the one that has."""
    headers = {"x-amz-bucket-region": actual}
    if requested == "us-east-1":
        message = f"The authorization header is malformed; the region '{requested}' is wrong; expecting '{actual}'"
        return S3Error("AuthorizationHeaderMalformed", message, 400, headers, Region=actual)
    message = (
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint."
    )
    endpoint = f"{bucket}.s3.{actual}.amazonaws.com"
    return S3Error("PermanentRedirect", message, 301, headers, Endpoint=endpoint, Bucket=bucket)
