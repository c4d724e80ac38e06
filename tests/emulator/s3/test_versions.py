"""Copies, deletes and versions of the local S3."""

import base64
import hashlib
import unittest

from emulator.s3.fixture import S3Test, crc32
from emulator.core.service import ServiceError

HELLO = b"hello, world\n"


class CopyTest(S3Test):
    def setUp(self):
        super().setUp()
        self.etag = self.put("/box/from%20me", HELLO, content_type="text/csv", x_amz_meta_n="1", x_amz_tagging="k=v")

    def copy(self, target="/box/to", source="/box/from%20me", **headers):
        return self.send("PUT", target, x_amz_copy_source=source, **headers)

    def test_bytes_metadata_and_tags_come_along(self):
        reply = self.copy()
        self.assertEqual([self.etag], self.texts(reply, "ETag"))
        self.assertEqual(HELLO, self.get("/box/to"))
        shown = self.send("HEAD", "/box/to").headers
        self.assertEqual(("text/csv", "1", "1"),
                         (shown["Content-Type"], shown["x-amz-meta-n"], shown["x-amz-tagging-count"]))
        self.send("DELETE", "/box/from%20me")
        self.assertEqual(HELLO, self.get("/box/to"))

    def test_directives(self):
        self.copy(x_amz_metadata_directive="REPLACE", x_amz_meta_m="2", x_amz_tagging_directive="REPLACE")
        shown = self.send("HEAD", "/box/to").headers
        self.assertEqual(("2", "binary/octet-stream"), (shown["x-amz-meta-m"], shown["Content-Type"]))
        self.assertNotIn("x-amz-meta-n", shown)
        self.assertNotIn("x-amz-tagging-count", shown)
        self.refuse(
            "InvalidArgument", 400, "PUT", "/box/to", x_amz_copy_source="box/from%20me", x_amz_metadata_directive="MOVE"
        )

    def test_source_encoding(self):
        self.put("/box/a+b", b"plus")
        self.copy(source="box/a%2Bb")
        self.assertEqual(b"plus", self.get("/box/to"))
        self.refuse("NoSuchKey", 404, "PUT", "/box/to", x_amz_copy_source="box/a+b")
        for source in ("box", "/box/", "box?versionId=null"):
            with self.subTest(source=source):
                self.refuse("InvalidArgument", 400, "PUT", "/box/to", x_amz_copy_source=source)
        self.refuse("NoSuchBucket", 404, "PUT", "/box/to", x_amz_copy_source="nobox/a")

    def test_source_conditions_are_412(self):
        modified = self.send("HEAD", "/box/from%20me").headers["Last-Modified"]
        early = "Tue, 01 Jan 2002 00:00:00 GMT"
        for name, bad, good in (
            ("match", '"x"', self.etag),
            ("none_match", self.etag, '"x"'),
            ("unmodified_since", early, modified),
            ("modified_since", modified, early),
        ):
            with self.subTest(condition=name):
                header = f"x_amz_copy_source_if_{name}"
                self.refuse(
                    "PreconditionFailed", 412, "PUT", "/box/to", x_amz_copy_source="box/from%20me", **{header: bad}
                )
                self.assertEqual(200, self.copy(**{header: good}).status)

    def test_target_conditions(self):
        self.copy(if_none_match="*")
        error = self.refuse(
            "PreconditionFailed", 412, "PUT", "/box/to", x_amz_copy_source="box/from%20me", if_none_match="*"
        )
        self.assertEqual("If-None-Match", error.extra["Condition"])

    def test_copy_to_itself_needs_a_change(self):
        self.refuse("InvalidRequest", 400, "PUT", "/box/from%20me", x_amz_copy_source="box/from%20me")
        self.copy("/box/from%20me", x_amz_metadata_directive="REPLACE", x_amz_meta_n="2")
        self.assertEqual("2", self.send("HEAD", "/box/from%20me").headers["x-amz-meta-n"])
        self.assertEqual(HELLO, self.get("/box/from%20me"))

    def test_source_over_the_limit(self):
        multipart = self.texts(self.send("POST", "/box/huge?uploads"), "UploadId")[0]
        parts = ""
        for number in (1, 2):
            etag = self.put(f"/box/huge?partNumber={number}&uploadId={multipart}", bytes(3000))
            parts += f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        self.send("POST", f"/box/huge?uploadId={multipart}", document)
        error = self.refuse("InvalidRequest", 400, "PUT", "/box/to", x_amz_copy_source="box/huge")
        self.assertIn("larger than the maximum", error.message)

    def test_asked_checksum_is_computed(self):
        reply = self.copy(x_amz_checksum_algorithm="CRC32")
        self.assertEqual([crc32(HELLO)], self.texts(reply, "ChecksumCRC32"))
        shown = self.send("HEAD", "/box/to", x_amz_checksum_mode="ENABLED").headers
        self.assertEqual(crc32(HELLO), shown["x-amz-checksum-crc32"])

    def test_late_answers_on_order(self):
        self.s3.script.late_error("CopyObject", "SlowDown", "Reduce your request rate.", wait=" \n ")
        reply = self.copy()
        self.assertEqual(200, reply.status)
        self.assertTrue(reply.body.startswith(b" \n <Error><Code>SlowDown</Code>"), reply.body)
        self.assertFalse(self.s3.object_exists("box", "to"))
        self.s3.script.late_success("CopyObject")
        reply = self.copy()
        self.assertRegex(reply.body.decode(), r"^<\?xml [^>]*>\s{5,}<CopyObjectResult ")
        self.assertEqual([self.etag], self.texts(reply, "ETag"))


