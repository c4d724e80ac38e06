"""Files that must not be loaded: each ends with a reason its sender can act on."""

import dataclasses
import gzip
import typing
import unittest

from e2e.journey import FAILURE, REFUSAL, JourneyTest, lines
from e2e.system import LANDING, Interface

ROWS = lines(3)
TRAILED = {"trailer_flag": "Y", "trailer_pstn": "2:8"}
GZIP = {"file_format": "gz", "file_type": "gz"}
FIXED = {"columns": [("a", 20), ("b", 20)], "file_format": "fixed_width"}


def trailed(count: str, data: bytes = ROWS) -> bytes:
    return data + b"T" + count.encode() + b"\n"


@dataclasses.dataclass(frozen=True)
class Case:
    """`fields` are Interface's, `options` columns of its configuration."""

    reason: str
    data: bytes = ROWS
    fields: typing.Mapping[str, typing.Any] = dataclasses.field(default_factory=dict)
    options: typing.Mapping[str, typing.Any] = dataclasses.field(default_factory=dict)
    suffix: str = ""
    state: str = "REJECTED"
    subject: str = REFUSAL


BEFORE_THE_LOAD = (
    # the trailer
    Case("promises 4 records, and the file holds 3$", trailed("000004"), TRAILED),
    Case("promises 2 records, and the file holds 3$", trailed("     2"), TRAILED),
    Case(
        "promises 2 records, and the file holds 3$",
        gzip.compress(trailed("000002"), 0),
        {**TRAILED, **GZIP},
    ),
    Case(
        r"promises 3 records, and the file holds 5 \(blank lines included\)",
        trailed("000003", ROWS + b"\n\n"),
        TRAILED,
    ),
    Case("promises 0 records: there is nothing to load", b"T000000" + b" " * 60 + b"\n", TRAILED),
    Case(
        "promises 0 records: there is nothing to load",
        b"column a|column b|column c" + b" " * 40 + b"\nT000000\n",
        {**TRAILED, "header_flag": "Y"},
    ),
    Case("blank lines only", b"\n" * 60 + b"T000060\n", TRAILED),
    Case("holds no record count: characters", ROWS, TRAILED),
    Case("holds no record count: characters", trailed("12X   "), TRAILED),
    Case("holds no record count: characters", trailed(""), TRAILED),
    Case(
        'trailer_pstn "8:2" is not start:end', trailed("000003"), {**TRAILED, "trailer_pstn": "8:2"}
    ),
    Case('trailer_pstn "" is not start:end', trailed("000003"), {**TRAILED, "trailer_pstn": None}),
    Case("carriage return", trailed("000003").replace(b"\n", b"\r"), TRAILED),
    Case(
        "opens a quote that is not closed",
        trailed("000003", b'1,"one\n2,two\n' + b"x" * 60 + b"\n"),
        {**TRAILED, "delimiter": ","},
        {"quote_char": '"'},
    ),
    # gzip that is read here
    Case("gzip data is cut short", gzip.compress(trailed("000003"), 0)[:-9], {**TRAILED, **GZIP}),
    Case("damaged|not gzip", trailed("000003"), {**TRAILED, **GZIP}),
    Case("damaged|not gzip", gzip.compress(trailed("000003")) + ROWS, {**TRAILED, **GZIP}),
    # name and size
    Case('suffix is "csv", and its configuration wants "txt"', suffix="csv"),
    Case('suffix is "TXT", and its configuration wants "txt"', suffix="TXT"),
    Case('suffix is "gz"', suffix="txt.gz"),
    Case("has 49 bytes, fewer than threshold_file_size_bytes .50.", b"1|2|" + b"3" * 44 + b"\n"),
    Case("the file is empty", b""),
    # the configuration
    Case(r'^configuration \d+: file_format "xml" is none of', fields={"file_format": "xml"}),
    Case("lists no columns", fields={"columns": []}),
    Case(r"^configuration \d+: column_width_fixed of column", fields={**FIXED, "columns": [("a", 20), "b"]}),
    Case("only plain and gzip files can have a trailer", fields={**TRAILED, "file_format": "bz2"}),
    Case("both set", options={"quote_char": '"', "escape_char": '"'}),
    Case("not one of those allowed", options={"copy_options": "MAXERROR 100"}),
    Case('encoding "EBCDIC" is none of', options={"encoding": "EBCDIC"}),
    Case('"a" is listed as a column of the file', options={"file_name_column": "a"}),
    Case("split_file_flag is Y", options={"split_file_flag": "Y"}),
)

