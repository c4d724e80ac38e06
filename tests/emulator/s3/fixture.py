"""What the tests of the local S3 share: a service in a temporary folder, and requests made by hand."""

import base64
import io
import tempfile
import unittest
import zlib
from xml.etree import ElementTree

from .service import S3Service
from .call import Limits
from ..core.service import Clock, Headers, Principal, Request, Response, ServiceError

REGION = "eu-west-1"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:file-process"
SMALL = Limits(max_put=4000, min_part=10, max_parts=100)


def crc32(data: bytes) -> str:
    """As the x-amz-checksum-crc32 header has it."""
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


class S3Test(unittest.TestCase):
    """One service and one bucket `box` for each test; limits are small, so no test moves gigabytes."""

    limits = SMALL
    versioning = False

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="s3-test-")
        self.addCleanup(folder.cleanup)
        self.clock = Clock()
        self.told: list[tuple[str, dict]] = []
        self.bridged: list[dict] = []
        self.root = folder.name
        self.s3 = self.start()
        self.addCleanup(lambda: self.s3.close())
        self.s3.create_bucket("box", REGION, self.versioning)

    def start(self) -> S3Service:
        return S3Service(self.root, self.clock, lambda *told: self.told.append(told), self.bridged.append, self.limits)

    def send(self, method: str, target: str, body: bytes = b"", region: str = REGION, **headers: str) -> Response:
        """One request; header names are given with _ for -."""
        path, _, query = target.partition("?")
        fields = Headers([("host", "127.0.0.1:4566"), ("content-length", str(len(body)))])
        for name, value in headers.items():
            fields[name.replace("_", "-")] = value
        who = Principal("arn:aws:iam::111122223333:user/tester", "AKIATEST", "secret")
        return self.s3.handle(Request(method, path, query, fields, io.BytesIO(body), who, region, "REQ1"))

    def refuse(
        self, code: str, status: int, method: str, target: str, body: bytes = b"", **headers: str
    ) -> ServiceError:
        """Sends what must be refused so; returns the error."""
        with self.assertRaises(ServiceError) as caught:
            self.send(method, target, body, **headers)
        self.assertEqual((code, status), (caught.exception.code, caught.exception.status), caught.exception.message)
        return caught.exception

    def xml(self, response: Response) -> ElementTree.Element:
        """The document without namespaces."""
        root = ElementTree.fromstring(response.body)
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root

    def texts(self, response: Response, path: str) -> list[str]:
        return [element.text or "" for element in self.xml(response).findall(path)]

    def body(self, response: Response) -> bytes:
        """The bytes that the server would send."""
        if isinstance(response.body, bytes):
            return response.body
        with response.body as file:
            return file.read(response.length)

    def get(self, target: str, **headers: str) -> bytes:
        return self.body(self.send("GET", target, **headers))

    def put(self, target: str, body: bytes = b"", **headers: str) -> str:
        """Puts an object; returns its ETag as it was replied."""
        return self.send("PUT", target, body, **headers).headers["ETag"]
