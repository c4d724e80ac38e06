"""What the endpoint refuses, how each protocol says so, and streamed S3 bodies."""

import base64
import hashlib
import http.client
import io
import json
import re
import unittest
import zlib

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.core import payload, signature
from emulator.core.protocols import JsonService, error_response, text
from emulator.core.server import LocalServer, Settings
from emulator.core.service import Clock, CredentialStore, Response
from emulator.core.sts import StsService

REGION = "eu-west-1"
SECRETS = "secretsmanager"
TRAILER = [("x-amz-checksum-crc32", "NhCmhg==")]  # of hello


class FakeJson(JsonService):
    name = target_prefix = SECRETS
    shapes = {"Get": {"Id": text(1, 5, required=True)}}

    def Get(self, data, request):
        return {"Id": data["Id"], "Who": request.principal.arn}


class FakeS3:
    """Reads the body and says what came."""

    name = "s3"

    def __init__(self):
        self.kept: list[str] = []  # hash of each body that was read to a good end

    def handle(self, request):
        data = io.BytesIO()
        while block := request.body.read(70000):
            data.write(block)
        self.kept.append(hashlib.sha256(data.getvalue()).hexdigest())
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.startswith(("x-amz-checksum", "content-"))
        }
        return Response(
            200, {}, json.dumps({"size": len(data.getvalue()), "headers": headers}).encode()
        )

    def error(self, request_id, error):
        return error_response("s3", request_id, error)