BAD_ROWS = b"1|%s\nx|%s\n3|%s\n4|%s|too many\n5\n" % ((b"b" * 20,) * 4)
AFTER_THE_LOAD = (
    Case(
        r"^Redshift could not load the file: line 2, column a: Invalid digit.*\(1207\)$",
        BAD_ROWS,
        {"columns": "ab", "types": {"a": "integer"}},
        subject=FAILURE,
    ),
    Case(
        r"line 1, column b: String length exceeds DDL length",
        b"1|" + b"b" * 300 + b"\n",
        {"columns": "ab"},
        subject=FAILURE,
    ),
    Case("there is no record to load", b"\n" * 60, subject=FAILURE),
    Case(
        "there is no record to load",
        b"a|b|c" + b" " * 60 + b"\n",
        {"header_flag": "Y"},
        subject=FAILURE,
    ),
    # gzip that Redshift unpacks
    Case("^Redshift could not unpack the file: .*inflate", ROWS, GZIP, subject=FAILURE),
    Case(
        "^Redshift could not unpack the file: .*inflate",
        gzip.compress(ROWS, 0)[:-9],
        GZIP,
        subject=FAILURE,
    ),
)


class Refusals(JourneyTest):
    options = {"settings": {"threshold_file_size_bytes": "50"}}

    def refuse(self, case: Case) -> tuple[Interface, dict]:
        interface = self.new_interface(**case.fields)
        if case.options:
            self.system.set_config(interface.id, **case.options)
        key = self.new_key(interface, suffix=case.suffix)
        self.system.process(key, case.data)
        row = self.assert_refused(
            key, interface, case.reason, case.state, data=case.data, subject=case.subject
        )
        self.assertEqual(self.system.rows(interface.table), [])
        self.assert_nothing_lost()
        return interface, row

    def test_before_the_load(self):
        begun = len(self.system.statements())
        for case in BEFORE_THE_LOAD:
            with self.subTest(case.reason, data=case.data[:20]):
                interface, _ = self.refuse(case)
                self.assertEqual(self.system.ledger(interface.table), [])
        self.assertEqual(len(self.system.statements()), begun)

    def test_after_the_load(self):
        for case in AFTER_THE_LOAD:
            with self.subTest(case.reason):
                interface, row = self.refuse(case)
                self.assert_void(row, interface)

    def test_notification_says_what_to_do(self):
        interface = self.new_interface(**TRAILED)
        key = self.new_key(interface)
        self.system.process(key, trailed("000009"))
        (notification,) = self.system.notices(key)
        self.assertEqual(
            (notification["success"], notification["interface_id"], notification["table"]),
            (False, str(interface.id), interface.table),
        )
        self.assertIn("promises 9 records", notification["email"])
        self.assertIn("send the file again", notification["email"])
        self.assertIn("data-desk@example.org", notification["email"])
        sms = notification["sms"]
        self.assertLessEqual(len(sms.encode()), 140)
        self.assertRegex(sms, "^REJECTED: FILE_.*; correct it, then send it again$")
        self.assertEqual(notification["archived_key"], self.system.file(key)["archived_key"])

    # --- tables ---

    def test_missing_tables(self):
        for dropped, reason in (
            (
                "{0}_ledger",
                r"^the ledger {0}_ledger cannot be used .*05_ledgers.sql.*does not exist",
            ),
            ("{0}", r"^Redshift refused the load into {0}: .*does not exist"),
        ):
            with self.subTest(dropped):
                interface = self.new_interface()
                self.system.redshift_execute(f"drop table {dropped.format(interface.table)}")
                key = self.new_key(interface)
                self.system.process(key, ROWS)
                row = self.assert_refused(
                    key, interface, reason.format(interface.table), "FAILED", subject=FAILURE
                )
                if dropped == "{0}":
                    self.assert_void(row, interface)

    def test_missing_columns(self):
        for column in ("b", "file_name"):
            with self.subTest(column):
                interface = self.new_interface()
                self.system.redshift_execute(f"alter table {interface.table} drop column {column}")
                key = self.new_key(interface)
                self.system.process(key, ROWS)
                row = self.assert_refused(key, interface, column, "FAILED", subject=FAILURE)
                self.assert_void(row, interface)

    def test_balance(self):
        """What COPY reads is one row short of what was counted: nothing may stay."""
        interface = self.new_interface(**TRAILED)
        key = self.new_key(interface)
        with self.paused():
            self.system.put(key, trailed("000003"))
            row = self.system.wait_state(key, "SUBMITTED")
            self.system.put(row["private_key"], lines(2))
        self.system.settle()
        row = self.assert_refused(
            key, interface, "^Redshift did not load the 3 rows that were promised", subject=FAILURE
        )
        self.assertEqual(self.system.rows(interface.table), [])
        self.assert_void(row, interface)

    # --- AWS ---

    def test_aws_refuses(self):
        """What no further try can fix fails the file at once, and the sender is not blamed."""
        for service, operation, code, status, fields, data in (
            ("s3", "CopyObject", "AccessDenied", 403, {}, ROWS),
            ("s3", "GetObject", "AccessDenied", 403, TRAILED, trailed("000003")),
            ("s3", "PutObject", "AccessDenied", 403, {}, ROWS),
            ("redshift-data", "BatchExecuteStatement", "ValidationException", 400, {}, ROWS),
        ):
            with self.subTest(operation):
                interface = self.new_interface(**fields)
                key = self.new_key(interface)
                self.system.local.faults.add(service, operation, "error", code=code, status=status)
                self.system.process(key, data)
                self.assert_refused(key, interface, code, "FAILED", data=data)
                self.assert_nothing_lost()

    def test_aborted(self):
        """It is tried again, and fails when that has lasted for hours."""
        interface = self.new_interface()
        key = self.new_key(interface)
        for batch in (1, 3):  # the second makes the first number void
            self.pause_at(batch)
        self.system.put(key, ROWS)
        self.cancel(key, "load", 1)
        self.cancel(key, "load", 2, hours=7)
        self.system.settle()
        row = self.assert_refused(
            key,
            interface,
            r"^tried for 6 hours \(retry_hours\): .*cancelled on user's request",
            "FAILED",
            subject=FAILURE,
            audit="ABORTED",
        )
        self.assert_void(row, interface, 1, 2)
        self.assertEqual(self.system.rows(interface.table), [])
        self.assert_nothing_lost()

    def test_aborted_once(self):
        """It is loaded by the next number."""
        interface = self.new_interface()
        key = self.new_key(interface)
        self.pause_at(1)
        self.system.put(key, ROWS)
        self.cancel(key, "load", 1)
        self.system.settle()
        self.assertEqual(self.assert_done(key, interface, 3, ROWS)["load_no"], 2)
        self.assert_nothing_lost()


