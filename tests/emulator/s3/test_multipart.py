"""Multipart uploads of the local S3."""

import base64
import hashlib
import unittest

from emulator.s3.fixture import S3Test, crc32
from emulator.core.service import Headers, Principal, Request, ServiceError


class MultipartTest(S3Test):
    """The smallest part is 10 bytes here, the largest 4000."""

    def start_upload(self, target="/box/a", **headers) -> str:
        return self.texts(self.send("POST", f"{target}?uploads", **headers), "UploadId")[0]

    def put_part(self, upload: str, number: int, body: bytes, target="/box/a", **headers) -> str:
        return self.put(f"{target}?partNumber={number}&uploadId={upload}", body, **headers)

    @staticmethod
    def document(*parts: tuple[int, str], **more: dict[int, str]) -> bytes:
        """The body of a completion; `more` maps an element to its value for each part."""
        text = ""
        for number, etag in parts:
            extra = "".join(f"<{name}>{values[number]}</{name}>" for name, values in more.items())
            text += f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>{extra}</Part>"
        return f"<CompleteMultipartUpload>{text}</CompleteMultipartUpload>".encode()

    def complete(self, upload: str, *parts: tuple[int, str], target="/box/a", **headers):
        return self.send("POST", f"{target}?uploadId={upload}", self.document(*parts), **headers)

    def refuse_complete(self, code: str, status: int, upload: str, *parts: tuple[int, str], **headers):
        return self.refuse(code, status, "POST", f"/box/a?uploadId={upload}", self.document(*parts), **headers)

    def two_parts(self, **headers) -> tuple[str, list[tuple[int, str]]]:
        upload = self.start_upload(**headers)
        return upload, [(1, self.put_part(upload, 1, b"0123456789")), (7, self.put_part(upload, 7, b"end"))]


