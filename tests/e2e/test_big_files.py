"""Large files in little memory, uploads by parts that are interrupted, and what a small file costs."""

import base64
import functools
import gzip
import random
import re
import unittest

from e2e.journey import JourneyTest, StatementTest, lines
from e2e.system import FILE_PROCESS, FILE_PROCESS_LOGGING, LANDING
from e2e.test_recovery import AT_CALLS, RecoveryTest
from emulator.deployment import BUCKET, PROCESSING

MIB = 1 << 20
MEMORY_MB = 64  # resident, at most, whatever the file's size
TRAILED = {"trailer_flag": "Y", "trailer_pstn": "2:12"}
WIDE = {"columns": "ab", "types": {"a": "integer", "b": "varchar(65535)"}}
ROWS_A_BLOCK = 20


@functools.cache
def block() -> bytes:
    """1 MiB of rows that hardly compress: base64 of noise."""
    noise = random.Random(1)
    size = MIB // ROWS_A_BLOCK - 4
    rows = [
        b"%d|%s\n" % (10 + number, base64.b64encode(noise.randbytes(size))[:size])
        for number in range(ROWS_A_BLOCK)
    ]
    return b"".join(rows)


def trailer(blocks: int) -> bytes:
    return b"T%010d\n" % (blocks * ROWS_A_BLOCK)


def plain_file(blocks: int) -> bytes:
    return block() * blocks + trailer(blocks)


