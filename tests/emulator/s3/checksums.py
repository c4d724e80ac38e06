"""Digests of a body: MD5 for the ETag, and the checksums that the sender declared or asked for."""

import base64
import binascii
import functools
import hashlib
import typing
import zlib

from . import errors
from ..core.service import Headers

PREFIX = "x-amz-checksum-"
# These share the prefix but declare no digest.
CONTROL_HEADERS = {"x-amz-checksum-mode", "x-amz-checksum-algorithm", "x-amz-checksum-type"}
LINEAR = {"crc32", "crc32c", "crc64nvme"}  # only these can be told of a whole object made of parts


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


@functools.lru_cache
def _crc_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


class _TableCrc:
    """A reflected CRC byte by byte, about 10 MB/s: for the CRCs that the standard library does not have."""

    def __init__(self, polynomial: int, width: int) -> None:
        self._table, self._width = _crc_table(polynomial), width
        self._ones = (1 << width) - 1
        self._value = self._ones

    def update(self, data: bytes) -> None:
        table, value = self._table, self._value
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
        self._value = value

    def digest(self) -> bytes:
        return (self._value ^ self._ones).to_bytes(self._width // 8, "big")


_MAKERS: dict[str, typing.Callable[[], typing.Any]] = {
    "crc32": _Crc32,
    "crc32c": lambda: _TableCrc(0x82F63B78, 32),
    "crc64nvme": lambda: _TableCrc(0x9A6C9329AC4BC9B5, 64),
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}


ALGORITHMS = tuple(_MAKERS)


def maker(algorithm: str) -> typing.Callable[[], typing.Any]:
    found = _MAKERS.get(algorithm.lower())
    if found is None:
        raise errors.not_implemented(f"the checksum algorithm {algorithm}")
    return found


def digest_length(algorithm: str) -> int:
    return len(maker(algorithm)().digest())


def compute(algorithm: str, data: bytes) -> str:
    running = maker(algorithm)()
    running.update(data)
    return base64.b64encode(running.digest()).decode()


def composite(algorithm: str, parts: list[str]) -> str:
    """The checksum of checksums that S3 gives an object uploaded in parts."""
    return compute(algorithm, b"".join(base64.b64decode(part) for part in parts)) + f"-{len(parts)}"


def xml_name(algorithm: str) -> str:
    return "Checksum" + algorithm.upper()


def declared(headers: Headers) -> dict[str, str]:
    """The checksum that the header fields declare, by algorithm; at most one is allowed."""
    found = {
        name[len(PREFIX) :]: value.strip()
        for name, value in headers.items()
        if name.startswith(PREFIX) and name not in CONTROL_HEADERS
    }
    if len(found) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        raise errors.invalid_request(message)
    for algorithm, value in found.items():
        _require_form(algorithm, value)
    return found


def _require_form(algorithm: str, value: str) -> None:
    try:
        good = len(base64.b64decode(value, validate=True)) == digest_length(algorithm)
    except binascii.Error:
        good = False
    if not good:
        raise errors.invalid_request(f"Value for {PREFIX}{algorithm} header is invalid.")


def _trailing(headers: Headers) -> str | None:
    """The algorithm whose value comes after the body."""
    name = headers.get("x-amz-trailer", "").strip().lower()
    if not name:
        return None
    if not name.startswith(PREFIX):
        raise errors.invalid_request("The value specified in the x-amz-trailer header is not supported")
    return name[len(PREFIX) :]


def _content_md5(headers: Headers) -> bytes | None:
    value = headers.get("content-md5")
    if value is None:
        return None
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 16:
        message = "The Content-MD5 you specified was invalid."
        raise errors.S3Error("InvalidDigest", message, 400, **{"Content-MD5": value})
    return digest


class Digests:
    """The running digests of one body, and what its sender said they must come to."""

    def __init__(self, headers: Headers | None = None, algorithms: typing.Iterable[str] = ()):
        headers = Headers() if headers is None else headers
        self._headers = headers
        self.size = 0
        self._md5 = hashlib.md5()
        self._expected_md5 = _content_md5(headers)
        self._expected = declared(headers)
        self._trailing = _trailing(headers)
        wanted = {name.lower() for name in algorithms} | set(self._expected)
        if self._trailing:
            wanted.add(self._trailing)
        self._running = {name: maker(name)() for name in wanted}
        self._require_announced(headers)

    def _require_announced(self, headers: Headers) -> None:
        if headers.get("x-amz-sdk-checksum-algorithm") and not (self._expected or self._trailing or self._expected_md5):
            message = (
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
                "x-amz-trailer headers were found."
            )
            raise errors.invalid_request(message)

    @property
    def declared_any(self) -> bool:
        """Whether the sender gave anything to check the body by."""
        return bool(self._expected_md5 or self._expected or self._trailing)

    @property
    def sent_algorithm(self) -> str | None:
        """The one checksum algorithm that came with the body, in a header field or a trailer."""
        return self._trailing or next(iter(self._expected), None)

    def update(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._md5.update(chunk)
        for running in self._running.values():
            running.update(chunk)

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    @property
    def checksums(self) -> dict[str, str]:
        return {name: base64.b64encode(running.digest()).decode() for name, running in self._running.items()}

    def verify(self) -> None:
        """Compares the received body with everything declared; raises BadDigest and its kin."""
        self._verify_md5()
        expected = dict(self._expected)
        if self._trailing:
            expected[self._trailing] = self._trailer_value()
        for algorithm, value in expected.items():
            if self.checksums[algorithm] != value:
                message = f"The {algorithm.upper()} you specified did not match the calculated checksum."
                raise errors.S3Error("BadDigest", message)

    def _trailer_value(self) -> str:
        """Trailers join the header fields once the body is read to its end."""
        value = self._headers.get(PREFIX + str(self._trailing))
        if value is None:
            raise errors.S3Error("MalformedTrailerError", f"The trailer {PREFIX}{self._trailing} did not come.")
        _require_form(str(self._trailing), value)
        return value

    def _verify_md5(self) -> None:
        if self._expected_md5 is not None and self._expected_md5 != self._md5.digest():
            raise errors.S3Error(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
                400,
                ExpectedDigest=self._expected_md5.hex(),
                CalculatedDigest=self.md5,
            )
