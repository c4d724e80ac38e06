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


ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+')|/\*.*?\*/""", re.DOTALL)
CONVERSION = re.compile(r"%[-.*0-9]*(?:ll|z)?[a-z]")
CHOICE = re.compile(r'.*\? "([^"]*)" : "([^"]*)"', re.DOTALL)
# A load is refused, and a transformation fails: rules.may_reject.
NEVER_SAID = {"the load failed: …", "Redshift refused the transformation into ….…: …"}


def source(file: str) -> str:
    """A C source without comments, with each literal in one piece and without escaped quotes."""
    text = COMMENT.sub(lambda match: match[1] or "", (ROOT / file).read_text())
    return re.sub(r'"\s*\n\s*"', "", text).replace('\\"', "").replace("'\"'", "")


NOUNS = re.findall(r'\.noun = "([^"]+)"', source("lib/statement/rules.c"))


def arguments(text: str) -> list[str]:
    """What follows a literal in a call, up to the parenthesis that closes it."""
    found, depth, quoted = [""], 0, False
    for char in text:
        quoted ^= char == '"'
        depth += 0 if quoted else (char in "([{") - (char in ")]}")
        if depth < 0 or (char == ";" and not quoted):
            break
        if char == "," and depth == 0 and not quoted:
            found.append("")
        else:
            found[-1] += char
    return [argument.strip() for argument in found[1:]]


def choices(argument: str) -> list[str]:
    """What an argument may put in: a noun, one of two texts, or anything."""
    if argument.endswith("rules->noun"):
        return NOUNS
    choice = CHOICE.fullmatch(argument)
    return list(choice.groups()) if choice else ["…"]


def said(literal: str, rest: str) -> set[str]:
    """The texts that a literal and its arguments may make, with "…" for what the code does not know."""
    pieces = CONVERSION.split(literal)
    inserted = arguments(rest)[: len(pieces) - 1]
    inserted += [""] * (len(pieces) - 1 - len(inserted))
    texts = {pieces[0]}
    for argument, piece in zip(inserted, pieces[1:]):
        texts = {text + choice + piece for text in texts for choice in choices(argument)}
    return texts - NEVER_SAID


def messages_after(text: str, call: str) -> set[str]:
    """All texts of a source whose literal comes right after `call`, a pattern."""
    found = re.finditer(call + r'"([^"\n]*)"', text)
    return set().union(*(said(match[1], text[match.end() : match.end() + 1000]) for match in found))


class Messages(unittest.TestCase):
    """README quotes messages as the code has them."""

    def messages(self) -> list[str]:
        readme = (ROOT / "README.md").read_text()
        section = readme.split("## Messages, and what to do")[1].split("\n## ")[0]
        cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        return [quoted for cell in cells for quoted in re.findall("`([^`]+)`", cell)]

    def assert_in_readme(self, texts: set[str], at_least: int) -> None:
        known = [".+".join(map(re.escape, message.split("…"))) for message in self.messages()]
        self.assertGreaterEqual(len(texts), at_least, texts)
        for text in sorted(texts):
            with self.subTest(text):
                self.assertTrue(any(re.match(message, text) for message in known))

    def test_every_fault_of_a_file_is_in_the_readme(self):
        """What plan, preparation and the building of the load's SQL find wrong."""
        files = (
            "pipelines/load/plan", "pipelines/load/prepare", "stage/trailer", "stage/gunzip", "job/job", "job/receive",
            "redshift/copy_sql", "redshift/load_batch", "redshift/batch_limits",
        )
        text = "\n".join(source(f"lib/{file}.c") for file in files)
        faults = messages_after(text, r'ERROR_(?:INVALID|CONFIGURATION),[^"();]*')
        faults.remove("trailer_pstn …:… is not start:end with 1 <= start < end")  # plan's comes first
        self.assert_in_readme(faults, 35)

    def test_every_reason_of_a_statement_is_in_the_readme(self):
        """Of each kind: what the verdict on it says, and why it was not submitted or given up."""
        text = "\n".join(source(f"lib/{file}.c") for file in (
            "statement/verdict", "statement/submit", "statement/follow", "pipelines/load/load_kind", "job/lease",
        ))
        reasons = messages_after(text, r'(?:SAY\(|SLICE\(|arena_format\([^"();]*)')
        self.assert_in_readme({reason for reason in reasons if re.search("[a-z] [a-z]", reason)}, 25)

    def test_every_reason_of_an_end_without_a_statement_is_in_the_readme(self):
        text = source("lib/advance/walk.c") + source("lib/job/receive.c")
        reasons = messages_after(text, r'(?:SLICE\(|ERROR_LIMIT,\s*|arena_format\([^"();]*)')
        self.assert_in_readme({reason for reason in reasons if re.search("[a-z] [a-z]", reason)}, 6)

    def test_every_message_is_in_the_code(self):
        """The whole of it, in one text."""
        files = sorted(ROOT.glob("lib/**/*.c")) + sorted(ROOT.glob("functions/**/*.c"))
        texts = set().union(*(messages_after(source(str(file)), "") for file in files))
        messages = self.messages()
        self.assertGreater(len(messages), 60)
        for message in messages:
            pieces = (piece.strip(" ,:") for piece in message.split("…"))
            pattern = re.compile(".*".join(map(re.escape, pieces)))
            with self.subTest(message):
                self.assertTrue(any(pattern.search(text) for text in texts))


if __name__ == "__main__":
    unittest.main()
