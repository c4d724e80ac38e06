"""Which lines a filter pattern finds, and which patterns are refused."""

import unittest

from emulator.logs.pattern import BadPattern, compile_pattern

LINES = (
    "START RequestId: 1",
    '{"level":"ERROR","message":"cut short","n":3,"file":{"key":"in/a.txt"}}',
    '{"level":"WARN","message":"cut \\"short\\"","n":4.5,"dry":true}',
    "[3]",
)
MATCHES = (  # pattern, numbers of the lines
    ("", {0, 1, 2, 3}),
    ("  ", {0, 1, 2, 3}),
    ("ERROR", {1}),
    ("error", set()),
    ("cut level", {1, 2}),
    ('"cut short"', {1}),
    (r'"\"short\\\""', {2}),
    ("-ERROR", {0, 2, 3}),
    ('cut -"n\\":3"', {2}),
    ("?ERROR ?START", {0, 1}),
    ('{ $.level = "ERROR" }', {1}),
    ("{$.level=ERROR}", {1}),
    ('{ $.level != "ERROR" }', {2}),
    ('{ $.file.key = "in/*" }', {1}),
    ('{ $.file.key.more = "*" }', set()),
    ("{ $.n = 3 }", {1}),
    ("{ $.n = 3.0 }", {1}),
    ("{ $.n > 3 }", {2}),
    ("{ $.n >= 3 && $.n <= 4 }", {1}),
    ("{ $.n < 4 || $.level = WARN }", {1, 2}),
    ("{ $.dry > 0 }", set()),
    ('{ $.message = "*\\"*" && $.n = 4.5 }', {2}),
    ('{ $.message = "a && b" }', set()),
)
REFUSED = (
    "file-process",
    '"open',
    "?ERROR WARN",
    "?ERROR -WARN",
    "[a, b]",
    "%ERR%",
    "{}",
    "{ level = 1 }",
    "{ $.level }",
    "{ $.n > many }",
    "{ $.a = 1 && }",
    "{ $.a = 1 && $.b = 1 || $.c = 1 }",
    "{ ($.a = 1) }",
    "{ $.a IS NULL }",
)


class Pattern(unittest.TestCase):
    def test_matches(self):
        for pattern, wanted in MATCHES:
            with self.subTest(pattern):
                matches = compile_pattern(pattern)
                self.assertEqual({n for n, line in enumerate(LINES) if matches(line)}, wanted)

    def test_refused(self):
        for pattern in REFUSED:
            with self.subTest(pattern), self.assertRaises(BadPattern):
                compile_pattern(pattern)


if __name__ == "__main__":
    unittest.main()
