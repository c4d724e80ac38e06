"""COPY from bytes to rows: formats, conversions, errors with their lines, the system tables."""

import bz2
import gzip
import json
import unittest

from emulator.redshift.copy_fixture import CopyTest, KEY
from emulator.redshift.fixture import ROLE


class Formats(CopyTest):
    def test_rows(self):
        cases = [
            ("delimited", b"x|1|abc\ny|2|de\n", "", [("x", 1, "abc"), ("y", 2, "de ")]),
            ("no final newline", b"x|1|a", "", [("x", 1, "a  ")]),
            ("CRLF", b"x|1|a\r\ny|2|b\r\n", "", [("x", 1, "a  "), ("y", 2, "b  ")]),
            ("trailing delimiter", b"x|1|a|\n", "", [("x", 1, "a  ")]),
            ("empty fields", b"||\n", "", [("", None, "   ")]),
            ("EMPTYASNULL", b"||\n", "emptyasnull", [(None, None, None)]),
            ("default null", b"\\N|\\N|\\N\n", "", [(None, None, None)]),
            ("NULL AS", b"-|1|-\n\\N|1|x\n", "null as '-'", [(None, 1, None), ("\\N", 1, "x  ")]),
            ("backslash is plain", b"a\\b|1|x\n", "", [("a\\b", 1, "x  ")]),
            ("tab and control", b"a\tb\x0b|1|x\n", "", [("a\tb\x0b", 1, "x  ")]),
            ("long delimiter", b"x|~|1|~|a\n", "delimiter '|~|'", [("x", 1, "a  ")]),
            (
                "ESCAPE",
                b"a\\|b|1|x\na\\\nb|2|\\\\\n\\N|3|x\n",
                "escape",
                [("a|b", 1, "x  "), ("a\nb", 2, "\\  "), (None, 3, "x  ")],
            ),
            (
                "REMOVEQUOTES",
                b"\"a|b\"|'1'|''x''\nplain|2|b'c\n",
                "removequotes",
                [("a|b", 1, "'x'"), ("plain", 2, "b'c")],
            ),
            ("ESCAPE REMOVEQUOTES", b'"a\\"|b"|1|x\n', "escape removequotes", [('a"|b', 1, "x  ")]),
            (
                "CSV",
                b'"a,""b""",1,x\n"two\nlines",2,\nplain,3,y\n',
                "csv",
                [('a,"b"', 1, "x  "), ("two\nlines", 2, "   "), ("plain", 3, "y  ")],
            ),
            ("CSV quote", b"%a|b%|1|x\n", "csv quote '%' delimiter '|'", [("a|b", 1, "x  ")]),
            (
                "FIXEDWIDTH",
                b"abc  0012x  \nd       7 \n",
                "fixedwidth 'a:5,b:4,c:3'",
                [("abc  ", 12, "x  "), ("d    ", 7, "   ")],
            ),
            ("IGNOREHEADER", b"a|b|c\nx|1|a\n", "ignoreheader 1", [("x", 1, "a  ")]),
            ("IGNOREBLANKLINES", b"\nx|1|a\n\r\n\n", "ignoreblanklines", [("x", 1, "a  ")]),
            ("FILLRECORD", b"x\ny|2\n", "fillrecord", [("x", None, "   "), ("y", 2, "   ")]),
            ("BLANKSASNULL", b"  |1| \n", "blanksasnull", [(None, 1, None)]),
            ("TRIMBLANKS", b"x  |1|a\n", "trimblanks", [("x", 1, "a  ")]),
            (
                "TRUNCATECOLUMNS",
                "ééééééé|1|abcdef\n".encode(),
                "truncatecolumns",
                [("ééééé", 1, "abc")],
            ),
            ("ACCEPTINVCHARS", b"a\xff\xe9b|1|x\n", "acceptinvchars", [("a??b", 1, "x  ")]),
            ("ACCEPTINVCHARS other", b"a\xe2\x82|1|x\n", "acceptinvchars '^'", [("a^^", 1, "x  ")]),
            ("ISO88591", b"\xe9|1|x\n", "encoding iso88591", [("é", 1, "x  ")]),
            ("UTF16", "é|1|x\n".encode("utf-16"), "encoding utf16", [("é", 1, "x  ")]),
            ("UTF16BE", "é|1|x\n".encode("utf-16-be"), "encoding utf16be", [("é", 1, "x  ")]),
            (
                "GZIP members",
                gzip.compress(b"x|1|a\n") + gzip.compress(b"y|2|b\n"),
                "gzip",
                [("x", 1, "a  "), ("y", 2, "b  ")],
            ),
            ("BZIP2", bz2.compress(b"x|1|a\n"), "bzip2", [("x", 1, "a  ")]),
            (
                "JSON",
                b'{"a":"x","b":1,"c":null,"more":[1]}\n{"b":2.0e0,\n "a":{"k":"\xc3\xa9"}}',
                "json 'auto'",
                None,
            ),
            (
                "JSON lines",
                b'{"a":"x","b":1}{"A":"y","b":"2"}\n',
                "json 'auto'",
                [("x", 1, None), (None, 2, None)],
            ),
            ("JSON ignorecase", b'{"A":"y","b":2}\n', "json 'auto ignorecase'", [("y", 2, None)]),
            ("nothing", b"", "", []),
            ("NUL ends a record", b"x|1|a\0y|2|b\n", "", [("x", 1, "a  "), ("y", 2, "b  ")]),
            ("NULL AS NUL", b"\0|1|a\n", "null as '\\\\0'", [(None, 1, "a  ")]),
            (
                "MAXERROR",
                b"x|1|a\ny|oops|b\nz|3|c\n",
                "maxerror 2",
                [("x", 1, "a  "), ("z", 3, "c  ")],
            ),
        ]
        for name, data, options, expected in cases:
            with self.subTest(name):
                if name == "JSON":
                    self.assertEqual(self.fails(data, options)[:3], (2, "b", 1207))
                else:
                    self.assertEqual(self.load(data, options), expected)

    def test_errors_say_line_column_and_reason(self):
        cases = [
            ("few", b"x|1|a\nx|1\n", "", (2, "", 1214, "Delimiter not found")),
            ("many", b"x|1|a|z\n", "", (1, "", 1202, "Extra column(s) found")),
            ("blank line", b"x|1|a\n\n", "", (2, "", 1214, "Delimiter not found")),
            (
                "header counts",
                b"h\nx|one|a\n",
                "ignoreheader 1",
                (2, "b", 1207, "Invalid digit, Value 'o', Pos 0, Type: Integer "),
            ),
            (
                "blank in number",
                b"x| 1|a\n",
                "",
                (1, "b", 1207, "Invalid digit, Value ' ', Pos 0, Type: Integer "),
            ),
            (
                "overflow",
                b"x|2147483648|a\n",
                "",
                (1, "b", 1204, "Overflow for type Integer, Value '2147483648'"),
            ),
            (
                "bytes",
                "éééééé|1|a\n".encode(),
                "",
                (1, "a", 1204, "String length exceeds DDL length"),
            ),
            (
                "char",
                "x|1|é\n".encode(),
                "",
                (
                    1,
                    "c",
                    1220,
                    (
                        "Multibyte character not supported for CHAR (Hint: try using VARCHAR)."
                        " Invalid char: c3 a9"
                    ),
                ),
            ),
            (
                "utf8",
                b"a\xff|1|x\n",
                "",
                (
                    1,
                    "a",
                    1220,
                    (
                        "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex"
                        " sequence: ff (error 3)"
                    ),
                ),
            ),
            (
                "utf8 cut",
                b"a\xc3|1|x\n",
                "",
                (
                    1,
                    "a",
                    1220,
                    (
                        "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex"
                        " sequence: c3 (error 2)"
                    ),
                ),
            ),
            (
                "quote",
                b'x|1|a\n"x|1|a\n',
                "removequotes",
                (2, "", 1216, "Invalid quote formatting: no matching closing quote"),
            ),
            ("csv quote", b'x,1,"a"b\n', "csv", (1, "", 1216, "Invalid quote formatting for CSV")),
            (
                "csv open",
                b'x,1,a\n"x,1,a\nmore\n',
                "csv",
                (2, "", 1216, "Invalid quote formatting for CSV"),
            ),
            (
                "csv lines",
                b'"two\nlines",1,a\nx,y,z\n',
                "csv",
                (3, "b", 1207, "Invalid digit, Value 'y', Pos 0, Type: Integer "),
            ),
            (
                "fixed short",
                b"abc\n",
                "fixedwidth 'a:5,b:4,c:3'",
                (1, "", 1214, "Delimiter not found"),
            ),
            (
                "fixed long",
                b"abc  0012x  y\n",
                "fixedwidth 'a:5,b:4,c:3'",
                (1, "", 1202, "Extra column(s) found"),
            ),
            (
                "fixed é",
                "é    0012x  \n".encode(),
                "fixedwidth 'a:5,b:4,c:3'",
                (1, "", 1216, "FIXEDWIDTH data that is not ASCII is not in the local AWS"),
            ),
            (
                "nul",
                b"a\0b|1|x\n",
                "null as '\\\\0'",
                (1, "a", 1218, "Invalid null byte - field longer than 1 byte"),
            ),
            (
                "maxerror",
                b"x|y|a\nx|z|a\n",
                "maxerror 2",
                (1, "b", 1207, "Invalid digit, Value 'y', Pos 0, Type: Integer "),
            ),
            (
                "json array",
                b"[1]",
                "json 'auto'",
                (1, "", 1216, "Invalid JSONPath format: a record is no object"),
            ),
        ]
        for name, data, options, expected in cases:
            with self.subTest(name):
                self.assertEqual(self.fails(data, options), expected)
                self.assertEqual(self.value("select count(*) from t"), 0)

    def test_files_that_cannot_be_read(self):
        cases = [
            (b"x|1|a\n", "gzip", "zlib error code: -3"),
            (gzip.compress(b"x|1|a\n" * 1000)[:-20], "gzip", "zlib error code: -3"),
            (b"x|1|a\n", "bzip2", "failed to decompress"),
            ("x|1|a\n".encode("utf-16-le"), "encoding utf16", "byte order mark"),
            ("x|1|a\n".encode("utf-16"), "encoding utf16be", "byte order mark"),
        ]
        for data, options, message in cases:
            with self.subTest(message, options=options):
                self.objects.put(KEY, data)
                self.refused(
                    f"copy t from 's3://landing/{KEY}' iam_role '{ROLE}' {options}", message
                )

    def test_types(self):
        self.run_sql(
            "create table typed (s smallint, l bigint, n numeric(6,2), f float, o bool, d date, w"
            " timestamp, z timestamptz, r varchar(5) not null default 'x')"
        )
        row = (
            b"-5|9000000000|1234.567|1.5e3|YES|1/8/1999|1999-01-08T04:05:06Z|2020-01-01"
            b" 10:00:00+02|r\n"
        )
        options = "dateformat 'auto' timeformat 'auto'"
        expected = (
            -5,
            9000000000,
            "1234.56",
            1500.0,
            True,
            "1999-01-08",
            "1999-01-08 04:05:06",
            "2020-01-01 08:00:00+00",
            "r",
        )
        self.assertEqual(self.load(row, options, "typed"), [expected])
        self.assertEqual(self.load(row, options + " roundec", "typed")[0][2], "1234.57")
        self.assertEqual(self.load(b"||||||||r\n", "", "typed"), [(None,) * 8 + ("r",)])
        self.assertEqual(
            self.load(b"1|1|1|1|t|32/13/2020|nonsense||r\n", options + " acceptanydate", "typed")[
                0
            ][5:7],
            (None, None),
        )
        cases = [
            (b"40000||||||||r\n", "s", 1204),
            (b"||12345.6||||||r\n", "n", 1204),
            (b"||1,5||||||r\n", "n", 1207),
            (b"|||x|||||r\n", "f", 1208),
            (b"|||1e999|||||r\n", "f", 1204),
            (b"|||||||2020-01-01 10:00:00+99|r\n", "z", 1206),
            (b"||||maybe||||r\n", "o", 1210),
            (b"|||||2020-13-01|||r\n", "d", 1205),
            (b"||||||2020-01-01 25:00:00||r\n", "w", 1206),
            (b"||||||||\\N\n", "r", 1213),
        ]
        for data, column, code in cases:
            with self.subTest(data):
                self.assertEqual(self.fails(data, options, "typed")[1:3], (column, code))


