"""What the endpoint refuses, how each protocol says so."""

import http.client
import json
import re
import unittest

from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from emulator.core.service import CredentialStore
from emulator.core.signature_fixture import Endpoint, REGION, SECRETS, code_of


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


if __name__ == "__main__":
    unittest.main()