class DeleteTest(S3Test):
    def delete_many(self, inner: str, **headers):
        body = f"<Delete>{inner}</Delete>".encode()
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        return self.send("POST", "/box?delete", body, **(headers or {"content_md5": digest}))

    def test_delete_is_idempotent(self):
        self.put("/box/a", HELLO)
        for _ in range(2):
            reply = self.send("DELETE", "/box/a")
            self.assertEqual((204, b""), (reply.status, reply.body))
            self.assertNotIn("x-amz-version-id", reply.headers)
        self.refuse("NoSuchKey", 404, "GET", "/box/a")

    def test_delete_many(self):
        etag = self.put("/box/a", HELLO)
        self.put("/box/b", HELLO)
        reply = self.delete_many(f"<Object><Key>a</Key><ETag>{etag}</ETag></Object><Object><Key>none</Key></Object>"
                                 "<Object><Key>b</Key><ETag>x</ETag></Object>")
        self.assertEqual(["a", "none"], self.texts(reply, "Deleted/Key"))
        self.assertEqual(["b", "PreconditionFailed"], self.texts(reply, "Error/Key") + self.texts(reply, "Error/Code"))
        self.assertEqual(["b"], self.s3.list_keys("box"))
        self.assertEqual([], list(self.xml(self.delete_many("<Quiet>true</Quiet><Object><Key>b</Key></Object>"))))

    def test_delete_many_is_checked(self):
        body = b"<Delete><Object><Key>a</Key></Object></Delete>"
        error = self.refuse("InvalidRequest", 400, "POST", "/box?delete", body)
        self.assertIn("Content-MD5", error.message)
        self.refuse("BadDigest", 400, "POST", "/box?delete", body, x_amz_checksum_crc32=crc32(b"x"))
        self.assertEqual(200, self.send("POST", "/box?delete", body, x_amz_checksum_crc32=crc32(body)).status)
        for inner in ("", "<Object><Name>a</Name></Object>", "<Object><Key>a</Key></Object>" * 1001, "<Object>"):
            with self.subTest(inner=inner[:40]), self.assertRaisesRegex(ServiceError, "MalformedXML"):
                self.delete_many(inner)


