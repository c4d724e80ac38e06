"""A server of two services that believes signatures only, and requests to it."""

import hashlib
import http.client
import io
import json
import re
import unittest

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from emulator.core.protocols import JsonService, error_response, text
from emulator.core.server import LocalServer, Settings
from emulator.core.service import Clock, CredentialStore, Response
from emulator.core.sts import StsService

REGION = "eu-west-1"
SECRETS = "secretsmanager"


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
