"""Bodies that are signed chunk by chunk."""

import base64
import hashlib
import json
import re
import unittest
import zlib

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.core import payload, signature
from emulator.core.signature_fixture import Endpoint, REGION, code_of

TRAILER = [("x-amz-checksum-crc32", "NhCmhg==")]  # of hello


class Streaming(Endpoint):
    """aws-chunked bodies as newer SDKs send them."""

    def chunked(self, mode, data, trailers=(), spoil=None, size=8192, pieces=None, **headers):
        """A PUT whose body is framed, and signed where the mode says so; `pieces` is how many bytes
        go into one HTTP chunk."""
        request = AWSRequest(
            "PUT",
            self.server.endpoint + "/b/k",
            {
                "Host": f"127.0.0.1:{self.server.port}",
                "Content-Encoding": "aws-chunked",
                "X-Amz-Content-SHA256": mode,
                "X-Amz-Decoded-Content-Length": str(len(data)),
                **headers,
            },
        )
        if trailers:
            request.headers["X-Amz-Trailer"] = ",".join(name for name, _ in trailers)
        signer = SigV4Auth(Credentials(self.user.access_key, self.user.secret_key), "s3", REGION)
        signer.add_auth(request)
        previous = request.headers["Authorization"].rpartition("=")[2]
        scope = signer.credential_scope(request)
        signs = mode in (signature.STREAMING_SIGNED, signature.STREAMING_SIGNED_TRAILER)

        def sign(kind, *hashes):
            nonlocal previous
            previous = signer.signature(
                "\n".join([kind, request.context["timestamp"], scope, previous, *hashes]), request
            )
            return previous

        body = b""
        for start in [*range(0, len(data), size), len(data)]:
            chunk = data[start : start + size]
            body += f"{len(chunk):x}".encode()
            if signs:
                mark = sign(
                    "AWS4-HMAC-SHA256-PAYLOAD",
                    signature.EMPTY_SHA256,
                    hashlib.sha256(chunk).hexdigest(),
                )
                body += f";chunk-signature={mark}".encode()
            body += b"\r\n" + chunk + (b"\r\n" if chunk else b"")
        text = "".join(f"{name}:{value}\n" for name, value in trailers)
        body += text.replace("\n", "\r\n").encode()
        if signs and trailers:
            mark = sign("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(text.encode()).hexdigest())
            body += f"x-amz-trailer-signature:{mark}\r\n".encode()
        body += b"\r\n"
        body = spoil(body) if spoil else body
        if pieces is None:
            return self.send(request, body)
        return self.send(
            request, pieces=[body[at : at + pieces] for at in range(0, len(body), pieces)]
        )

    def test_signed_chunks(self):
        for data in (b"", b"hello", bytes(range(256)) * 100, bytes(2 << 20)):
            status, _, body = self.chunked(
                signature.STREAMING_SIGNED, data, **{"Content-Encoding": "gzip,aws-chunked"}
            )
            self.assertEqual(status, 200, body)
            answer = json.loads(body)
            self.assertEqual(answer["size"], len(data))
            self.assertEqual(answer["headers"]["content-encoding"], "gzip")
            self.assertEqual(answer["headers"]["content-length"], str(len(data)))
            self.assertEqual(self.s3.kept[-1], hashlib.sha256(data).hexdigest())

    def test_a_decoded_length_that_is_no_number(self):
        for length in ("x", "9" * 5000):
            headers = {"X-Amz-Decoded-Content-Length": length}
            answer = self.chunked(signature.STREAMING_SIGNED, b"hello", **headers)
            self.assertEqual(code_of("s3", answer), (411, "MissingContentLength"))

    def test_trailers_reach_the_service(self):
        for mode in (signature.STREAMING_SIGNED_TRAILER, signature.STREAMING_UNSIGNED_TRAILER):
            status, _, body = self.chunked(mode, b"hello", TRAILER)
            self.assertEqual(
                (status, json.loads(body)["headers"]["x-amz-checksum-crc32"]),
                (200, "NhCmhg=="),
                body,
            )
            self.assertNotIn("content-encoding", json.loads(body)["headers"])

    def test_a_stream_as_sdk_v3_sends_it(self):
        """Unsigned, with a checksum behind it, in HTTP chunks that know nothing of its framing."""
        bodies = (b"", 7), (b"hello", 1), (bytes(range(256)) * 1000, 7000), (bytes(2 << 20), 65536)
        for data, pieces in bodies:
            with self.subTest(size=len(data)):
                checksum = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
                trailers = [("x-amz-checksum-crc32", checksum)]
                mode = signature.STREAMING_UNSIGNED_TRAILER
                status, _, body = self.chunked(mode, data, trailers, size=65536, pieces=pieces)
                self.assertEqual(status, 200, body)
                answer = json.loads(body)
                self.assertEqual(answer["size"], len(data))
                self.assertEqual(answer["headers"]["content-length"], str(len(data)))
                self.assertEqual(answer["headers"]["x-amz-checksum-crc32"], checksum)
                self.assertEqual(self.s3.kept[-1], hashlib.sha256(data).hexdigest())

    def test_an_unsigned_stream_without_a_checksum(self):
        """S3 takes it over https. Over http nothing would vouch for its bytes."""
        mode = signature.STREAMING_UNSIGNED_TRAILER
        for trailers in ((), [("x-amz-meta-a", "b")]):
            answer = self.chunked(mode, b"hello", trailers)
            self.assertEqual(code_of("s3", answer), (400, "InvalidRequest"))
            self.assertIn(b"trailing checksum", answer[2])
        self.assertEqual(self.s3.kept, [])
        self.server.settings.unsigned_payload_over_http = True
        self.addCleanup(setattr, self.server.settings, "unsigned_payload_over_http", False)
        self.assertEqual(self.chunked(mode, b"hello")[0], 200)

    def test_spoilt_streams(self):
        signed, trailing = signature.STREAMING_SIGNED, signature.STREAMING_SIGNED_TRAILER
        unsigned, trailer = signature.STREAMING_UNSIGNED_TRAILER, TRAILER
        cases = (
            (
                signed,
                (),
                lambda body: body.replace(b"hello", b"hellO"),
                (403, "SignatureDoesNotMatch"),
            ),
            (
                signed,
                (),
                lambda body: body.replace(b"\r\n0;chunk-signature=", b"\r\n0;chunk-signature=0")[
                    :-3
                ]
                + b"\r\n",
                (400, "IncompleteBody"),
            ),
            (
                signed,
                (),
                lambda body: body.partition(b"\r\n0;")[0] + b"\r\n",
                (400, "IncompleteBody"),
            ),
            (signed, (), lambda body: body + b"more", (400, "IncompleteBody")),
            (
                signed,
                (),
                lambda body: re.sub(b";chunk-signature=[0-9a-f]*", b"", body),
                (400, "IncompleteBody"),
            ),
            (
                trailing,
                trailer,
                lambda body: body.replace(b"NhCmhg==", b"NhCmhg=A"),
                (403, "SignatureDoesNotMatch"),
            ),
            (
                trailing,
                trailer,
                lambda body: re.sub(b"x-amz-checksum-crc32:.*?\r\n", b"", body),
                (403, "SignatureDoesNotMatch"),
            ),
            (
                unsigned,
                trailer,
                lambda body: body.replace(b"5\r\n", b"3\r\n", 1),
                (400, "IncompleteBody"),
            ),
            (
                unsigned,
                trailer,
                lambda body: body[:-1] + b"X",
                (400, "IncompleteBody"),
            ),
            (
                unsigned,
                trailer,
                lambda body: body.partition(b"x-amz-")[0] + b"\r\n",
                (400, "MalformedTrailerError"),
            ),
            (
                unsigned,
                trailer,
                lambda body: body.replace(b"checksum-crc32:", b"checksum-sha1:"),
                (400, "MalformedTrailerError"),
            ),
            (
                unsigned,
                trailer,
                lambda body: body.replace(b"crc32:", b"crc32="),
                (400, "MalformedTrailerError"),
            ),
        )
        for mode, trailers, spoil, expected in cases:
            with self.subTest(mode=mode, expected=expected):
                self.assertEqual(
                    code_of("s3", self.chunked(mode, b"hello", trailers, spoil)), expected
                )
        self.assertEqual(self.s3.kept, [])

    def test_vector_of_the_documentation(self):
        """The example of AWS's documentation: 65536 + 1024 + 0 bytes of `a`, then a trailer."""
        claim = signature.Claim(
            "AKIAIOSFODNN7EXAMPLE",
            "20130524",
            "us-east-1",
            "s3",
            ("host",),
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            "20130524T000000Z",
            "",
            None,
        )
        signer = payload.ChunkSigner("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", claim)
        for size, mark in (
            (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ):
            signer.check_chunk(mark, hashlib.sha256(b"a" * size).hexdigest())


if __name__ == "__main__":
    unittest.main()
