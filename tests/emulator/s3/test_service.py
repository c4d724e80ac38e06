"""Objects of the local S3: put, get, conditions, ranges, checksums, errors."""

import base64
import hashlib
import io
import os
import pathlib
import resource
import unittest
from xml.etree import ElementTree

from emulator.s3.fixture import REGION, S3Test, crc32
from emulator.core.service import Headers, Principal, Request, ServiceError

HELLO = b"hello, world\n"
HELLO_MD5 = hashlib.md5(HELLO).hexdigest()


class ObjectTest(S3Test):
    def test_put_then_get_returns_bytes_and_metadata(self):
        etag = self.put("/box/in/a.txt", HELLO, content_type="text/csv", content_encoding="gzip",
                        cache_control="no-store", x_amz_meta_sender="Zoë")
        self.assertEqual(f'"{HELLO_MD5}"', etag)
        reply = self.send("GET", "/box/in/a.txt")
        self.assertEqual(200, reply.status)
        self.assertEqual(HELLO, self.body(reply))
        self.assertEqual("text/csv", reply.headers["Content-Type"])
        self.assertEqual("gzip", reply.headers["Content-Encoding"])
        self.assertEqual("no-store", reply.headers["Cache-Control"])
        self.assertEqual("Zoë", reply.headers["x-amz-meta-sender"])
        self.assertNotIn("x-amz-version-id", reply.headers)
        self.assertEqual("REQ1", reply.headers["x-amz-request-id"])

    def test_default_content_type_and_empty_object(self):
        self.put("/box/empty")
        reply = self.send("GET", "/box/empty")
        self.assertEqual((0, b""), (reply.length, self.body(reply)))
        self.assertEqual("binary/octet-stream", reply.headers["Content-Type"])

    def test_head_tells_length_and_has_no_body(self):
        self.put("/box/a", HELLO)
        reply = self.send("HEAD", "/box/a")
        self.assertEqual((200, len(HELLO), b""), (reply.status, reply.length, reply.body))

    def test_head_errors_have_no_body(self):
        reply = self.send("HEAD", "/box/none")
        self.assertEqual((404, b""), (reply.status, reply.body))
        self.assertEqual((404, b""), (self.send("HEAD", "/nobox").status, reply.body))

    def test_response_headers_can_be_overridden(self):
        self.put("/box/a", HELLO)
        reply = self.send("GET", "/box/a?response-content-type=text%2Fplain&response-cache-control=x")
        reply.body.close()
        self.assertEqual(("text/plain", "x"), (reply.headers["Content-Type"], reply.headers["Cache-Control"]))

    def test_an_error_repeats_what_is_not_utf8(self):
        error = ServiceError("InvalidAccessKeyId", "unknown", 403, AWSAccessKeyId="AK\udcff")
        self.assertEqual(["AK?"], self.texts(self.s3.error("R", error), "AWSAccessKeyId"))

    def test_overridden_headers_hold_no_control_character(self):
        self.put("/box/a", HELLO)
        for code in ("%0D%0Ax-other:%20y", "%00", "%7F"):
            with self.subTest(code):
                self.refuse("InvalidArgument", 400, "GET", f"/box/a?response-content-type=text{code}")

    def test_keys_of_any_legal_bytes(self):
        for path, key in (
            ("/box/a%20b%2Bc%25%22%27", "a b+c%\"'"),
            ("/box/line%0Abreak", "line\nbreak"),
            ("/box/%C3%A9/%E2%82%AC", "é/€"),
            ("/box/plus+stays", "plus+stays"),
            ("/box//lead//..%2Fup", "/lead//../up"),
            ("/box/..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
            ("/box/" + "k" * 1024, "k" * 1024),
            ("/box/" + "%C3%A9" * 512, "é" * 512),
        ):
            with self.subTest(key=key[:20]):
                self.put(path, key.encode())
                self.assertEqual(key.encode(), self.get(path))
                self.assertTrue(self.s3.object_exists("box", key))

    def test_no_key_becomes_a_path(self):
        self.put("/box/..%2F..%2Fescaped", HELLO)
        files = [file for file in pathlib.Path(self.root).rglob("*") if file.is_file() and "index" not in file.name]
        self.assertEqual(1, len(files))
        self.assertRegex(files[0].name, "^[0-9a-f]{32}$")

    def test_bad_keys_are_refused(self):
        error = self.refuse("KeyTooLongError", 400, "PUT", "/box/" + "%C3%A9" * 513)
        self.assertEqual({"Size": "1026", "MaxSizeAllowed": "1024"}, error.extra)
        self.refuse("InvalidURI", 400, "PUT", "/box/a%00b")
        self.refuse("InvalidURI", 400, "GET", "/box/%FF%FE")
        self.refuse("InvalidURI", 400, "GET", "/box/%ED%A0%80")  # a surrogate

    def test_virtual_host_style(self):
        self.put("/box/in/a", HELLO)
        for host in (
            "box.localhost:4566", "box.s3.localhost", "box.s3.eu-west-1.amazonaws.com",
            "BOX.s3.amazonaws.com", "box.s3.eusc-de-east-1.amazonaws.eu",
        ):
            with self.subTest(host=host):
                self.assertEqual(HELLO, self.get("/in/a", host=host))
        self.s3.create_bucket("dotted.name")
        self.put("/x", HELLO, host="dotted.name.s3.eu-west-1.amazonaws.com")
        self.assertEqual(HELLO, self.get("/dotted.name/x", host="s3.eu-west-1.amazonaws.com"))

    def test_replacing_leaves_an_open_reader_its_bytes(self):
        self.put("/box/a", b"old bytes")
        reply = self.send("GET", "/box/a")
        self.put("/box/a", b"new")
        self.assertEqual(b"old bytes", self.body(reply))
        self.assertEqual(b"new", self.get("/box/a"))

    def test_replaced_and_deleted_bytes_leave_the_disk(self):
        for text in (b"1", b"2", b"3"):
            self.put("/box/a", text)
        self.assertEqual(1, self.files_on_disk())
        self.send("DELETE", "/box/a")
        self.assertEqual(0, self.files_on_disk())

    def files_on_disk(self) -> int:
        found = pathlib.Path(self.root).rglob("*")
        return sum(file.is_file() and "index" not in file.name for file in found)

    def test_objects_outlive_a_restart(self):
        self.put("/box/a", HELLO, x_amz_meta_n="1")
        self.s3.close()
        self.s3 = self.start()
        self.assertEqual(HELLO, self.get("/box/a"))
        self.assertEqual("1", self.send("HEAD", "/box/a").headers["x-amz-meta-n"])

    def test_size_limit_and_short_body(self):
        error = self.refuse("EntityTooLarge", 400, "PUT", "/box/big", bytes(4001))
        self.assertEqual("4000", error.extra["MaxSizeAllowed"])
        self.refuse("IncompleteBody", 400, "PUT", "/box/big", b"abc", content_length="4")
        self.refuse("MetadataTooLarge", 400, "PUT", "/box/m", b"", x_amz_meta_a="x" * 2048)
        self.assertEqual(0, self.files_on_disk())

    def test_an_upload_without_a_length_is_refused(self):
        who = Principal("arn:aws:iam::111122223333:user/t", "AKIA", "s")
        for more, body in ((("transfer-encoding", "chunked"), b"abc"), (("accept", "*/*"), b"")):
            headers = Headers([("host", "localhost"), more])
            request = Request("PUT", "/box/a", "", headers, io.BytesIO(body), who, REGION, "R")
            with self.subTest(more), self.assertRaises(ServiceError) as caught:
                self.s3.handle(request)
            self.assertEqual(("MissingContentLength", 411), (caught.exception.code, caught.exception.status))
        self.assertFalse(self.s3.object_exists("box", "a"))

    def test_what_is_not_there_is_told(self):
        self.assertEqual("none/x", self.refuse("NoSuchKey", 404, "GET", "/box/none%2Fx").extra["Key"])
        self.assertEqual("nobox", self.refuse("NoSuchBucket", 404, "PUT", "/nobox/a", b"x").extra["BucketName"])

    def test_what_is_not_implemented_is_refused_loudly(self):
        self.put("/box/a", HELLO)
        for method, target, headers in (
            ("GET", "/box/a?acl", {}),
            ("GET", "/box?policy", {}),
            ("PUT", "/box?lifecycle", {}),
            ("POST", "/box/a?select&select-type=2", {}),
            ("GET", "/box/a?partNumber=1", {}),
            ("PUT", "/box/a", {"x_amz_server_side_encryption": "aws:kms"}),
            ("PUT", "/box/a", {"x_amz_acl": "public-read"}),
            ("PUT", "/box/a", {"x_amz_website_redirect_location": "/b"}),
            ("PUT", "/box/a", {"if_none_match": '"abc"'}),
            ("PUT", "/box/a", {"if_unmodified_since": "Fri, 20 Nov 2026 20:27:53 GMT"}),
            ("DELETE", "/box/a", {"if_none_match": "*"}),
            ("GET", "/box/a", {"range": "bytes=0-1,3-4"}),
            ("PATCH", "/box/a", {}),
        ):
            with self.subTest(method=method, target=target, headers=headers):
                self.refuse("NotImplemented", 501, method, target, **headers)

    def test_error_xml(self):
        error = self.refuse("NoSuchKey", 404, "GET", "/box/a%26%3Cb")
        reply = self.s3.error("REQ9", error)
        root = ElementTree.fromstring(reply.body)
        shown = [(element.tag, element.text) for element in root][:4]
        message = "The specified key does not exist."
        expected = [("Code", "NoSuchKey"), ("Message", message), ("Key", "a&<b"), ("RequestId", "REQ9")]
        self.assertEqual(("Error", expected), (root.tag, shown))
        self.assertEqual((404, "application/xml", "REQ9"),
                         (reply.status, reply.headers["Content-Type"], reply.headers["x-amz-request-id"]))


class ChecksumTest(S3Test):
    def test_content_md5(self):
        good = base64.b64encode(hashlib.md5(HELLO).digest()).decode()
        self.put("/box/a", HELLO, content_md5=good)
        self.refuse("BadDigest", 400, "PUT", "/box/b", HELLO + b"!", content_md5=good)
        self.refuse("InvalidDigest", 400, "PUT", "/box/b", HELLO, content_md5="abc")
        self.refuse("InvalidDigest", 400, "PUT", "/box/b", HELLO, content_md5="YWJj")
        self.assertFalse(self.s3.object_exists("box", "b"))

    def test_each_algorithm(self):
        for algorithm, value in (
            ("crc32", crc32(b"123456789")),
            ("crc32", "y/Q5Jg=="),
            ("crc32c", "4waSgw=="),
            ("crc64nvme", "rosUhgp5mIg="),
            ("sha1", base64.b64encode(hashlib.sha1(b"123456789").digest()).decode()),
            ("sha256", base64.b64encode(hashlib.sha256(b"123456789").digest()).decode()),
        ):
            with self.subTest(algorithm=algorithm):
                name = f"x_amz_checksum_{algorithm}"
                reply = self.send("PUT", "/box/a", b"123456789", **{name: value})
                self.assertEqual(value, reply.headers[f"x-amz-checksum-{algorithm}"])
                self.refuse("BadDigest", 400, "PUT", "/box/a", b"x", **{name: value})
                shown = self.send("HEAD", "/box/a", x_amz_checksum_mode="ENABLED").headers
                self.assertEqual(value, shown[f"x-amz-checksum-{algorithm}"])
                self.assertEqual("FULL_OBJECT", shown["x-amz-checksum-type"])
                self.assertNotIn(f"x-amz-checksum-{algorithm}", self.send("HEAD", "/box/a").headers)

    def test_a_part_of_an_object_has_no_checksum(self):
        self.put("/box/a", HELLO, x_amz_checksum_crc32=crc32(HELLO))
        reply = self.send("HEAD", "/box/a", range="bytes=0-1", x_amz_checksum_mode="ENABLED")
        self.assertNotIn("x-amz-checksum-crc32", reply.headers)

    def test_malformed_declarations(self):
        self.refuse("InvalidRequest", 400, "PUT", "/box/a", HELLO, x_amz_checksum_crc32="!")
        self.refuse("InvalidRequest", 400, "PUT", "/box/a", HELLO, x_amz_checksum_crc32="AAAA")
        two = {"x_amz_checksum_crc32": crc32(HELLO), "x_amz_checksum_sha1": "AAAA"}
        self.refuse("InvalidRequest", 400, "PUT", "/box/a", HELLO, **two)
        self.refuse("InvalidRequest", 400, "PUT", "/box/a", HELLO, x_amz_sdk_checksum_algorithm="CRC32")
        self.refuse("NotImplemented", 501, "PUT", "/box/a", HELLO, x_amz_checksum_xxhash3="AAAA")

    def test_only_puts_may_be_unsigned_streams(self):
        mode = {"x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
        self.put("/box/a", HELLO, **mode)
        error = self.refuse("InvalidRequest", 400, "PUT", "/box/a?tagging", b"<Tagging/>", **mode)
        self.assertEqual("The value of x-amz-content-sha256 header is invalid.", error.message)

    def send_with_trailer(self, body: bytes, value: str) -> None:
        """The server adds trailers to the header fields when the body has been read to its end."""

        class Trailing(io.BytesIO):
            def read(self, *args):
                data = super().read(*args)
                if not data:
                    headers["x-amz-checksum-crc32"] = value
                return data

        headers = Headers(
            [("host", "localhost"), ("content-length", str(len(body))), ("x-amz-trailer", "x-amz-checksum-crc32")]
        )
        who = Principal("arn:aws:iam::111122223333:user/t", "AKIA", "s")
        self.s3.handle(Request("PUT", "/box/t", "", headers, Trailing(body), who, REGION, "R"))

    def test_checksum_in_a_trailer(self):
        self.send_with_trailer(HELLO, crc32(HELLO))
        shown = self.send("HEAD", "/box/t", x_amz_checksum_mode="ENABLED").headers
        self.assertEqual(crc32(HELLO), shown["x-amz-checksum-crc32"])
        with self.assertRaisesRegex(ServiceError, "BadDigest"):
            self.send_with_trailer(HELLO, crc32(b"other"))


class TaggingTest(S3Test):
    def test_tags(self):
        self.put("/box/a", HELLO, x_amz_tagging="one=1&two=a%20b")
        reply = self.send("GET", "/box/a?tagging")
        self.assertEqual((["one", "two"], ["1", "a b"]),
                         (self.texts(reply, "TagSet/Tag/Key"), self.texts(reply, "TagSet/Tag/Value")))
        self.send(
            "PUT", "/box/a?tagging", b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
        )
        self.assertEqual(["k"], self.texts(self.send("GET", "/box/a?tagging"), "TagSet/Tag/Key"))
        self.assertEqual(204, self.send("DELETE", "/box/a?tagging").status)
        self.assertEqual([], self.texts(self.send("GET", "/box/a?tagging"), "TagSet/Tag/Key"))
        self.refuse("InvalidTag", 400, "PUT", "/box/a", HELLO, x_amz_tagging="k=1&k=2")


class BucketTest(S3Test):
    def test_life_of_a_bucket(self):
        location = b"<LocationConstraint>eu-west-1</LocationConstraint>"
        body = b"<CreateBucketConfiguration>" + location + b"</CreateBucketConfiguration>"
        self.assertEqual("/new-one", self.send("PUT", "/new-one", body).headers["Location"])
        self.refuse("BucketAlreadyOwnedByYou", 409, "PUT", "/new-one", body)
        self.assertEqual(["box", "new-one"], self.texts(self.send("GET", "/"), "Buckets/Bucket/Name"))
        self.assertEqual(REGION, self.send("HEAD", "/new-one").headers["x-amz-bucket-region"])
        self.assertEqual(REGION, self.xml(self.send("GET", "/new-one?location")).text)
        self.put("/new-one/a", HELLO)
        self.refuse("BucketNotEmpty", 409, "DELETE", "/new-one")
        self.send("DELETE", "/new-one/a")
        self.assertEqual(204, self.send("DELETE", "/new-one").status)
        self.refuse("NoSuchBucket", 404, "GET", "/new-one?location")

    def test_names(self):
        for name in ("ab", "Upper", "a..b", "-ab", "1.2.3.4", "a_b", "x" * 64):
            with self.subTest(name=name):
                self.refuse("InvalidBucketName", 400, "PUT", f"/{name}", region="us-east-1")

    def test_location_must_fit_the_endpoint(self):
        self.refuse("IllegalLocationConstraintException", 400, "PUT", "/new-one")
        self.send("PUT", "/new-one", region="us-east-1")
        self.assertEqual(None, self.xml(self.send("GET", "/new-one?location")).text)
        self.send("PUT", "/new-one", region="us-east-1")

    def test_wrong_region(self):
        self.put("/box/a", HELLO)
        error = self.refuse("PermanentRedirect", 301, "GET", "/box/a", region="eu-central-1")
        self.assertEqual("eu-west-1", error.headers["x-amz-bucket-region"])
        self.assertEqual("box.s3.eu-west-1.amazonaws.com", error.extra["Endpoint"])
        error = self.refuse("AuthorizationHeaderMalformed", 400, "GET", "/box/a", region="us-east-1")
        self.assertEqual(("eu-west-1", "eu-west-1"), (error.extra["Region"], error.headers["x-amz-bucket-region"]))
        reply = self.send("HEAD", "/box", region="us-east-1")
        self.assertEqual((400, "eu-west-1", b""), (reply.status, reply.headers["x-amz-bucket-region"], reply.body))
        self.assertEqual(REGION, self.xml(self.send("GET", "/box?location", region="us-east-1")).text)

    def test_expected_owner(self):
        self.put("/box/a", HELLO, x_amz_expected_bucket_owner="111122223333")
        self.refuse("AccessDenied", 403, "GET", "/box/a", x_amz_expected_bucket_owner="999922223333")


class PythonInterfaceTest(S3Test):
    def test_objects(self):
        self.assertEqual("null", self.s3.put_object_bytes("box", "in/é", HELLO, {"Content-Type": "text/plain"}))
        with self.s3.open_object("box", "in/é") as file:
            self.assertEqual((b"hello", HELLO[5:]), (file.read(5), file.read()))
        self.assertEqual("text/plain", self.send("HEAD", "/box/in/%C3%A9").headers["Content-Type"])
        self.assertEqual((["in/é"], []), (self.s3.list_keys("box", "in/"), self.s3.list_keys("box", "out/")))
        self.assertEqual((True, False), (self.s3.object_exists("box", "in/é"), self.s3.object_exists("box", "in")))
        with self.assertRaisesRegex(ServiceError, "NoSuchKey"):
            self.s3.open_object("box", "none")
        with self.assertRaisesRegex(ServiceError, "NoSuchBucket"):
            self.s3.list_keys("none")

    def test_operation_names(self):
        who = Principal("arn:aws:iam::111122223333:user/t", "AKIA", "s")
        for method, path, query, name in (
            ("GET", "/", "", "ListBuckets"),
            ("PUT", "/box/a", "", "PutObject"),
            ("PUT", "/box/a", "partNumber=1&uploadId=x", "UploadPart"),
            ("GET", "/box", "list-type=2", "ListObjectsV2"),
            ("PATCH", "/box", "", "PATCH"),
        ):
            request = Request(method, path, query, Headers([("host", "localhost")]), io.BytesIO(), who, REGION, "R")
            self.assertEqual(name, self.s3.operation(request))


class LargeObjectTest(S3Test):
    """Memory must not grow with the object."""

    limits = type(S3Test.limits)()

    def test_streamed_in_and_out(self):
        size = 64 << 20

        class Zeros(io.RawIOBase):
            left = size

            def readable(self):
                return True

            def readinto(self, buffer):
                count = min(len(buffer), self.left)
                self.left -= count
                buffer[:count] = bytes(count)
                return count

        headers = Headers([("host", "localhost"), ("content-length", str(size))])
        who = Principal("arn:aws:iam::111122223333:user/t", "AKIA", "s")
        self.s3.handle(Request("PUT", "/box/zeros", "", headers, Zeros(), who, REGION, "R"))
        reply = self.send("GET", "/box/zeros", range=f"bytes={size - 3}-")
        self.assertEqual((b"\0\0\0", 3), (self.body(reply), reply.length))
        reply = self.send("GET", "/box/zeros")
        with reply.body as file:
            self.assertEqual((size, 0, size), (reply.length, file.tell(), os.fstat(file.fileno()).st_size))

    def test_a_file_that_cannot_grow_is_no_object(self):
        self.put("/box/a", HELLO)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:  # what a write takes then ends at the limit, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, hard))
            for size in (3_000_001, 3_500_000, 6_000_000):
                with self.subTest(size):
                    body = bytes(size)
                    for target in ("/box/a", "/box/new"):
                        with self.assertRaises(OSError):
                            self.put(target, body)
                    with self.assertRaises(OSError):
                        self.s3.put_object_bytes("box", "a", body)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.assertEqual(HELLO, self.get("/box/a"))
        self.assertFalse(self.s3.object_exists("box", "new"))
        self.assertEqual([], list((pathlib.Path(self.root) / "temporary").iterdir()))


if __name__ == "__main__":
    unittest.main()
