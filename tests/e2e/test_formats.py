"""Every layout, compression and trailer that a configuration can describe, loaded from a file."""

import dataclasses
import gzip
import typing
import unittest

from e2e.journey import JourneyTest, file_name

WHOLE = [("1", "one", "eins"), ("2", "two", "zwei"), ("3", "three", "drei")]
PLAIN = b"1|one|eins\n2|two|zwei\n3|three|drei\n"
CRLF = PLAIN.replace(b"\n", b"\r\n")


def members(*parts: bytes) -> bytes:
    """A gzip file of several members, as `cat a.gz b.gz` makes it."""
    return b"".join(gzip.compress(part) for part in parts)


@dataclasses.dataclass(frozen=True)
class Case:
    """`fields` are Interface's; `rows` what must stand in a, b and c, in the order of a."""

    about: str
    data: bytes
    fields: typing.Mapping[str, typing.Any] = dataclasses.field(default_factory=dict)
    rows: typing.Sequence[tuple] = tuple(WHOLE)


GZIP = {"file_format": "gz", "file_type": "gz"}
CSV = {"file_format": "csv", "file_type": "csv", "delimiter": ",", "options": {"quote_char": '"'}}
FIXED = {
    "columns": [("a", 2), ("b", 6), ("c", 4)],
    "file_format": "fixed_width",
    "delimiter": None,
    "options": {"copy_options": "TRIMBLANKS"},
}
FIXED_DATA = b"1 one   eins\n2 two   zwei\n3 three drei\n"
QUOTED = b'1,"one, and\na half","ei""ns"\n2,two,\n3,"","drei"\n'
QUOTED_ROWS = [("1", "one, and\na half", 'ei"ns'), ("2", "two", ""), ("3", "", "drei")]


def options(**values: typing.Any) -> dict:
    return {"options": values}


LAYOUTS = (
    Case("delimited", PLAIN),
    Case("delimited, CRLF", CRLF),
    Case("no final newline", PLAIN[:-1]),
    Case("blank lines between and behind", PLAIN.replace(b"\n", b"\n\n") + b"\n\n"),
    Case("delimiter of the interface is empty: COPY's own", PLAIN, {"delimiter": None}),
    Case("tabs", PLAIN.replace(b"|", b"\t"), {"delimiter": "\\t"}),
    Case("delimiter in octal", PLAIN.replace(b"|", b"\x01"), {"delimiter": "\\001"}),
    Case("delimiter that SQL quotes", PLAIN.replace(b"|", b"'"), {"delimiter": "'"}),
    Case("delimiter of one blank", PLAIN.replace(b"|", b" "), {"delimiter": " "}),
    Case("header", b"a|b|c\n" + PLAIN, {"header_flag": "Y"}),
    Case("header, CRLF", b"a|b|c\r\n" + CRLF, {"header_flag": "Y"}),
    Case(
        "csv without quotes is delimited",
        PLAIN.replace(b"|", b","),
        {"file_format": "csv", "file_type": "csv", "delimiter": ","},
    ),
    Case(
        "REMOVEQUOTES",
        b'"1"|\'one\'|"eins"\n2|two|zwei\n"3"|three|drei\n',
        options(escape_char='"'),
    ),
    Case(
        "text beyond ASCII",
        "1|één|漢字\n2|two|🙂\n".encode(),
        rows=[("1", "één", "漢字"), ("2", "two", "🙂")],
    ),
    Case("one row", b"1|one|eins\n", rows=WHOLE[:1]),
    Case("gzip", gzip.compress(PLAIN), GZIP),
    Case("gzip of several members", members(PLAIN[:15], b"", PLAIN[15:]), GZIP),
    Case("gzip with a header", gzip.compress(b"a|b|c\n" + PLAIN), {**GZIP, "header_flag": "Y"}),
    Case(
        "text format, gzip by its type",
        gzip.compress(PLAIN),
        {"file_format": "txt", "file_type": "gz"},
    ),
    Case("CSV with quotes", QUOTED, CSV, QUOTED_ROWS),
    Case(
        "CSV, another quote",
        QUOTED.replace(b'"', b"'"),
        {**CSV, **options(quote_char="'")},
        [("1", "one, and\na half", "ei'ns"), *QUOTED_ROWS[1:]],
    ),
    Case(
        "CSV with a header",
        b'"a","b, the second",c\n1,one,eins\n2,"two",zwei\n3,three,drei\n',
        {**CSV, "header_flag": "Y"},
    ),
    Case("CSV, gzip", gzip.compress(QUOTED), {**CSV, "file_type": "gz"}, QUOTED_ROWS),
    Case("fixed width", FIXED_DATA, FIXED),
    Case(
        "fixed width keeps its blanks",
        FIXED_DATA,
        {**FIXED, "options": {}},
        [("1 ", "one   ", "eins"), ("2 ", "two   ", "zwei"), ("3 ", "three ", "drei")],
    ),
    Case("fixed width, CRLF", FIXED_DATA.replace(b"\n", b"\r\n"), FIXED),
    Case("fixed width, header", b"a b     c   \n" + FIXED_DATA, {**FIXED, "header_flag": "Y"}),
    Case("fixed width, gzip", gzip.compress(FIXED_DATA), {**FIXED, "file_type": "gz"}),
)

