"""The operations of multipart uploads."""

import dataclasses
import hashlib
import re
import typing
from xml.etree import ElementTree

from . import call as s3_call, checksums as s3_checksums, errors, notifications, xml as s3_xml
from .call import Call, Limits, require_owner
from .checksums import Digests
from .conditions import write_guard
from .copy import checksum_algorithm, digest_bytes, open_source, require_copyable, send_bytes
from .database import COPY_BLOCK, StagedFile
from .listing import MAX_KEYS, Encoder, common_prefix_elements, iso_time, roll_up
from .notifications import OWNER_ID, Notifier
from .objects import Span, actor, attributes_of, checksum_elements, version_headers
from .script import Script
from .store import NewObject, ObjectStore, ObjectVersion
from .uploads import Part, Upload, UploadStore
from ..core.service import Response

_XML = {"Content-Type": "application/xml"}
_COPY_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")


@dataclasses.dataclass(frozen=True)
class NamedPart:
    """A part as the completing client names it."""

    number: int
    etag: str
    checksums: dict[str, str]


class MultipartOperations:
    def __init__(self, store: ObjectStore, notifier: Notifier, limits: Limits, script: Script):
        self._store, self._notifier, self._limits, self._script = store, notifier, limits, script
        self._uploads = UploadStore(store)

    def create_multipart_upload(self, call: Call) -> Response:
        require_owner(call)
        algorithm = checksum_algorithm(call)
        checksum_type = _checksum_type(call, algorithm)
        attributes = attributes_of(call.headers, self._limits)
        attributes = dataclasses.replace(attributes, checksum_type=checksum_type or "FULL_OBJECT")
        upload = self._uploads.create(call.bucket, call.key, attributes, algorithm, checksum_type)
        children: list[tuple[str, s3_xml.Content]] = [
            ("Bucket", call.bucket),
            ("Key", call.key),
            ("UploadId", upload.id),
        ]
        headers = dict(_XML)
        if algorithm:
            headers["x-amz-checksum-algorithm"] = algorithm.upper()
            headers["x-amz-checksum-type"] = checksum_type
        return Response(200, headers, s3_xml.document("InitiateMultipartUploadResult", children))

    def upload_part(self, call: Call) -> Response:
        require_owner(call)
        upload, number = self._find(call), self._part_number(call)
        with self._store.files.stage() as staged:
            digests = s3_call.receive(call.request, staged.handle, (), self._limits.max_put)
            _require_algorithm(upload, digests.sent_algorithm)
            part = self._uploads.put_part(upload, number, staged, digests.size, digests.md5, digests.checksums)
        shown = {s3_checksums.PREFIX + name: value for name, value in part.checksums.items()}
        return Response(200, {"ETag": f'"{part.etag}"', **shown})

    def upload_part_copy(self, call: Call) -> Response:
        require_owner(call)
        upload, number = self._find(call), self._part_number(call)
        source = open_source(self._store, call)
        with source.file, self._store.files.stage() as staged:
            span = self._copy_span(call, source.version)
            digests = digest_bytes(source.file, span, [upload.algorithm] if upload.algorithm else [])
            send_bytes(source.file, span, staged.handle)
            part = self._uploads.put_part(upload, number, staged, span.length, digests.md5, digests.checksums)
        children: list[tuple[str, s3_xml.Content]] = [
            ("LastModified", iso_time(part.modified)),
            ("ETag", f'"{part.etag}"'),
            *((s3_checksums.xml_name(name), value) for name, value in part.checksums.items()),
        ]
        return Response(200, {**_XML, **source.headers}, s3_xml.document("CopyPartResult", children))

    def _copy_span(self, call: Call, version: ObjectVersion) -> Span:
        text = call.headers.get("x-amz-copy-source-range")
        if text is None:
            require_copyable(version.size, self._limits)
            return Span(0, version.size)
        match = _COPY_RANGE.fullmatch(text)
        if not match or int(match[2]) < int(match[1]):
            message = (
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are "
                "the zero-based offsets of the first and last bytes to copy"
            )
            raise errors.invalid_argument(message, "x-amz-copy-source-range", text)
        first, last = int(match[1]), int(match[2])
        if last >= version.size:
            message = f"Range specified is not valid for source object of size: {version.size}"
            raise errors.invalid_argument(message, "x-amz-copy-source-range", text)
        if version.size <= self._limits.min_part:
            message = f"A range can only be copied from a source of more than {self._limits.min_part} bytes"
            raise errors.invalid_request(message)
        require_copyable(last - first + 1, self._limits)
        return Span(first, last - first + 1)

    def abort_multipart_upload(self, call: Call) -> Response:
        require_owner(call)
        self._uploads.remove(self._find(call))
        return Response(204)

    def _find(self, call: Call) -> Upload:
        return self._uploads.find(call.bucket, call.key, call.query["uploadId"])

    def _part_number(self, call: Call) -> int:
        text, most = call.query["partNumber"], self._limits.max_parts
        if not re.fullmatch("[0-9]{1,6}", text) or not 1 <= int(text) <= most:
            message = f"Part number must be an integer between 1 and {most}, inclusive"
            raise errors.invalid_argument(message, "partNumber", text)
        return int(text)

    # Completion

    def complete_multipart_upload(self, call: Call) -> Response:
        require_owner(call)
        guard = write_guard(call.headers, call.key)
        named = self._parse_parts(s3_xml.parse(call.request.read(), "CompleteMultipartUpload"))
        upload, bucket = self._find(call), self._store.bucket(call.bucket)
        if call.headers.get("x-amz-checksum-type", upload.checksum_type) != upload.checksum_type:
            raise errors.invalid_request("The upload was created with another x-amz-checksum-type.")
        parts = self._match_parts(upload, named)
        _require_size(call, sum(part.size for part in parts))
        guard(self._store.latest(call.bucket, call.key))
        with self._store.files.stage() as staged:
            new = self._assemble(call, upload, parts, staged)
            self._script.require_no_conflict(call)
            with self._store.database.transaction():
                self._uploads.remove(upload)
                version = self._store.put(call.bucket, call.key, new, guard)
        self._notifier.tell(notifications.created(bucket, version, "CompleteMultipartUpload"), actor(call))
        children: list[tuple[str, s3_xml.Content]] = [
            ("Location", f"http://{call.headers.get('host', 'localhost')}{call.request.path}"),
            ("Bucket", call.bucket),
            ("Key", call.key),
            ("ETag", f'"{version.etag}"'),
            *checksum_elements(version.attributes),
        ]
        headers = {**_XML, **version_headers(bucket, version.version_id)}
        return Response(200, headers, s3_xml.document("CompleteMultipartUploadResult", children))

    def _parse_parts(self, root: ElementTree.Element) -> list[NamedPart]:
        s3_xml.expect_children(root, "Part")
        parts = [_parse_part(element) for element in root]
        if not 1 <= len(parts) <= self._limits.max_parts:
            raise errors.malformed_xml(f"CompleteMultipartUpload needs 1 to {self._limits.max_parts} Parts")
        numbers = [part.number for part in parts]
        if any(one >= two for one, two in zip(numbers, numbers[1:])):
            message = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise errors.S3Error("InvalidPartOrder", message)
        return parts

    def _match_parts(self, upload: Upload, named: list[NamedPart]) -> list[Part]:
        """The stored parts that are meant, each checked against its name."""
        stored = {part.number: part for part in self._uploads.parts(upload)}
        matched = [_matching_part(upload, stored.get(part.number), part) for part in named]
        for part in matched[:-1]:
            if part.size < self._limits.min_part:
                message = "Your proposed upload is smaller than the minimum allowed size"
                extra = {"ProposedSize": str(part.size), "MinSizeAllowed": str(self._limits.min_part)}
                extra |= {"PartNumber": str(part.number), "ETag": part.etag}
                raise errors.S3Error("EntityTooSmall", message, 400, **extra)
        size = sum(part.size for part in matched)
        if size > self._limits.max_object:
            raise errors.too_large(size, self._limits.max_object)
        return matched

    def _assemble(self, call: Call, upload: Upload, parts: list[Part], staged: StagedFile) -> NewObject:
        size = sum(part.size for part in parts)
        etag = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts)).hexdigest() + f"-{len(parts)}"
        try:
            self._join(parts, staged)
            checksums = self._checksums(upload, parts)
        except FileNotFoundError:  # aborted or completed by another request meanwhile
            raise errors.no_such_upload(upload.id) from None
        _require_checksum(call, checksums)
        attributes = dataclasses.replace(upload.attributes, checksums=checksums)
        return NewObject(staged, size, etag, attributes)

    def _join(self, parts: list[Part], staged: StagedFile) -> None:
        if len(parts) == 1:
            staged.link_from(parts[0].file)
            return
        for part in parts:
            with self._store.files.open(part.file) as source:
                send_bytes(source, Span(0, part.size), staged.handle)

    def _checksums(self, upload: Upload, parts: list[Part]) -> dict[str, str]:
        """The checksum of the object, of the declared algorithm and type."""
        if not upload.algorithm:
            return {}
        if upload.checksum_type == "COMPOSITE":
            values = [part.checksums[upload.algorithm] for part in parts]
            return {upload.algorithm: s3_checksums.composite(upload.algorithm, values)}
        digests = Digests(algorithms=[upload.algorithm])
        for part in parts:
            with self._store.files.open(part.file) as source:
                for block in iter(lambda: source.read(COPY_BLOCK), b""):
                    digests.update(block)
        return digests.checksums

    # Listings

    def list_parts(self, call: Call) -> Response:
        require_owner(call)
        upload = self._find(call)
        marker = call.number("part-number-marker", 0, 0, self._limits.max_parts)
        limit = call.number("max-parts", MAX_KEYS, 0, MAX_KEYS)
        rest = [part for part in self._uploads.parts(upload) if part.number > marker]
        page = rest[:limit]
        children: list[tuple[str, s3_xml.Content]] = [
            ("Bucket", call.bucket),
            ("Key", Encoder(call)(call.key)),
            ("UploadId", upload.id),
            *_owner_elements(),
            ("PartNumberMarker", marker),
            ("NextPartNumberMarker", page[-1].number if page else 0),
            ("MaxParts", limit),
            ("IsTruncated", len(page) < len(rest)),
            ("ChecksumAlgorithm", upload.algorithm.upper() or None),
            ("ChecksumType", upload.checksum_type or None),
            *(_part_element(part) for part in page),
        ]
        return Response(200, dict(_XML), s3_xml.document("ListPartsResult", children))

    def list_multipart_uploads(self, call: Call) -> Response:
        require_owner(call)
        encode, query = Encoder(call), call.query
        prefix, delimiter, marker = query.get("prefix", ""), query.get("delimiter", ""), query.get("key-marker", "")
        limit = call.number("max-uploads", MAX_KEYS, 1, MAX_KEYS)
        found = self._uploads.list(call.bucket, prefix, marker, query.get("upload-id-marker", ""))
        page = roll_up(found, prefix, delimiter, marker, limit)
        last_id = page.last_item.id if page.last_item else ""
        children: list[tuple[str, s3_xml.Content]] = [
            ("Bucket", call.bucket),
            ("KeyMarker", encode(marker)),
            ("UploadIdMarker", query.get("upload-id-marker", "")),
            ("NextKeyMarker", encode(page.last) if page.truncated else None),
            ("NextUploadIdMarker", last_id if page.truncated else None),
            ("Prefix", encode(prefix)),
            ("Delimiter", encode.optional(query.get("delimiter"))),
            ("EncodingType", encode.type),
            ("MaxUploads", limit),
            ("IsTruncated", page.truncated),
            *(_upload_element(upload, encode) for upload in page.items),
            *common_prefix_elements(page, encode),
        ]
        return Response(200, dict(_XML), s3_xml.document("ListMultipartUploadsResult", children))