class CompletionTest(MultipartTest):
    def test_parts_become_one_object(self):
        upload, parts = self.two_parts(content_type="text/csv", x_amz_meta_n="1")
        self.refuse("NoSuchKey", 404, "GET", "/box/a")
        reply = self.complete(upload, *parts)
        digests = hashlib.md5(b"0123456789").digest() + hashlib.md5(b"end").digest()
        etag = f'"{hashlib.md5(digests).hexdigest()}-2"'
        self.assertEqual([etag, "a", "box"], [self.texts(reply, name)[0] for name in ("ETag", "Key", "Bucket")])
        self.assertEqual(b"0123456789end", self.get("/box/a"))
        shown = self.send("HEAD", "/box/a").headers
        self.assertEqual((etag, "text/csv", "1"), (shown["ETag"], shown["Content-Type"], shown["x-amz-meta-n"]))

    def test_completed_or_aborted_uploads_are_gone(self):
        upload, parts = self.two_parts()
        self.complete(upload, *parts)
        self.refuse_complete("NoSuchUpload", 404, upload, *parts)
        upload, parts = self.two_parts()
        self.assertEqual(204, self.send("DELETE", f"/box/a?uploadId={upload}").status)
        for method, target in (
            ("DELETE", f"/box/a?uploadId={upload}"),
            ("GET", f"/box/a?uploadId={upload}"),
            ("PUT", f"/box/a?partNumber=1&uploadId={upload}"),
            ("DELETE", "/box/a?uploadId=never"),
        ):
            with self.subTest(method=method, target=target):
                self.refuse("NoSuchUpload", 404, method, target)

    def test_an_upload_belongs_to_its_key(self):
        upload, parts = self.two_parts()
        self.refuse("NoSuchUpload", 404, "POST", f"/box/b?uploadId={upload}", self.document(*parts))

    def test_only_named_parts_count_and_the_last_write_of_each(self):
        upload = self.start_upload()
        self.put_part(upload, 1, b"old old old")
        first = self.put_part(upload, 1, b"new new new")
        self.put_part(upload, 2, b"left out")
        self.complete(upload, (1, first))
        self.assertEqual(b"new new new", self.get("/box/a"))

    def test_refused_completions_leave_the_upload(self):
        upload, parts = self.two_parts()
        self.refuse_complete("InvalidPart", 400, upload, (1, "0" * 32), parts[1])
        error = self.refuse_complete("InvalidPart", 400, upload, parts[0], (2, parts[1][1]))
        self.assertEqual("2", error.extra["PartNumber"])
        self.refuse_complete("InvalidPartOrder", 400, upload, parts[1], parts[0])
        self.refuse_complete("InvalidPartOrder", 400, upload, parts[0], parts[0])
        self.refuse_complete("MalformedXML", 400, upload)
        self.refuse("MalformedXML", 400, "POST", f"/box/a?uploadId={upload}", b"<Wrong/>")
        self.refuse("MalformedXML", 400, "POST", f"/box/a?uploadId={upload}",
                    b'<!DOCTYPE x [<!ENTITY a "b">]><CompleteMultipartUpload/>')
        self.complete(upload, *parts)

    def test_small_part_before_the_last(self):
        upload = self.start_upload()
        parts = [(1, self.put_part(upload, 1, b"012345678")), (2, self.put_part(upload, 2, b"0123456789"))]
        error = self.refuse_complete("EntityTooSmall", 400, upload, *parts)
        self.assertEqual(
            ("9", "10", "1"), tuple(error.extra[name] for name in ("ProposedSize", "MinSizeAllowed", "PartNumber"))
        )

    def test_part_numbers(self):
        upload = self.start_upload()
        for number in ("0", "101", "-1", "x", ""):
            with self.subTest(number=number):
                self.refuse("InvalidArgument", 400, "PUT", f"/box/a?partNumber={number}&uploadId={upload}", b"x")
        self.refuse("InvalidArgument", 400, "PUT", f"/box/a?uploadId={upload}", b"x")
        self.refuse("EntityTooLarge", 400, "PUT", f"/box/a?partNumber=1&uploadId={upload}", bytes(4001))

    def test_object_size_is_verified(self):
        upload, parts = self.two_parts()
        self.refuse_complete("InvalidRequest", 400, upload, *parts, x_amz_mp_object_size="12")
        self.complete(upload, *parts, x_amz_mp_object_size="13")

    def test_conditions(self):
        etag = self.put("/box/a", b"there")
        upload, parts = self.two_parts()
        self.refuse_complete("PreconditionFailed", 412, upload, *parts, if_none_match="*")
        self.refuse_complete("PreconditionFailed", 412, upload, *parts, if_match='"x"')
        self.s3.script.conflict("box", "a")
        self.refuse_complete("ConditionalRequestConflict", 409, upload, *parts, if_match=etag)
        self.assertEqual(b"there", self.get("/box/a"))
        self.complete(upload, *parts, if_match=etag)
        self.assertEqual(b"0123456789end", self.get("/box/a"))

    def test_late_error_on_order(self):
        upload, parts = self.two_parts()
        self.s3.script.late_error("CompleteMultipartUpload")
        reply = self.complete(upload, *parts)
        self.assertEqual((200, ["InternalError"]), (reply.status, self.texts(reply, "Code")))
        self.assertRegex(reply.body.decode(), r"\?>\s{5,}<Error>")
        self.complete(upload, *parts)

    def test_versioned_bucket(self):
        self.s3.create_bucket("box", versioning=True)
        self.put("/box/a", b"old")
        upload, parts = self.two_parts()
        version = self.complete(upload, *parts).headers["x-amz-version-id"]
        self.assertEqual(b"0123456789end", self.get(f"/box/a?versionId={version}"))

    def test_copy_of_a_multipart_object_has_a_plain_etag(self):
        upload, parts = self.two_parts()
        self.complete(upload, *parts)
        reply = self.send("PUT", "/box/b", x_amz_copy_source="box/a")
        self.assertEqual([f'"{hashlib.md5(b"0123456789end").hexdigest()}"'], self.texts(reply, "ETag"))

    def test_deleting_the_bucket_drops_uploads(self):
        self.two_parts()
        self.assertEqual(204, self.send("DELETE", "/box").status)
        self.s3.create_bucket("box")
        self.assertEqual([], self.texts(self.send("GET", "/box?uploads"), "Upload"))