OPTIONS = (
    Case(
        "null_marker",
        b"1|one|-\n2|-|zwei\n",
        options(null_marker="-"),
        [("1", "one", None), ("2", None, "zwei")],
    ),
    Case(
        "null_marker that SQL quotes",
        b"1|one|\\N'\n",
        options(null_marker="\\N'"),
        [("1", "one", None)],
    ),
    Case(
        "TRIMBLANKS, EMPTYASNULL",
        b"1|one  |eins \n2||zwei\n",
        options(copy_options="TRIMBLANKS, emptyasnull"),
        [("1", "one", "eins"), ("2", None, "zwei")],
    ),
    Case(
        "BLANKSASNULL", b"1|   |eins\n", options(copy_options="BLANKSASNULL"), [("1", None, "eins")]
    ),
    Case(
        "FILLRECORD",
        b"1|one\n2|two|zwei\n",
        options(copy_options="FILLRECORD"),
        [("1", "one", ""), ("2", "two", "zwei")],
    ),
    Case(
        "ESCAPE",
        b"1|o\\|ne|ei\\\nns\n2|two|zwei\n",
        options(copy_options="ESCAPE"),
        [("1", "o|ne", "ei\nns"), ("2", "two", "zwei")],
    ),
    Case(
        "TRUNCATECOLUMNS",
        b"1|one|" + b"c" * 300 + b"\n",
        options(copy_options="TRUNCATECOLUMNS"),
        [("1", "one", "c" * 256)],
    ),
    Case(
        "COMPUPDATE OFF, STATUPDATE OFF",
        PLAIN,
        options(copy_options="COMPUPDATE OFF, STATUPDATE OFF"),
    ),
    Case(
        "UTF-16", "1|één|eins\n".encode("utf-16"), options(encoding="UTF16"), [("1", "één", "eins")]
    ),
)


# --- trailers ---

TRAILED = {"trailer_flag": "Y", "trailer_pstn": "5:15"}
TRAILER = b"END 0000000003"
HEADER = b"a|b|c\n"


def trailed(data: bytes, trailer: bytes = TRAILER, end: bytes = b"\n") -> bytes:
    return data + trailer + end