def _owner_elements() -> "list[tuple[str, s3_xml.Content]]":
    return [
        ("Initiator", [("ID", OWNER_ID)]),
        ("Owner", [("ID", OWNER_ID)]),
        ("StorageClass", "STANDARD"),
    ]


def _part_element(part: Part) -> "tuple[str, s3_xml.Content]":
    checksums = [(s3_checksums.xml_name(name), value) for name, value in part.checksums.items()]
    return (
        "Part",
        [
            ("PartNumber", part.number),
            ("LastModified", iso_time(part.modified)),
            ("ETag", f'"{part.etag}"'),
            ("Size", part.size),
            *checksums,
        ],
    )


def _upload_element(upload: Upload, encode: typing.Callable[[str], str]) -> "tuple[str, s3_xml.Content]":
    return (
        "Upload",
        [
            ("Key", encode(upload.key)),
            ("UploadId", upload.id),
            *_owner_elements(),
            ("Initiated", iso_time(upload.initiated)),
            ("ChecksumAlgorithm", upload.algorithm.upper() or None),
            ("ChecksumType", upload.checksum_type or None),
        ],
    )


def _parse_part(element: ElementTree.Element) -> NamedPart:
    known = [s3_checksums.xml_name(name) for name in s3_checksums.ALGORITHMS]
    s3_xml.expect_children(element, "PartNumber", "ETag", *known)
    number = s3_xml.required(element, "PartNumber").strip()
    if not re.fullmatch("[0-9]{1,6}", number):
        raise errors.malformed_xml(f"PartNumber {number} is not a number")
    etag = s3_xml.required(element, "ETag").strip().strip('"')
    given = {name: s3_xml.text(element, s3_checksums.xml_name(name)) for name in s3_checksums.ALGORITHMS}
    return NamedPart(int(number), etag, {name: value for name, value in given.items() if value})