class Endpoint(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.credentials = CredentialStore()
        cls.user = cls.credentials.add_user("tester", "AKIATESTER0000000001", "secret/+=")
        cls.role = cls.credentials.assume_role("arn:aws:iam::111122223333:role/loader", "fn")
        cls.server = LocalServer(cls.credentials, Clock(), Settings(region=REGION))
        cls.s3 = FakeS3()
        for service in (FakeJson(), cls.s3, StsService()):
            cls.server.add(service)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.s3.kept.clear()

    def request(
        self,
        service,
        method="POST",
        target="/",
        body=b"",
        headers=None,
        who=None,
        region=REGION,
        extra=None,
    ):
        """A signed request: botocore's AWSRequest with all that is needed to send it."""
        who = who or self.user
        request = AWSRequest(method, self.server.endpoint + target, dict(headers or {}), body)
        request.headers["Host"] = f"127.0.0.1:{self.server.port}"
        if service == SECRETS:
            request.headers["Content-Type"] = "application/x-amz-json-1.1"
            request.headers["X-Amz-Target"] = f"{SECRETS}.Get"
        if service == "sts":
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(
            Credentials(who.access_key, who.secret_key, who.token or None), service, region
        ).add_auth(request)
        return request

    def send(self, request, body=None, pieces=None):
        """`pieces` go out as HTTP chunks, with no Content-Length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.addCleanup(connection.close)
        path = request.url.partition(f":{self.server.port}")[2]
        headers = dict(request.headers)
        if pieces is None:
            body = request.data if body is None else body
            connection.request(request.method, path, body, headers)
        else:
            headers["Transfer-Encoding"] = "chunked"
            connection.request(request.method, path, pieces, headers, encode_chunked=True)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()

    def json_call(self, body=b'{"Id":"x"}', **options):
        return self.request(SECRETS, body=body, **options)


def code_of(service, reply):
    status, headers, body = reply
    if service == SECRETS:
        return status, json.loads(body)["__type"]
    return status, re.search(b"<Code>(.*?)</Code>", body)[1].decode()


class Accepted(Endpoint):
    def test_header_signature_of_a_user_and_of_a_role(self):
        for who in (self.user, self.role):
            status, headers, body = self.send(self.json_call(who=who))
            self.assertEqual((status, json.loads(body)), (200, {"Id": "x", "Who": who.arn}))
            self.assertRegex(headers["x-amzn-RequestId"], r"\A[0-9a-f-]{36}\Z")

    def test_s3_path_and_query_in_odd_spelling(self):
        target = "/b/a%20b%2Bc%3D1/%C3%A9.csv?versionId=abc%2F1%2B2&uploads"
        status, headers, _ = self.send(self.request("s3", "GET", target))
        self.assertEqual(status, 200)
        self.assertRegex(headers["x-amz-request-id"], r"\A[0-9A-F]{16}\Z")
        self.assertIn("x-amz-id-2", headers)

    def test_presigned_url(self):
        request = AWSRequest(
            "GET", self.server.endpoint + "/b/k?response-content-type=text%2Fplain"
        )
        request.headers["Host"] = f"127.0.0.1:{self.server.port}"
        credentials = Credentials(self.role.access_key, self.role.secret_key, self.role.token)
        S3SigV4QueryAuth(credentials, "s3", REGION, expires=60).add_auth(request)
        self.assertEqual(self.send(request)[0], 200)
        request.url = request.url.replace("/b/k?", "/b/other?")
        self.assertEqual(code_of("s3", self.send(request)), (403, "SignatureDoesNotMatch"))

    def test_presigned_url_expires(self):
        request = AWSRequest("GET", self.server.endpoint + "/b/k")
        request.headers["Host"] = f"127.0.0.1:{self.server.port}"
        S3SigV4QueryAuth(
            Credentials(self.user.access_key, self.user.secret_key), "s3", REGION, expires=60
        ).add_auth(request)
        self.server.skew = 61.5
        self.addCleanup(setattr, self.server, "skew", 0.0)
        self.assertEqual(code_of("s3", self.send(request)), (403, "AccessDenied"))

    def test_one_connection_carries_many_requests_also_after_a_refusal(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.addCleanup(connection.close)
        for body, expected in (
            (b'{"Id":"x"}', 200),
            (b'{"Id":"toolong"}', 400),
            (b'{"Id":"y"}', 200),
        ):
            request = self.json_call(body=body)
            connection.request("POST", "/", body, dict(request.headers))
            reply = connection.getresponse()
            self.assertEqual((reply.status, bool(reply.read())), (expected, True))


class Refused(Endpoint):
    """One change to a good request, and the answer of each protocol."""

    ANSWERS = {  # of the JSON, the query and the S3 protocol
        "unknown key": (
            (400, "UnrecognizedClientException"),
            (403, "InvalidClientTokenId"),
            (403, "InvalidAccessKeyId"),
        ),
        "bad token": (
            (400, "UnrecognizedClientException"),
            (403, "InvalidClientTokenId"),
            (400, "InvalidToken"),
        ),
        "expired": ((400, "ExpiredTokenException"), (403, "ExpiredToken"), (400, "ExpiredToken")),
        "mismatch": (
            (400, "InvalidSignatureException"),
            (403, "SignatureDoesNotMatch"),
            (403, "SignatureDoesNotMatch"),
        ),
        "skewed": (
            (400, "InvalidSignatureException"),
            (403, "SignatureDoesNotMatch"),
            (403, "RequestTimeTooSkewed"),
        ),
        "not signed": (
            (400, "InvalidSignatureException"),
            (403, "SignatureDoesNotMatch"),
            (403, "AccessDenied"),
        ),
        "other body": (
            (400, "InvalidSignatureException"),
            (403, "SignatureDoesNotMatch"),
            (400, "XAmzContentSHA256Mismatch"),
        ),
        "anonymous": (
            (400, "MissingAuthenticationTokenException"),
            (403, "MissingAuthenticationToken"),
            (403, "AccessDenied"),
        ),
        "malformed": (
            (400, "IncompleteSignatureException"),
            (400, "IncompleteSignature"),
            (400, "AuthorizationHeaderMalformed"),
        ),
    }
    CASES = {  # what is done to the request, and how it is answered
        "unknown key": "unknown key",
        "wrong secret": "mismatch",
        "token missing": "unknown key",
        "token wrong": "bad token",
        "token for a user": "bad token",
        "token expired": "expired",
        "too late": "skewed",
        "too early": "skewed",
        "header added": "not signed",
        "header changed": "mismatch",
        "header repeated": "mismatch",
        "signed header removed": "mismatch",
        "host not signed": "not signed",
        "body changed": "other body",
        "query added": "mismatch",
        "signature changed": "mismatch",
        "no signature": "anonymous",
        "half a header": "malformed",
        "other algorithm": "malformed",
        "scope of another day": "malformed",
        "no date": "malformed",
    }

    def test_table(self):
        bodies = {
            SECRETS: b'{"Id":"x"}',
            "sts": b"Action=GetCallerIdentity&Version=2011-06-15",
            "s3": b"hello",
        }
        for fault, answer in self.CASES.items():
            for (service, body), expected in zip(bodies.items(), self.ANSWERS[answer]):
                with self.subTest(fault=fault, service=service):
                    self.assertEqual(code_of(service, self.spoil(fault, service, body)), expected)
        self.assertEqual(self.s3.kept, [])

    def spoil(self, fault, service, body):
        method, target = ("PUT", "/b/k") if service == "s3" else ("POST", "/")
        who, sent = self.user, None
        if fault == "unknown key":
            who = CredentialStore().add_user("x", "AKIANOBODY", "secret")
        elif fault == "wrong secret":
            who = CredentialStore().add_user("x", self.user.access_key, "guess")
        elif fault.startswith("token"):
            who = self.role if "user" not in fault else self.user
        request = self.request(service, method, target, body, {"X-Amz-Meta-Color": "red"}, who)
        headers = request.headers
        authorization = headers["Authorization"]

        def replace(name, value):
            del headers[name]
            headers[name] = value

        if fault == "token missing":
            del headers["X-Amz-Security-Token"]
        elif fault == "token wrong":
            replace("X-Amz-Security-Token", self.role.token + "x")
        elif fault == "token for a user":
            headers["X-Amz-Security-Token"] = "any"
        elif fault == "token expired":
            expired = self.credentials.assume_role("arn:aws:iam::111122223333:role/loader", "old")
            self.credentials.expire(expired.access_key)
            request = self.request(service, method, target, body, who=expired)
        elif fault in ("too late", "too early"):
            self.server.skew = 901.5 if fault == "too late" else -901.5
        elif fault == "header added":
            headers["x-amz-acl"] = "public-read"
        elif fault == "header changed":
            replace("X-Amz-Meta-Color", "blue")
        elif fault == "header repeated":
            replace("X-Amz-Meta-Color", "red,red")
        elif fault == "signed header removed":
            del headers["X-Amz-Meta-Color"]
        elif fault == "host not signed":
            replace("Authorization", authorization.replace("host;", ""))
        elif fault == "body changed":
            sent = body[:-1] + bytes([body[-1] ^ 1])
        elif fault == "query added":
            request.url += "?x=y"
        elif fault == "signature changed":
            replace(
                "Authorization", authorization[:-1] + ("0" if authorization[-1] != "0" else "1")
            )
        elif fault == "no signature":
            del headers["Authorization"]
        elif fault == "half a header":
            replace("Authorization", authorization.partition(", Signature")[0])
        elif fault == "other algorithm":
            replace("Authorization", authorization.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"))
        elif fault == "scope of another day":
            replace("Authorization", re.sub(r"/20\d{6}/", "/20200101/", authorization))
        elif fault == "no date":
            del headers["X-Amz-Date"]
        try:
            return self.send(request, sent)
        finally:
            self.server.skew = 0.0

    def test_wrong_region(self):
        status, _, body = self.send(self.json_call(region="us-east-1"))
        self.assertEqual((status, json.loads(body)["__type"]), (400, "InvalidSignatureException"))
        self.assertIn("valid region", json.loads(body)["message"])

    def test_unknown_service(self):
        status, _, body = self.send(self.request("kinesis", body=b"{}"))
        self.assertEqual(status, 404)
        self.assertIn("kinesis", json.loads(body)["message"])

    def test_s3_needs_a_payload_hash(self):
        for value, expected in (
            ("UNSIGNED-PAYLOAD", "InvalidRequest"),
            ("UNSIGNED-PAYLOAD-X", "InvalidArgument"),
            (None, "InvalidRequest"),
        ):
            with self.subTest(value):
                request = AWSRequest(
                    "PUT",
                    self.server.endpoint + "/b/k",
                    {"Host": f"127.0.0.1:{self.server.port}"},
                    b"hello",
                )
                if value:
                    request.headers["X-Amz-Content-SHA256"] = value
                SigV4Auth(
                    Credentials(self.user.access_key, self.user.secret_key), "s3", REGION
                ).add_auth(request)
                self.assertEqual(code_of("s3", self.send(request)), (400, expected))

    def test_unsigned_payload_over_http_can_be_allowed(self):
        self.server.settings.unsigned_payload_over_http = True
        self.addCleanup(setattr, self.server.settings, "unsigned_payload_over_http", False)
        request = AWSRequest(
            "PUT",
            self.server.endpoint + "/b/k",
            {"Host": f"127.0.0.1:{self.server.port}", "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
            b"hello",
        )
        SigV4Auth(Credentials(self.user.access_key, self.user.secret_key), "s3", REGION).add_auth(
            request
        )
        self.assertEqual(self.send(request)[0], 200)

    def test_large_body_is_proved_while_it_streams(self):
        data = bytes(3 << 20)
        request = self.request("s3", "PUT", "/b/k", data)
        self.assertEqual(json.loads(self.send(request)[2])["size"], len(data))
        self.assertEqual(
            code_of("s3", self.send(request, data[:-1] + b"x")), (400, "XAmzContentSHA256Mismatch")
        )
        self.assertEqual(len(self.s3.kept), 1)


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