class Sources(CopyTest):
    def test_a_path_is_a_prefix(self):
        for key in (
            "in/file",
            "in/file.bak",
            "in/file1",
            "in/other",
            "in/file_/.hidden",
            "in/file~",
        ):
            self.objects.put(key, b"x|1|a\n")
        self.assertEqual(self.copy(), 3)
        self.refused(
            f"copy t from 's3://landing/nothing' iam_role '{ROLE}'",
            "The specified S3 prefix does not exist: 'nothing'",
        )

    def test_a_manifest_names_exactly_its_files(self):
        urls = [self.objects.put(f"in/file{number}", b"x|1|a\n") for number in range(3)]
        manifest = self.objects.manifest("m.json", urls[0], urls[2], urls[0])
        self.assertEqual(self.copy("manifest", manifest), 3)
        loaded = self.rows(
            "select file_name, lines_scanned from sys_load_detail where query_id ="
            " pg_last_copy_id() order by 1"
        )
        self.assertEqual(loaded, [(urls[0], 1), (urls[0], 1), (urls[2], 1)])

    def test_objects_of_another_region(self):
        here = self.objects.put("in/file", b"x|1|a\n")
        there = self.objects.put("in/file", b"x|1|a\n", "landing-us-east-1")
        self.assertEqual(self.copy("region 'us-east-1'", there), 1)
        manifest = self.objects.manifest("m.json", there)
        for options, url in (
            ("", there),
            ("region 'us-east-1'", here),
            ("region 'xx-nowhere-9'", here),
            ("manifest region 'us-east-1'", manifest),
            ("manifest", manifest),
        ):
            with self.subTest(options, url=url):
                self.refused(
                    f"copy t from '{url}' iam_role '{ROLE}' {options}",
                    "must be addressed using the specified endpoint",
                    ",Status 301,Error PermanentRedirect",
                )

    def test_missing_files(self):
        there, gone = self.objects.put("in/there", b"x|1|a\n"), "s3://landing/in/gone"
        optional = self.objects.manifest("optional.json", there, gone, mandatory=False)
        self.assertEqual(self.copy("manifest", optional), 1)
        for manifest, message in (
            (self.objects.manifest("strict.json", there, gone), f"mandatory file {gone}"),
            (
                self.objects.manifest("none.json", gone, mandatory=False),
                "No file of the manifest exists",
            ),
            (self.objects.manifest("empty.json"), "No file of the manifest exists"),
            ("s3://landing/absent.json", "Problem reading manifest file - S3ServiceException"),
            ("s3://landing/folder/", "requires full path of an S3 object"),
        ):
            with self.subTest(manifest):
                self.refused(f"copy t from '{manifest}' iam_role '{ROLE}' manifest", message)

    def test_bad_manifests(self):
        url = self.objects.put("in/there", b"x|1|a\n")
        for content, message in (
            (b"not json", "not JSON in UTF-8"),
            (b"\xff\xfe", "not JSON in UTF-8"),
            (b"[]", 'no list "entries"'),
            (b'{"entries":[{}]}', 'no "url"'),
            (b'{"entries":[{"url":"in/there"}]}', "not an S3 path"),
            (
                json.dumps({"entries": [{"url": url, "mandatory": "yes"}]}).encode(),
                "neither true nor false",
            ),
            (json.dumps({"entries": [{"url": url, "version": 1}]}).encode(), "'version'"),
        ):
            with self.subTest(message):
                self.objects.put("m.json", content)
                self.refused(
                    f"copy t from 's3://landing/m.json' iam_role '{ROLE}' manifest", message
                )

    def test_columns(self):
        self.run_sql("create table listed (id int identity(1,1), a varchar(5) default 'd', b int)")
        self.objects.put(KEY, b"7|x\n")
        self.run_sql(f"copy listed (b, a) from 's3://landing/{KEY}' iam_role '{ROLE}'")
        self.objects.put(KEY, b"8\n")
        self.run_sql(f"copy listed (b) from 's3://landing/{KEY}' iam_role '{ROLE}'")
        self.objects.put(KEY, b"y|9\n")
        self.run_sql(f"copy listed from 's3://landing/{KEY}' iam_role '{ROLE}'")
        self.assertEqual(
            self.rows("select * from listed order by id"), [(1, "x", 7), (2, "d", 8), (3, "y", 9)]
        )
        for columns, message in (("nope", 'column "nope"'), ("id, a", "EXPLICIT_IDS")):
            self.refused(
                f"copy listed ({columns}) from 's3://landing/{KEY}' iam_role '{ROLE}'", message
            )
        self.refused(
            f"copy absent from 's3://landing/{KEY}' iam_role '{ROLE}'", "nonexistent table absent"
        )
        self.refused(
            f"copy t from 's3://landing/{KEY}' iam_role '{ROLE}' fixedwidth 'a:1,b:2'",
            "does not match",
        )


if __name__ == "__main__":
    unittest.main()
