"""Which operation a request is, and what it may carry. What is not listed here is refused with 501."""

import dataclasses

from . import errors
from .call import Call
from .checksums import ALGORITHMS, PREFIX
from ..core.signature import STREAMING_UNSIGNED_TRAILER

# Query parameters and x-amz- headers that say nothing about the operation itself.
_ANY_QUERY = {"x-id"}
_ANY_HEADERS = {
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-expected-bucket-owner",
    "x-amz-request-payer",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-sdk-checksum-algorithm",
    *(PREFIX + name for name in ALGORITHMS),
}
_STORED = {"x-amz-meta-", "x-amz-tagging", "x-amz-acl", "x-amz-storage-class", "x-amz-server-side-encryption"}
_COPY = {
    "x-amz-copy-source",
    *(f"x-amz-copy-source-if-{name}" for name in ("match", "none-match", "modified-since", "unmodified-since")),
    "x-amz-source-expected-bucket-owner",
}
_DIRECTIVES = {"x-amz-metadata-directive", "x-amz-tagging-directive"}
_RESPONSE = {
    *(f"response-content-{name}" for name in ("type", "language", "disposition", "encoding")),
    "response-cache-control",
    "response-expires",
}
_LIST = {"prefix", "delimiter", "max-keys", "encoding-type"}
# Values of the headers that are taken because they ask for what happens anyway.
_ALLOWED_VALUES = {
    "x-amz-acl": {"private", "bucket-owner-full-control"},
    "x-amz-storage-class": {"STANDARD"},
    "x-amz-server-side-encryption": {"AES256"},
}
# Conditions that S3 knows somewhere: given to an operation that does not, they would be ignored, which is
# worse than an error for who relies on them.
_CONDITIONS = {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}


@dataclasses.dataclass(frozen=True)
class Operation:
    name: str  # as the SDKs call it
    method: str
    level: str  # "service", "bucket" or "object"
    marker: str = ""  # the query parameter that tells it from others
    query: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    copies: bool = False  # told by x-amz-copy-source


def _operation(name, method, level, marker="", query=(), headers=(), conditions=(), copies=False) -> Operation:
    parts = (frozenset(query), frozenset(headers), frozenset(conditions))
    return Operation(name, method, level, marker, *parts, copies)


_WRITE_CONDITIONS = ("if-match", "if-none-match")

