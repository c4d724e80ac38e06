"""Which objects a COPY reads, and their bytes: manifest or prefix, decompressed, as UTF-8."""

import bz2
import codecs
import dataclasses
import gzip
import io
import json
import typing
import zlib

from .copy import CopyCommand, parse_url
from .errors import SqlError
from ..core.service import ServiceError

MANIFEST_LIMIT = 1 << 24
_NO_FILE = "42704"


class Objects(typing.Protocol):
    """What COPY needs of S3. Each raises ServiceError NoSuchBucket."""

    def bucket_region(self, bucket: str) -> str:
        """Where the bucket is."""

    def open_object(self, bucket: str, key: str) -> typing.BinaryIO:
        """Raises ServiceError NoSuchKey."""

    def list_keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys under a prefix, in order."""


@dataclasses.dataclass(frozen=True)
class CopyFile:
    bucket: str
    key: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def find_files(command: CopyCommand, objects: Objects) -> list[CopyFile]:
    """Never empty: that no file is found at all is an error."""
    files = (
        _of_manifest(command, objects) if command.has("MANIFEST") else _of_prefix(command, objects)
    )
    if not files:
        what = (
            "No file of the manifest exists"
            if command.has("MANIFEST")
            else "The specified S3 prefix does not exist"
        )
        raise SqlError(f"{what}: '{command.key}'", _NO_FILE)
    return files


def _of_prefix(command: CopyCommand, objects: Objects) -> list[CopyFile]:
    """Every key that begins so, siblings included, but hidden ones."""
    try:
        _require_region(command, command.bucket, objects)
        keys = objects.list_keys(command.bucket, command.key)
    except ServiceError as error:
        raise _s3_error(error) from None
    return [CopyFile(command.bucket, key) for key in keys if not _hidden(key)]


def _require_region(command: CopyCommand, bucket: str, objects: Objects) -> None:
    """COPY asks the S3 of one region, which has no bucket of another."""
    if objects.bucket_region(bucket) != command.region:
        raise ServiceError(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified"
            " endpoint. Please send all future requests to this endpoint.",
            301,
        )


def _hidden(key: str) -> bool:
    name = key.rstrip("/").rpartition("/")[2]
    return name.startswith((".", "_", "#")) or name.endswith("~")


def _of_manifest(command: CopyCommand, objects: Objects) -> list[CopyFile]:
    if not command.key or command.key.endswith("/"):
        raise SqlError("COPY with MANIFEST parameter requires full path of an S3 object.", "22023")
    try:
        _require_region(command, command.bucket, objects)
        with objects.open_object(command.bucket, command.key) as file:
            data = file.read(MANIFEST_LIMIT + 1)
    except ServiceError as error:
        raise SqlError(
            f"Problem reading manifest file - {_s3_error(error).message}", _NO_FILE
        ) from None
    entries = [_entry(entry) for entry in _entries(data)]
    return [file for file, mandatory in entries if _exists(command, file, mandatory, objects)]


def _entries(data: bytes) -> list:
    if len(data) > MANIFEST_LIMIT:
        raise _bad_manifest(f"it is over {MANIFEST_LIMIT} bytes")
    try:
        manifest = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _bad_manifest(f"not JSON in UTF-8: {error}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("entries"), list):
        raise _bad_manifest('no list "entries"')
    return manifest["entries"]


def _entry(entry: typing.Any) -> tuple[CopyFile, bool]:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise _bad_manifest('an entry has no "url"')
    if unknown := set(entry) - {"url", "mandatory", "meta"}:
        raise _bad_manifest(f"an entry has {sorted(unknown)[0]!r}")
    mandatory = entry.get("mandatory", False)
    if not isinstance(mandatory, bool):
        raise _bad_manifest('"mandatory" is neither true nor false')
    bucket, key = parse_url(entry["url"])
    if not key:
        raise _bad_manifest(f"{entry['url']} names no object")
    return CopyFile(bucket, key), mandatory


def _exists(command: CopyCommand, file: CopyFile, mandatory: bool, objects: Objects) -> bool:
    try:
        _require_region(command, file.bucket, objects)
        objects.open_object(file.bucket, file.key).close()
        return True
    except ServiceError as error:
        if not mandatory and error.code == "NoSuchKey":
            return False
        raise SqlError(
            (
                f"{_s3_error(error).message} (mandatory file {file.url})"
                if mandatory
                else _s3_error(error).message
            ),
            _NO_FILE,
        ) from None


def _bad_manifest(problem: str) -> SqlError:
    return SqlError(f"Invalid manifest file: {problem}", "22023")


def _s3_error(error: ServiceError) -> SqlError:
    message = f"S3ServiceException:{error.message},Status {error.status},Error {error.code}"
    return SqlError(message, _NO_FILE)


# --- bytes ---


class Scanned:
    """The bytes of one file as COPY sees them: UTF-8, decompressed. Counts what it reads from
    S3."""

    def __init__(self, file: CopyFile, command: CopyCommand, objects: Objects):
        self.file = file
        try:
            self._source = objects.open_object(file.bucket, file.key)
        except ServiceError as error:
            raise _s3_error(error) from None
        self._counter = _Counter(self._source)
        self.stream = self._decode(
            command.encoding, _decompress(self._counter, command.compression)
        )

    def __enter__(self) -> "Scanned":
        return self

    def __exit__(self, *_) -> None:
        self._source.close()

    @property
    def bytes_scanned(self) -> int:
        return self._counter.count

    def readline(self, limit: int) -> bytes:
        try:
            return self.stream.readline(limit)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SqlError(
                f"failed to inflate with zlib: {error}. zlib error code: -3 ({self.file.url})",
                "22023",
            ) from None
        except OSError as error:
            raise SqlError(f"failed to decompress {self.file.url}: {error}", "22023") from None
        except UnicodeDecodeError as error:
            raise SqlError(
                f"The file {self.file.url} is not encoded as the COPY command says: {error.reason}",
                "22023",
            ) from None

    def _decode(self, encoding: str, stream: typing.BinaryIO) -> typing.BinaryIO:
        if encoding == "UTF8":
            return stream
        if encoding == "ISO88591":
            return _transcoded(stream, "latin-1")
        return _transcoded(*_byte_order(stream, encoding, self.file.url))


class _Counter(io.RawIOBase):
    def __init__(self, source: typing.BinaryIO):
        self._source, self.count = source, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def _decompress(source: io.RawIOBase, compression: str) -> typing.BinaryIO:
    buffered = io.BufferedReader(source, 1 << 18)
    if compression == "GZIP":
        return io.BufferedReader(
            typing.cast(io.RawIOBase, gzip.GzipFile(fileobj=buffered)), 1 << 18
        )
    if compression == "BZIP2":
        return typing.cast(typing.BinaryIO, bz2.BZ2File(buffered))
    return buffered


def _byte_order(stream: typing.BinaryIO, encoding: str, url: str) -> tuple[typing.BinaryIO, str]:
    """UTF16 says its byte order in a mark; the other two may repeat theirs."""
    try:
        mark = stream.read(2)
    except (OSError, EOFError, zlib.error) as error:
        raise SqlError(f"failed to decompress {url}: {error}", "22023") from None
    orders = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    named = {"UTF16LE": "utf-16-le", "UTF16BE": "utf-16-be"}.get(encoding)
    found = orders.get(mark)
    if mark and (found is None and named is None or found and named and found != named):
        raise SqlError(
            f"The file {url} does not begin with the byte order mark of {encoding}", "22023"
        )
    rest = stream if found or not mark else io.BufferedReader(_Joined(mark, stream))
    return typing.cast(typing.BinaryIO, rest), found or named or "utf-16-le"


class _Joined(io.RawIOBase):
    def __init__(self, first: bytes, rest: typing.BinaryIO):
        self._first, self._rest = first, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data, self._first = self._first or self._rest.read(len(buffer)), b""
        buffer[: len(data)] = data
        return len(data)


class _Transcoder(io.RawIOBase):
    def __init__(self, source: typing.BinaryIO, encoding: str):
        self._source, self._decoder, self._pending = (
            source,
            codecs.getincrementaldecoder(encoding)(),
            b"",
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._pending:
            block = self._source.read(1 << 16)
            self._pending = self._decoder.decode(block, final=not block).encode(
                "utf-8", "surrogatepass"
            )
            if not block:
                break
        part, self._pending = self._pending[: len(buffer)], self._pending[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _transcoded(source: typing.BinaryIO, encoding: str) -> typing.BinaryIO:
    return io.BufferedReader(_Transcoder(source, encoding), 1 << 18)
