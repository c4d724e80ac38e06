"""The operations on one object: put, get, head, delete, and its tags."""

import dataclasses
import email.utils
import re
import typing
import urllib.parse
from xml.etree import ElementTree

from . import call as s3_call, checksums as s3_checksums, errors, notifications, xml as s3_xml
from .call import Call, Limits, require_owner
from .conditions import ReadConditions, Verdict, delete_guard, write_guard
from .notifications import Actor, Notifier
from .script import Script
from .store import (Attributes, Bucket, Deletion, NewObject, ObjectStore, ObjectVersion,
                       is_version_id)
from ..core.service import Headers, Response

_KEPT_HEADERS = {
    "content-type": "Content-Type",
    "cache-control": "Cache-Control",
    "content-disposition": "Content-Disposition",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "expires": "Expires",
}
_META = "x-amz-meta-"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_MAX_TAGS = 10
_XML = {"Content-Type": "application/xml"}


# What an object carries


def attributes_of(headers: Headers, limits: Limits) -> Attributes:
    """The metadata and tags that a put, a create or a replacing copy gives the object."""
    kept = {shown: headers[name] for name, shown in _KEPT_HEADERS.items() if name in headers}
    kept.setdefault("Content-Type", "binary/octet-stream")
    meta = {name: value for name, value in headers.items() if name.startswith(_META)}
    size = sum(len(name) - len(_META) + len(value.encode("utf-8", "surrogateescape")) for name, value in meta.items())
    if size > limits.max_metadata:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        extra = {"Size": str(size), "MaxSizeAllowed": str(limits.max_metadata)}
        raise errors.S3Error("MetadataTooLarge", message, 400, **extra)
    return Attributes(headers={**kept, **meta}, tags=_header_tags(headers))


def _header_tags(headers: Headers) -> dict[str, str]:
    pairs = urllib.parse.parse_qsl(headers.get("x-amz-tagging", ""), keep_blank_values=True)
    return _checked_tags(pairs)


def _checked_tags(pairs: list[tuple[str, str]]) -> dict[str, str]:
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise errors.S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    if len(tags) > _MAX_TAGS:
        raise errors.S3Error("BadRequest", "Object tags cannot be greater than 10")
    for name, value in tags.items():
        if not 1 <= len(name) <= 128 or len(value) > 256:
            raise errors.S3Error("InvalidTag", "The TagKey or TagValue you have provided is invalid")
    return tags


def version_headers(bucket: Bucket, version_id: str) -> dict[str, str]:
    """A bucket that never had versioning tells no version ids."""
    return {"x-amz-version-id": version_id} if bucket.versioning else {}


def checksum_headers(attributes: Attributes) -> dict[str, str]:
    if not attributes.checksums:
        return {}
    shown = {s3_checksums.PREFIX + name: value for name, value in attributes.checksums.items()}
    return {**shown, "x-amz-checksum-type": attributes.checksum_type}


def checksum_elements(attributes: Attributes) -> "list[tuple[str, s3_xml.Content]]":
    if not attributes.checksums:
        return []
    shown = [(s3_checksums.xml_name(name), value) for name, value in attributes.checksums.items()]
    return [*shown, ("ChecksumType", attributes.checksum_type)]


def _header_value(parameter: str, value: str) -> str:
    if re.search("[\0-\x1f\x7f]", value):
        raise errors.invalid_argument("Header value cannot hold a control character.", parameter, value)
    return value


def http_date(seconds: int) -> str:
    return email.utils.formatdate(seconds, usegmt=True)


# Which version is meant


def find_version(store: ObjectStore, bucket: Bucket, key: str, version_id: str | None) -> ObjectVersion:
    """The version asked for, which has bytes; for a delete marker the error that S3 gives."""
    if version_id is None:
        return _find_current(store, bucket, key)
    found = any_version(store, bucket, key, version_id)
    if found.marker:
        headers = {"x-amz-delete-marker": "true", "Allow": "DELETE", "Last-Modified": http_date(found.modified)}
        message = "The specified method is not allowed against this resource."
        raise errors.S3Error("MethodNotAllowed", message, 405, {**headers, "x-amz-version-id": version_id})
    return found


def _find_current(store: ObjectStore, bucket: Bucket, key: str) -> ObjectVersion:
    found = store.latest(bucket.name, key)
    if found is None:
        raise errors.no_such_key(key)
    if found.marker:
        headers = {"x-amz-delete-marker": "true", "x-amz-version-id": found.version_id}
        raise errors.no_such_key(key, headers)
    return found


def any_version(store: ObjectStore, bucket: Bucket, key: str, version_id: str) -> ObjectVersion:
    require_version_form(version_id)
    found = store.version(bucket.name, key, version_id)
    if found is None:
        raise errors.no_such_version(key, version_id)
    return found


