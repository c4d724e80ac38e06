"""Our AWS clients (tests/functions/aws_probe.c) against the local AWS, with real signatures and faults."""

import hashlib
import json
import os
import pathlib
import subprocess
import unittest
import zlib

from emulator.local_test import LocalAwsTest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROBE = ROOT / os.environ.get("BUILD", "build") / "test/tests/functions/aws_probe"
SECONDS = 120
MIB = 1 << 20

ODD_KEYS = [
    "in/a b.csv",
    "in/100%.csv",
    "in/%41+%2B=&?#.csv",
    'in/"quoted" \'key\'.csv',
    "in/line\nbreak\ttab.csv",
    "in/é/日本/\U0001f600.csv",
    "in/<a>&amp;.csv",
    "in//double/./dot/../up.csv",
    "~-._!*'();:@&=+$,/?%#[]",
    "/leading",
    "trailing/",
    "k" * 1024,
    "é" * 512,
]


class AwsClientsTest(LocalAwsTest):
    @classmethod
    def setUpClass(cls):
        if not PROBE.exists():
            raise FileNotFoundError(f"{PROBE} is not built")
        super().setUpClass()
        cls.local.s3.create_bucket("box", cls.local.region, False)
        cls.local.s3.create_bucket("versions", cls.local.region, True)
        cls.local.s3.create_bucket("dotted.box", cls.local.region, False)

    def tearDown(self):
        self.local.faults.clear()

    def probe(self, **order) -> dict:
        """What the probe says to an order; its log must hold no secret."""
        kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        done = subprocess.run([PROBE, json.dumps(order)], env={**kept, **self.local.environment()},
                              capture_output=True, timeout=SECONDS)
        self.assertEqual(0, done.returncode, done.stderr.decode(errors="replace"))
        for line in done.stderr.splitlines():
            json.loads(line)
        self.assertNotIn(self.local.user.secret_key.encode(), done.stderr)
        self.log = [json.loads(line) for line in done.stderr.splitlines()]
        return json.loads(done.stdout)

    def do(self, **order) -> dict:
        """An order that must succeed."""
        reply = self.probe(**order)
        self.assertTrue(reply["ok"], reply)
        return reply

    def fail_with(self, kind: str, code: str, **order) -> dict:
        """An order that must fail so."""
        reply = self.probe(**order)
        self.assertFalse(reply["ok"], reply)
        self.assertEqual((kind, code), (reply["kind"], reply["code"]), reply["message"])
        return reply

    def put(self, bucket: str, key: str, body: str = "", **more) -> dict:
        return self.do(do="put", bucket=bucket, key=key, body=body, **more)

    def get(self, bucket: str, key: str, **more) -> bytes:
        path = self.folder / "got"
        reply = self.do(do="get", bucket=bucket, key=key, file=str(path), **more)
        self.reply = reply
        data = path.read_bytes()
        self.assertEqual(len(data), reply["size"])
        return data

    def big(self, size: int) -> tuple[str, bytes]:
        """A file whose blocks all differ, and its bytes."""
        data = b"".join(hashlib.sha512(number.to_bytes(8, "big")).digest() * 16 for number in range(size // 1024))
        return self.file("big", data), data


class ObjectsTest(AwsClientsTest):
    def test_odd_keys_there_and_back(self):
        for key in ODD_KEYS:
            with self.subTest(key=key[:40]):
                self.put("box", "odd/" + key if len(key.encode()) < 1000 else key, body=key)
                stored = "odd/" + key if len(key.encode()) < 1000 else key
                self.assertEqual(key.encode(), self.get("box", stored))
                self.assertEqual(len(key.encode()), self.do(do="head", bucket="box", key=stored)["size"])
        listed = self.do(do="list", bucket="box", prefix="odd/", page_size=3)
        expected = sorted(("odd/" + key for key in ODD_KEYS if len(key.encode()) < 1000), key=str.encode)
        self.assertEqual(expected, listed["keys"])
        self.assertEqual(4, listed["pages"])
        for key in listed["keys"]:
            self.do(do="delete", bucket="box", key=key)
        self.assertEqual([], self.do(do="list", bucket="box", prefix="odd/")["keys"])

    def test_a_key_that_is_too_long_never_leaves(self):
        reply = self.fail_with("Invalid", "", do="put", bucket="box", key="k" * 1025, body="x")
        self.assertIn("1025 bytes", reply["message"])

    def test_bucket_with_dots(self):
        self.put("dotted.box", "a b", body="x")
        self.assertEqual(b"x", self.get("dotted.box", "a b"))

    def test_what_is_told_of_an_object(self):
        body = "one\ntwo\n"
        self.put("box", "told", body=body, type="text/csv", metadata={"file-id": "17", "other": "a b"})
        head = self.do(do="head", bucket="box", key="told")
        self.assertEqual({"file-id": "17", "other": "a b"}, head["metadata"])
        self.assertEqual("text/csv", head["type"])
        self.assertEqual(hashlib.md5(body.encode()).hexdigest(), head["etag"])
        self.assertEqual((True, zlib.crc32(body.encode())), (head["has_crc32"], head["crc32"]))

    def test_conditions(self):
        first = self.put("box", "once", body="1", if_none_match=True)
        self.fail_with("Conflict", "PreconditionFailed", do="put", bucket="box", key="once", body="2",
                       if_none_match=True)
        # What stands there is what was to be put: an earlier reply may have been lost.
        self.assertEqual(first["etag"], self.put("box", "once", body="1", if_none_match=True)["etag"])
        second = self.put("box", "once", body="3", if_match=first["etag"])
        self.fail_with("Conflict", "PreconditionFailed", do="put", bucket="box", key="once", body="4",
                       if_match=first["etag"])
        self.fail_with("Conflict", "PreconditionFailed", do="head", bucket="box", key="once", if_match=first["etag"])
        self.fail_with("Conflict", "PreconditionFailed", do="delete", bucket="box", key="once", if_match=first["etag"])
        self.do(do="delete", bucket="box", key="once", if_match=second["etag"])
        self.fail_with("NotFound", "NotFound", do="head", bucket="box", key="once")

    def test_versions(self):
        old = self.put("versions", "v", body="old")["version"]
        new = self.put("versions", "v", body="new")["version"]
        self.assertEqual(b"old", self.get("versions", "v", version=old))
        self.do(do="delete", bucket="versions", key="v", version=new)
        self.assertEqual(b"old", self.get("versions", "v"))
        self.do(do="delete", bucket="versions", key="v")
        self.fail_with("NotFound", "NoSuchKey", do="get", bucket="versions", key="v", file=str(self.folder / "got"))
        self.assertEqual(b"old", self.get("versions", "v", version=old))

    def test_a_bucket_in_another_region(self):
        self.local.s3.create_bucket("far-box", "eu-central-1", False)
        self.assertEqual(2, self.put("far-box", "k", body="x")["tries"])
        self.assertEqual(2, self.do(do="head", bucket="far-box", key="k")["tries"])
        self.assertEqual(b"x", self.get("far-box", "k"))

    def test_what_is_not_there(self):
        gone = {"bucket": "box", "key": "gone", "file": str(self.folder / "got")}
        self.assertIn("s3://box/gone", self.fail_with("NotFound", "NoSuchKey", do="get", **gone)["message"])
        self.fail_with("NotFound", "NoSuchBucket", do="put", bucket="no-such-box", key="k", body="")
        self.fail_with("Invalid", "", do="put", bucket="no/such/box", key="k", body="")
        self.do(do="delete", bucket="box", key="gone")

    def test_wrong_keys_are_refused(self):
        right = self.local.user
        try:
            self.local.user = type(right)(right.arn, right.access_key, "another-secret-key-of-nobody")
            self.fail_with("Denied", "SignatureDoesNotMatch", do="put", bucket="box", key="k", body="x")
        finally:
            self.local.user = right


class LargeObjectsTest(AwsClientsTest):
    SIZE = 21 * MIB

    def test_by_parts_there_and_back_and_across(self):
        path, data = self.big(self.SIZE)
        sent = self.do(do="upload", file=path, to_bucket="box", to_key="big é", if_none_match=True)
        self.assertEqual((self.SIZE, "3"), (sent["size"], sent["etag"].rpartition("-")[2]))
        head = self.do(do="head", bucket="box", key="big é")
        self.assertEqual((True, zlib.crc32(data)), (head["has_crc32"], head["crc32"]))
        self.assertEqual(data, self.get("box", "big é"))
        self.do(do="pipe", bucket="box", key="big é", to_bucket="box", to_key="piped", part_size=5 * MIB)
        self.assertEqual(data, self.get("box", "piped"))
        self.assertEqual([], self.do(do="uploads", bucket="box")["keys"])

    def test_copies_small_and_large(self):
        path, data = self.big(self.SIZE)
        etag = self.do(do="upload", file=path, to_bucket="box", to_key="from+ é")["etag"]
        at_once = self.do(do="copy", bucket="box", key="from+ é", if_match=etag, to_bucket="versions", to_key="c1")
        self.assertTrue(at_once["version"])
        parts = self.do(do="copy", bucket="box", key="from+ é", if_match=etag, to_bucket="box", to_key="c2",
                        single_limit=20 * MIB, part_size=8 * MIB)
        self.assertTrue(parts["etag"].endswith("-3"), parts)
        for bucket, key in (("versions", "c1"), ("box", "c2")):
            self.assertEqual(data, self.get(bucket, key))
        self.fail_with("Conflict", "PreconditionFailed", do="copy", bucket="box", key="from+ é", if_match="other",
                       to_bucket="box", to_key="c3")
        self.fail_with("NotFound", "NotFound", do="copy", bucket="box", key="gone", to_bucket="box", to_key="c3")

    def test_metadata_of_copies(self):
        metadata = {f"name-{number}": f"{number}, two words" for number in range(60)}
        path, _ = self.big(6 * MIB)
        self.do(do="upload", file=path, to_bucket="box", to_key="bare")
        self.do(do="copy", bucket="box", key="bare", to_bucket="box", to_key="meta", type="text/csv", metadata=metadata)
        for how in ({}, {"single_limit": MIB, "part_size": 5 * MIB}):
            with self.subTest(how):
                self.do(do="copy", bucket="box", key="meta", to_bucket="box", to_key="same", **how)
                self.do(do="copy", bucket="box", key="meta", to_bucket="box", to_key="new", type="text/plain",
                        metadata={"c": "3"}, **how)
                same, new = (self.do(do="head", bucket="box", key=key) for key in ("same", "new"))
                self.assertEqual(("text/csv", metadata), (same["type"], same["metadata"]))
                self.assertEqual(("text/plain", {"c": "3"}), (new["type"], new["metadata"]))

    def test_a_copy_by_parts_is_of_the_version_that_is_named(self):
        path, data = self.big(self.SIZE)
        self.do(do="upload", file=path, to_bucket="versions", to_key="old")
        old = self.do(do="head", bucket="versions", key="old")
        self.put("versions", "old", body="newer")
        self.do(do="copy", bucket="versions", key="old", version=old["version"], if_match=old["etag"],
                to_bucket="box", to_key="pinned", single_limit=MIB, part_size=8 * MIB)
        self.assertEqual(data, self.get("box", "pinned"))

    def test_a_copy_by_parts_through_faults(self):
        path, data = self.big(self.SIZE)
        self.do(do="upload", file=path, to_bucket="box", to_key="faulty")
        order = {"do": "copy", "bucket": "box", "key": "faulty", "to_bucket": "box", "to_key": "c4",
                 "single_limit": MIB, "part_size": 8 * MIB}
        self.local.faults.add("s3", "UploadPartCopy", "error", nth=2, times=0, code="AccessDenied", status=403)
        self.fail_with("Denied", "AccessDenied", **order)
        self.assertEqual([], self.do(do="uploads", bucket="box")["keys"])
        self.local.faults.clear()
        for operation in ("CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload"):
            self.local.faults.add("s3", operation, "drop_after")
            self.local.faults.add("s3", operation, "throttle", nth=2)
        self.do(**order)
        self.assertEqual(data, self.get("box", "c4"))
        self.assertEqual(["c4"], self.do(do="uploads", bucket="box", abort=True)["keys"])  # nobody heard of it

    def test_abort_and_uploads_nobody_ended(self):
        path, _ = self.big(self.SIZE)
        self.do(do="upload", file=path, to_bucket="box", to_key="aborted", abort=True)
        self.assertEqual([], self.do(do="uploads", bucket="box")["keys"])
        self.fail_with("NotFound", "NotFound", do="head", bucket="box", key="aborted")
        for key in ("left\nover", "left é"):
            self.do(do="create_upload", bucket="box", key=key)
        self.assertEqual(["left\nover", "left é"], self.do(do="uploads", bucket="box", abort=True)["keys"])
        self.assertEqual([], self.do(do="uploads", bucket="box")["keys"])

    def test_a_failed_upload_leaves_nothing(self):
        path, _ = self.big(self.SIZE)
        self.local.faults.add("s3", "UploadPart", "error", nth=2, times=0, code="AccessDenied", status=403)
        self.fail_with("Denied", "AccessDenied", do="upload", file=path, to_bucket="box", to_key="failed")
        self.assertEqual([], self.do(do="uploads", bucket="box")["keys"])

    def test_a_download_that_breaks_goes_on(self):
        path, data = self.big(self.SIZE)
        self.do(do="upload", file=path, to_bucket="box", to_key="breaks")
        self.local.faults.add("s3", "GetObject", "truncate", keep_bytes=5 * MIB + 1)
        self.local.faults.add("s3", "GetObject", "throttle", nth=2)
        self.local.faults.add("s3", "GetObject", "truncate", nth=3, keep_bytes=7)
        self.local.faults.add("s3", "GetObject", "reset", nth=4)
        self.assertEqual(data, self.get("box", "breaks"))
        self.assertEqual(2, self.reply["resumed"])

    def test_an_upload_through_faults(self):
        path, data = self.big(self.SIZE)
        for operation in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"):
            self.local.faults.add("s3", operation, "drop_after")
            self.local.faults.add("s3", operation, "throttle", nth=2)
        self.do(do="upload", file=path, to_bucket="box", to_key="through")
        self.assertEqual(data, self.get("box", "through"))
        self.do(do="uploads", bucket="box", abort=True)  # the one whose creation nobody heard of


class FaultsTest(AwsClientsTest):
    def test_a_put_carried_out_without_a_reply(self):
        self.local.faults.add("s3", "PutObject", "drop_after")
        self.put("box", "lost", body="x", if_none_match=True, metadata={"nonce": "1"})
        self.assertEqual(b"x", self.get("box", "lost"))

    def test_each_try_is_logged(self):
        self.local.faults.add("s3", "PutObject", "throttle", times=2)
        self.assertEqual(3, self.put("box", "logged", body="x")["tries"])
        tries = [line for line in self.log if line["message"].startswith("aws call")]
        self.assertEqual([1, 2, 3], [line["attempt"] for line in tries])
        self.assertEqual(["WARN", "WARN", "DEBUG"], [line["level"] for line in tries])

    def test_the_history_of_a_failure(self):
        self.local.faults.add("s3", "PutObject", "error", times=0, code="InternalError", status=500)
        message = self.fail_with("Remote", "InternalError", do="put", bucket="box", key="k", body="x")["message"]
        self.assertIn("s3 PutObject s3://box/k: 5 tries: InternalError, InternalError, ", message)

    def test_a_clock_that_is_wrong_is_corrected(self):
        for seconds in (3600, -3600):
            self.local.server.skew = seconds
            self.addCleanup(setattr, self.local.server, "skew", 0)
            self.assertEqual(2, self.put("box", "late", body="x")["tries"])
            self.assertEqual(2, self.do(do="head", bucket="box", key="late")["tries"])  # without a body to say so


class SecretsAndMessagesTest(AwsClientsTest):
    def test_secrets(self):
        value = json.dumps({"username": "u", "password": 'pä"ss\\word'})
        arn = self.local.secrets.create("app/db", value)
        for name in ("app/db", arn):
            reply = self.do(do="secret", id=name)
            self.assertEqual((value, 1), (reply["value"], reply["tries"]))
        self.assertEqual(2, self.do(do="secret", id="app/db", drop=True)["tries"])
        self.assertNotIn('ss\\\\word', json.dumps(self.log))
        self.fail_with("NotFound", "ResourceNotFoundException", do="secret", id="app/none")

    def test_publishing(self):
        topic = self.aws.json("sns", "create-topic", "--name", "notices")["TopicArn"]
        message = json.dumps({"default": "déjà\nvu + & =", "sms": "short"})
        first = self.do(do="publish", topic=topic, subject=" Zürich\nfailed", message=message, json=True)["id"]
        second = self.do(do="publish", topic=topic, subject="x" * 200, message="plain é")["id"]
        messages = {each["MessageId"]: each for each in self.local.sns.wait_for_messages(2)}
        self.assertEqual(("Z?rich?failed", json.loads(message)),
                         (messages[first]["Subject"], messages[first]["Bodies"]))
        self.assertEqual(("x" * 96 + "...", "plain é"), (messages[second]["Subject"], messages[second]["Message"]))
        self.fail_with("NotFound", "NotFound", do="publish", topic=topic + "-none", message="x")


class RedshiftTest(AwsClientsTest):
    options = {"with_redshift": True}
    CLUSTER = {"cluster": "dw", "database": "dev", "user": "awsuser"}

    def run_sql(self, *statements: str, **more) -> dict:
        """Runs statements to their end."""
        order = {"statements": statements, **(more or self.CLUSTER)}
        self.id = self.do(do="sql", **order)["id"]
        return self.do(do="await", id=self.id)

    def test_a_statement_and_its_result(self):
        ended = self.run_sql("SELECT 1 AS a, 'é'::varchar AS b, NULL::int AS c, true AS d, 0.5::float8 AS e")
        self.assertEqual(("FINISHED", True), (ended["status"], ended["has_result"]), ended)
        self.assertEqual([["1", "é", None, "true", "0.5"]], self.do(do="result", id=self.id)["rows"])

    def test_many_pages(self):
        numbers = " UNION ALL ".join(f"SELECT {number}" for number in range(60))
        self.run_sql(f"SELECT a, repeat('é', 25000) FROM ({numbers}) t(a) ORDER BY a")
        result = self.do(do="result", id=self.id)
        self.assertEqual([[str(number), "é" * 25000] for number in range(60)], result["rows"])
        self.assertGreater(result["pages"], 1)

    def test_the_ways_to_log_in(self):
        for who in (self.CLUSTER, {"cluster": "dw", "database": "dev"},
                    {"cluster": "dw", "database": "dev", "secret": self.local.redshift_secret},
                    {"workgroup": "dw-serverless", "database": "dev"}):
            with self.subTest(who=who):
                self.assertEqual("FINISHED", self.run_sql("SELECT 1", **who)["status"])

    def test_a_batch_that_fails_names_its_part(self):
        ended = self.run_sql("SELECT 1", "SELECT 1/0", "SELECT 3")
        self.assertEqual("FAILED", ended["status"])
        self.assertEqual(["FINISHED", "FAILED", "ABORTED"], [part["status"] for part in ended["parts"]])
        self.assertIn("zero", ended["parts"][1]["error"])
        self.assertEqual([f"{self.id}:{number}" for number in (1, 2, 3)], [part["id"] for part in ended["parts"]])

    def test_a_token_gives_the_same_statement(self):
        order = {"statements": ["SELECT 1", "SELECT 2"], "token": "token-1", "name": "17|load|1", **self.CLUSTER}
        self.local.faults.add("redshift-data", "BatchExecuteStatement", "drop_after")
        first = self.do(do="sql", **order)
        self.assertEqual(first["id"], self.do(do="sql", **order)["id"])
        self.do(do="await", id=first["id"])
        self.assertEqual(["17|load|1"], self.do(do="statements", prefix="17|")["names"])

    def test_unknown_statements(self):
        self.fail_with("NotFound", "ResourceNotFoundException", do="await", id="dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a")


if __name__ == "__main__":
    unittest.main()
