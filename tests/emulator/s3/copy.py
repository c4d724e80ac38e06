"""Copies inside S3: of a whole object, and what part copies share with it."""

import dataclasses
import os
import typing

from . import call as s3_call, checksums as s3_checksums, errors, notifications, xml as s3_xml
from .call import Call, Limits, require_owner
from .checksums import Digests
from .conditions import ReadConditions, write_guard
from .database import COPY_BLOCK, StagedFile
from .listing import iso_time
from .notifications import Notifier
from .objects import (Span, actor, any_version, attributes_of, checksum_elements, open_version, version_headers)
from .script import Script
from .store import Attributes, Bucket, NewObject, ObjectStore, ObjectVersion
from ..core.service import Response

_PREFIX = "x-amz-copy-source-"


@dataclasses.dataclass(frozen=True)
class Source:
    bucket: Bucket
    version: ObjectVersion
    file: typing.BinaryIO
    named_version: bool  # the request named the version

    @property
    def headers(self) -> dict[str, str]:
        return {"x-amz-copy-source-version-id": self.version.version_id} if self.bucket.versioning else {}


def open_source(store: ObjectStore, call: Call) -> Source:
    """The object that x-amz-copy-source names, if it exists and its conditions hold."""
    require_owner(call, "x-amz-source-expected-bucket-owner")
    named = s3_call.copy_source(call.headers["x-amz-copy-source"])
    bucket = store.bucket(named.bucket)
    if named.version_id is not None and any_version(store, bucket, named.key, named.version_id).marker:
        message = "The source of a copy request may not specifically refer to a delete marker by version id."
        raise errors.invalid_request(message)
    version, file = open_version(store, bucket, named.key, named.version_id)
    try:
        ReadConditions.of(call.headers, _PREFIX).require(version, _PREFIX)
    except BaseException:
        file.close()
        raise
    return Source(bucket, version, file, named.version_id is not None)


def require_copyable(size: int, limits: Limits) -> None:
    if size > limits.max_put:
        message = "The specified copy source is larger than the maximum allowable size for a copy source"
        raise errors.invalid_request(f"{message}: {limits.max_put}")


def send_bytes(source: typing.BinaryIO, span: Span, target: typing.BinaryIO) -> None:
    """Appends a span of one file to another inside the kernel."""
    offset, left = span.start, span.length
    while left:
        sent = os.sendfile(target.fileno(), source.fileno(), offset, min(left, 1 << 30))
        if sent == 0:
            raise OSError("the file is shorter than its index entry")
        offset, left = offset + sent, left - sent


def digest_bytes(source: typing.BinaryIO, span: Span, algorithms: typing.Iterable[str]) -> Digests:
    digests = Digests(algorithms=algorithms)
    source.seek(span.start)
    while digests.size < span.length:
        block = source.read(min(COPY_BLOCK, span.length - digests.size))
        if not block:
            raise OSError("the file is shorter than its index entry")
        digests.update(block)
    return digests


class CopyOperations:
    def __init__(self, store: ObjectStore, notifier: Notifier, limits: Limits, script: Script):
        self._store, self._notifier, self._limits, self._script = store, notifier, limits, script

    def copy_object(self, call: Call) -> Response:
        require_owner(call)
        bucket = self._store.bucket(call.bucket)
        guard = write_guard(call.headers, call.key)
        source = open_source(self._store, call)
        with source.file, self._store.files.stage() as staged:
            require_copyable(source.version.size, self._limits)
            attributes = self._attributes(call, source)
            new = self._fill(call, source, staged, attributes)
            self._script.require_no_conflict(call)
            version = self._store.put(call.bucket, call.key, new, guard)
        self._notifier.tell(notifications.created(bucket, version, "Copy"), actor(call))
        children: list[tuple[str, s3_xml.Content]] = [
            ("LastModified", iso_time(version.modified)),
            ("ETag", f'"{version.etag}"'),
            *checksum_elements(version.attributes),
        ]
        headers = {"Content-Type": "application/xml", **source.headers, **version_headers(bucket, version.version_id)}
        return Response(200, headers, s3_xml.document("CopyObjectResult", children))

    def _attributes(self, call: Call, source: Source) -> Attributes:
        """Those of the source, or of the request where a directive says REPLACE."""
        given, old = attributes_of(call.headers, self._limits), source.version.attributes
        replace_metadata = _directive(call, "x-amz-metadata-directive")
        replace_tags = _directive(call, "x-amz-tagging-directive")
        to_itself = (source.version.bucket, source.version.key) == (call.bucket, call.key)
        if to_itself and not source.named_version and not replace_metadata:
            message = (
                "This copy request is illegal because it is trying to copy an object to itself without changing "
                "the object's metadata, storage class, website redirect location or encryption attributes."
            )
            raise errors.invalid_request(message)
        headers = given.headers if replace_metadata else old.headers
        return Attributes(headers=headers, tags=given.tags if replace_tags else old.tags)

    def _fill(self, call: Call, source: Source, staged: StagedFile, attributes: Attributes) -> NewObject:
        """The copy shares the source's bytes; its ETag is always that of an object put in one piece."""
        version = source.version
        old = version.attributes
        wanted = call.headers.get("x-amz-checksum-algorithm", "").lower()
        algorithms = {wanted} if wanted else set(old.checksums)
        known = "-" not in version.etag and algorithms <= set(old.checksums) and old.checksum_type == "FULL_OBJECT"
        if known:
            etag, checksums = version.etag, {name: old.checksums[name] for name in algorithms}
        else:
            digests = digest_bytes(source.file, Span(0, version.size), algorithms)
            etag, checksums = digests.md5, digests.checksums
        try:
            staged.link_from(version.file)
        except FileNotFoundError:  # replaced just now; the open file still has the bytes
            send_bytes(source.file, Span(0, version.size), staged.handle)
        return NewObject(staged, version.size, etag, dataclasses.replace(attributes, checksums=checksums))


def _directive(call: Call, name: str) -> bool:
    """Whether it says REPLACE."""
    value = call.headers.get(name, "COPY")
    if value not in ("COPY", "REPLACE"):
        raise errors.invalid_argument(f"Unknown {name.removeprefix('x-amz-')}.", name, value)
    return value == "REPLACE"


def checksum_algorithm(call: Call) -> str:
    """The algorithm that a new upload declares, "" for none."""
    name = call.headers.get("x-amz-checksum-algorithm", "").lower()
    if name:
        s3_checksums.maker(name)
    return name
