"""The local S3 as the real `aws` command sees it, signatures and all."""

import base64
import hashlib
import json
import os
import pathlib
import tempfile
import unittest
import urllib.request
import zlib

from emulator.aws_cli import AwsCli, CliError
from emulator.s3.service import S3Service
from emulator.s3.fixture import FUNCTION
from emulator.core.server import LocalServer, Settings
from emulator.core.service import Clock, CredentialStore

BIG = (100 << 20) + 1  # in parts of 8 MiB: more than nine, and a last one of one byte
SECONDS = 120


def write_big(path: pathlib.Path, size: int) -> None:
    """Bytes that differ in every block, so that parts joined in the wrong order are noticed."""
    with open(path, "wb") as file:
        block = os.urandom(1 << 20)
        for number in range(size >> 20):
            file.write(number.to_bytes(8, "big") + block[8:])
        file.write(block[: size % len(block)])


def digest(path: pathlib.Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class CommandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="s3-cli-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        credentials, clock = CredentialStore(), Clock()
        credentials.add_user("tester", "AKIATESTER0000000000", "secret/of+the/tester")
        cls.told = []
        cls.s3 = S3Service(cls.work / "s3", clock, lambda *told: cls.told.append(told))
        cls.addClassCleanup(cls.s3.close)
        cls.server = LocalServer(credentials, clock, Settings(region="eu-west-1"))
        cls.server.add(cls.s3)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.environment = {
            "AWS_ENDPOINT_URL": cls.server.endpoint,
            "AWS_ACCESS_KEY_ID": "AKIATESTER0000000000",
            "AWS_SECRET_ACCESS_KEY": "secret/of+the/tester",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
        cls.aws = AwsCli(cls.environment, cls.work)

    def fails(self, *arguments: str) -> str:
        """What the command wrote to stderr."""
        with self.assertRaises(CliError) as caught:
            self.aws.run(*arguments)
        return caught.exception.text

    def api(self, operation: str, *arguments: str) -> dict:
        """The parsed reply of an s3api command."""
        return self.aws.json("s3api", operation, *arguments) or {}

    def refused(self, code: str, operation: str, *arguments: str) -> None:
        self.assertIn(f"({code})", self.fails("s3api", operation, *arguments))

    def file(self, name: str, data: bytes) -> str:
        (self.work / name).write_bytes(data)
        return name

    def test_small_files(self):
        self.aws.run("s3", "mb", "s3://small-box")
        name = self.file("a b+c é.txt", b"hello")
        self.aws.run("s3", "cp", name, "s3://small-box/in/")
        moved = 's3://small-box/out/100% "done".txt'
        self.aws.run("s3", "mv", "s3://small-box/in/a b+c é.txt", moved)
        listed = self.aws.run("s3", "ls", "--recursive", "s3://small-box")
        self.assertRegex(listed, r'^\S+ \S+ +5 out/100% "done"\.txt\n$')
        self.assertIn("PRE out/", self.aws.run("s3", "ls", "s3://small-box/"))
        self.aws.run("s3", "cp", moved, "back.txt")
        self.assertEqual(b"hello", (self.work / "back.txt").read_bytes())
        url = self.aws.run("s3", "presign", moved).strip()
        with urllib.request.urlopen(url, timeout=SECONDS) as reply:
            self.assertEqual(b"hello", reply.read())
        self.fails("s3", "rb", "s3://small-box")
        self.aws.run("s3", "rb", "--force", "s3://small-box")
        self.assertNotIn("small-box", self.aws.run("s3", "ls"))

    def test_many_files_are_put_once_each(self):
        """By a client that may try again. An empty file among them must not disturb the others."""
        self.s3.create_bucket("many-box")
        folder = self.work / "many"
        folder.mkdir()
        for number in range(300):
            (folder / f"{number:03}").write_text("small")
        (folder / "100-empty").touch()  # they are put in this order
        self.server.calls.clear()
        patient = AwsCli({**self.environment, "AWS_MAX_ATTEMPTS": "3"}, self.work)
        patient.run("s3", "cp", "--recursive", "--no-progress", "many", "s3://many-box/")
        puts = sorted(call.target for call in self.server.calls)
        self.assertEqual(sorted(f"/many-box/{file.name}" for file in folder.iterdir()), puts)
        with self.s3.open_object("many-box", "100-empty") as file:
            self.assertEqual(b"", file.read())

    def test_large_file_in_parts(self):
        self.s3.create_bucket("large-box")
        source, back = self.work / "big", self.work / "big-back"
        self.addCleanup(lambda: [path.unlink(missing_ok=True) for path in (source, back)])
        write_big(source, BIG)
        expected = digest(source)
        self.aws.run("s3", "cp", "--no-progress", "big", "s3://large-box/big")
        head = self.api("head-object", "--bucket", "large-box", "--key", "big")
        self.assertEqual(BIG, head["ContentLength"])
        self.assertRegex(head["ETag"], '-13"$')
        self.aws.run("s3", "cp", "--no-progress", "s3://large-box/big", "big-back")
        self.assertEqual(expected, digest(back))
        # By UploadPartCopy.
        self.aws.run("s3", "mv", "--no-progress", "s3://large-box/big", "s3://large-box/moved")
        with self.s3.open_object("large-box", "moved") as file:
            self.assertEqual(expected, hashlib.file_digest(file, "sha256").hexdigest())
        self.aws.run("s3", "rm", "s3://large-box/moved")
        self.assertEqual([], self.s3.list_keys("large-box"))
        self.assertEqual([], [
            path for path in (self.work / "s3" / "data").rglob("*") if path.is_file() and path.stat().st_size > 1 << 20
        ])

    def test_versions_conditions_ranges_and_copies(self):
        box = ("--bucket", "api-box")
        key = (*box, "--key", "a")
        self.s3.create_bucket("api-box")
        self.api("put-bucket-versioning", *box, "--versioning-configuration", "Status=Enabled")
        self.assertEqual({"Status": "Enabled"}, self.api("get-bucket-versioning", *box))
        first = self.api("put-object", *key, "--body", self.file("one", b"0123456789"), "--metadata", "n=1",
                         "--checksum-algorithm", "CRC32")
        crc32 = base64.b64encode(zlib.crc32(b"0123456789").to_bytes(4, "big")).decode()
        self.assertEqual(
            (crc32, f'"{hashlib.md5(b"0123456789").hexdigest()}"'), (first["ChecksumCRC32"], first["ETag"])
        )
        second = self.api("put-object", *key, "--body", self.file("two", b"new"))
        self.assertNotEqual(first["VersionId"], second["VersionId"])
        pinned = ("--version-id", first["VersionId"], "--if-match", first["ETag"])
        got = self.api("get-object", *key, *pinned, "--range", "bytes=2-4", "part")
        self.assertEqual((b"234", "bytes 2-4/10", {"n": "1"}),
                         ((self.work / "part").read_bytes(), got["ContentRange"], got["Metadata"]))
        self.refused("PreconditionFailed", "get-object", *key, "--if-match", first["ETag"], "part")
        self.refused("304", "head-object", *key, "--if-none-match", second["ETag"])
        self.refused("InvalidRange", "get-object", *key, "--range", "bytes=99-", "part")
        copied = self.api("copy-object", *box, "--key", "b", "--copy-source", f"api-box/a?versionId={first['VersionId']}",
                          "--copy-source-if-match", first["ETag"])
        self.assertEqual(
            (first["ETag"], first["VersionId"]), (copied["CopyObjectResult"]["ETag"], copied["CopySourceVersionId"])
        )
        self.refused("PreconditionFailed", "copy-object", *box, "--key", "b", "--copy-source", "api-box/a",
                     "--copy-source-if-match", first["ETag"])
        self.assertTrue(self.api("delete-object", *key)["DeleteMarker"])
        self.refused("NoSuchKey", "get-object", *key, "part")
        self.refused("404", "head-object", *key)
        listed = self.api("list-object-versions", *box, "--prefix", "a", "--max-items", "10", "--page-size", "1")
        self.assertEqual([second["VersionId"], first["VersionId"]], [each["VersionId"] for each in listed["Versions"]])
        self.assertEqual(1, len(listed["DeleteMarkers"]))
        objects = json.dumps({"Objects": [{"Key": "a", "VersionId": first["VersionId"]}, {"Key": "b"}]})
        self.assertEqual(
            ["a", "b"], [each["Key"] for each in self.api("delete-objects", *box, "--delete", objects)["Deleted"]]
        )

    def test_multipart_by_hand(self):
        self.s3.create_bucket("part-box")
        key = ("--bucket", "part-box", "--key", "m")
        upload = ("--upload-id", self.api("create-multipart-upload", *key)["UploadId"])
        small = self.file("small", b"small")
        etags = [self.api("upload-part", *key, *upload, "--part-number", str(number), "--body", small)["ETag"] for number in (1, 2)]
        self.assertEqual(2, len(self.api("list-parts", *key, *upload)["Parts"]))
        self.assertEqual("m", self.api("list-multipart-uploads", "--bucket", "part-box")["Uploads"][0]["Key"])
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        for code, named in (("EntityTooSmall", parts), ("InvalidPartOrder", parts[::-1])):
            self.refused(
                code, "complete-multipart-upload", *key, *upload, "--multipart-upload", json.dumps({"Parts": named})
            )
        self.api("abort-multipart-upload", *key, *upload)
        self.refused("NoSuchUpload", "list-parts", *key, *upload)

    def test_late_error_is_an_error_to_the_command_too(self):
        self.s3.create_bucket("late-box")
        self.s3.put_object_bytes("late-box", "a", b"1")
        copy = ("copy-object", "--bucket", "late-box", "--key", "b", "--copy-source", "late-box/a")
        self.s3.script.late_error("CopyObject", "SlowDown", "Reduce your request rate.")
        self.assertIn("CopyObject", self.fails("s3api", *copy))
        self.assertFalse(self.s3.object_exists("late-box", "b"))
        self.s3.script.late_success("CopyObject")
        self.assertIn("ETag", self.api(*copy)["CopyObjectResult"])

    def test_notification(self):
        self.s3.create_bucket("event-box")
        box = ("--bucket", "event-box")
        wanted = {"LambdaFunctionConfigurations": [{
            "Id": "cfg", "LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "external_input/"}]}}}]}
        self.api("put-bucket-notification-configuration", *box, "--notification-configuration", json.dumps(wanted))
        found = self.api("get-bucket-notification-configuration", *box)
        found["LambdaFunctionConfigurations"][0]["Filter"]["Key"]["FilterRules"][0]["Name"] = "prefix"
        self.assertEqual(wanted, found)
        file = self.file("event.txt", b"hello")
        self.aws.run("s3", "cp", file, "s3://event-box/external_input/é 1+1.txt")
        (_, test), (arn, event) = self.told[-2:]
        self.assertEqual(("s3:TestEvent", FUNCTION), (test["Event"], arn))
        target = event["Records"][0]["s3"]["object"]
        self.assertEqual(("external_input/%C3%A9+1%2B1.txt", 5), (target["key"], target["size"]))

    def test_regions_and_errors(self):
        self.s3.create_bucket("far-box", "eu-central-1")
        self.assertEqual({"LocationConstraint": "eu-central-1"}, self.api("get-bucket-location", "--bucket", "far-box"))
        self.s3.put_object_bytes("far-box", "a", b"12345")
        # The command follows the redirect.
        self.assertIn("5 a", self.aws.run("s3", "ls", "s3://far-box"))
        self.refused("NoSuchBucket", "list-objects-v2", "--bucket", "no-such-box")
        self.refused("NotImplemented", "get-bucket-policy", "--bucket", "far-box", "--region", "eu-central-1")


if __name__ == "__main__":
    unittest.main()
