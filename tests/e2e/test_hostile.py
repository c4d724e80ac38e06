"""Names and configurations that are odd, and those that mean harm: none of them becomes SQL."""

import typing
import unittest

from e2e.journey import JourneyTest, file_name, lines
from e2e.made_events import s3_event, s3_record
from e2e.system import FILE_PROCESS, LANDING

ROWS = lines(3)
DROP = "drop table rdsftetl.victim"
# File names but for their suffix; "/" makes folders.
STEMS = (
    "with a space",
    " leading and trailing ",
    "plus+plus",
    "per%cent",
    "%41%2B%00",
    "quote'quote",
    "quote''quote",
    'double"double',
    "back\\slash\\",
    "back\\'quote",
    "line\nfeed",
    "carriage\rreturn",
    "tab\ttab",
    "bell\a and escape\x1b[31m and delete\x7f",
    "é and 漢字 and 🙂",
    "e\u0301 is not é",
    "a&b=c?d#e;f,g:h@i$j",
    "<xml>&amp;</xml>",
    '{"json": "yes"}',
    "pipe|pipe|load|1",
    "`$(id)`${HOME}",
    "../../etc/passwd",
    "./.",
    "folder//folder/",
    "archive",
    "x'); drop table rdsftetl.victim; --",
    "x\\'); drop table rdsftetl.victim; --",
    "x'; drop table rdscnfg.ext_file; --",
    'x"; drop table rdsftetl.victim; --',
    "$1 :file_name :load_id $$",
    "*?[a-z]",
)


def stored_name(key: str) -> str:
    """The name as rows carry it: the first 300 bytes, in whole characters."""
    return file_name(key).encode()[:300].decode(errors="ignore")