class VersionTest(S3Test):
    versioning = True

    def put_version(self, target: str, body: bytes) -> str:
        return self.send("PUT", target, body).headers["x-amz-version-id"]

    def test_every_put_is_a_version(self):
        first, second = self.put_version("/box/a", b"1"), self.put_version("/box/a", b"22")
        self.assertNotEqual(first, second)
        self.assertEqual((b"22", b"1"), (self.get("/box/a"), self.get(f"/box/a?versionId={first}")))
        self.assertEqual(second, self.send("HEAD", "/box/a").headers["x-amz-version-id"])

    def test_delete_marker(self):
        version = self.put_version("/box/a", b"1")
        reply = self.send("DELETE", "/box/a")
        marker = reply.headers["x-amz-version-id"]
        self.assertEqual("true", reply.headers["x-amz-delete-marker"])
        error = self.refuse("NoSuchKey", 404, "GET", "/box/a")
        self.assertEqual("true", error.headers["x-amz-delete-marker"])
        error = self.refuse("MethodNotAllowed", 405, "GET", f"/box/a?versionId={marker}")
        self.assertEqual(("DELETE", "true"), (error.headers["Allow"], error.headers["x-amz-delete-marker"]))
        self.assertEqual(405, self.send("HEAD", f"/box/a?versionId={marker}").status)
        self.assertEqual(b"1", self.get(f"/box/a?versionId={version}"))
        self.refuse("InvalidRequest", 400, "PUT", "/box/b", x_amz_copy_source=f"box/a?versionId={marker}")
        self.refuse("NoSuchKey", 404, "PUT", "/box/b", x_amz_copy_source="box/a")
        reply = self.send("DELETE", f"/box/a?versionId={marker}")
        self.assertEqual(("true", marker), (reply.headers["x-amz-delete-marker"], reply.headers["x-amz-version-id"]))
        self.assertEqual(b"1", self.get("/box/a"))

    def test_delete_by_version_spares_a_newer_upload(self):
        old, new = self.put_version("/box/a", b"old"), self.put_version("/box/a", b"new")
        reply = self.send("DELETE", f"/box/a?versionId={old}")
        self.assertEqual((204, old), (reply.status, reply.headers["x-amz-version-id"]))
        self.assertNotIn("x-amz-delete-marker", reply.headers)
        self.assertEqual(b"new", self.get("/box/a"))
        self.refuse("NoSuchVersion", 404, "GET", f"/box/a?versionId={old}")
        self.assertEqual(204, self.send("DELETE", f"/box/a?versionId={old}").status)
        self.send("DELETE", f"/box/a?versionId={new}")
        self.refuse("NoSuchKey", 404, "GET", "/box/a")

    def test_removing_the_newest_makes_the_one_before_current(self):
        self.put_version("/box/a", b"1")
        second = self.put_version("/box/a", b"2")
        self.send("DELETE", f"/box/a?versionId={second}")
        self.assertEqual(b"1", self.get("/box/a"))

    def test_version_ids_that_cannot_be(self):
        self.put_version("/box/a", b"1")
        self.refuse("InvalidArgument", 400, "GET", "/box/a?versionId=")
        self.refuse("InvalidArgument", 400, "GET", "/box/a?versionId=nonsense")
        self.refuse("NoSuchVersion", 404, "GET", "/box/a?versionId=null")

    def test_copy_of_a_version(self):
        old = self.put_version("/box/a", b"old")
        self.put_version("/box/a", b"new")
        reply = self.send("PUT", "/box/b", x_amz_copy_source=f"box/a?versionId={old}")
        self.assertEqual(old, reply.headers["x-amz-copy-source-version-id"])
        self.assertNotEqual(old, reply.headers["x-amz-version-id"])
        self.assertEqual(b"old", self.get("/box/b"))
        self.send("PUT", "/box/a", x_amz_copy_source=f"box/a?versionId={old}")  # restores it
        self.assertEqual(b"old", self.get("/box/a"))

    def test_suspended_versioning_overwrites_only_null(self):
        kept = self.put_version("/box/a", b"kept")
        self.send(
            "PUT", "/box?versioning", b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
        )
        self.assertEqual("null", self.put_version("/box/a", b"2"))
        self.put_version("/box/a", b"3")
        self.assertEqual((b"3", b"kept"), (self.get("/box/a?versionId=null"), self.get(f"/box/a?versionId={kept}")))
        reply = self.send("DELETE", "/box/a")
        self.assertEqual("null", reply.headers["x-amz-version-id"])
        self.assertEqual(2, len(self.texts(self.send("GET", "/box?versions"), "*/VersionId")))

    def test_versioning_of_a_bucket_in_use(self):
        self.s3.create_bucket("late")
        self.put("/late/a", b"before")
        self.assertEqual([], self.texts(self.send("GET", "/late?versioning"), "Status"))
        self.send(
            "PUT", "/late?versioning", b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        )
        self.assertEqual(["Enabled"], self.texts(self.send("GET", "/late?versioning"), "Status"))
        self.assertEqual("null", self.send("HEAD", "/late/a").headers["x-amz-version-id"])
        self.put("/late/a", b"after")
        self.assertEqual(b"before", self.get("/late/a?versionId=null"))
        self.refuse("IllegalVersioningConfigurationException", 400, "PUT", "/late?versioning",
                    b"<VersioningConfiguration><Status>On</Status></VersioningConfiguration>")

    def test_conditional_write_over_a_delete_marker(self):
        self.put_version("/box/a", b"1")
        self.send("DELETE", "/box/a")
        self.refuse("NoSuchKey", 404, "PUT", "/box/a", b"2", if_match='"x"')
        self.refuse("PreconditionFailed", 412, "DELETE", "/box/a", if_match="*")
        self.put("/box/a", b"2", if_none_match="*")

    def test_delete_many_tells_markers(self):
        version = self.put_version("/box/a", b"1")
        entries = f"<Object><Key>a</Key></Object><Object><Key>a</Key><VersionId>{version}</VersionId></Object>"
        body = f"<Delete>{entries}</Delete>".encode()
        reply = self.send("POST", "/box?delete", body, x_amz_checksum_crc32=crc32(body))
        root = self.xml(reply)
        self.assertEqual(["true"], [e.text for e in root.findall("Deleted/DeleteMarker")])
        self.assertEqual([version], [e.text for e in root.findall("Deleted/VersionId")])


if __name__ == "__main__":
    unittest.main()