OPERATIONS = (
    _operation("ListBuckets", "GET", "service"),
    _operation("CreateBucket", "PUT", "bucket", headers={"x-amz-acl"}),
    _operation("DeleteBucket", "DELETE", "bucket"),
    _operation("HeadBucket", "HEAD", "bucket"),
    _operation("GetBucketLocation", "GET", "bucket", "location"),
    _operation("GetBucketVersioning", "GET", "bucket", "versioning"),
    _operation("PutBucketVersioning", "PUT", "bucket", "versioning"),
    _operation("GetBucketNotificationConfiguration", "GET", "bucket", "notification"),
    _operation("PutBucketNotificationConfiguration", "PUT", "bucket", "notification",
               headers={"x-amz-skip-destination-validation"}),
    _operation("ListObjectsV2", "GET", "bucket", "list-type",
               _LIST | {"continuation-token", "start-after", "fetch-owner"}),
    _operation("ListObjects", "GET", "bucket", "", _LIST | {"marker"}),
    _operation("ListObjectVersions", "GET", "bucket", "versions", _LIST | {"key-marker", "version-id-marker"}),
    _operation("ListMultipartUploads", "GET", "bucket", "uploads",
               {"prefix", "delimiter", "max-uploads", "encoding-type", "key-marker", "upload-id-marker"}),
    _operation("DeleteObjects", "POST", "bucket", "delete"),
    _operation("PutObject", "PUT", "object", headers=_STORED, conditions=_WRITE_CONDITIONS),
    _operation("CopyObject", "PUT", "object", copies=True, conditions=_WRITE_CONDITIONS,
               headers=_STORED | _COPY | _DIRECTIVES | {"x-amz-checksum-algorithm"}),
    _operation("GetObject", "GET", "object", "", {"versionId"} | _RESPONSE, {"x-amz-checksum-mode"}, _CONDITIONS),
    _operation("HeadObject", "HEAD", "object", "", {"versionId"} | _RESPONSE, {"x-amz-checksum-mode"}, _CONDITIONS),
    _operation("DeleteObject", "DELETE", "object", "", {"versionId"}, (), ("if-match",)),
    _operation("GetObjectTagging", "GET", "object", "tagging", {"versionId"}),
    _operation("PutObjectTagging", "PUT", "object", "tagging", {"versionId"}),
    _operation("DeleteObjectTagging", "DELETE", "object", "tagging", {"versionId"}),
    _operation("CreateMultipartUpload", "POST", "object", "uploads",
               headers=_STORED | {"x-amz-checksum-algorithm", "x-amz-checksum-type"}),
    _operation("UploadPart", "PUT", "object", "uploadId", {"partNumber"}),
    _operation("UploadPartCopy", "PUT", "object", "uploadId", {"partNumber"}, copies=True,
               headers=_COPY | {"x-amz-copy-source-range"}),
    _operation("CompleteMultipartUpload", "POST", "object", "uploadId", (),
               {"x-amz-mp-object-size", "x-amz-checksum-type"}, _WRITE_CONDITIONS),
    _operation("AbortMultipartUpload", "DELETE", "object", "uploadId"),
    _operation("ListParts", "GET", "object", "uploadId", {"max-parts", "part-number-marker", "encoding-type"}),
)
_BY_PLACE: dict[tuple[str, str], list[Operation]] = {}
for _each in OPERATIONS:
    _BY_PLACE.setdefault((_each.method, _each.level), []).append(_each)


def find(call: Call) -> Operation:
    """The operation that the request is; 501 if it is none that the local S3 has."""
    level = "object" if call.key else "bucket" if call.bucket else "service"
    copies = "x-amz-copy-source" in call.headers
    candidates = _BY_PLACE.get((call.request.method, level), [])
    fitting = [each for each in candidates if each.copies == copies and (not each.marker or each.marker in call.query)]
    if not fitting:
        raise errors.not_implemented(f"{call.request.method} of a {level} with {_shown_query(call)}")
    return max(fitting, key=lambda each: bool(each.marker))


def _shown_query(call: Call) -> str:
    return "?" + "&".join(sorted(call.query)) if call.query else "no query"


def require_known(call: Call, operation: Operation) -> None:
    """Refuses parameters and header fields that the operation would not heed."""
    for name in call.query:
        known = name == operation.marker or name in operation.query or name in _ANY_QUERY
        if not known and not name.lower().startswith("x-amz-"):  # those belong to presigned URLs
            raise errors.not_implemented(f"the query parameter {name} of {operation.name}")
    for name, value in call.headers.items():
        if name.startswith("x-amz-"):
            _require_known_header(operation, name, value)
        elif name in _CONDITIONS and name not in operation.conditions:
            raise errors.not_implemented(f"the header {name} of {operation.name}")
    payload = call.headers.get("x-amz-content-sha256")
    if payload == STREAMING_UNSIGNED_TRAILER and operation.name not in ("PutObject", "UploadPart"):
        raise errors.invalid_request("The value of x-amz-content-sha256 header is invalid.")
    if operation.name in ("UploadPart", "UploadPartCopy") and "partNumber" not in call.query:
        raise errors.invalid_argument("A part number is needed", "partNumber", "")


def _require_known_header(operation: Operation, name: str, value: str) -> None:
    known = name in _ANY_HEADERS or name in operation.headers
    if not known and not (name.startswith("x-amz-meta-") and "x-amz-meta-" in operation.headers):
        raise errors.not_implemented(f"the header {name} of {operation.name}")
    if name in _ALLOWED_VALUES and value not in _ALLOWED_VALUES[name]:
        raise errors.not_implemented(f"{name}: {value}")