class HostileTest(JourneyTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system.redshift_execute(
            "create table rdsftetl.victim (a varchar(10)); create table rdsftetl.victim_ledger"
            " (like rdsftetl.dc_x_pa_flavor_ledger)"
        )
        cls.addClassCleanup(
            cls.system.redshift_execute, "drop table rdsftetl.victim; drop table rdsftetl.victim_ledger"
        )
        cls.system.redshift_execute("insert into rdsftetl.victim values ('alive')")

    def tearDown(self):
        self.assertEqual([row["a"] for row in self.system.rows("rdsftetl.victim")], ["alive"])
        self.system.config_rows("select 1 from rdscnfg.ext_file, rdscnfg.ext_file_config limit 1")
        super().tearDown()

    def assert_only_our_statements(self, since: int) -> None:
        """Batches of our own patterns, and questions: nothing that a name has put there."""
        load = ("LOCK ", "SELECT ", "CREATE TEMP TABLE ", "COPY ", "SELECT ", "INSERT ", "INSERT ")
        void, question = ("LOCK ", "INSERT ", "SELECT "), ("SELECT ",)
        for statement in self.system.statements()[since:]:
            sqls = statement["Sqls"]
            verbs = load
            if not statement["StatementName"]:
                verbs = void if len(sqls) > 1 else question
            self.assertEqual(len(sqls), len(verbs), sqls)
            for sql, verb in zip(sqls, verbs):
                self.assertTrue(sql.startswith(verb), sql)


class Keys(HostileTest):
    def new_folder(self, **fields):
        """An interface that takes whatever is put into a folder of its own."""
        interface = self.new_interface(file_prefix="*", **fields)
        interface.folder = f"{LANDING}{interface.id}/"
        self.system.set_config(interface.id, key_glob=interface.folder + "**")
        return interface

    def load(self, interface, key: str, data: bytes = ROWS) -> dict:
        self.system.process(key, data)
        row = self.system.file(key)
        self.assertEqual(row["state"], "DONE", row["reason"])
        self.assertEqual(row["key"], key)
        found = self.system.redshift_rows(
            f"select count(*) as n from {interface.table} where file_name = %s", stored_name(key)
        )[0]["n"]
        self.assertEqual(found, 3)
        self.assertEqual(self.system.get(row["archived_key"]), data)
        self.assertNotIn(key, self.system.keys(LANDING))
        self.assert_no_leftovers(row)
        return row

    def test_odd_names(self):
        before = len(self.system.statements())
        interface = self.new_folder()
        for stem in STEMS:
            with self.subTest(stem):
                key = f"{interface.folder}{stem}.txt"
                row = self.load(interface, key)
                self.assertRegex(
                    row["archived_key"].removeprefix(f"archive/{interface.id}/{file_name(key)}"),
                    r"^_[-\d]{19}(-[0-9a-f]{8})?$",
                )
                (notice,) = self.system.notices(key)
                self.assertTrue(notice["subject"].isascii() and notice["subject"].isprintable())
        self.assert_only_our_statements(before)

    def test_odd_names_in_a_transformation(self):
        """:file_name stands for the name, whatever is in it."""
        interface = self.new_folder()
        interface.query = (
            f"update {interface.table} set c = :file_name where file_name = :file_name"
        )
        self.system.set_config(interface.id, query=interface.query)
        for stem in STEMS:
            with self.subTest(stem):
                key = f"{interface.folder}{stem}.txt"
                self.load(interface, key)
                rows = self.system.redshift_rows(
                    f"select distinct c from {interface.table} where file_name = %s", file_name(key)
                )
                self.assertEqual([row["c"] for row in rows], [file_name(key)])

    def test_longest_keys(self):
        interface = self.new_interface()
        end = f"_{interface.id}.txt"
        for about, filler in (
            ("ASCII", "x"),
            ("two bytes a character", "é"),
            ("four bytes a character", "🙂"),
            ("many candidates for a prefix", "_"),
            ("folders", "f/"),
            ("quotes", "'"),
        ):
            with self.subTest(about):
                room = 1024 - len((LANDING + end).encode())
                stem = filler * (room // len(filler.encode()))
                stem += "y" * (room - len(stem.encode()))
                key = LANDING + stem + end
                self.assertEqual(len(key.encode()), 1024)
                row = self.load(interface, key)
                self.assertLessEqual(len(row["archived_key"].encode()), 1024)

    def test_longest_keys_that_are_refused(self):
        key = LANDING + "é" * ((1024 - len(LANDING) - 10) // 2) + "_31337.txt"
        self.system.process(key, ROWS)
        row = self.system.file(key)
        self.assertEqual(row["state"], "REJECTED")
        self.assertEqual(self.system.get(row["archived_key"]), ROWS)
        self.assertEqual(len(self.system.notices(key)), 1)

    def test_two_names_that_are_one_in_the_archive(self):
        """What differs only behind the cut, or only in its folder, does not collide."""
        interface = self.new_interface()
        keys = [f"{LANDING}{folder}/SAME_{interface.id}.txt" for folder in ("a", "b", "c", "d")]
        for key in keys:
            self.system.put(key, ROWS)
        self.system.settle()
        archived = {self.system.file(key)["archived_key"] for key in keys}
        self.assertEqual(len(archived), len(keys))
        for key in archived:
            self.assertEqual(self.system.get(key), ROWS)

    def test_keys_that_cannot_be(self):
        known = self.system.files()
        for encoded in ("a%00b_9001.txt", "a%FFb_9001.txt", "%", "%zz_9001.txt", "", "x" * 1025):
            with self.subTest(encoded[:20]):
                record = s3_record("k", ROWS)
                record["s3"]["object"]["key"] = encoded
                result = self.system.invoke(FILE_PROCESS, s3_event(record))
                self.assertEqual(result.function_error, "Unhandled")
                self.assertRegex(result.json()["errorMessage"], "object key|a record has no")
        self.assertEqual(self.system.files(), known)


HOSTILE_COLUMNS: tuple[tuple[str, typing.Any, dict], ...] = (
    ("tgt_table_name", f't"; {DROP}; --', {}),
    ("tgt_table_name", f"t; {DROP}; --", {}),
    ("tgt_table_name", "t\\", {}),
    ("tgt_table_name", "t" * 128, {}),
    ("tgt_schema_name", f'rdsftetl"."t"; {DROP}; --', {}),
    ("tgt_schema_name", "rdsftetl.t", {}),
    ("delimiter", f"';{DROP[:16]}--", {}),
    ("delimiter", "\\'", {}),
    ("delimiter", "\\", {}),
    ("delimiter", "\\011'", {}),
    ("quote_char", "'", {"delimiter": ","}),
    ("quote_char", "\\", {"delimiter": ","}),
    ("quote_char", "é", {"delimiter": ","}),
    ("null_marker", "'; drop table x --", {}),
    ("null_marker", "\\'", {}),
    ("null_marker", "\\", {}),
    ("encoding", "UTF8'; drop --", {}),
    ("date_format", f"auto'; {DROP}; --", {}),
    ("time_format", f"auto\\'; {DROP}; --", {}),
    ("copy_options", f"TRIMBLANKS; {DROP}", {}),
    ("copy_options", "TRIMBLANKS MAXERROR 10", {}),
    ("copy_options", "CREDENTIALS 'aws_access_key_id=x'", {}),
    ("copy_options", "ENCODING UTF8, IAM_ROLE 'arn:aws:iam::1:role/x'", {}),
    ("file_name_column", f'file_name") select 1; {DROP}; --', {}),
    ("file_name_column", f"file_name); {DROP}; --", {}),
    ("load_id_column", f'load_id") select 1; {DROP}; --', {}),
    ("trailer_pstn", f"1:2; {DROP}", {"trailer_flag": "Y"}),
    ("trailer_pstn", "1:99999999999999999999", {"trailer_flag": "Y"}),
    ("trailer_pstn", "-1:5", {"trailer_flag": "Y"}),
    ("file_format", f"txt'; {DROP}; --", {}),
    ("escape_char", f"'; {DROP}; --", {}),
    ("split_prefix", f"'; {DROP}; --", {}),
)
HARMLESS = ("escape_char", "split_prefix")  # never part of SQL
HOSTILE_NAMES = (
    f"a\", \"b\") from 's3://x/y' iam_role 'z'; {DROP}; --",
    f"a) from 's3://x/y'; {DROP}; --",
    "a\\",
    "",
    "a:5,b",
    "a" * 128,
)


class Configurations(HostileTest):
    """A row of the configuration is the operator's, and may still be wrong, or written by another."""

    def refuse(self, interface) -> dict:
        before = len(self.system.statements())
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        row = self.system.file(key)
        self.assert_only_our_statements(before)
        return row

    def test_columns(self):
        for column, value, others in HOSTILE_COLUMNS:
            with self.subTest(column, value=value[:40]):
                interface = self.new_interface()
                self.system.set_config(interface.id, **{column: value}, **others)
                row = self.refuse(interface)
                ends = ("DONE",) if column in HARMLESS else ("REJECTED", "FAILED", "DONE")
                self.assertIn(row["state"], ends, row["reason"])
                self.assertIsNotNone(row["cleaned_at"])
                self.assertEqual(
                    [row["a"] for row in self.system.rows("rdsftetl.victim")], ["alive"]
                )

    def test_names_of_columns(self):
        for name in HOSTILE_NAMES:
            for file_format in ("txt", "fixed_width"):
                with self.subTest(name, file_format=file_format):
                    interface = self.new_interface(
                        columns=[("a", 5), ("b", 10)], file_format=file_format
                    )
                    self.system.config_execute(
                        "update rdscnfg.ext_file_config_dtl set column_name = %s"
                        " where ext_file_config_sid = %s and column_name = 'b'",
                        name,
                        interface.id,
                    )
                    row = self.refuse(interface)
                    self.assertIn(row["state"], ("REJECTED", "FAILED"))
                    self.assertEqual(self.system.rows(interface.table), [])

    def test_target_with_odd_names(self):
        """Quoted, such a name is just a name: the table is found, and only that."""
        interface = self.new_interface()
        self.system.redshift_execute(
            """create table rdsftetl."o'd"" d" ("a" integer, "b"" 'b" varchar(20), "c" varchar(40),
            file_name varchar(300));
            create table rdsftetl."o'd"" d_ledger" (like rdsftetl.victim_ledger)"""
        )
        self.system.set_config(interface.id, tgt_table_name="O'D\" D")
        self.system.config_execute(
            "update rdscnfg.ext_file_config_dtl set column_name = %s"
            " where ext_file_config_sid = %s and column_name = 'b'",
            "B\" 'B",
            interface.id,
        )
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.assertEqual(self.system.file(key)["state"], "DONE", self.system.file(key)["reason"])
        found = self.system.rows("""rdsftetl."o'd"" d\"""")
        self.assertEqual([row["b\" 'b"] for row in found], ["row 1", "row 2", "row 3"])

    def test_texts(self):
        """Texts that only people read."""
        interface = self.new_interface(name=f'\'); {DROP}; -- \n{{"json": 1}}')
        self.system.config_execute(
            "update rdscnfg.ext_interface set interface_desc = %s where ext_interface_cid = %s",
            f"'; {DROP}; --",
            interface.id,
        )
        key = self.new_key(interface)
        self.system.process(key, ROWS)
        self.assert_done(key, interface, 3, ROWS)

    def test_prefixes(self):
        """Neither a prefix nor a glob is a pattern of SQL."""
        for prefix in ("%", "%.", "_.", "9%.", "*.", ".*", "'; drop table rdscnfg.ext_file; --"):
            with self.subTest(prefix):
                interface = self.new_interface(file_prefix=prefix)
                key = f"{LANDING}PREFIX_{interface.id}.txt"
                self.system.process(key, ROWS)
                self.assertEqual(self.system.file(key)["state"], "REJECTED")
                self.assertIn("no active configuration", self.system.file(key)["reason"])


if __name__ == "__main__":
    unittest.main()