TRAILERS = (
    Case("zero-padded", trailed(PLAIN)),
    Case("blank-padded", trailed(PLAIN, b"END          3")),
    Case("padded behind", trailed(PLAIN, b"END 3         ")),
    Case(
        "bare number, and more behind it",
        trailed(PLAIN, b"TRL|3|20261120"),
        {"trailer_pstn": "5:6"},
    ),
    Case("shorter than its place", trailed(PLAIN, b"END 3")),
    Case("CRLF", trailed(CRLF, end=b"\r\n")),
    Case("without final newline", trailed(PLAIN, end=b"")),
    Case("CRLF without final newline", trailed(CRLF, end=b"")),
    Case("blank lines behind it", trailed(PLAIN, end=b"\n\n\r\n")),
    Case(
        "blank lines count as records, and are not loaded",
        trailed(PLAIN.replace(b"\n", b"\n\n", 2), b"END 0000000005"),
    ),
    Case("header", trailed(HEADER + PLAIN), {"header_flag": "Y"}),
    Case("one record", trailed(PLAIN[:11], b"END 0000000001"), rows=WHOLE[:1]),
    Case("text beyond ASCII before its place", trailed(PLAIN, "ÉÑD 0000000003".encode())),
    Case("gzip", gzip.compress(trailed(PLAIN)), GZIP),
    Case(
        "gzip, header, CRLF",
        gzip.compress(trailed(HEADER + CRLF, end=b"\r\n")),
        {**GZIP, "header_flag": "Y"},
    ),
    Case("gzip, trailer in a member of its own", members(PLAIN[:20], PLAIN[20:], TRAILER), GZIP),
    Case("gzip, without final newline", gzip.compress(trailed(PLAIN, end=b"")), GZIP),
    Case("CSV, newline in a field is no record", trailed(QUOTED), CSV, QUOTED_ROWS),
    Case(
        "ESCAPE, escaped newline is no record",
        trailed(b"1|o\\\nne|eins\n2|two|zwei\n3|three|drei\n"),
        options(copy_options="ESCAPE"),
        [("1", "o\nne", "eins"), *WHOLE[1:]],
    ),
    Case("fixed width", trailed(FIXED_DATA), FIXED),
    Case("fixed width, gzip", gzip.compress(trailed(FIXED_DATA)), {**FIXED, "file_type": "gz"}),
)


class Layouts(JourneyTest):
    def load(self, case: Case) -> None:
        interface = self.new_interface(**case.fields)
        key = self.new_key(interface)
        self.system.process(key, case.data)
        self.assert_done(key, interface, len(case.rows), case.data)
        found = self.system.redshift_rows(
            f"select a, b, c from {interface.table} where file_name = %s order by a", file_name(key)
        )
        self.assertEqual([tuple(row.values()) for row in found], list(case.rows))

    def test_layouts(self):
        for case in LAYOUTS:
            with self.subTest(case.about):
                self.load(case)

    def test_options(self):
        for case in OPTIONS:
            with self.subTest(case.about):
                self.load(case)

    def test_trailers(self):
        for case in TRAILERS:
            with self.subTest(case.about):
                fields = {**TRAILED, **case.fields}
                self.load(dataclasses.replace(case, fields=fields))
                row = self.system.files()[-1]
                self.assertEqual(row["promised_records"], row["file_records"])
                self.assertEqual(row["loadable_records"], len(case.rows))

    def test_own_columns(self):
        """The file's name and the load's id go into whichever columns the configuration names."""
        interface = self.new_interface(options={"load_id_column": "load_id"})
        key = self.new_key(interface, "O'Neill é")
        self.system.process(key, PLAIN)
        row = self.assert_done(key, interface, 3)
        found = self.system.rows(interface.table)
        self.assertEqual({item["load_id"] for item in found}, {str(row["file_id"])})
        self.assertEqual({item["file_name"] for item in found}, {file_name(key)})

        renamed = self.new_interface(columns=["a", "b", "c", "origin"])
        self.system.config_execute(
            "delete from rdscnfg.ext_file_config_dtl where ext_file_config_sid = %s"
            " and column_name = 'origin'",
            renamed.id,
        )
        self.system.set_config(renamed.id, file_name_column="origin")
        key = self.new_key(renamed)
        self.system.process(key, PLAIN)
        self.system.wait_state(key, "DONE")
        found = self.system.rows(renamed.table)
        self.assertEqual([item["origin"] for item in found], [file_name(key)] * 3)
        self.assertEqual([item["file_name"] for item in found], [None] * 3)


if __name__ == "__main__":
    unittest.main()
