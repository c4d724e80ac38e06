"""Listings of the local S3."""

import unittest
import unittest.mock
import urllib.parse

from emulator.s3 import store
from emulator.s3.fixture import S3Test


class ListObjectsTest(S3Test):
    def fill(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object_bytes("box", key, key.encode())

    def pages(self, query: str) -> list[list[str]]:
        """The keys and common prefixes of each page of a ListObjectsV2."""
        found, token = [], ""
        while True:
            reply = self.send("GET", f"/box?list-type=2&{query}{token}")
            found.append(self.texts(reply, "Contents/Key") + self.texts(reply, "CommonPrefixes/Prefix"))
            self.assertEqual([str(len(found[-1]))], self.texts(reply, "KeyCount"))
            if self.texts(reply, "IsTruncated") == ["false"]:
                self.assertEqual([], self.texts(reply, "NextContinuationToken"))
                return found
            token = "&continuation-token=" + urllib.parse.quote(self.texts(reply, "NextContinuationToken")[0])

    def test_order_is_that_of_utf8_bytes(self):
        self.fill("b", "a", "B", "é", "\uffee", "\U0001f600", "a/b", "a b")
        self.assertEqual([["B", "a", "a b", "a/b", "b", "é", "\uffee", "\U0001f600"]], self.pages(""))

    def test_elements(self):
        self.fill("a")
        reply = self.send("GET", "/box?list-type=2&fetch-owner=true&prefix=")
        etag = self.send("HEAD", "/box/a").headers["ETag"]
        self.assertEqual(([etag], ["1"], ["STANDARD"], 1), (
            self.texts(reply, "Contents/ETag"), self.texts(reply, "Contents/Size"),
            self.texts(reply, "Contents/StorageClass"), len(self.texts(reply, "Contents/Owner/ID"))))
        self.assertRegex(self.texts(reply, "Contents/LastModified")[0], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$")
        self.assertEqual([], self.texts(self.send("GET", "/box?list-type=2"), "Contents/Owner"))

    def test_prefix_and_start_after(self):
        self.fill("in/a", "in/b", "in2", "out")
        self.assertEqual([["in/a", "in/b"]], self.pages("prefix=in%2F"))
        self.assertEqual([["in/b", "in2", "out"]], self.pages("start-after=in%2Fa"))
        self.assertEqual([["in/b"]], self.pages("start-after=in%2Fa&prefix=in%2F"))
        self.assertEqual([[]], self.pages("prefix=none"))

    def test_pages(self):
        self.fill(*(f"k{number:02}" for number in range(7)))
        self.assertEqual([["k00", "k01", "k02"], ["k03", "k04", "k05"], ["k06"]], self.pages("max-keys=3"))
        self.assertEqual([[]], self.pages("max-keys=0"))
        self.assertEqual(1, len(self.pages("max-keys=7")))

    def test_delimiter_with_pages(self):
        self.fill("a", "d/1", "d/2", "d/3", "e/1", "f", "g/x/1")
        self.assertEqual([["a", "f", "d/", "e/", "g/"]], self.pages("delimiter=%2F"))
        self.assertEqual([["a", "d/"], ["f", "e/"], ["g/"]], self.pages("delimiter=%2F&max-keys=2"))
        self.assertEqual([["a"], ["d/"], ["e/"], ["f"], ["g/"]], self.pages("delimiter=%2F&max-keys=1"))
        self.assertEqual([["g/x/"]], self.pages("delimiter=%2F&prefix=g%2F"))
        self.assertEqual([["f", "d/", "e/", "g/"]], self.pages("delimiter=%2F&start-after=d%2F1"))

    def test_keys_that_xml_cannot_carry(self):
        self.fill("a\x01b", "c d+e", "line\nbreak")
        reply = self.send("GET", "/box?list-type=2&encoding-type=url&delimiter=%2B")
        self.assertEqual((["a%01b", "line%0Abreak"], ["c+d%2B"], ["%2B"]), (
            self.texts(reply, "Contents/Key"), self.texts(reply, "CommonPrefixes/Prefix"), self.texts(reply, "Delimiter")))
        body = self.send("GET", "/box?list-type=2&prefix=line").body
        self.assertIn(b"<Key>line&#xa;break</Key>", body)
        self.refuse("InvalidArgument", 400, "GET", "/box?list-type=2&encoding-type=base64")

    def test_bad_parameters(self):
        for query in (
            "list-type=1", "list-type=2&max-keys=-1", "list-type=2&max-keys=x", "list-type=2&continuation-token=k"
        ):
            with self.subTest(query=query):
                self.refuse("InvalidArgument", 400, "GET", f"/box?{query}")
        self.refuse("NotImplemented", 501, "GET", "/box?list-type=2&marker=a")
        self.refuse("NoSuchBucket", 404, "GET", "/none?list-type=2")

    def test_delete_markers_are_not_listed(self):
        self.s3.create_bucket("box", versioning=True)
        self.fill("a", "b")
        self.send("DELETE", "/box/a")
        self.assertEqual([["b"]], self.pages(""))

    def test_more_than_the_store_reads_at_once(self):
        small = unittest.mock.patch.object(store, "_PAGE", 3)
        small.start()
        self.addCleanup(small.stop)
        keys = [f"p/{number}" for number in range(10)]
        self.fill(*keys, "z")
        self.assertEqual(keys, self.s3.list_keys("box", "p/"))
        self.assertEqual([["z", "p/"]], self.pages("delimiter=%2F"))

    def test_version_one(self):
        self.fill("a", "d/1", "d/2", "e")
        reply = self.send("GET", "/box?max-keys=2&delimiter=%2F")
        self.assertEqual((["a"], ["d/"], ["d/"]), (
            self.texts(reply, "Contents/Key"), self.texts(reply, "CommonPrefixes/Prefix"), self.texts(reply, "NextMarker")))
        reply = self.send("GET", "/box?max-keys=2&delimiter=%2F&marker=d%2F")
        self.assertEqual((["e"], [], ["false"]), (
            self.texts(reply, "Contents/Key"), self.texts(reply, "CommonPrefixes/Prefix"), self.texts(reply, "IsTruncated")))
        self.assertEqual([], self.texts(self.send("GET", "/box?max-keys=1"), "NextMarker"))


class ListVersionsTest(S3Test):
    versioning = True

    def setUp(self):
        super().setUp()
        self.a1 = self.s3.put_object_bytes("box", "a", b"1")
        self.a2 = self.s3.put_object_bytes("box", "a", b"22")
        self.a3 = self.send("DELETE", "/box/a").headers["x-amz-version-id"]
        self.b1 = self.s3.put_object_bytes("box", "b", b"1")
        self.c1 = self.s3.put_object_bytes("box", "d/c", b"1")

    def listed(self, query: str) -> list[tuple[str, str, str]]:
        root = self.xml(self.send("GET", f"/box?versions&{query}"))
        return [(e.tag, e.findtext("VersionId"), e.findtext("IsLatest")) for e in root if e.tag in ("Version", "DeleteMarker")]

    def test_newest_first_within_a_key(self):
        expected = [("DeleteMarker", self.a3, "true"), ("Version", self.a2, "false"), ("Version", self.a1, "false"),
                    ("Version", self.b1, "true"), ("Version", self.c1, "true")]
        self.assertEqual(expected, self.listed(""))
        self.assertEqual(expected[:3], self.listed("prefix=a"))
        self.assertEqual(expected[:4], self.listed("delimiter=%2F"))
        self.assertEqual(expected[3:], self.listed("key-marker=a"))

    def pages(self, between=lambda: None) -> list[str]:
        found, marker = [], ""
        while True:
            reply = self.send("GET", f"/box?versions&max-keys=2{marker}")
            root = self.xml(reply)
            found += [e.findtext("VersionId") for e in root if e.tag in ("Version", "DeleteMarker")]
            if root.findtext("IsTruncated") == "false":
                return found
            marker = f"&key-marker={root.findtext('NextKeyMarker')}&version-id-marker={root.findtext('NextVersionIdMarker')}"
            between()

    def test_pages(self):
        self.assertEqual([self.a3, self.a2, self.a1, self.b1, self.c1], self.pages())

    def test_pages_go_on_after_a_version_that_was_deleted_meanwhile(self):
        found = self.pages(lambda: self.send("DELETE", f"/box/a?versionId={self.a2}"))
        self.assertEqual([self.a3, self.a2, self.a1, self.b1, self.c1], found)

    def test_marker_of_a_version_needs_its_key(self):
        self.refuse("InvalidArgument", 400, "GET", f"/box?versions&version-id-marker={self.a1}")
        self.refuse("InvalidArgument", 400, "GET", "/box?versions&key-marker=a&version-id-marker=x")

    def test_unversioned_bucket_lists_null(self):
        self.s3.create_bucket("plain")
        self.put("/plain/a", b"1")
        reply = self.send("GET", "/plain?versions")
        self.assertEqual(
            (["null"], ["true"]), (self.texts(reply, "Version/VersionId"), self.texts(reply, "Version/IsLatest"))
        )


if __name__ == "__main__":
    unittest.main()
