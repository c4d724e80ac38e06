"""COPY's grammar: every option, what it may be combined with, and the errors."""

import unittest

from emulator.redshift.copy import CopyCommand, parse_copy
from emulator.redshift.copy_dates import BadDate, as_date, as_timestamp, date_reader, time_reader
from emulator.redshift.errors import SqlError
from emulator.redshift.tokens import tokenize

ROLE = "iam_role 'arn:aws:iam::111122223333:role/copy'"


def parse(options: str, head: str = "copy s.t from 's3://bucket/key' " + ROLE) -> CopyCommand:
    return parse_copy(tokenize(f"{head} {options}"))


class Grammar(unittest.TestCase):
    def test_everything_at_once(self):
        command = parse(
            """MANIFEST FORMAT AS CSV QUOTE AS '"' DELIMITER ',' IGNOREHEADER 1 GZIP NULL AS '\\\\N'
            EMPTYASNULL DATEFORMAT 'auto' TIMEFORMAT AS 'auto' ENCODING UTF8 ACCEPTINVCHARS '^'
            TRUNCATECOLUMNS MAXERROR AS 3 COMPUPDATE OFF STATUPDATE ON REGION 'eu-west-1',
            TRIMBLANKS ACCEPTANYDATE FILLRECORD ROUNDEC BLANKSASNULL IGNOREBLANKLINES EXPLICIT_IDS
            NOLOAD COMPROWS 1000 READRATIO 50""",
            'COPY "S"."T" ("A", b) FROM \'s3://landing/a/b c.csv\' ' + ROLE,
        )
        self.assertEqual((command.schema, command.table, command.columns), ("s", "t", ["a", "b"]))
        self.assertEqual((command.bucket, command.key), ("landing", "a/b c.csv"))
        self.assertEqual((command.format, command.quote, command.delimiter), ("CSV", '"', ","))
        self.assertEqual((command.null_as, command.replacement, command.max_error), ("\\N", "^", 3))
        self.assertEqual(
            (command.ignore_header, command.compression, command.region), (1, "GZIP", "eu-west-1")
        )
        for flag in ("MANIFEST", "NOLOAD", "EMPTYASNULL"):
            self.assertTrue(command.has(flag), flag)

    def test_defaults(self):
        command = parse("")
        self.assertEqual(
            (command.format, command.delimiter, command.null_as), ("DELIMITED", "|", "\\N")
        )
        self.assertEqual(
            (command.max_error, command.ignore_header, command.compression), (0, 0, "")
        )
        self.assertEqual(parse("csv").delimiter, ",")
        self.assertEqual(parse("acceptinvchars").replacement, "?")

    def test_characters(self):
        for written, meant in (
            ("'\\t'", "\t"),
            ("'\\\\t'", "\t"),
            ("'\\001'", "\1"),
            ("'|~|'", "|~|"),
            ("';'", ";"),
        ):
            with self.subTest(written):
                self.assertEqual(parse(f"delimiter {written}").delimiter, meant)
        self.assertEqual(parse("null as '\\\\0'").null_as, "\0")

    def test_fixed_width_and_json(self):
        self.assertEqual(
            parse("fixedwidth 'a:3, b:10,2:1'").widths, [("a", 3), ("b", 10), ("2", 1)]
        )
        self.assertEqual(parse("format json 'auto ignorecase'").ignore_case, True)
        self.assertEqual(parse("json as 'auto'").format, "JSON")

    def test_authorizations(self):
        head = "copy t from 's3://bucket/key' "
        for given in (
            "iam_role default",
            "iam_role 'arn:aws:iam::111122223333:role/a/b,arn:aws:iam::111122223333:role/c'",
            "iam_role 'arn:aws-eusc:iam::111122223333:role/copy'",
            "credentials 'aws_iam_role=arn:aws:iam::111122223333:role/r'",
            "with credentials as 'aws_access_key_id=A;aws_secret_access_key=B'".removeprefix(
                "with "
            ),
            "access_key_id 'A' secret_access_key 'B' session_token 'C'",
        ):
            with self.subTest(given):
                parse(given, head)

    def test_refusals(self):
        cases = {
            "csv fixedwidth 'a:1'": "FIXEDWIDTH is not compatible with CSV",
            "csv escape": "CSV is not compatible with ESCAPE",
            "csv removequotes": "CSV is not compatible with REMOVEQUOTES",
            "fixedwidth 'a:1' delimiter ','": "FIXEDWIDTH is not compatible with DELIMITER",
            "fixedwidth 'a:1' escape": "FIXEDWIDTH is not compatible with ESCAPE",
            "quote '''": "unterminated",
            "quote '|'": "QUOTE is only allowed with CSV",
            "csv quote 'ab'": "single ASCII character",
            "csv quote ','": "quote and delimiter must be different",
            "json 'auto' escape": "JSON is not compatible with ESCAPE",
            "json 'auto' delimiter ','": "JSON is not compatible with DELIMITER",
            "json 'auto' removequotes": "JSON is not compatible with REMOVEQUOTES",
            "json 's3://b/paths.json'": "not in the local AWS",
            "parquet maxerror 1": "MAXERROR argument is not supported for PARQUET",
            "parquet region 'eu-west-1'": "REGION argument is not supported",
            "orc": "not in the local AWS",
            "avro 'auto'": "near \"'auto'\"",
            "ignoreallerrors maxerror 5": "IGNOREALLERRORS is not compatible with MAXERROR",
            "encrypted": "ENCRYPTED requires MASTER_SYMMETRIC_KEY",
            "encrypted master_symmetric_key 'x'": "not in the local AWS",
            "gzip bzip2": "GZIP is not compatible with BZIP2",
            "lzop": "LZOP is not in the local AWS",
            "zstd": "ZSTD is not in the local AWS",
            "manifest manifest": "conflicting or redundant options",
            "maxerror 100001": "MAXERROR must be a number between 0 and 100000",
            "maxerror -1": "MAXERROR",
            "ignoreheader 'x'": "IGNOREHEADER",
            "delimiter ''": "delimiter must not be empty",
            "delimiter '\\n'": "newline",
            "null as '|'": "must not appear in the NULL",
            "encoding latin9": "Invalid encoding",
            "region 'Mars'": "Invalid region",
            "fixedwidth 'a'": "Invalid fixedwidth specification",
            "fixedwidth 'a:0'": "Invalid fixedwidth specification",
            "acceptinvchars '??'": "single ASCII character",
            "nonsense": 'near "nonsense"',
            "set_format": 'near "set_format"',
            "one": 'near "one"',
            "iam_role default": "conflicting",
            "credentials 'aws_iam_role=arn:aws:iam::111122223333:role/r'": "one authorization",
        }
        for options, message in cases.items():
            with self.subTest(options), self.assertRaises(SqlError) as caught:
                parse(options)
            self.assertIn(message, caught.exception.text(), options)

    def test_refused_heads(self):
        cases = {
            "copy t from 's3://bucket/key'": "needs one authorization",
            "copy t from 's3://bucket/key' iam_role 'role/x'": "Invalid IAM role ARN",
            "copy t from 's3://bucket/key' access_key_id 'x'": "needs one authorization",
            "copy t from '/etc/passwd' " + ROLE: "not an S3 path",
            "copy t from 'dynamodb://t' " + ROLE: "not in the local AWS",
            "copy t from 's3://UPPER/key' " + ROLE: "not an S3 path",
            "copy t (a, a) from 's3://bucket/key' " + ROLE: "specified more than once",
            "copy t (a b) from 's3://bucket/key' " + ROLE: "syntax error",
            "copy t to 's3://bucket/key' " + ROLE: 'near "to"',
            "copy t from :path " + ROLE: 'near ":path"',
        }
        for sql, message in cases.items():
            with self.subTest(sql), self.assertRaises(SqlError) as caught:
                parse("", sql)
            self.assertIn(message, caught.exception.text(), sql)


