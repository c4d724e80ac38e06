"""Proves a request's body while it is read: payload hash, aws-chunked frames, trailers.

Nothing is held in memory. A body that proves wrong raises AuthError (or ServiceError) from the read
that would have delivered its last bytes, so a service that stores what it read before it has seen
the end must throw it away on an exception.
"""

import hashlib
import hmac
import io
import re

from .http_wire import Body, Truncated
from .service import ServiceError
from .signature import (
    EMPTY_SHA256,
    STREAMING_SIGNED,
    STREAMING_SIGNED_TRAILER,
    STREAMING_UNSIGNED_TRAILER,
    AuthError,
    Claim,
    Refusal,
)

MAX_TRAILER = 16 * 1024


class HashedBody(io.RawIOBase):
    """A body whose SHA-256 must be what the signature was computed over."""

    def __init__(self, body: Body, sha256: str):
        super().__init__()
        self._body, self._expected = body, sha256
        self._hash = hashlib.sha256()
        self._checked = False
        if body.finished:
            self._check()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        count = self._body.readinto(buffer)
        self._hash.update(memoryview(buffer)[:count])
        if self._body.finished and not self._checked:
            self._check()
        return count

    def _check(self) -> None:
        self._checked = True
        actual = self._hash.hexdigest()
        if not hmac.compare_digest(actual, self._expected):
            raise AuthError(
                Refusal.PAYLOAD_MISMATCH,
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                ClientComputedContentSHA256=self._expected,
                S3ComputedContentSHA256=actual,
            )


