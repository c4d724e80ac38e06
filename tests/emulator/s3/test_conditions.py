"""Ranges and conditions of the local S3."""

import hashlib
import threading
import unittest

from emulator.s3.fixture import S3Test
from emulator.core.service import ServiceError

HELLO = b"hello, world\n"
HELLO_MD5 = hashlib.md5(HELLO).hexdigest()


class RangeTest(S3Test):
    def setUp(self):
        super().setUp()
        self.put("/box/ten", b"0123456789")

    def test_ranges(self):
        for text, body, shown in (
            ("bytes=0-3", b"0123", "bytes 0-3/10"),
            ("bytes=4-", b"456789", "bytes 4-9/10"),
            ("bytes=-3", b"789", "bytes 7-9/10"),
            ("bytes=8-99", b"89", "bytes 8-9/10"),
            ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ):
            with self.subTest(range=text):
                reply = self.send("GET", "/box/ten", range=text)
                self.assertEqual((206, shown), (reply.status, reply.headers["Content-Range"]))
                self.assertEqual(body, self.body(reply))
                head = self.send("HEAD", "/box/ten", range=text)
                self.assertEqual((206, len(body), b""), (head.status, head.length, head.body))

    def test_ranges_without_sense_are_ignored(self):
        for text in ("bytes=5-2", "bytes=-", "lines=1-2", "bytes=a-b"):
            with self.subTest(range=text):
                reply = self.send("GET", "/box/ten", range=text)
                self.assertEqual((200, b"0123456789"), (reply.status, self.body(reply)))

    def test_unsatisfiable_ranges(self):
        for text in ("bytes=10-", "bytes=99-100", "bytes=-0"):
            with self.subTest(range=text):
                error = self.refuse("InvalidRange", 416, "GET", "/box/ten", range=text)
                self.assertEqual("bytes */10", self.s3.error("R", error).headers["Content-Range"])
                self.assertEqual("10", error.extra["ActualObjectSize"])
        self.put("/box/empty")
        self.refuse("InvalidRange", 416, "GET", "/box/empty", range="bytes=0-")
        reply = self.send("HEAD", "/box/ten", range="bytes=10-")
        self.assertEqual((416, "bytes */10", b""), (reply.status, reply.headers["Content-Range"], reply.body))

    def test_resume_is_pinned(self):
        etag = self.send("HEAD", "/box/ten").headers["ETag"]
        self.assertEqual(b"56789", self.get("/box/ten", range="bytes=5-", if_match=etag))
        self.put("/box/ten", b"other bytes")
        self.refuse("PreconditionFailed", 412, "GET", "/box/ten", range="bytes=5-", if_match=etag)


class ConditionTest(S3Test):
    def test_reads(self):
        etag = self.put("/box/a", HELLO)
        modified = self.send("HEAD", "/box/a").headers["Last-Modified"]
        early, late = "Tue, 01 Jan 2002 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT"
        for headers, status in (
            ({"if_match": etag}, 200),
            ({"if_match": HELLO_MD5}, 200),
            ({"if_match": '"x", ' + etag}, 200),
            ({"if_match": "*"}, 200),
            ({"if_none_match": '"x"'}, 200),
            ({"if_none_match": etag}, 304),
            ({"if_modified_since": modified}, 304),
            ({"if_modified_since": early}, 200),
            ({"if_unmodified_since": modified}, 200),
            ({"if_unmodified_since": late}, 200),
            ({"if_match": etag, "if_unmodified_since": early}, 200),
            ({"if_none_match": etag, "if_modified_since": early}, 304),
            ({"if_modified_since": "no date"}, 200),
        ):
            with self.subTest(headers=headers):
                reply = self.send("GET", "/box/a", **headers)
                self.body(reply)
                self.assertEqual(status, reply.status)
                self.assertEqual(etag, reply.headers["ETag"])
        error = self.refuse("PreconditionFailed", 412, "GET", "/box/a", if_match='"x"')
        self.assertEqual({"Condition": "If-Match"}, error.extra)
        self.refuse("PreconditionFailed", 412, "GET", "/box/a", if_unmodified_since=early)
        self.assertEqual(412, self.send("HEAD", "/box/a", if_match='"x"').status)

    def test_put_only_if_absent(self):
        self.put("/box/claim", b"1", if_none_match="*")
        self.refuse("PreconditionFailed", 412, "PUT", "/box/claim", b"2", if_none_match="*")
        self.assertEqual(b"1", self.get("/box/claim"))

    def test_put_only_if_unchanged(self):
        self.refuse("NoSuchKey", 404, "PUT", "/box/a", b"1", if_match='"x"')
        etag = self.put("/box/a", b"1")
        self.put("/box/a", b"2", if_match=etag)
        self.refuse("PreconditionFailed", 412, "PUT", "/box/a", b"3", if_match=etag)
        self.assertEqual(b"2", self.get("/box/a"))

    def test_one_of_many_concurrent_claims_wins(self):
        outcomes: list[str] = []

        def claim(number: int) -> None:
            try:
                self.put("/box/claim", str(number).encode(), if_none_match="*")
                outcomes.append("won")
            except ServiceError as error:
                outcomes.append(error.code)

        threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual((1, 15), (outcomes.count("won"), outcomes.count("PreconditionFailed")))

    def test_readers_never_miss_a_key_that_is_being_replaced(self):
        self.put("/box/a", b"0" * 100)
        failures: list[Exception] = []

        def read() -> None:
            try:
                for _ in range(200):
                    body = self.get("/box/a")
                    if len(set(body)) != 1 or len(body) != 100:
                        raise AssertionError(f"torn object {body!r}")
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        for number in range(200):
            self.put("/box/a", str(number % 10).encode() * 100)
        thread.join(30)
        self.assertEqual([], failures)

    def test_delete_only_if_unchanged(self):
        etag = self.put("/box/a", b"1")
        self.refuse("PreconditionFailed", 412, "DELETE", "/box/a", if_match='"x"')
        self.assertTrue(self.s3.object_exists("box", "a"))
        self.assertEqual(204, self.send("DELETE", "/box/a", if_match=etag).status)
        self.refuse("NoSuchKey", 404, "DELETE", "/box/a", if_match=etag)
        self.put("/box/a", b"1")
        self.assertEqual(204, self.send("DELETE", "/box/a", if_match="*").status)

    def test_conflict_on_order(self):
        self.s3.script.conflict("box", "a")
        self.put("/box/a", b"unconditional")
        error = self.refuse("ConditionalRequestConflict", 409, "PUT", "/box/a", b"1", if_match='"x"')
        self.assertEqual("If-Match", error.extra["Condition"])
        self.refuse("PreconditionFailed", 412, "PUT", "/box/a", b"1", if_match='"x"')
        self.assertEqual(b"unconditional", self.get("/box/a"))


if __name__ == "__main__":
    unittest.main()