def gzip_file(size: int) -> tuple[bytes, int]:
    """At least so many bytes, each block a member of its own; and how many blocks."""
    member = gzip.compress(block(), 1)
    blocks = -(-size // len(member))
    return member * blocks + gzip.compress(trailer(blocks)), blocks


class BigFiles(JourneyTest):
    options = {"timeout": 300}

    def load(self, interface, data: bytes, rows: int) -> None:
        key = self.new_key(interface)
        self.system.process(key, data, 300)
        row = self.system.file(key)
        self.assertEqual((row["state"], row["reason"]), ("DONE", None))
        self.assertEqual(row["rows_loaded"], rows)
        found = self.system.redshift_rows(
            f"select count(*) as n, min(octet_length(b)) as least, max(octet_length(b)) as most"
            f" from {interface.table}"
        )[0]
        self.assertEqual((found["n"], found["least"]), (rows, found["most"]))
        self.assert_no_leftovers(row)
        self.assertEqual(len(self.system.get(row["archived_key"])), len(data))
        self.system.redshift_execute(f"drop table {interface.table}")

    def assert_memory(self) -> None:
        for function in (FILE_PROCESS, FILE_PROCESS_LOGGING):
            used = re.findall(r"Max Memory Used: (\d+) MB", self.system.log_text(function))
            self.assertGreater(len(used), 0)
            self.assertLess(max(map(int, used)), MEMORY_MB, function)

    def test_gzip_with_a_trailer(self):
        interface = self.new_interface(**WIDE, **TRAILED, file_format="gz", file_type="gz")
        data, blocks = gzip_file(150 * MIB)
        self.load(interface, data, blocks * ROWS_A_BLOCK)
        row = self.system.files()[-1]
        self.assertEqual(row["promised_records"], blocks * ROWS_A_BLOCK)
        self.assert_memory()

    def test_plain_with_a_trailer(self):
        self.load(self.new_interface(**WIDE, **TRAILED), plain_file(300), 300 * ROWS_A_BLOCK)
        self.assert_memory()

    def test_cut_short(self):
        """The last 5 MB are missing: nothing of it stays."""
        interface = self.new_interface(**WIDE, **TRAILED, file_format="gz", file_type="gz")
        data, _ = gzip_file(50 * MIB)
        key = self.new_key(interface)
        self.system.process(key, data[: -5 * MIB], 300)
        self.assert_refused(key, interface, "gzip data is cut short")
        self.assert_memory()

    def test_connections_break(self):
        """A download is resumed where it stopped, an upload's part is sent again."""
        interface = self.new_interface(**WIDE, **TRAILED)
        for nth in (1, 2, 3):
            self.system.local.faults.add(
                "s3", "GetObject", "truncate", nth=nth, keep_bytes=7 * MIB + 11
            )
        for kind in ("drop_before", "drop_after", "throttle"):
            self.system.local.faults.add("s3", "UploadPart", kind, nth=2)
        self.load(interface, plain_file(40), 40 * ROWS_A_BLOCK)
        resumed = [
            line["resumed"]
            for line in self.system.logs(FILE_PROCESS)
            if line["message"] == "file read and prepared"
        ]
        self.assertEqual(resumed[-1], 3)


class Parts(RecoveryTest):
    """A private copy that goes by parts, interrupted at each."""

    def test_each_call(self):
        interface = self.new_interface(**WIDE, **TRAILED)
        data = plain_file(20)
        sequence = self.calls(interface, data)
        parts = [
            number
            for number, (_, operation) in enumerate(sequence)
            if re.fullmatch(
                "s3.(CreateMultipartUpload|UploadPart|CompleteMultipartUpload)", operation
            )
        ]
        self.assertEqual(len(parts), 5)
        for number in parts:
            for how in AT_CALLS:
                with self.subTest(f"{how} {sequence[number][1]}, call {number + 1}"):
                    self.start_cold()
                    strike = self.strike_call(number + 1, FILE_PROCESS, how)
                    key = self.run_file(interface, data)
                    self.assertEqual(strike.struck, 1)
                    self.assert_done(key, interface, 20 * ROWS_A_BLOCK, data)
                    self.assert_nothing_lost()

    def test_killed_with_a_bad_file(self):
        """The file is bad, too: whoever comes next rejects it, and removes the open upload."""
        interface = self.new_interface(**WIDE, **TRAILED)
        data = plain_file(20)[:-3] + b"\n"
        self.strike("s3", "UploadPart", lambda: self.kill(FILE_PROCESS), nth=2)
        key = self.run_file(interface, data)
        self.assert_refused(key, interface, "promises 4 records, and the file holds 400")


class Leftovers(StatementTest):
    """Objects over 5 GB are copied by parts: by its row, the file of a test is one."""

    def test_uploads_of_copies_are_removed(self):
        interface = self.new_interface()
        key = self.new_key(interface)
        self.system.process(key, lines(4))
        row = self.system.file(key)
        private = f"{PROCESSING}/{row['file_id']}/data-1"
        other = row["archived_key"] + "-0123abcd"  # where two files have the same name
        for each in (private, row["archived_key"], other):
            self.system.local.s3.open_upload(BUCKET, each)
        self.addCleanup(self.system.local.s3.abort_uploads, BUCKET)
        self.system.config_execute(
            "update rdscnfg.ext_file set size_bytes = 5000000001, cleaned_at = null where file_id = %s",
            row["file_id"],
        )
        self.assertEqual(self.tell(self.event_of(row)), "")
        self.assertEqual(self.system.uploads(), [other])


class Costs(JourneyTest):
    def test_a_small_file(self):
        """One that needs no preparation: 4 requests and 6 round trips in file-process, when warm."""
        interface = self.new_interface()
        self.system.process(self.new_key(interface, "COLD"), lines(4))
        for number in range(3):
            self.system.clear_counts()
            key = f"{LANDING}WARM{number}_{interface.id}.txt"
            self.system.process(key, lines(4))
            self.assertEqual(self.system.file(key)["state"], "DONE")
            requests = self.system.requests(FILE_PROCESS)
            self.assertLessEqual(len(requests), 4, requests)
            self.assertLessEqual(self.system.tap.round_trips(FILE_PROCESS), 6)
            self.assertEqual(self.system.tap.logins(FILE_PROCESS), 0)


if __name__ == "__main__":
    unittest.main()