class ChunkSigner:
    """The chain of signatures over the chunks of an upload, seeded by the request's own."""

    def __init__(self, secret_key: str, claim: Claim):
        key = ("AWS4" + secret_key).encode()
        for part in (claim.date, claim.region, claim.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._key, self._claim, self._previous = key, claim, claim.signature

    def check_chunk(self, signature: str, sha256: str) -> None:
        self._check("AWS4-HMAC-SHA256-PAYLOAD", signature, [EMPTY_SHA256, sha256])

    def check_trailer(self, signature: str, text: bytes) -> None:
        self._check("AWS4-HMAC-SHA256-TRAILER", signature, [hashlib.sha256(text).hexdigest()])

    def _check(self, kind: str, signature: str, hashes: list[str]) -> None:
        text = "\n".join([kind, self._claim.timestamp, self._claim.scope, self._previous, *hashes])
        expected = hmac.digest(self._key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected, signature):
            raise AuthError(
                Refusal.MISMATCH,
                "The chunk signature we calculated does not match the signature you provided.",
                AWSAccessKeyId=self._claim.access_key,
                StringToSign=text,
                SignatureProvided=signature,
                CanonicalRequest="",
            )
        self._previous = expected


class AwsChunkedBody(io.RawIOBase):
    """Removes `aws-chunked` framing; checks chunk signatures, decoded length and trailers."""

    def __init__(
        self,
        body: Body,
        mode: str,
        decoded_length: int,
        declared_trailers: set[str],
        signer: ChunkSigner,
        on_trailers,
    ):
        super().__init__()
        self._stream = io.BufferedReader(body, 256 * 1024)
        self._signer = signer if mode in (STREAMING_SIGNED, STREAMING_SIGNED_TRAILER) else None
        self._trailing = mode in (STREAMING_UNSIGNED_TRAILER, STREAMING_SIGNED_TRAILER)
        self._missing, self._declared, self._on_trailers = (
            decoded_length,
            declared_trailers,
            on_trailers,
        )
        self._left, self._signature, self._hash = 0, "", hashlib.sha256()
        self.finished = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if len(buffer) == 0 or self.finished:
            return 0
        if self._left == 0:
            self._next_chunk()
            if self.finished:
                return 0
        count = self._stream.readinto(memoryview(buffer)[: self._left])
        if not count:
            raise Truncated("the body ends inside a chunk")
        if self._signer:
            self._hash.update(memoryview(buffer)[:count])
        self._left -= count
        self._missing -= count
        if self._left == 0:
            self._end_chunk()
            if self._missing == 0:  # prove the end before the last bytes are handed out
                self._next_chunk()
                if not self.finished:
                    raise _malformed("the body is longer than x-amz-decoded-content-length")
        return count

    def _next_chunk(self) -> None:
        head = self._line()
        size, _, extension = head.partition(b";")
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,12}", size):
            raise _malformed(f"the chunk header {head[:40]!r} has no size")
        self._left = int(size, 16)
        if self._left > self._missing:
            raise _malformed("the body is longer than x-amz-decoded-content-length")
        self._signature = self._chunk_signature(extension)
        self._hash = hashlib.sha256()
        if self._left == 0:
            self._finish()

    def _chunk_signature(self, extension: bytes) -> str:
        if not self._signer:
            return ""
        match = re.fullmatch(rb"chunk-signature=([0-9a-f]{64})", extension)
        if not match:
            raise _malformed("a chunk carries no chunk-signature")
        return match[1].decode()

    def _end_chunk(self) -> None:
        if self._line() != b"":
            raise _malformed("a chunk is not followed by CRLF")
        if self._signer:
            self._signer.check_chunk(self._signature, self._hash.hexdigest())

    def _finish(self) -> None:
        if self._missing:
            raise _malformed("the body is shorter than x-amz-decoded-content-length")
        if self._signer:
            self._signer.check_chunk(self._signature, EMPTY_SHA256)
        trailers = self._read_trailers() if self._trailing else {}
        if not self._trailing and self._line(last=True) != b"":
            raise _malformed("the last chunk is not followed by CRLF")
        if set(trailers) != self._declared:
            raise _bad_trailer(
                f"trailers {sorted(trailers)} are not those of x-amz-trailer"
                f" {sorted(self._declared)}"
            )
        if self._stream.read(1):
            raise _malformed("bytes after the last chunk")
        self.finished = True
        self._on_trailers(trailers)

    def _read_trailers(self) -> dict[str, str]:
        trailers, signature, signed = {}, None, b""
        while line := self._line(last=True):
            name, colon, value = line.partition(b":")
            name, value = name.strip().lower(), value.strip()
            if not colon or len(signed) > MAX_TRAILER:
                raise _bad_trailer(f"the trailer {line[:40]!r} is not a header field")
            if name == b"x-amz-trailer-signature":
                signature = value.decode("ascii", "replace")
                continue
            trailers[name.decode("ascii", "replace")] = value.decode("utf-8", "replace")
            signed += name + b":" + value + b"\n"
        if self._signer:
            self._signer.check_trailer(signature or "", signed)
        return trailers

    def _line(self, last: bool = False) -> bytes:
        line = self._stream.readline(MAX_TRAILER)
        if not line.endswith(b"\r\n"):
            if line.endswith(b"\n") or len(line) >= MAX_TRAILER:
                raise _malformed(f"the line {line[:40]!r} does not end with CRLF")
            if line or not last:
                raise _malformed("the body ends inside its framing")
            return b""  # a client may leave out the very last CRLF
        return line[:-2]


def _malformed(detail: str) -> ServiceError:
    """S3 has these words for every fault of the framing."""
    message = "The request body terminated unexpectedly"
    return ServiceError("IncompleteBody", message, 400, Detail=f"aws-chunked: {detail}")


def _bad_trailer(detail: str) -> ServiceError:
    message = (
        "The request contained trailing data that was not well-formed or did not conform to our "
        "published schema."
    )
    return ServiceError("MalformedTrailerError", message, 400, Detail=f"aws-chunked: {detail}")


def read_up_to(body, limit: int) -> bytes:
    parts, size = [], 0
    while block := body.read(1 << 20):
        parts.append(block)
        size += len(block)
        if size > limit:
            raise ServiceError(
                "RequestEntityTooLargeException", f"the request is over {limit} bytes", 413
            )
    return b"".join(parts)