def _matching_part(upload: Upload, stored: Part | None, named: NamedPart) -> Part:
    if upload.algorithm and upload.checksum_type == "COMPOSITE" and upload.algorithm not in named.checksums:
        message = (
            f"The upload was created using a {upload.algorithm} checksum. The complete request must include the "
            f"checksum for each part. It was missing for part {named.number} in the request."
        )
        raise errors.invalid_request(message)
    wrong = stored is None or stored.etag != named.etag
    if stored is None or wrong or any(stored.checksums.get(name) != value for name, value in named.checksums.items()):
        message = (
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
            "specified entity tag may not match the part's entity tag."
        )
        extra = {"UploadId": upload.id, "PartNumber": str(named.number), "ETag": named.etag}
        raise errors.S3Error("InvalidPart", message, 400, **extra)
    return stored


def _checksum_type(call: Call, algorithm: str) -> str:
    """COMPOSITE unless FULL_OBJECT is asked for, which only linear checksums can be."""
    asked = call.headers.get("x-amz-checksum-type", "").upper()
    if not algorithm:
        if asked:
            raise errors.invalid_request("The x-amz-checksum-type header can only be used with an algorithm.")
        return ""
    default = "FULL_OBJECT" if algorithm == "crc64nvme" else "COMPOSITE"
    chosen = asked or default
    impossible = chosen == "FULL_OBJECT" and algorithm not in s3_checksums.LINEAR
    if impossible or chosen not in ("COMPOSITE", "FULL_OBJECT") or (algorithm == "crc64nvme" and chosen == "COMPOSITE"):
        message = f"The {chosen} checksum type cannot be used with the {algorithm} checksum algorithm."
        raise errors.invalid_request(message)
    return chosen


def _require_algorithm(upload: Upload, sent: str | None) -> None:
    """An upload that declared an algorithm wants it with every part, and no other."""
    if upload.algorithm and sent != upload.algorithm:
        message = (
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm}, "
            f"actual checksum Type: {sent or 'null'}"
        )
        raise errors.invalid_request(message)


def _require_size(call: Call, size: int) -> None:
    """x-amz-mp-object-size: the client's idea of the whole."""
    text = call.headers.get("x-amz-mp-object-size")
    if text is None:
        return
    if not re.fullmatch("[0-9]{1,18}", text):
        raise errors.invalid_argument("The object size is not a number", "x-amz-mp-object-size", text)
    if int(text) != size:
        message = f"The provided 'x-amz-mp-object-size' header value {text} does not match what was computed: {size}"
        raise errors.invalid_request(message)


def _require_checksum(call: Call, checksums: dict[str, str]) -> None:
    """A checksum of the whole object that came with the completion."""
    for algorithm in s3_checksums.ALGORITHMS:
        given = call.headers.get(s3_checksums.PREFIX + algorithm)
        if given is not None and checksums.get(algorithm) != given:
            message = f"The {algorithm.upper()} you specified did not match the calculated checksum."
            raise errors.S3Error("BadDigest", message)
