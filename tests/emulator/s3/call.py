"""One S3 request taken apart: bucket, key and query, whichever way the client addressed them."""

import dataclasses
import re
import typing
import urllib.parse

from . import errors
from .checksums import Digests
from .database import COPY_BLOCK
from ..core.service import ACCOUNT_ID, Request

MAX_KEY_BYTES = 1024
_VIRTUAL_HOST = re.compile(
    r"(.+?)\.(?:s3[.-][a-z0-9-]+\.amazonaws\.(?:com|com\.cn|eu)|s3\.amazonaws\.com|(?:s3\.)?localhost)"
)
_BUCKET_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@dataclasses.dataclass(frozen=True)
class Limits:
    """Sizes that S3 sets; tests lower them rather than move gigabytes."""

    max_put: int = 5 << 30  # also the largest part, and the largest source of one copy
    min_part: int = 5 << 20
    max_parts: int = 10_000
    max_object: int = 50 << 40
    max_metadata: int = 2048


@dataclasses.dataclass(frozen=True)
class Call:
    request: Request
    bucket: str  # "" when the request is about no bucket
    key: str  # "" when the request is about no object
    query: dict[str, str]

    @property
    def headers(self):
        return self.request.headers

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A query parameter that is a number; above `high` it is taken for `high`, as S3 does."""
        text = self.query.get(name)
        if text is None or text == "":
            return default
        if not re.fullmatch("[0-9]{1,10}", text) or int(text) < low:
            message = f"Provided {name} not an integer or within integer range"
            raise errors.invalid_argument(message, name, text)
        return min(int(text), high)


def parse(request: Request) -> Call:
    bucket, path = _address(request)
    key = _decode(path)
    require_key(key)
    return Call(request, bucket, key, _query(request.query))


def _address(request: Request) -> tuple[str, str]:
    """The bucket and the key as it came, from the Host (virtual-host style) or the path."""
    host = request.headers.get("host", "").rsplit(":", 1)[0].lower()
    path = request.path.removeprefix("/")
    match = _VIRTUAL_HOST.fullmatch(host)
    if match and is_bucket_name(match[1]):
        return match[1], path
    bucket, _, key = path.partition("/")
    return _decode(bucket), key


def _decode(text: str) -> str:
    """Percent-decoding to UTF-8, exactly once; NUL and what is not UTF-8 are refused, never cut off."""
    try:
        decoded = urllib.parse.unquote_to_bytes(text).decode("utf-8")
    except UnicodeError:
        decoded = "\0"
    if "\0" in decoded:
        raise errors.S3Error("InvalidURI", "Couldn't parse the specified URI.", 400, URI=text)
    return decoded


def require_key(key: str) -> None:
    size = len(key.encode())
    if size > MAX_KEY_BYTES:
        extra = {"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)}
        raise errors.S3Error("KeyTooLongError", "Your key is too long", 400, **extra)


def _query(text: str) -> dict[str, str]:
    try:
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeError:
        raise errors.S3Error("InvalidURI", "Couldn't parse the specified URI.", 400, URI=text) from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise errors.not_implemented("a query parameter given twice")
    return query


def is_bucket_name(name: str) -> bool:
    return bool(_BUCKET_NAME.fullmatch(name)) and not _IP_ADDRESS.fullmatch(name)


@dataclasses.dataclass(frozen=True)
class CopySource:
    bucket: str
    key: str
    version_id: str | None


def copy_source(value: str) -> CopySource:
    """x-amz-copy-source: form-encoded `[/]bucket/key[?versionId=id]`; an unencoded `+` is a space, so a
    client that does not encode it is found out."""
    path, question, version = value.partition("?")
    if question and not version.startswith("versionId="):
        raise errors.invalid_argument("Unsupported copy source parameter.", "x-amz-copy-source", value)
    bucket, slash, key = _decode(path.removeprefix("/").replace("+", " ")).partition("/")
    if not (bucket and slash and key):
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise errors.invalid_argument(message, "x-amz-copy-source", value)
    return CopySource(bucket, key, _decode(version.removeprefix("versionId=")) if question else None)


def require_owner(call: Call, header: str = "x-amz-expected-bucket-owner") -> None:
    """Every bucket here belongs to the one account."""
    if call.headers.get(header, ACCOUNT_ID) != ACCOUNT_ID:
        raise errors.S3Error("AccessDenied", "Access Denied", 403)


def _blocks(body: typing.BinaryIO) -> typing.Iterator[bytes]:
    while block := body.read(COPY_BLOCK):
        yield block


def _announced_size(request: Request) -> int:
    """How many bytes the client said would come, framing apart. It must say so."""
    text = request.headers.get("x-amz-decoded-content-length", request.headers.get("content-length"))
    if text is None:
        message = "You must provide the Content-Length HTTP header."
        raise errors.S3Error("MissingContentLength", message, 411)
    if not re.fullmatch("[0-9]{1,18}", text):
        raise errors.invalid_argument("The content length is not a number", "Content-Length", text)
    return int(text)


def receive(request: Request, sink: typing.BinaryIO, algorithms: typing.Iterable[str], limit: int) -> Digests:
    """Streams the body into `sink` and returns its digests, verified against all that was declared."""
    announced = _announced_size(request)
    if announced > limit:
        raise errors.too_large(announced, limit)
    digests = Digests(request.headers, algorithms)
    for block in _blocks(request.body):
        digests.update(block)
        if digests.size > limit:
            raise errors.too_large(digests.size, limit)
        sink.write(block)
    if announced != digests.size:
        message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
        raise errors.S3Error("IncompleteBody", message)
    digests.verify()
    return digests


def small_body(request: Request, digest_required: bool = False) -> bytes:
    """The body of a request that carries XML, checked in the same way."""
    data = request.read()
    digests = Digests(request.headers)
    if digest_required and not digests.declared_any:
        raise errors.invalid_request("Missing required header for this request: Content-MD5")
    digests.update(data)
    digests.verify()
    return data
