"""Why a file ends as it does: whose fault it is, in words that can be written and are in the README."""

import json
import pathlib
import re
import unittest
import uuid

from e2e.journey import JourneyTest, lines
from e2e.system import Interface, SystemTest

TRAILER = {"trailer_flag": "Y", "trailer_pstn": "4:14"}
ROWS = lines(4)


class Reasons(SystemTest):
    """A reason may quote what the sender sent: that must not keep it from being written."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.add_interface(Interface(801, ["a", "b"], **TRAILER))

    def rejected(self, key: str, data: bytes) -> str:
        file = self.system.process(key, data)
        self.assertEqual(file["state"], "REJECTED", file["reason"])
        self.assertEqual(len(self.system.notices(key)), 1)
        return file["reason"]

    def test_bytes_of_a_trailer_that_are_not_utf8(self):
        reason = self.rejected("external_input/A_801.txt", b"1|x\n" * 20 + b"TRLz\xe4hler\xff\xc3\n")
        self.assertIn("holds no record count", reason)
        self.assertNotIn("hler", reason)  # a record may stand there: nothing of it is told

    def test_a_suffix_that_is_cut_inside_a_character(self):
        reason = self.rejected("external_input/B_801." + "x" + "é" * 60, b"1|x\n" * 20)
        self.assertIn("suffix", reason)

    def test_a_name_that_is_cut_inside_a_character(self):
        reason = self.rejected("external_input/x" + "é" * 200 + "_777777.txt", b"1|x\n" * 20)
        self.assertIn("no active configuration", reason)


class Blame(JourneyTest):
    """Only the file and its configuration get a file rejected."""

    def test_what_is_in_the_way_of_the_copy_is_not_the_object_s_end(self):
        interface = self.new_interface()
        self.system.local.faults.add("s3", "CopyObject", "error", code="InvalidBucketState", status=409)
        self.system.put(key := self.new_key(interface), ROWS)
        self.system.settle()
        row = self.system.file(key)
        self.assertEqual(row["state"], "FAILED")
        self.assertIn("InvalidBucketState", row["reason"])
        self.assert_settled(row, "error", ROWS)

    def test_replies_that_make_no_sense(self):
        interface = self.new_interface()
        self.system.local.faults.add("s3", "CopyObject", "truncate", times=0, keep_bytes=10)
        self.system.put(key := self.new_key(interface), ROWS)
        self.system.settle()
        self.assertEqual(self.system.file(key)["state"], "RECEIVED")  # to be tried again

    def set_secret(self, name: str, value: str) -> None:
        token = {"ClientRequestToken": str(uuid.uuid4())}
        self.system.local.secrets.PutSecretValue(
            {"SecretId": name, "SecretString": value, **token}, None
        )

    def test_a_secret_that_is_none(self):
        interface = self.new_interface()
        secret = self.system.deployment.settings()["secret_redshift"]
        good = self.system.local.secrets.value(secret)
        self.set_secret(secret, json.dumps({"username": "u"}))
        file = self.system.process(self.new_key(interface), ROWS)
        self.set_secret(secret, good)
        self.assertEqual(file["state"], "FAILED")
        self.assertIn("no database", file["reason"])


class Messages(unittest.TestCase):
    """README quotes messages as the code has them."""

    ROOT = pathlib.Path(__file__).resolve().parents[2]

    def sources(self) -> str:
        """All string literals of the C sources, with conversions as "…"."""
        files = sorted(self.ROOT.glob("lib/**/*.c")) + sorted(self.ROOT.glob("functions/**/*.c"))
        text = "\n".join(file.read_text() for file in files)
        text = re.sub(r'"\s*\n\s*"', "", text).replace('\\"', "")
        return re.sub(r"%[-.*0-9]*(ll|z)?[a-z]", "…", text)

    def messages(self) -> list[str]:
        readme = (self.ROOT / "README.md").read_text()
        section = readme.split("## Messages, and what to do")[1].split("\n## ")[0]
        cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        return [quoted for cell in cells for quoted in re.findall("`([^`]+)`", cell)]

    def test_every_reason_is_in_the_readme(self):
        """What plan, preparation and the building of the load's SQL find wrong."""
        known = [".+".join(map(re.escape, message.split("…"))) for message in self.messages()]
        files = (
            "pipelines/load/plan", "pipelines/load/prepare", "stage/trailer", "stage/gunzip", "redshift/copy_sql",
        )
        text = "\n".join((self.ROOT / f"lib/{file}.c").read_text() for file in files)
        text = re.sub(r'"\s*\n\s*"', "", text).replace('\\"', "")
        text = re.sub(r"%[-.*0-9]*(ll|z)?[a-z]", "…", text)
        faults = re.findall(r'ERROR_(?:INVALID|CONFIGURATION),[^"();]*"([^"]+)"', text)
        faults.remove("trailer_pstn …:… is not start:end with 1 <= start < end")  # plan's comes first
        self.assertGreater(len(faults), 25)
        for fault in faults:
            with self.subTest(fault):
                self.assertTrue(any(re.match(message, fault) for message in known))

    def test_every_message_is_in_the_code(self):
        messages, sources = self.messages(), self.sources()
        self.assertGreater(len(messages), 30)
        for message in messages:
            for piece in message.split("…"):
                with self.subTest(message):
                    self.assertIn(piece.strip(" ,:"), sources)


if __name__ == "__main__":
    unittest.main()
