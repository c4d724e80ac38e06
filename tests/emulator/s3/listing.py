"""The three listings of objects, and the page arithmetic that they share with the listings of uploads."""

import base64
import binascii
import dataclasses
import hashlib
import time
import typing
import urllib.parse

from . import errors, xml as s3_xml
from .call import Call, require_owner
from .notifications import OWNER_ID
from .store import NULL_VERSION, ObjectStore, ObjectVersion, is_version_id, sequencer_of
from ..core.service import Response

MAX_KEYS = 1000
_OWNER: "list[tuple[str, s3_xml.Content]]" = [("ID", OWNER_ID)]


class _Listed(typing.Protocol):
    key: str


Item = typing.TypeVar("Item", bound=_Listed)


@dataclasses.dataclass
class Page(typing.Generic[Item]):
    items: list[Item] = dataclasses.field(default_factory=list)
    common_prefixes: list[str] = dataclasses.field(default_factory=list)
    truncated: bool = False
    last: str = ""  # the last key or common prefix on the page
    last_item: Item | None = None  # None when the page ends with a common prefix


def roll_up(found: typing.Iterable[Item], prefix: str, delimiter: str, after: str, limit: int) -> Page[Item]:
    """One page: keys that hold the delimiter after the prefix are told once, as their common prefix.
    Those under `after` were told on the page before."""
    page: Page[Item] = Page()
    for item in found:
        common = _common_prefix(item.key, prefix, delimiter)
        if common and common in (after, page.last):
            continue
        if len(page.items) + len(page.common_prefixes) == limit:
            page.truncated = limit > 0
            break
        if common:
            page.common_prefixes.append(common)
        else:
            page.items.append(item)
        page.last, page.last_item = common or item.key, None if common else item
    return page


def _common_prefix(key: str, prefix: str, delimiter: str) -> str:
    end = key.find(delimiter, len(prefix)) if delimiter else -1
    return key[: end + len(delimiter)] if end >= 0 else ""


def iso_time(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


class Encoder:
    """encoding-type=url: names that XML could not carry are form-encoded."""

    def __init__(self, call: Call):
        self.type = call.query.get("encoding-type")
        if self.type not in (None, "url"):
            message = "Invalid Encoding Method specified in Request"
            raise errors.invalid_argument(message, "encoding-type", self.type)

    def __call__(self, name: str) -> str:
        return urllib.parse.quote_plus(name, safe="/*") if self.type else name

    def optional(self, name: str | None) -> str | None:
        return None if name is None else self(name)


def common_prefix_elements(page: Page, encode: Encoder) -> "list[tuple[str, s3_xml.Content]]":
    return [("CommonPrefixes", [("Prefix", encode(prefix))]) for prefix in page.common_prefixes]


def _checksum_elements(version: ObjectVersion) -> "list[tuple[str, s3_xml.Content]]":
    checksums = version.attributes.checksums
    elements: list[tuple[str, s3_xml.Content]] = [("ChecksumAlgorithm", name.upper()) for name in checksums]
    if checksums:
        elements.append(("ChecksumType", version.attributes.checksum_type))
    return elements


def _object_element(version: ObjectVersion, encode: Encoder, owner: bool) -> "tuple[str, s3_xml.Content]":
    return (
        "Contents",
        [
            ("Key", encode(version.key)),
            ("LastModified", iso_time(version.modified)),
            ("ETag", f'"{version.etag}"'),
            *_checksum_elements(version),
            ("Size", version.size),
            ("Owner", _OWNER if owner else None),
            ("StorageClass", "STANDARD"),
        ],
    )


def _version_element(version: ObjectVersion, encode: Encoder) -> "tuple[str, s3_xml.Content]":
    content: list[tuple[str, s3_xml.Content]] = [
        ("Key", encode(version.key)),
        ("VersionId", version.version_id),
        ("IsLatest", version.latest),
        ("LastModified", iso_time(version.modified)),
    ]
    if version.marker:
        return "DeleteMarker", content + [("Owner", _OWNER)]
    content += [("ETag", f'"{version.etag}"'), *_checksum_elements(version), ("Size", version.size)]
    return "Version", content + [("Owner", _OWNER), ("StorageClass", "STANDARD")]


def _token(key: str) -> str:
    """Opaque to clients: a checksum makes a token that was tampered with, or a plain key, an error."""
    data = key.encode()
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()[:6] + data).decode()


def _key_of_token(token: str) -> str:
    try:
        data = base64.b64decode(token, b"-_", validate=True)
        if hashlib.sha256(data[6:]).digest()[:6] == data[:6]:
            return data[6:].decode()
    except (binascii.Error, ValueError):
        pass
    message = "The continuation token provided is incorrect"
    raise errors.invalid_argument(message, "continuation-token", token)


