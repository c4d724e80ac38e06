"""SQL cut into tokens: nothing inside a literal, name or comment is taken for a word."""

import unittest

from emulator.redshift.errors import SqlError
from emulator.redshift.tokens import (
    Cursor,
    Kind,
    join,
    literal_value,
    name_value,
    quote_literal,
    significant,
    split_list,
    split_statements,
    tokenize,
)


class Tokens(unittest.TestCase):
    def test_kinds(self):
        cases = {
            "select": [Kind.WORD],
            '"Select"': [Kind.QUOTED],
            '"a""b"': [Kind.QUOTED],
            "'it''s'": [Kind.STRING],
            r"'it\'s; --'": [Kind.STRING],
            r"E'a\n'": [Kind.STRING],
            "$$ it's ; $$": [Kind.DOLLAR],
            "$tag$ $$ $tag$": [Kind.DOLLAR],
            "$1": [Kind.POSITION],
            "1.5e-3": [Kind.NUMBER],
            ".5": [Kind.NUMBER],
            "1..10": [Kind.NUMBER, Kind.SYMBOL, Kind.NUMBER],
            ":file_name": [Kind.PARAMETER],
            "a::text": [Kind.WORD, Kind.SYMBOL, Kind.WORD],
            "x:=1": [Kind.WORD, Kind.SYMBOL, Kind.NUMBER],
            "a=:b": [Kind.WORD, Kind.SYMBOL, Kind.PARAMETER],
            "#temp": [Kind.WORD],
            "été": [Kind.WORD],
            "-- it's": [],
            "/* a /* b */ ; */": [],
            "a--b": [Kind.WORD],
            "1+/* x */2": [Kind.NUMBER, Kind.SYMBOL, Kind.NUMBER],
        }
        for sql, kinds in cases.items():
            with self.subTest(sql):
                tokens = tokenize(sql)
                self.assertEqual([token.kind for token in significant(tokens)], kinds)
                self.assertEqual(join(tokens), sql)

    def test_what_never_ends_is_refused(self):
        for sql in ("'a", "'a\\'", '"a', "$$a", "$a$ $$", "/* /* */"):
            with self.subTest(sql), self.assertRaisesRegex(SqlError, "unterminated"):
                tokenize("select " + sql)

    def test_values_of_literals(self):
        cases = {
            r"'a\\b'": "a\\b",
            r"'a\'b'": "a'b",
            "'a''b'": "a'b",
            r"'\t\n'": "\t\n",
            r"'\001'": "\x01",
            r"'\x41'": "A",
            r"'\q'": "q",
            "''": "",
            "$a$x'y$a$": "x'y",
            r"$$\t$$": "\\t",
        }
        for sql, value in cases.items():
            with self.subTest(sql):
                self.assertEqual(literal_value(tokenize(sql)[0]), value)

    def test_quoting_is_undone_by_reading(self):
        for text in ("", "'", "\\", "\\'", "a'b\\c", "\\n", "é;--"):
            with self.subTest(text):
                self.assertEqual(literal_value(tokenize(quote_literal(text))[0]), text)

    def test_names_fold_even_when_quoted(self):
        cases = {"Abc": "abc", '"Abc"': "abc", '"a""B"': 'a"b', '"IAMR:Loader"': "IAMR:Loader"}
        for sql, name in cases.items():
            with self.subTest(sql):
                self.assertEqual(name_value(tokenize(sql)[0]), name)

    def test_statements_end_at_real_semicolons(self):
        sql = "select ';' -- ;\n; /* ; */ insert into t values ($$;$$);; "
        self.assertEqual(
            [join(statement).strip() for statement in split_statements(tokenize(sql))],
            ["select ';' -- ;", "/* ; */ insert into t values ($$;$$)"],
        )


class Reading(unittest.TestCase):
    def test_a_grammar_is_read_from_left_to_right(self):
        cursor = Cursor(tokenize("COPY \"S\"./* x */T (a, b(1,2)) FROM 's3'"))
        cursor.expect("COPY")
        self.assertEqual(cursor.qualified_name(), ("s", "t"))
        self.assertEqual([join(part) for part in split_list(cursor.group())], ["a", "b(1,2)"])
        self.assertFalse(cursor.accept("FROM", "WHERE"))
        self.assertTrue(cursor.accept("FROM"))
        self.assertEqual(cursor.string(), "s3")
        self.assertTrue(cursor.done)

    def test_errors_name_the_place(self):
        cursor = Cursor(tokenize("lock  now"))
        cursor.expect("LOCK")
        with self.assertRaises(SqlError) as caught:
            cursor.expect("TABLE")
        self.assertEqual(
            caught.exception.text(), 'ERROR: syntax error at or near "now"\n  Position: 7'
        )
        cursor.rest()
        self.assertEqual(cursor.unexpected().text(), "ERROR: syntax error at end of input")

    def test_a_parenthesis_without_partner_is_refused(self):
        with self.assertRaisesRegex(SqlError, "end of input"):
            Cursor(tokenize("(a (b)")).group()


if __name__ == "__main__":
    unittest.main()