class Dates(unittest.TestCase):
    def test_dates(self):
        cases = [
            ("", "2020-01-31", "2020-01-31"),
            ("", "2020-1-5", "2020-01-05"),
            ("", "20200131", None),
            ("", "31/01/2020", None),
            ("", "2020-02-30", None),
            ("", "2020-01-31 10:00:00", None),
            ("auto", "2020-01-31", "2020-01-31"),
            ("auto", "20200131", "2020-01-31"),
            ("auto", "200131", "2020-01-31"),
            ("auto", "1/8/1999", "1999-01-08"),
            ("auto", "01/08/99", "1999-01-08"),
            ("auto", "13/7/2013", None),
            ("auto", "12/33/2013", None),
            ("auto", "08-Jan-1999", "1999-01-08"),
            ("auto", "January 8, 1999", "1999-01-08"),
            ("auto", "Jan-08-1999", "1999-01-08"),
            ("auto", "1996.008", "1996-01-08"),
            ("auto", "J2451187", "1999-01-08"),
            ("auto", "2020-01-31 10:11:12", "2020-01-31"),
            ("auto", "20093232", None),
            ("auto", "", None),
            ("auto", "x", None),
            ("MM/DD/YYYY", "1/8/1999", "1999-01-08"),
            ("MM/DD/YYYY", "1999-01-08", None),
            ("YYYYMMDD", "19990108", "1999-01-08"),
            ("YYYYMMDD", "1999018", None),
            ("DD.MM.YY", "08.01.70", "1970-01-08"),
            ("DD-MON-YYYY", "08-JAN-1999", "1999-01-08"),
        ]
        for form, text, expected in cases:
            with self.subTest(form=form, text=text):
                if expected is None:
                    self.assertRaises(BadDate, date_reader(form), text)
                else:
                    self.assertEqual(as_date(date_reader(form)(text)).decode(), expected)

    def test_timestamps(self):
        cases = [
            ("", "2020-01-31 10:11:12", "2020-01-31 10:11:12.000000"),
            ("", "2020-01-31", "2020-01-31 00:00:00.000000"),
            ("", "2020-01-31 10:11:12.5", "2020-01-31 10:11:12.500000"),
            ("", "2020-01-31 25:00:00", None),
            ("auto", "2020-01-31T10:11:12.123456Z", "2020-01-31 10:11:12.123456"),
            ("auto", "1/8/1999 04:05 PM", "1999-01-08 16:05:00.000000"),
            ("auto", "1/8/1999 12:05 AM", "1999-01-08 00:05:00.000000"),
            ("auto", "20200131 101112", "2020-01-31 10:11:12.000000"),
            ("epochsecs", "1", "1970-01-01 00:00:01.000000"),
            ("epochmillisecs", "1500", "1970-01-01 00:00:01.500000"),
            ("epochsecs", "x", None),
            ("YYYY-MM-DD HH24:MI:SS", "2020-01-31 23:59:59", "2020-01-31 23:59:59.000000"),
            ("MM.DD.YYYY HH:MI", "01.31.2020 09:30", "2020-01-31 09:30:00.000000"),
        ]
        for form, text, expected in cases:
            with self.subTest(form=form, text=text):
                if expected is None:
                    self.assertRaises(BadDate, time_reader(form), text)
                else:
                    self.assertEqual(
                        as_timestamp(time_reader(form)(text), False).decode(), expected
                    )

    def test_zones_and_bad_formats(self):
        self.assertEqual(
            as_timestamp(time_reader("auto")("2020-01-31 10:11:12-03:30"), True),
            b"2020-01-31 10:11:12.000000-03:30",
        )
        self.assertEqual(
            as_timestamp(time_reader("auto")("2020-01-31 10:11:12+2"), True),
            b"2020-01-31 10:11:12.000000+02:00",
        )
        for form in ("MM/DD", "YYYY YYYY", "nothing"):
            with self.subTest(form):
                self.assertRaises(BadDate, date_reader, form)


if __name__ == "__main__":
    unittest.main()