class ListingOperations:
    def __init__(self, store: ObjectStore):
        self._store = store

    def list_objects_v2(self, call: Call) -> Response:
        list_type = call.query["list-type"]
        if list_type != "2":
            raise errors.invalid_argument("Invalid List Type specified in Request", "list-type", list_type)
        require_owner(call)
        encode, query = Encoder(call), call.query
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        limit = call.number("max-keys", MAX_KEYS, 0, MAX_KEYS)
        token = query.get("continuation-token")
        after = query.get("start-after", "") if token is None else _key_of_token(token)
        found = self._store.current_objects(call.bucket, prefix, after)
        page = roll_up(found, prefix, delimiter, after, limit)
        owner = query.get("fetch-owner") == "true"
        children: list[tuple[str, s3_xml.Content]] = [
            ("Name", call.bucket),
            ("Prefix", encode(prefix)),
            ("StartAfter", encode.optional(query.get("start-after"))),
            ("ContinuationToken", token),
            ("NextContinuationToken", _token(page.last) if page.truncated else None),
            ("KeyCount", len(page.items) + len(page.common_prefixes)),
            ("MaxKeys", limit),
            ("Delimiter", encode.optional(query.get("delimiter"))),
            ("EncodingType", encode.type),
            ("IsTruncated", page.truncated),
            *(_object_element(version, encode, owner) for version in page.items),
            *common_prefix_elements(page, encode),
        ]
        return _reply("ListBucketResult", children)

    def list_objects(self, call: Call) -> Response:
        require_owner(call)
        encode, query = Encoder(call), call.query
        prefix, delimiter, marker = query.get("prefix", ""), query.get("delimiter", ""), query.get("marker", "")
        limit = call.number("max-keys", MAX_KEYS, 0, MAX_KEYS)
        found = self._store.current_objects(call.bucket, prefix, marker)
        page = roll_up(found, prefix, delimiter, marker, limit)
        children: list[tuple[str, s3_xml.Content]] = [
            ("Name", call.bucket),
            ("Prefix", encode(prefix)),
            ("Marker", encode(marker)),
            ("NextMarker", encode(page.last) if page.truncated and delimiter else None),
            ("MaxKeys", limit),
            ("Delimiter", encode.optional(query.get("delimiter"))),
            ("EncodingType", encode.type),
            ("IsTruncated", page.truncated),
            *(_object_element(version, encode, True) for version in page.items),
            *common_prefix_elements(page, encode),
        ]
        return _reply("ListBucketResult", children)

    def list_object_versions(self, call: Call) -> Response:
        require_owner(call)
        encode, query = Encoder(call), call.query
        prefix, delimiter, marker = query.get("prefix", ""), query.get("delimiter", ""), query.get("key-marker", "")
        limit = call.number("max-keys", MAX_KEYS, 0, MAX_KEYS)
        found = self._store.all_versions(call.bucket, prefix, marker, self._before(call))
        page = roll_up(found, prefix, delimiter, marker, limit)
        last = page.last_item
        children: list[tuple[str, s3_xml.Content]] = [
            ("Name", call.bucket),
            ("Prefix", encode(prefix)),
            ("KeyMarker", encode(marker)),
            ("VersionIdMarker", query.get("version-id-marker", "")),
            ("NextKeyMarker", encode(page.last) if page.truncated else None),
            ("NextVersionIdMarker", last.version_id if page.truncated and last else None),
            ("MaxKeys", limit),
            ("Delimiter", encode.optional(query.get("delimiter"))),
            ("EncodingType", encode.type),
            ("IsTruncated", page.truncated),
            *(_version_element(version, encode) for version in page.items),
            *common_prefix_elements(page, encode),
        ]
        return _reply("ListVersionsResult", children)

    def _before(self, call: Call) -> str:
        """The sequencer in the key marker's history from which the listing goes on to older versions."""
        marker, version_id = call.query.get("key-marker", ""), call.query.get("version-id-marker", "")
        if not version_id:
            return ""
        if not marker:
            message = "A version-id marker cannot be specified without a key marker."
            raise errors.invalid_argument(message, "version-id-marker", version_id)
        if version_id != NULL_VERSION and is_version_id(version_id):
            return sequencer_of(version_id)
        version = self._store.version(call.bucket, marker, version_id)
        if version is None:
            raise errors.invalid_argument("Invalid version id specified", "version-id-marker", version_id)
        return version.sequencer


def _reply(root: str, children: "list[tuple[str, s3_xml.Content]]") -> Response:
    return Response(200, {"Content-Type": "application/xml"}, s3_xml.document(root, children))