class ChecksumTest(MultipartTest):
    def upload(self, **headers) -> tuple[str, list[tuple[int, str]], dict[int, str]]:
        upload = self.start_upload(x_amz_checksum_algorithm="CRC32", **headers)
        bodies = {1: b"0123456789", 2: b"end"}
        sums = {number: crc32(body) for number, body in bodies.items()}
        parts = [(n, self.put_part(upload, n, body, x_amz_checksum_crc32=sums[n])) for n, body in bodies.items()]
        return upload, parts, sums

    def test_composite(self):
        upload, parts, sums = self.upload()
        body = self.document(*parts, ChecksumCRC32=sums)
        reply = self.send("POST", f"/box/a?uploadId={upload}", body)
        whole = crc32(b"".join(base64.b64decode(value) for value in sums.values())) + "-2"
        self.assertEqual([whole, "COMPOSITE"], self.texts(reply, "ChecksumCRC32") + self.texts(reply, "ChecksumType"))
        shown = self.send("HEAD", "/box/a", x_amz_checksum_mode="ENABLED").headers
        self.assertEqual((whole, "COMPOSITE"), (shown["x-amz-checksum-crc32"], shown["x-amz-checksum-type"]))

    def test_composite_wants_every_part_named_with_its_checksum(self):
        upload, parts, sums = self.upload()
        error = self.refuse_complete("InvalidRequest", 400, upload, *parts)
        self.assertIn("missing for part 1", error.message)
        body = self.document(*parts, ChecksumCRC32={1: sums[1], 2: crc32(b"other")})
        self.refuse("InvalidPart", 400, "POST", f"/box/a?uploadId={upload}", body)

    def test_full_object(self):
        upload, parts, sums = self.upload(x_amz_checksum_type="FULL_OBJECT")
        self.refuse_complete("BadDigest", 400, upload, *parts, x_amz_checksum_crc32=crc32(b"other"))
        self.refuse_complete("InvalidRequest", 400, upload, *parts, x_amz_checksum_type="COMPOSITE")
        whole = crc32(b"0123456789end")
        reply = self.complete(upload, *parts, x_amz_checksum_crc32=whole, x_amz_checksum_type="FULL_OBJECT")
        self.assertEqual([crc32(b"0123456789end")], self.texts(reply, "ChecksumCRC32"))

    def test_parts_must_carry_the_declared_algorithm(self):
        upload = self.start_upload(x_amz_checksum_algorithm="CRC32")
        error = self.refuse("InvalidRequest", 400, "PUT", f"/box/a?partNumber=1&uploadId={upload}", b"x")
        self.assertIn("expected checksum Type: crc32, actual checksum Type: null", error.message)
        sha1 = base64.b64encode(hashlib.sha1(b"x").digest()).decode()
        self.refuse(
            "InvalidRequest", 400, "PUT", f"/box/a?partNumber=1&uploadId={upload}", b"x", x_amz_checksum_sha1=sha1
        )
        self.refuse(
            "BadDigest", 400, "PUT", f"/box/a?partNumber=1&uploadId={upload}", b"x", x_amz_checksum_crc32=crc32(b"y")
        )

    def test_declarations_that_cannot_be(self):
        self.refuse("InvalidRequest", 400, "POST", "/box/a?uploads", x_amz_checksum_algorithm="SHA256", x_amz_checksum_type="FULL_OBJECT")
        self.refuse("InvalidRequest", 400, "POST", "/box/a?uploads", x_amz_checksum_type="FULL_OBJECT")
        self.refuse("NotImplemented", 501, "POST", "/box/a?uploads", x_amz_checksum_algorithm="XXHASH3")


class PartCopyTest(MultipartTest):
    def setUp(self):
        super().setUp()
        self.etag = self.put("/box/source", b"0123456789abcdef")
        self.upload = self.start_upload()

    def copy_part(self, number: int, **headers):
        target = f"/box/a?partNumber={number}&uploadId={self.upload}"
        return self.send("PUT", target, x_amz_copy_source="box/source", **headers)

    def test_ranges_become_parts(self):
        parts = []
        for number, span in ((1, "bytes=0-9"), (2, "bytes=10-15")):
            reply = self.copy_part(number, x_amz_copy_source_range=span, x_amz_copy_source_if_match=self.etag)
            parts.append((number, self.texts(reply, "ETag")[0]))
        self.complete(self.upload, *parts)
        self.assertEqual(b"0123456789abcdef", self.get("/box/a"))

    def test_whole_source(self):
        reply = self.copy_part(1)
        self.assertEqual([self.etag], self.texts(reply, "ETag"))
        self.complete(self.upload, (1, self.etag))
        self.assertEqual(b"0123456789abcdef", self.get("/box/a"))

    def test_refusals(self):
        target = f"/box/a?partNumber=1&uploadId={self.upload}"
        for span, code in (
            ("bytes=0-16", "InvalidArgument"),
            ("bytes=5-", "InvalidArgument"),
            ("bytes=-5", "InvalidArgument"),
            ("bytes=5-2", "InvalidArgument"),
            ("0-2", "InvalidArgument"),
        ):
            with self.subTest(span=span):
                self.refuse(code, 400, "PUT", target, x_amz_copy_source="box/source", x_amz_copy_source_range=span)
        self.put("/box/tiny", b"0123456789")
        self.refuse(
            "InvalidRequest", 400, "PUT", target, x_amz_copy_source="box/tiny", x_amz_copy_source_range="bytes=0-4"
        )
        self.refuse("NoSuchKey", 404, "PUT", target, x_amz_copy_source="box/none")
        self.refuse(
            "PreconditionFailed", 412, "PUT", target, x_amz_copy_source="box/source", x_amz_copy_source_if_match='"x"'
        )
        self.refuse("NoSuchUpload", 404, "PUT", "/box/a?partNumber=1&uploadId=none", x_amz_copy_source="box/source")

    def test_late_error_on_order(self):
        self.s3.script.late_error("UploadPartCopy", "SlowDown")
        reply = self.copy_part(1)
        self.assertEqual((200, ["SlowDown"]), (reply.status, self.texts(reply, "Code")))