class Matching(JourneyTest):
    """Which configuration a file belongs to."""

    def ended(self, name: str, data: bytes = ROWS) -> dict:
        self.system.process(LANDING + name, data)
        return self.system.file(LANDING + name)

    def test_nobody_knows_it(self):
        audited = len(self.system.audit())
        for name, why in (
            ("FILE_31337.txt", 'none has the file_prefix "31337."'),
            ("31337x.txt", 'none has the file_prefix "31337x."'),
            ("FILE_9001", "it has no dot"),
            ("noname", "it has no dot"),
        ):
            with self.subTest(name):
                self.system.process(LANDING + name, ROWS)
                row = self.assert_refused(
                    LANDING + name,
                    None,
                    f'no active configuration matches the file name "{name}": {why}',
                )
                self.assertIsNone(row["audited_at"])
                self.assertIsNone(row["ext_interface_cid"])
        self.assertEqual(len(self.system.audit()), audited)

    def test_anchored(self):
        """527. is neither 1527. nor FLAVOR527., and _527. is 527."""
        short, longer = self.new_interface(file_prefix="527x."), self.new_interface(
            file_prefix="1527x."
        )
        self.assertEqual(int(self.ended("A_1527x.txt")["ext_interface_cid"]), longer.id)
        self.assertEqual(int(self.ended("A_527x.txt")["ext_interface_cid"]), short.id)
        self.assertEqual(int(self.ended("527x.txt")["ext_interface_cid"]), short.id)
        self.assertEqual(int(self.ended("A__527x.b.txt")["ext_interface_cid"]), short.id)
        for name in ("A_11527x.txt", "A_FLAVOR527x.txt", "A_527x_1.txt", "A_527X.txt"):
            self.assertEqual(self.ended(name)["state"], "REJECTED", name)

    def test_longest_wins(self):
        short = self.new_interface(file_prefix="700.")
        middle = self.new_interface(file_prefix="FLAVOR_700.")
        longest = self.new_interface(file_prefix="PA_FLAVOR_700.")
        for name, interface in (
            ("X_700.txt", short),
            ("X_FLAVOR_700.txt", middle),
            ("X_PA_FLAVOR_700.txt", longest),
            ("PA_FLAVOR_700.txt", longest),
            ("XPA_FLAVOR_700.txt", middle),
        ):
            with self.subTest(name):
                row = self.ended(name)
                self.assertEqual(
                    (row["state"], int(row["ext_interface_cid"])), ("DONE", interface.id)
                )
                self.assert_rows(LANDING + name, interface, 3)

    def test_ambiguous(self):
        one, two = self.new_interface(file_prefix="701."), self.new_interface(file_prefix="701.")
        key = f"{LANDING}A_701.txt"
        self.system.process(key, ROWS)
        self.assert_refused(
            key, None, f"configurations {one.id}, {two.id} match the file equally well"
        )
        self.system.set_config(two.id, oprtnl_flag="I")
        self.assertEqual(self.ended("B_701.txt")["state"], "DONE")

    def test_inactive(self):
        for table, column in (
            ("ext_interface", "ext_interface_cid"),
            ("ext_file_config", "ext_file_config_sid"),
        ):
            for flag in "ID":
                with self.subTest(table, flag=flag):
                    interface = self.new_interface()
                    self.system.config_execute(
                        f"update rdscnfg.{table} set oprtnl_flag = %s where {column} = %s",
                        flag,
                        interface.id,
                    )
                    row = self.ended(f"A_{interface.id}.txt")
                    self.assertEqual(row["state"], "REJECTED")
                    self.assertIn("no active configuration", row["reason"])

    def test_inactive_columns(self):
        interface = self.new_interface(columns="abcd")
        self.system.config_execute(
            "update rdscnfg.ext_file_config_dtl set oprtnl_flag = 'D'"
            " where ext_file_config_sid = %s and column_name = 'c'",
            interface.id,
        )
        self.ended(f"A_{interface.id}.txt", b"1|2|4" + b" " * 60 + b"\n")
        (row,) = self.system.rows(interface.table)
        self.assertEqual((row["a"], row["b"], row["c"], row["d"].strip()), ("1", "2", None, "4"))

    def test_key_glob(self):
        """It comes before any prefix; the prefix narrows it."""
        plain = self.new_interface(file_prefix="702.")
        anything = self.new_interface(
            file_prefix="*", options={"key_glob": "external_input/partner/**/*.txt"}
        )
        narrowed = self.new_interface(
            file_prefix="702.", options={"key_glob": "external_input/partner/?/*.txt"}
        )
        for name, interface in (
            ("A_702.txt", plain),
            ("partner/a/b/what.txt", anything),
            ("partner/x/B_703.txt", anything),
            ("partner/x/C_702.txt", narrowed),
            ("partner/xy/D_702.txt", anything),
        ):
            with self.subTest(name):
                row = self.ended(name)
                self.assertEqual(
                    (row["state"], int(row["ext_interface_cid"])), ("DONE", interface.id)
                )


if __name__ == "__main__":
    unittest.main()
