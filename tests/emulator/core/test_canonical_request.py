"""What is signed: canonical requests, and requests that carry their signature in the query."""

import io
import unittest
import urllib.parse

from emulator.core import signature
from emulator.core.http_wire import Body, WireRequest
from emulator.core.service import CredentialStore


class Canonical(unittest.TestCase):
    """The extra vectors of the project: what botocore makes of paths that need encoding."""

    TOKEN = "SESSIONTOKEN/+=="

    def signature(self, service, method, target, host, body=b"", **headers):
        fields = [
            ("host", host),
            ("x-amz-date", "20261120T202753Z"),
            ("x-amz-security-token", self.TOKEN),
        ]
        fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
        hashed = signature.hash_payload(body)
        if service == "s3":
            fields.append(("x-amz-content-sha256", hashed))
        request = WireRequest(
            method, target, fields, Body(io.BufferedReader(io.BytesIO()), 0), False
        )
        claim = signature.Claim(
            "AKIDEXAMPLE",
            "20261120",
            "us-east-1",
            service,
            tuple(sorted(name for name, _ in fields)),
            "0" * 64,
            "20261120T202753Z",
            self.TOKEN,
            None,
        )
        principal = CredentialStore().add_user(
            "x", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        )
        return signature.expected(request, claim, principal, hashed)[2]

    def test_vectors(self):
        path = "/in/a%20b%2Bc%3D1/%C3%A9.csv"
        self.assertEqual(
            self.signature(
                "s3", "GET", path + "?versionId=abc%2F1%2B2", "b.s3.us-east-1.amazonaws.com"
            ),
            "02901eda2050ac92c97a352d4301e4072d8ddefc6c3600a53c024fb765aa9ce5",
        )
        self.assertEqual(
            self.signature("glue", "GET", path, "x.us-east-1.amazonaws.com"),
            "833b057e279aeb2161ed147e2a2cb4088fe03f870efcb1c3ec1d03afd9c9f62b",
        )
        self.assertEqual(
            self.signature(
                "s3",
                "GET",
                "/?list-type=2&prefix=a%2Fb&continuation-token=1%2F%2B%3D&delimiter=%2F&uploads",
                "b.s3.us-east-1.amazonaws.com",
            ),
            "b1de64c2726bc19ccd1334f25ba0f18afe4bddf8b735fc5d885ddcbf9ca0b62e",
        )

    def test_a_client_that_encodes_otherwise_is_found_out(self):
        plain = self.signature("s3", "GET", "/a(b)", "h")
        self.assertEqual(plain, self.signature("s3", "GET", "/a%28b%29", "h"))


class Presigned(unittest.TestCase):
    def claim(self, expires):
        query = urllib.parse.urlencode(
            {
                "X-Amz-Algorithm": signature.ALGORITHM,
                "X-Amz-Credential": "K/20261120/r/s3/aws4_request",
                "X-Amz-Date": "20261120T202753Z",
                "X-Amz-SignedHeaders": "host",
                "X-Amz-Expires": expires,
                "X-Amz-Signature": "0" * 64,
            }
        )
        return signature.read_claim(
            WireRequest("GET", "/?" + query, [], Body(io.BufferedReader(io.BytesIO()), 0), False)
        )

    def test_lives_a_week_at_most(self):
        self.assertEqual(self.claim("604800").expires, 604800)
        for expires in ("604801", "-1", "1.5", ""):
            with self.subTest(expires), self.assertRaises(signature.AuthError) as caught:
                self.claim(expires)
            self.assertEqual(caught.exception.refusal, signature.Refusal.MALFORMED)


if __name__ == "__main__":
    unittest.main()