class ListingTest(MultipartTest):
    def test_parts_in_pages(self):
        upload = self.start_upload()
        etags = [self.put_part(upload, number, bytes(number)) for number in (1, 5, 9)]
        reply = self.send("GET", f"/box/a?uploadId={upload}&max-parts=2")
        self.assertEqual((["1", "5"], ["true"], ["5"]), (
            self.texts(reply, "Part/PartNumber"), self.texts(reply, "IsTruncated"), self.texts(reply, "NextPartNumberMarker")))
        reply = self.send("GET", f"/box/a?uploadId={upload}&max-parts=2&part-number-marker=5")
        self.assertEqual((["9"], ["9"], [etags[2]], ["false"]), (
            self.texts(reply, "Part/PartNumber"), self.texts(reply, "Part/Size"), self.texts(reply, "Part/ETag"),
            self.texts(reply, "IsTruncated")))

    def test_uploads_in_pages(self):
        started = [(key, self.start_upload(f"/box/{key}")) for key in ("b", "a/1", "a/2", "b")]
        reply = self.send("GET", "/box?uploads")
        found = list(zip(self.texts(reply, "Upload/Key"), self.texts(reply, "Upload/UploadId")))
        self.assertEqual(sorted(started), found)
        reply = self.send("GET", "/box?uploads&delimiter=%2F")
        self.assertEqual(
            (["b", "b"], ["a/"]), (self.texts(reply, "Upload/Key"), self.texts(reply, "CommonPrefixes/Prefix"))
        )
        self.assertEqual(["a/1", "a/2"], self.texts(self.send("GET", "/box?uploads&prefix=a%2F"), "Upload/Key"))
        pages, marker = [], ""
        while True:
            reply = self.send("GET", "/box?uploads&max-uploads=1" + marker)
            pages += self.texts(reply, "Upload/UploadId")
            if self.texts(reply, "IsTruncated") == ["false"]:
                break
            marker = f"&key-marker={self.texts(reply, 'NextKeyMarker')[0].replace('/', '%2F')}"
            marker += f"&upload-id-marker={self.texts(reply, 'NextUploadIdMarker')[0]}"
        self.assertEqual([upload for _, upload in sorted(started)], pages)


class RaceTest(MultipartTest):
    def test_part_that_arrives_after_the_abort_is_refused(self):
        upload = self.start_upload()
        test = self

        class AbortsMidway:
            """A body during whose transfer another request aborts the upload."""

            blocks = [b"01234", b"56789", b""]

            def read(self, _size: int = -1) -> bytes:
                if len(self.blocks) == 2:
                    test.send("DELETE", f"/box/a?uploadId={upload}")
                return self.blocks.pop(0)

        headers = Headers([("host", "localhost"), ("content-length", "10")])
        who = Principal("arn:aws:iam::111122223333:user/t", "AKIA", "s")
        query = f"partNumber=1&uploadId={upload}"
        with self.assertRaises(ServiceError) as caught:
            self.s3.handle(Request("PUT", "/box/a", query, headers, AbortsMidway(), who, "eu-west-1", "R"))
        self.assertEqual("NoSuchUpload", caught.exception.code)


if __name__ == "__main__":
    unittest.main()