def require_version_form(version_id: str) -> None:
    if version_id == "":
        raise errors.invalid_argument("Version id cannot be the empty string", "versionId", version_id)
    if not is_version_id(version_id):
        raise errors.invalid_argument("Invalid version id specified", "versionId", version_id)


def open_version(
    store: ObjectStore, bucket: Bucket, key: str, version_id: str | None
) -> tuple[ObjectVersion, typing.BinaryIO]:
    """The version and its bytes. A key replaced between the look and the opening is looked up again."""
    for _ in range(100):
        version = find_version(store, bucket, key, version_id)
        try:
            return version, store.files.open(version.file)
        except FileNotFoundError:
            continue
    raise errors.S3Error("SlowDown", "Please reduce your request rate.", 503)


# Ranges


@dataclasses.dataclass(frozen=True)
class Span:
    """A part of an object: bytes `start` to `start + length`."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def read_range(text: str | None, size: int) -> Span | None:
    """The span of a Range field; None for the whole object, which a field that makes no sense also means."""
    if text is None:
        return None
    if "," in text:
        raise errors.not_implemented("several ranges in one GET, nor does S3")
    match = _RANGE.fullmatch(text.strip())
    if not match or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        headers = {"Content-Range": f"bytes */{size}"}
        extra = {"RangeRequested": text, "ActualObjectSize": str(size)}
        raise errors.S3Error("InvalidRange", "The requested range is not satisfiable", 416, headers, **extra)
    return Span(start, end - start)


class ObjectOperations:
    def __init__(self, store: ObjectStore, notifier: Notifier, limits: Limits, script: Script):
        self._store, self._notifier, self._limits, self._script = store, notifier, limits, script

    def put_object(self, call: Call) -> Response:
        require_owner(call)
        attributes = attributes_of(call.headers, self._limits)
        guard = write_guard(call.headers, call.key)
        bucket = self._store.bucket(call.bucket)
        with self._store.files.stage() as staged:
            digests = s3_call.receive(call.request, staged.handle, (), self._limits.max_put)
            self._script.require_no_conflict(call)
            attributes = dataclasses.replace(attributes, checksums=digests.checksums)
            new = NewObject(staged, digests.size, digests.md5, attributes)
            version = self._store.put(call.bucket, call.key, new, guard)
        self._notifier.tell(notifications.created(bucket, version, "Put"), actor(call))
        headers = {"ETag": f'"{version.etag}"', **version_headers(bucket, version.version_id)}
        return Response(200, {**headers, **checksum_headers(attributes)})

    def get_object(self, call: Call) -> Response:
        require_owner(call)
        bucket = self._store.bucket(call.bucket)
        version, file = open_version(self._store, bucket, call.key, call.query.get("versionId"))
        try:
            response, span = self._read(call, bucket, version)
            if span is None:
                file.close()
                return response
            file.seek(span.start)
        except BaseException:
            file.close()
            raise
        response.body, response.length = file, span.length
        return response

    def head_object(self, call: Call) -> Response:
        require_owner(call)
        bucket = self._store.bucket(call.bucket)
        version = find_version(self._store, bucket, call.key, call.query.get("versionId"))
        response, span = self._read(call, bucket, version)
        response.length = span.length if span else 0
        return response

    def _read(self, call: Call, bucket: Bucket, version: ObjectVersion) -> tuple[Response, Span | None]:
        """The head of the reply, and the bytes to send; none if the client has them already."""
        verdict, condition = ReadConditions.of(call.headers).judge(version)
        if verdict is Verdict.FAILED:
            raise errors.precondition_failed(condition)
        if verdict is Verdict.NOT_MODIFIED:
            shown = {"ETag": f'"{version.etag}"', "Last-Modified": http_date(version.modified)}
            return Response(304, {**shown, **version_headers(bucket, version.version_id)}), None
        span = read_range(call.headers.get("range"), version.size)
        headers = self._object_headers(call, bucket, version, whole=span is None)
        if span is None:
            return Response(200, headers), Span(0, version.size)
        headers["Content-Range"] = span.content_range(version.size)
        return Response(206, headers), span

    def _object_headers(self, call: Call, bucket: Bucket, version: ObjectVersion, whole: bool) -> dict[str, str]:
        headers = dict(version.attributes.headers)
        for name, shown in _KEPT_HEADERS.items():
            parameter = f"response-{name}"
            if parameter in call.query:
                headers[shown] = _header_value(parameter, call.query[parameter])
        headers["ETag"] = f'"{version.etag}"'
        headers["Last-Modified"] = http_date(version.modified)
        headers["Accept-Ranges"] = "bytes"
        headers["x-amz-server-side-encryption"] = "AES256"
        headers.update(version_headers(bucket, version.version_id))
        if version.attributes.tags:
            headers["x-amz-tagging-count"] = str(len(version.attributes.tags))
        if whole and call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
            headers.update(checksum_headers(version.attributes))
        return headers

    # Deletes

    def delete_object(self, call: Call) -> Response:
        require_owner(call)
        if "if-match" in call.headers:
            self._script.require_no_conflict(call)
        bucket = self._store.bucket(call.bucket)
        deletion = self._delete(call, bucket, call.key, call.query.get("versionId"), call.headers.get("if-match"))
        headers = {}
        if deletion.marker:
            headers = {"x-amz-delete-marker": "true", "x-amz-version-id": deletion.marker.version_id}
        elif "versionId" in call.query:
            headers = version_headers(bucket, call.query["versionId"])
            if deletion.removed and deletion.removed.marker:
                headers["x-amz-delete-marker"] = "true"
        return Response(204, headers)

    def _delete(self, call: Call, bucket: Bucket, key: str, version_id: str | None, etag: str | None) -> Deletion:
        if version_id is not None:
            require_version_form(version_id)
        deletion = self._store.delete(bucket.name, key, version_id, delete_guard(etag, key))
        gone = deletion.marker or deletion.removed
        if gone:
            event = "ObjectRemoved:DeleteMarkerCreated" if deletion.marker else "ObjectRemoved:Delete"
            change = notifications.Change(event, bucket, key, gone.version_id, deletion.sequencer, None)
            self._notifier.tell(change, actor(call))
        return deletion

    def delete_objects(self, call: Call) -> Response:
        """Answers 200 whatever happens to the single keys: each tells its own outcome."""
        require_owner(call)
        root = s3_xml.parse(s3_call.small_body(call.request, digest_required=True), "Delete")
        s3_xml.expect_children(root, "Object", "Quiet")
        entries = root.findall("Object")
        if not 1 <= len(entries) <= 1000:
            raise errors.malformed_xml("Delete needs 1 to 1000 Objects")
        quiet = (s3_xml.text(root, "Quiet") or "").lower() == "true"
        bucket = self._store.bucket(call.bucket)
        outcomes = [self._delete_entry(call, bucket, entry) for entry in entries]
        shown = [outcome for outcome in outcomes if not (quiet and outcome[0] == "Deleted")]
        return Response(200, dict(_XML), s3_xml.document("DeleteResult", shown))

    def _delete_entry(self, call: Call, bucket: Bucket, entry: ElementTree.Element) -> "tuple[str, s3_xml.Content]":
        s3_xml.expect_children(entry, "Key", "VersionId", "ETag")
        key, version_id = s3_xml.required(entry, "Key"), s3_xml.text(entry, "VersionId")
        named: list[tuple[str, s3_xml.Content]] = [("Key", key), ("VersionId", version_id)]
        try:
            s3_call.require_key(key)
            deletion = self._delete(call, bucket, key, version_id, s3_xml.text(entry, "ETag"))
        except errors.S3Error as error:
            return "Error", [*named, ("Code", error.code), ("Message", error.message)]
        marker = deletion.marker or (deletion.removed if deletion.removed and deletion.removed.marker else None)
        if marker:
            named += [("DeleteMarker", True), ("DeleteMarkerVersionId", marker.version_id)]
        return "Deleted", named

    # Tags

    def get_object_tagging(self, call: Call) -> Response:
        bucket, version = self._tagged(call)
        tags: list[tuple[str, s3_xml.Content]] = [
            ("Tag", [("Key", name), ("Value", value)]) for name, value in version.attributes.tags.items()
        ]
        body = s3_xml.document("Tagging", [("TagSet", tags)])
        return Response(200, {**_XML, **version_headers(bucket, version.version_id)}, body)

    def put_object_tagging(self, call: Call) -> Response:
        bucket, version = self._tagged(call)
        root = s3_xml.parse(s3_call.small_body(call.request), "Tagging")
        s3_xml.expect_children(root, "TagSet")
        elements = root.findall("TagSet/Tag")
        pairs = [(s3_xml.required(tag, "Key"), s3_xml.text(tag, "Value") or "") for tag in elements]
        self._store.set_tags(version, _checked_tags(pairs))
        return Response(200, version_headers(bucket, version.version_id))

    def delete_object_tagging(self, call: Call) -> Response:
        bucket, version = self._tagged(call)
        self._store.set_tags(version, {})
        return Response(204, version_headers(bucket, version.version_id))

    def _tagged(self, call: Call) -> tuple[Bucket, ObjectVersion]:
        require_owner(call)
        bucket = self._store.bucket(call.bucket)
        return bucket, find_version(self._store, bucket, call.key, call.query.get("versionId"))


def actor(call: Call) -> Actor:
    return Actor(call.request.principal, call.request.request_id)
