"""Rows of the configuration that the Python framework took as they stood keep their meaning."""

import dataclasses
import gzip
import typing
import unittest

from e2e.journey import JourneyTest, file_name

ROWS = [("1", "one", "eins"), ("2", "two", "zwei")]
PLAIN = b"1|one|eins\n2|two|zwei\n"
FIXED = {"columns": [("a", 2), ("b", 6), ("c", 4)], "options": {"copy_options": "TRIMBLANKS"}}


@dataclasses.dataclass(frozen=True)
class Case:
    """`fields` are Interface's; `columns` of its row, where {} is its number; `names` is how the
    row of a column spells it."""

    about: str
    data: bytes = PLAIN
    fields: typing.Mapping[str, typing.Any] = dataclasses.field(default_factory=dict)
    columns: typing.Mapping[str, str] = dataclasses.field(default_factory=dict)
    names: typing.Mapping[str, str] = dataclasses.field(default_factory=dict)


CASES = (
    Case("columns in upper case", names={"a": "A", "b": "B"}),
    Case("columns with blanks around them", names={"a": " a", "b": "b ", "c": "\tc\r\n"}),
    Case("columns in quotes", names={"a": '"a"', "b": ' "B"'}),
    Case("schema in quotes", columns={"tgt_schema_name": '"RDSFTETL" '}),
    Case("table in quotes", columns={"tgt_table_name": ' "T{}"'}),
    Case("prefix with blanks around it", columns={"file_prefix": " {}. "}),
    Case("type with blanks around it", columns={"file_type": " txt "}),
    Case("a tab itself", PLAIN.replace(b"|", b"\t"), columns={"delimiter": "\t"}),
    Case("any word is delimited text", columns={"file_format": "dat"}),
    Case("format in upper case", columns={"file_format": "TXT"}),
    Case("gzip in upper case", gzip.compress(PLAIN), {"file_type": "gz"}, {"file_format": "GZ"}),
    Case(
        "fixed width with quotes",
        b'1 "one" eins\n2 "two" zwei\n',
        FIXED,
        {"file_format": "FIXED_WIDTH", "escape_char": '"'},
    ),
    Case("blank escape_char", columns={"escape_char": " "}),
    Case("blank query", columns={"query": " ; \n"}),
)


class Configuration(JourneyTest):
    def test_rows(self):
        for case in CASES:
            with self.subTest(case.about):
                interface = self.new_interface(**case.fields)
                key = self.new_key(interface)
                if case.columns:
                    values = {
                        name: text.replace("{}", str(interface.id))
                        for name, text in case.columns.items()
                    }
                    self.system.set_config(interface.id, **values)
                for name, stated in case.names.items():
                    self.system.config_execute(
                        "update rdscnfg.ext_file_config_dtl set column_name = %s"
                        " where ext_file_config_sid = %s and column_name = %s",
                        stated,
                        interface.id,
                        name,
                    )
                row = self.system.process(key, case.data)
                self.assertEqual(row["state"], "DONE", row["reason"])
                found = self.system.redshift_rows(
                    f"select a, b, c from {interface.table} order by a"
                )
                self.assertEqual([tuple(row.values()) for row in found], ROWS)

    def test_a_file_that_has_a_file_name_of_its_own(self):
        """Rows without one get the file's; a configuration that names the column is refused."""
        interface = self.new_interface()
        self.system.config_execute(
            "update rdscnfg.ext_file_config_dtl set column_name = 'FILE_NAME'"
            " where ext_file_config_sid = %s and column_name = 'c'",
            interface.id,
        )
        key = self.new_key(interface)
        row = self.system.process(key, b"1|one|theirs.dat\n2|two|\\N\n")
        self.assertEqual(row["state"], "DONE", row["reason"])
        found = self.system.redshift_rows(f"select a, b, file_name from {interface.table} order by a")
        self.assertEqual(
            [tuple(row.values()) for row in found],
            [("1", "one", "theirs.dat"), ("2", "two", file_name(key))],
        )
        self.system.set_config(interface.id, file_name_column="file_name")
        row = self.system.process(self.new_key(interface, "AGAIN"), b"3|three|theirs.dat\n")
        self.assertEqual(row["state"], "REJECTED")
        self.assertIn("is listed as a column of the file", row["reason"])


if __name__ == "__main__":
    unittest.main()
